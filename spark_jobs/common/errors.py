"""Turns what Spark, PyHive and dbt raise into one readable line; a person's SQL mistake never shows Java."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from conf.errors import CdpError, EngineError, Finding

_CONDITION = re.compile(r"\[([A-Z][A-Z0-9_]*(?:\.[A-Z0-9_]+)*)\]")
_POSITION = re.compile(r"line (\d+),? (pos|position) (\d+)")
_END = re.compile(r"\s*(SQLSTATE: |\n|== SQL)")
_GONE = (
    "UNAVAILABLE",
    "RETRIES_EXCEEDED",
    "Connection refused",
    "Socket closed",
    "TSocket read 0 bytes",
    "INVALID_HANDLE.SESSION",
    "failed to connect to all addresses",
)
_PACKAGES = ("pyspark.", "pyhive.", "dbt.", "dbt_common.", "grpc.", "thrift.")


class SqlError(CdpError):
    """A statement that Spark refused.

    Attributes:
        condition: Spark's name of the problem such as TABLE_OR_VIEW_NOT_FOUND; empty when it gave none.
    """

    def __init__(self, message: str, condition: str = "") -> None:
        super().__init__(message)
        self.condition = condition


def readable(err: BaseException) -> CdpError | None:
    """The error as a person should see it; None when it is not Spark's, PyHive's or dbt's: then it is a bug with a stack trace."""
    if isinstance(err, CdpError):
        return err
    if not f"{type(err).__module__}.".startswith(_PACKAGES):
        return None
    text = _text(err)
    if any(sign in text for sign in _GONE):
        finding = Finding(
            "the engine", "the connection was lost", "look at `cdp engine status`, then run the command again: every step can be repeated"
        )
        return EngineError("the engine does not answer any more", [finding])
    return sql_error(text)


def sql_error(text: str) -> SqlError:
    """Condition, position and first sentence out of a message of Spark's, however it is wrapped."""
    conditions = list(_CONDITION.finditer(text))
    # Wrappers repeat the condition before a Java class name; what follows its last mention is the sentence.
    named = [match for match in conditions if match[1] == conditions[0][1]] if conditions else []
    rest = text[named[-1].end() :].strip() if named else _first_line(text)
    sentence = _END.split(rest, maxsplit=1)[0].strip() or _first_line(text)
    condition = named[-1][1] if named else ""
    return SqlError(": ".join(part for part in (f"{condition}{_position(text)}", sentence[:500]) if part), condition)


@contextmanager
def readable_errors() -> Iterator[None]:
    """Errors of Spark, PyHive and dbt inside the block come out as one readable line."""
    try:
        yield
    except Exception as err:
        short = readable(err)
        if short is None or short is err:
            raise
        raise short from err


def without_values(message: str) -> str:
    """The message without quoted literals: they may be a customer's."""
    return re.sub(r"'[^'\n]*'|\"[^\"\n]*\"", "'…'", message)


def _text(err: BaseException) -> str:
    status = getattr(err.args[0], "status", None) if err.args else None
    return str(getattr(status, "errorMessage", None) or err)


def _first_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0] if lines else "no message"


def _position(text: str) -> str:
    match = _POSITION.search(text)
    if match is None:
        return ""
    column = int(match[3]) + (1 if match[2] == "pos" else 0)
    return f" at line {match[1]}, column {column}"
