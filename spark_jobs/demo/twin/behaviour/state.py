"""What changes in a person over the days: what they last bought, how satisfied they are, and whether they have left."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spark_jobs.demo.twin.codes import ChurnCause
from spark_jobs.demo.twin.draws import Draws
from spark_jobs.demo.twin.frame import Frame

NEVER = np.int32(1 << 30)
LONG_AGO = -40  # days before which the first day's larders were filled


@dataclass(frozen=True, slots=True)
class State:
    """Mutable arrays with a row for each person."""

    last_order_day: NDArray[np.int32]
    last_category_day: NDArray[np.int16]  # person × category
    satisfaction: NDArray[np.float32]  # 0 to 1
    late_memory: NDArray[np.float32]
    quality_memory: NDArray[np.float32]
    churn_day: NDArray[np.int32]  # first day without the person
    churn_cause: NDArray[np.int8]

    def is_active(self, persons: Frame, number: int) -> NDArray[np.bool_]:
        """Who has joined and not left on a day, for a run of persons."""
        rows = persons["person"]
        active: NDArray[np.bool_] = (persons["joined_day"] <= number) & (number < self.churn_day[rows])
        return active


def new_state(draws: Draws, persons: Frame, categories: int) -> State:
    """The state before the first day: everybody bought something some time ago."""
    count = len(persons)
    person = persons["person"]
    last = np.maximum(-draws.integers(1, 21, "state last order", person), persons["joined_day"] - 1)
    last_category = np.empty((count, categories), np.int16)
    for category in range(categories):
        last_category[:, category] = -draws.integers(1, -LONG_AGO, "state last category", person, category)
    return State(
        last.astype(np.int32), last_category, np.full(count, 0.8, np.float32), np.zeros(count, np.float32), np.zeros(count, np.float32),
        np.full(count, NEVER, np.int32), np.full(count, ChurnCause.NONE, np.int8),
    )  # fmt: skip
