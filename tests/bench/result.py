"""What a measurement gives: one figure against its bar."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """One figure of the bench; `ok` says whether it meets its bar."""

    name: str
    bar: str
    value: float
    unit: str
    ok: bool
    detail: str = ""
