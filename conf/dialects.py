"""How values are written in a feed's files: dialects of delimited text, of numbers and of moments."""

import re
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from conf.months import LOCALES
from conf.patterns import check_line_patterns, line_pattern
from conf.types import check_datetime_format

# Beside Spark's datetime patterns: a moment as a count since 1970-01-01 00:00 UTC, with the microseconds of one unit.
EPOCH_FORMATS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}
# A local moment as a spreadsheet counts it: days since 1900 (its day 60, 1900-02-29, never was), the time of day as a fraction.
EXCEL_SERIAL = "excel_serial"
NUMBER_FORMATS = (*EPOCH_FORMATS, EXCEL_SERIAL)
# Signs and brackets, in every script: without them a refund reads as a sale.
SIGNS = "+-()[]{}<>\u2010\u2011\u2012\u2013\u2014\u207b\u208b\u2212\ufe63\uff08\uff09\uff0b\uff0d"


class Part(BaseModel):
    """A piece of a contract: frozen, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Csv(Part):
    """Dialect of a csv feed; `encoding`, `skip_lines` and `ignore_lines` hold for every text format."""

    delimiter: str = Field(default=",", min_length=1, max_length=1)
    quote: str | None = Field(default='"', min_length=1, max_length=1, description="null or `none`: no character quotes")
    escape: str | None = Field(default=None, min_length=1, max_length=1)
    encoding: str = "utf-8"
    header: bool = True
    skip_lines: int = Field(default=0, ge=0, description="lines before the header, or before the first row when there is none")
    ignore_lines: tuple[str, ...] = Field(default=(), description="lines that match one of these are no rows: comments, totals")
    null_values: tuple[str, ...] = ("",)
    max_field_lines: int = Field(default=50, ge=1, description="a quoted value with more lines rejects its record")

    @field_validator("quote", mode="before")
    @classmethod
    def _no_quote(cls, value: object) -> object:
        return None if value == "none" else value

    _expressions = field_validator("ignore_lines")(check_line_patterns)

    @property
    def ignored(self) -> "re.Pattern[bytes] | None":
        """One expression for all lines that are no rows, over UTF-8 text of many lines; None when every line is one."""
        return line_pattern(self.ignore_lines)


class Negative(StrEnum):
    """A way to write a negative number other than with a minus before it."""

    PARENTHESES = "parentheses"
    TRAILING_MINUS = "trailing_minus"
    UNICODE_MINUS = "unicode_minus"
    CREDIT_SUFFIX = "credit_suffix"
    DEBIT_SUFFIX = "debit_suffix"


class Numbers(Part):
    """How numbers are written. Checked strictly: under a decimal comma `1.234` is no number unless the point groups thousands."""

    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'"] = ""
    ignore: str = Field(default="", max_length=20, description="characters around a number that say nothing, such as currency signs")
    negative: tuple[Negative, ...] = Field(default=(), description="ways to write a negative number beside a minus before it")

    @field_validator("negative", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _two_marks(self) -> "Numbers":
        if self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands are both {self.decimal!r}; one mark cannot be both")
        if wrong := sorted(set(self.ignore) & set(SIGNS)):
            ways = ", ".join(way for way in Negative if way != Negative.DEBIT_SUFFIX)
            raise ValueError(f"ignore holds {''.join(wrong)!r}, which may make a number negative; say with negative: how ({ways})")
        if wrong := sorted(set(self.ignore) & set("0123456789" + self.decimal + self.thousands)):
            raise ValueError(f"ignore holds {''.join(wrong)!r}, which a number is made of; leave it out")
        if {Negative.CREDIT_SUFFIX, Negative.DEBIT_SUFFIX} <= set(self.negative):
            raise ValueError("negative holds credit_suffix and debit_suffix; CR or DR is negative, not both: leave one out")
        return self

    @property
    def are_plain(self) -> bool:
        """True for numbers as Spark reads them."""
        return self == Numbers()


def check_moment_formats(values: tuple[str, ...]) -> tuple[str, ...]:
    """Formats of a date or timestamp column: Spark datetime patterns or NUMBER_FORMATS; the first that fits a value reads it.

    Raises:
        ValueError: a format that Spark cannot read.
    """
    for value in values:
        if value not in NUMBER_FORMATS:
            check_datetime_format(value)
    return values


def check_locale(value: str | None) -> str | None:
    """A language whose names of months are known.

    Raises:
        ValueError: it is not.
    """
    if value is not None and value not in LOCALES:
        raise ValueError(f"no names of months are known for locale {value!r}; use one of {', '.join(LOCALES)}")
    return value


def has_month_name(pattern: str) -> bool:
    """True when a format reads the name of a month."""
    return pattern not in NUMBER_FORMATS and re.search("MMM|LLL", re.sub("'[^']*'", "", pattern)) is not None
