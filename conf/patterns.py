"""Regular expressions of mapping files, checked in the dialect that runs them and for the time they may take (docs/sources.md)."""

import re
import warnings

from conf.regex_cost import longest_value
from conf.regex_syntax import PatternError
from conf.regex_tree import Dialect


def check_pattern(value: str | None, dialect: Dialect) -> str | None:
    """An expression that must match a whole value.

    Raises:
        ValueError: its engine cannot read it, or it may take long.
    """
    if value is not None:
        _check(value, dialect, searches=False)
    return value


def check_searched_pattern(value: str | None) -> str | None:
    """An expression of Python that is looked for in a value, and whose first group is kept.

    Raises:
        ValueError: Python cannot read it, it has no group, or it may take long.
    """
    if value is not None:
        _check(value, Dialect.PYTHON, searches=True)
        if not _compiled(value).groups:
            raise ValueError("a regular expression needs a group; put round brackets around what is kept")
    return value


def check_line_patterns(values: tuple[str, ...]) -> tuple[str, ...]:
    """Expressions of Python that are looked for in lines of UTF-8 bytes, all of them in one.

    Raises:
        ValueError: Python cannot read one, it may take long, or it matches every line.
    """
    for value in values:
        _check(value, Dialect.PYTHON, searches=True)
        if _WIDE.search(value):
            problem = "a regular expression for lines has a class or a repetition of a character beyond ASCII"
            raise ValueError(f"{problem}; write a choice such as (?:ä|ö)+")
        if _compiled(value).search("") is not None:
            raise ValueError(f"{value[:80]!r} matches every line; begin it with what those lines begin with, such as ^#")
    try:
        line_pattern(values)
    except (re.error, ValueError):
        remedy = "write (?i:…) instead of (?i), a character itself instead of its number, and each name of a group once"
        raise ValueError(f"the regular expressions cannot be joined into one over bytes; {remedy}") from None
    return values


def line_pattern(values: tuple[str, ...]) -> "re.Pattern[bytes] | None":
    """One expression for lines of UTF-8 bytes; None when there is none."""
    return re.compile("|".join(f"(?:{each})" for each in values).encode(), re.MULTILINE) if values else None


def _check(value: str, dialect: Dialect, *, searches: bool) -> None:
    try:
        longest_value(value, dialect, searches=searches)
        if dialect is Dialect.PYTHON:
            _compiled(value)
    except PatternError as err:
        raise ValueError(f"is no regular expression of {dialect} that can be used: {err}; {_REMEDY}") from None
    except (re.error, OverflowError, RecursionError) as err:
        raise ValueError(f"is no regular expression of {dialect}: {err}; {_REMEDY}") from None


# Lines are matched as bytes: a class or a quantifier would see one byte of such a character.
_WIDE = re.compile(r"[^\x00-\x7f][*+?{]|\[[^\]]*[^\x00-\x7f]")
_REMEDY = "escape a literal bracket as [(], and separate repetitions by characters that they cannot match themselves"


def _compiled(value: str) -> "re.Pattern[str]":
    with warnings.catch_warnings(action="ignore"):
        return re.compile(value)
