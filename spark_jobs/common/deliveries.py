"""Delivery dates: the day for which a file was delivered, as its feed's `files` pattern reads it, for landing and for silver alike."""

import re
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import Column

DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
DATE_OR_DIGITS = rf"{DATE}|[0-9]{{8}}"
_DIGIT = "[0-9]"
DATE_GLOBS = (f"{_DIGIT * 4}-{_DIGIT * 2}-{_DIGIT * 2}", _DIGIT * 8)
_WILDCARD = re.compile(r"(\*\*/|\*|\?|\[[^\]]+\]|\{date\})")


def has_dates(files: str) -> bool:
    """True when the names of a feed's files say for which day they were delivered."""
    return "{date}" in files


@cache
def delivery_regex(source: str, files: str) -> str:
    """Regular expression over a path below landing; group 1 or group 2 is its date. Python and Java read it alike.

    Group 2 is the last date of a path that does not fit the pattern: one that was loaded when the pattern was another.
    """
    pattern = "".join(_translated(part) for part in _WILDCARD.split(files))
    return rf"^{re.escape(source)}/{pattern}$|^.*({DATE}).*$"


def date_in_path(source: str, files: str, path: str) -> str | None:
    """The text of the date in a path below landing; None when the feed's files have none."""
    match = re.match(delivery_regex(source, files), path) if has_dates(files) else None
    return None if match is None else match[1] or match[2]


def delivered_on(source: str, files: str, path: str) -> date | None:
    """The date in a path below landing; None when it has none, or an impossible one."""
    try:
        return date.fromisoformat(date_in_path(source, files, path) or "")
    except ValueError:
        return None


def delivered_on_column(source: str, files: str, path: "Column") -> "Column":
    """The same date by Spark, of a column of paths; null when a path has none, or an impossible one."""
    from pyspark.sql import functions as F

    text = F.concat(*(F.regexp_extract(path, delivery_regex(source, files), group) for group in (1, 2)))
    return F.regexp_replace(text, r"^(\d{4})(\d{2})(\d{2})$", "$1-$2-$3").try_cast("date")


def _translated(part: str) -> str:
    wildcards = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]", "{date}": f"({DATE_OR_DIGITS})"}
    if part in wildcards:
        return wildcards[part]
    if part.startswith("[") and part.endswith("]"):
        negated = part.startswith("[!")
        letters = re.sub(r"([\\\[&^~])", r"\\\1", part[2 if negated else 1 : -1])
        return f"[{'^' if negated else ''}{letters}]"
    return re.escape(part)
