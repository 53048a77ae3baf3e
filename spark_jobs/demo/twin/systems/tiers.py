"""The rule of the tiers: what an account paid in the 90 days before the first of a month decides its tier for that month.

Silver begins at 600 yuan, gold at 1,800, diamond at 4,500. An account is a membership: who registered twice has two, and each counts what was
bought under its own number. Account codes are twice the person, plus 1 for the second registration.
"""

from collections import deque

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.day import Day
from spark_jobs.demo.twin.draws import Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.systems.notation import pick
from spark_jobs.demo.twin.truth.columns import FAR, dates

TIER_NAMES = ("basic", "silver", "gold", "diamond")
TIER_FROM = (60_000, 180_000, 450_000)  # fen in the window
WINDOW = 90  # days


def member_codes_of(day: Day, accounts: Ints) -> Ints:
    """The member number of each account on a day; −1 when it is not there yet."""
    person = accounts // 2
    return np.where(accounts % 2 == 0, day.wallet["member_id"][person], day.wallet["second_member_id"][person])


class Tiers:
    """What every account paid in the window, its tier, and since which day it has it. To be asked for each day in order."""

    def __init__(self, day: Day) -> None:
        registers = day.people.persons["registers_day"]
        count = 2 * len(registers)
        self._paid = np.zeros(count, np.int64)
        self._tier = np.zeros(count, np.int64)
        self._since: Ints = np.repeat(registers, 2)
        self._window: deque[tuple[Ints, Ints]] = deque()
        self._ended: list[pa.Table] = []

    def changes(self, day: Day) -> Frame:
        """Accounts whose tier changes with the beginning of a day: `account, tier`. Only the first of a month has any."""
        if day.date.day != 1 or day.number == 0:
            return Frame({"account": np.zeros(0, np.int64), "tier": np.zeros(0, np.int64)})
        reached = np.searchsorted(TIER_FROM, self._paid, side="right")
        differs = np.flatnonzero(reached != self._tier)
        account = differs[member_codes_of(day, differs) >= 0]
        self._ended.append(self._rows(day, account[account % 2 == 0], day.number))
        self._tier[account], self._since[account] = reached[account], day.number
        return Frame({"account": account, "tier": reached[account]})

    def pay(self, accounts: Ints, amounts: Ints) -> None:
        """What accounts paid on one day, in fen; what was paid before the window falls out."""
        self._window.append((accounts, amounts))
        np.add.at(self._paid, accounts, amounts)
        if len(self._window) > WINDOW:
            np.subtract.at(self._paid, *self._window.popleft())

    def truth(self, day: Day) -> pa.Table:
        """The tiers of every person's first account: `person_id, tier, valid_from, valid_to` (exclusive; null: it still holds)."""
        members = np.flatnonzero(day.people.persons["registers_day"] < day.world.span.days)
        return pa.concat_tables([*self._ended, self._rows(day, 2 * members, FAR)])

    def _rows(self, day: Day, accounts: Ints, until: int) -> pa.Table:
        span = day.world.span
        return pa.table({
            "person_id": accounts // 2, "tier": pick(TIER_NAMES, self._tier[accounts]), "valid_from": dates(span, self._since[accounts]),
            "valid_to": dates(span, np.full(len(accounts), until)),
        })  # fmt: skip
