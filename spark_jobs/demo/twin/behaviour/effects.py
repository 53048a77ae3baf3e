"""What campaigns and channels really did: the same days with and without them, summed up while they pass."""

from collections import defaultdict

import numpy as np

from spark_jobs.demo.twin.behaviour.purchases import Pull
from spark_jobs.demo.twin.behaviour.today import Today
from spark_jobs.demo.twin.draws import Floats
from spark_jobs.demo.twin.frame import Frame

MILLIONTH = 1_000_000


class Effects:
    """Sums over the days so far. Counts of caused orders are kept in millionths, so that no sum depends on the order of its parts."""

    def __init__(self, persons: int) -> None:
        self._persons = persons
        self._rates: dict[int, tuple[Floats, Floats]] = {}  # campaign → expected orders of each person without and with it
        self._groups: dict[int, list[Frame]] = defaultdict(list)
        self.caused: dict[tuple[int, str], tuple[int, int]] = defaultdict(lambda: (0, 0))  # (day, driver) → orders, fen; in millionths

    def note(self, now: Today, persons: Frame, drawn: Pull, amounts: Floats) -> None:
        """Add a run of persons on a day; `amounts` is what one order of each is worth, in fen."""
        for group, campaign in zip(drawn.groups, now.now.running, strict=True):
            without, with_it = self._rates.setdefault(group.campaign, (np.zeros(self._persons), np.zeros(self._persons)))
            rows, who = group.rows, persons["person"][group.rows]
            bare = drawn.rate[rows] * np.exp(-np.where(group.is_treated, group.effect, 0.0))
            without[who] += bare
            with_it[who] += bare * np.exp(group.effect)
            if int(campaign["first_day"][0]) == now.number:
                self._groups[group.campaign].append(Frame({"person": who, "is_treated": group.is_treated}))
        chance = 1 - np.exp(-drawn.rate)
        for driver, rate in drawn.without.items():
            caused = chance - (1 - np.exp(-rate))
            orders, fen = self.caused[now.number, driver]
            added = (
                int(np.round(caused * MILLIONTH).astype(np.int64).sum()),
                int(np.round(caused * amounts * MILLIONTH).astype(np.int64).sum()),
            )
            self.caused[now.number, driver] = (orders + added[0], fen + added[1])

    def of_persons(self) -> Frame:
        """Individual effects: `campaign, person, is_treated`, the chance to buy while it runs `without` and `with_it`."""
        frames = []
        for campaign in sorted(self._groups):
            group = Frame.concat(self._groups[campaign]).sorted_by("person")
            without, with_it = (1 - np.exp(-rates[group["person"]]) for rates in self._rates[campaign])
            frames.append(group.having(campaign=np.full(len(group), campaign), without=np.round(without, 6), with_it=np.round(with_it, 6)))
        return Frame.concat(frames)
