"""Column types, PII classes, and the checks of texts that Spark would refuse only at night: bounds, formats, time zones."""

import math
import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from zoneinfo import ZoneInfo

# Names of columns, entities, models, sources and feeds; they become SQL identifiers.
NAME = r"^[a-z][a-z0-9_]*$"
# A source and a feed name one table together, `<source>__<feed>`: the two underscores between them must stay the only ones.
TABLE_PART = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"

SIMPLE_TYPES = frozenset({"string", "boolean", "int", "bigint", "double", "date", "timestamp"})


class PiiClass(StrEnum):
    """How close a value is to a person. Direct and sensitive values never leave the vault in plain text."""

    NONE = "none"
    QUASI = "quasi"
    DIRECT = "direct"
    SENSITIVE = "sensitive"


class PiiKind(StrEnum):
    """What a PII value is; decides how it is normalised before it becomes a token."""

    PHONE = "phone"
    EMAIL = "email"
    NAME = "name"
    ADDRESS = "address"
    BIRTH_DATE = "birth_date"
    NATIONAL_ID = "national_id"
    PLATE = "plate"
    GEO = "geo"
    FREE_TEXT = "free_text"
    OTHER = "other"


class Coarse(StrEnum):
    """What of a personal value stays in the open beside its token, in a column `<column>_<this>`."""

    YEAR = "year"
    DISTRICT = "district"
    GRID = "grid"
    SCRUBBED = "scrubbed"

    @property
    def kind(self) -> PiiKind:
        """The kind of values that have such a part."""
        return _COARSE_OF[self]


_COARSE_OF = {
    Coarse.YEAR: PiiKind.BIRTH_DATE, Coarse.DISTRICT: PiiKind.ADDRESS, Coarse.GRID: PiiKind.GEO, Coarse.SCRUBBED: PiiKind.FREE_TEXT,
}  # fmt: skip


def check_type(value: str) -> str:
    """A Spark SQL type of the small set that contracts use, normalised (`decimal(18,2)`).

    Raises:
        ValueError: any other type.
    """
    text = re.sub(r"\s+", "", value.lower())
    if text in SIMPLE_TYPES:
        return text
    if match := re.fullmatch(r"decimal\((\d+),(\d+)\)", text):
        precision, scale = int(match[1]), int(match[2])
        if 1 <= precision <= 38 and 0 <= scale <= precision:
            return text
        raise ValueError(f"decimal({precision},{scale}) is out of range: precision 1 to 38, scale 0 to the precision")
    raise ValueError(f"unknown type {value!r}; use {', '.join(sorted(SIMPLE_TYPES))} or decimal(p,s)")


def check_time_zone(value: str | None) -> str | None:
    """An IANA time zone.

    Raises:
        ValueError: there is none of this name.
    """
    try:
        if value is not None:
            ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"unknown time zone {value!r}; use an IANA name such as Asia/Shanghai") from None
    return value


# Letters of Spark's datetime patterns that it can parse, with the most repetitions it takes.
_MOST_LETTERS = {
    "G": 4, "y": 6, "D": 3, "M": 4, "L": 4, "d": 2, "a": 1, "h": 2, "H": 2, "k": 2, "K": 2, "m": 2, "s": 2, "S": 9,
    "V": 2, "z": 4, "O": 4, "X": 5, "x": 5, "Z": 5,
}  # fmt: skip


def check_datetime_format(value: str | None) -> str | None:
    """A Spark datetime pattern that can be used to read a text.

    Raises:
        ValueError: it has letters Spark cannot parse, or too many of one.
    """
    if value is None:
        return None
    bare = re.sub(r"'[^']*'", "", value)
    runs = [match[0] for match in re.finditer(r"([A-Za-z])\1*", bare)]
    wrong = [run for run in runs if len(run) > _MOST_LETTERS.get(run[0], 0) or run in ("V", "OO", "OOO")]
    if "'" in bare:
        wrong.append("a quote that is not closed")
    wrong += sorted(set(bare) & set("#{}"))
    if bare.count("[") != bare.count("]"):
        wrong.append("a bracket that is not closed")
    if not runs or wrong:
        problem = ", ".join(wrong) or "no date or time in it"
        raise ValueError(f"format {value!r} cannot be read by Spark ({problem}); write it such as yyyy-MM-dd HH:mm:ss, text in 'quotes'")
    return value


_WHOLE = {"int": 31, "bigint": 63}


def check_bound(value: float | str, column_type: str) -> None:
    """A smallest or greatest value that is one of the column's type.

    Raises:
        ValueError: it is not.
    """
    try:
        fits = _fits(str(value), column_type)
    except (ValueError, InvalidOperation):
        fits = False
    if not fits:
        raise ValueError(f"{str(value)!r} is no {column_type}; give a bound that is, or leave it out")


def _fits(text: str, column_type: str) -> bool:
    if column_type in ("date", "timestamp"):
        (date if column_type == "date" else datetime).fromisoformat(text)
        return bool(re.match(r"\d{4}-\d\d-\d\d", text))
    if column_type in ("string", "boolean"):
        return column_type == "string"
    number = Decimal(text)
    if "_" in text or not number.is_finite():  # Python reads 1_000, Spark does not
        return False
    if column_type in _WHOLE:
        return -(1 << _WHOLE[column_type]) <= int(text) < 1 << _WHOLE[column_type]
    if match := re.fullmatch(r"decimal\((\d+),(\d+)\)", column_type):
        return number.copy_abs() < Decimal(1).scaleb(int(match[1]) - int(match[2]))
    return math.isfinite(float(text))
