"""How trouble is remembered, and when it makes a person leave: a hazard a day, with the cause of those who go."""

import numpy as np

from spark_jobs.demo.twin.behaviour.aftermath import Aftermath
from spark_jobs.demo.twin.behaviour.state import State
from spark_jobs.demo.twin.behaviour.today import Today
from spark_jobs.demo.twin.behaviour.traits import Traits
from spark_jobs.demo.twin.draws import Floats, Ints
from spark_jobs.demo.twin.frame import Frame

FADES = np.float32(0.93)  # of a memory, a day
SETTLED = np.float32(0.6)  # what is left of a memory when the trouble was handled well


def remember(state: State, happened: Aftermath, handled: Ints, tolerance: Floats) -> None:
    """Note the day's trouble, and whose earlier trouble was settled well today (`handled`); `tolerance` is by person."""
    for memory, persons in ((state.late_memory, happened.late), (state.quality_memory, happened.wronged)):
        np.multiply(memory, FADES, out=memory)
        hurt = np.unique(persons)
        memory[hurt] = np.minimum(memory[hurt] + tolerance[hurt], 3)
        memory[np.unique(handled)] *= SETTLED
    mood = 0.86 - 0.28 * np.minimum(state.late_memory, 1.5) - 0.32 * np.minimum(state.quality_memory, 1.5)
    state.satisfaction[:] += np.float32(0.12) * (mood - state.satisfaction)


def leave(today: Today, state: State, traits: Traits, persons: Frame) -> None:
    """Decide who of a run of persons is gone from tomorrow, and why."""
    rows, knobs, draws = persons["person"], today.world.knobs.behaviour, today.draws
    own = np.exp(0.5 * draws.normal("restless", rows) - 0.125)
    dear = np.maximum(0.0, 0.25 - today.now.promo_level)
    base = knobs.churn_hazard * own
    price = base * knobs.price_effect * np.maximum(0.0, traits.price - 0.4) * (1 + 4 * dear)
    late = knobs.late_effect * state.late_memory[rows]
    quality = knobs.quality_effect * state.quality_memory[rows]
    parts = np.stack([np.zeros(len(rows)), late, quality, price, base], axis=1)
    goes = state.is_active(persons, today.number) & draws.happens(1 - np.exp(-parts.sum(axis=1)), "leaves", rows, today.number)
    leavers = np.flatnonzero(goes)
    state.churn_day[rows[leavers]] = today.number + 1
    state.churn_cause[rows[leavers]] = draws.choice(parts[leavers], "churn cause", rows[leavers], today.number)
