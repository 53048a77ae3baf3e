"""States of a request, who may follow whom, and deadlines. No Spark in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from conf.errors import Finding, InputError


class Kind(StrEnum):
    """What a person may ask for (PIPL 45 to 47, GDPR 15 to 17)."""

    ACCESS = "access"
    CORRECTION = "correction"
    ERASURE = "erasure"


class State(StrEnum):
    """Where a request is."""

    RECEIVED = "received"
    VERIFIED = "verified"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


FOLLOWS: dict[State, frozenset[State]] = {
    State.RECEIVED: frozenset({State.VERIFIED, State.REFUSED, State.WITHDRAWN}),
    State.VERIFIED: frozenset({State.DONE, State.FAILED, State.REFUSED, State.WITHDRAWN}),
    State.FAILED: frozenset({State.VERIFIED, State.DONE, State.FAILED, State.REFUSED, State.WITHDRAWN}),
    State.DONE: frozenset(),
    State.REFUSED: frozenset(),
    State.WITHDRAWN: frozenset(),
}


@dataclass(frozen=True)
class Request:
    """A request as its newest state has it."""

    request_id: str
    position: int
    kind: Kind
    customer_id: str | None
    state: State
    changed_on: date
    due_on: date
    actor: str
    reason: str | None = None
    result: str | None = None

    @property
    def is_open(self) -> bool:
        """Somebody still waits for an answer."""
        return bool(FOLLOWS[self.state])

    def is_overdue(self, day: date) -> bool:
        """Open, and the day by which it had to be answered is over."""
        return self.is_open and day > self.due_on


def newest(rows: Iterable[Mapping[str, Any]]) -> list[Request]:
    """The requests as their newest rows of `ops.privacy_requests` have them, the most urgent first."""
    last: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        before = last.get(row["request_id"])
        if before is None or before["position"] < row["position"]:
            last[row["request_id"]] = row
    found = [Request(**{**row, "kind": Kind(row["kind"]), "state": State(row["state"])}) for row in last.values()]
    return sorted(found, key=lambda each: (not each.is_open, each.due_on, each.request_id))


def check_step(request: Request, state: State) -> None:
    """Refuse a state that does not follow.

    Raises:
        InputError: it does not.
    """
    if state not in FOLLOWS[request.state]:
        may = ", ".join(sorted(FOLLOWS[request.state])) or "nothing: the request is closed"
        raise InputError(
            f"the request is {request.state}", [Finding(request.request_id, f"cannot become {state}", f"what may follow: {may}")]
        )
