"""What campaigns and channels really did: the same days with and without them, summed up while they pass."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from spark_jobs.demo.twin.behaviour.persuasion import Audience
from spark_jobs.demo.twin.behaviour.purchases import Pull, is_first_day, need_after
from spark_jobs.demo.twin.behaviour.state import State
from spark_jobs.demo.twin.behaviour.today import Today
from spark_jobs.demo.twin.behaviour.traits import Traits
from spark_jobs.demo.twin.draws import Bools, Floats, Ints
from spark_jobs.demo.twin.frame import Frame

MILLIONTH = 1_000_000


@dataclass(frozen=True, slots=True)
class Run:
    """A run of persons that is processed at once; its size changes no result."""

    persons: Frame
    traits: Traits


@dataclass(slots=True)
class _Group:
    """A campaign's audience within a run of persons: expected orders until the first one, in both worlds.

    A person's rate falls after an order, so the rates of the days as they happened depend on whether the person bought. The chance to buy at all
    does not: until the first order, the gap grows from the last one before the campaign. Who leaves meanwhile leaves in both worlds.
    """

    person: Ints
    is_treated: Bools
    last_order_day: np.ndarray
    without: Floats
    with_it: Floats

    def add(self, number: int, state: State, traits: Traits, drawn: Pull, group: Audience) -> None:
        """Add a day on which the messages work."""
        rows = group.rows
        bare = drawn.rate[rows] * np.exp(-np.where(group.is_treated, group.effect, 0.0))
        rate = traits.daily_rate[rows]
        bare = bare * need_after(number - self.last_order_day, rate) / need_after(number - state.last_order_day[self.person], rate)
        self.without += bare
        self.with_it += bare * np.exp(group.effect)


class Effects:
    """Sums over the days so far. Counts of caused orders are kept in millionths, so that no sum depends on the order of its parts.

    `caused` are orders of the same day alone: what an order brought forward is missing later is not taken off.
    """

    def __init__(self) -> None:
        self._running: dict[int, dict[int, _Group]] = defaultdict(dict)  # campaign → first person of a run → its audience there
        self._ended: list[Frame] = []
        self.caused: dict[tuple[int, str], tuple[int, int]] = defaultdict(lambda: (0, 0))  # (day, driver) → orders, fen; in millionths

    def note(self, now: Today, state: State, run: Run, drawn: Pull, amounts: Floats) -> None:
        """Add a run of persons on a day, before it buys; `amounts` is what one order of each is worth, in fen."""
        first = int(run.persons["person"][0]) if len(run.persons) else 0
        for group, campaign in zip(drawn.groups, now.now.running, strict=True):
            if is_first_day(campaign, now.number):
                continue
            groups = self._running[group.campaign]
            if first not in groups:
                who = run.persons["person"][group.rows]
                nothing = np.zeros(len(who))
                groups[first] = _Group(who, group.is_treated, state.last_order_day[who].copy(), nothing, nothing.copy())
            groups[first].add(now.number, state, run.traits, drawn, group)
        chance = 1 - np.exp(-drawn.rate)
        for driver, rate in drawn.without.items():
            caused = chance - (1 - np.exp(-rate))
            orders, fen = self.caused[now.number, driver]
            added = (
                int(np.round(caused * MILLIONTH).astype(np.int64).sum()),
                int(np.round(caused * amounts * MILLIONTH).astype(np.int64).sum()),
            )
            self.caused[now.number, driver] = (orders + added[0], fen + added[1])

    def end_of_day(self, now: Today) -> None:
        """Close the campaigns that end today, so that only running ones are in memory."""
        for campaign in now.now.running:
            if int(campaign["last_day"][0]) == now.number:
                self._end(int(campaign["campaign"][0]))

    def of_persons(self) -> Frame:
        """Individual effects: `campaign, person, is_treated`, the chance to buy while it runs `without` and `with_it`; by campaign and person."""
        for campaign in sorted(self._running):
            self._end(campaign)
        return Frame.concat(self._ended).sorted_by("campaign", "person") if self._ended else Frame.concat([])

    def _end(self, campaign: int) -> None:
        for group in self._running.pop(campaign, {}).values():
            self._ended.append(Frame({
                "person": group.person, "is_treated": group.is_treated, "campaign": np.full(len(group.person), campaign),
                "without": np.round(1 - np.exp(-group.without), 6), "with_it": np.round(1 - np.exp(-group.with_it), 6),
            }))  # fmt: skip
