"""How values are written in a feed's files: dialects of delimited text, of numbers and of moments."""

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from conf.patterns import check_line_patterns, line_pattern
from conf.types import check_datetime_format

# Beside Spark's datetime patterns: a moment as a count since 1970-01-01 00:00 UTC.
EPOCH_FORMATS = {"epoch_s": 1_000_000, "epoch_ms": 1_000}


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


class Numbers(Part):
    """How numbers are written. Checked strictly: under a decimal comma `1.234` is no number unless the point groups thousands."""

    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'"] = ""
    ignore: str = Field(default="", max_length=20, description="characters around a number that say nothing, such as currency signs")

    @model_validator(mode="after")
    def _two_marks(self) -> "Numbers":
        if self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands are both {self.decimal!r}; one mark cannot be both")
        if wrong := sorted(set(self.ignore) & set("0123456789+-" + self.decimal + self.thousands)):
            raise ValueError(f"ignore holds {''.join(wrong)!r}, which a number is made of")
        return self

    @property
    def are_plain(self) -> bool:
        """True for numbers as Spark reads them."""
        return self == Numbers()


def check_moment_formats(values: tuple[str, ...]) -> tuple[str, ...]:
    """Formats of a date or timestamp column: Spark datetime patterns, `epoch_s` or `epoch_ms`; the first that fits a value reads it.

    Raises:
        ValueError: a format that Spark cannot read.
    """
    for value in values:
        if value not in EPOCH_FORMATS:
            check_datetime_format(value)
    return values
