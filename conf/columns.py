"""Columns of a feed: where a value is in the file, what type it has, what must hold of it, and how personal it is."""

from datetime import date
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from conf.dialects import Numbers, Part, check_locale, check_moment_formats, has_month_name
from conf.patterns import check_pattern, check_searched_pattern
from conf.processing import Processing
from conf.regex_cost import longest_value
from conf.regex_tree import Dialect
from conf.types import NAME, Coarse, PiiClass, PiiKind, check_bound, check_time_zone, check_type

_TOKENISED = (PiiClass.DIRECT, PiiClass.SENSITIVE)


def _dialect(pii: PiiClass | None) -> Dialect:
    return Dialect.PYTHON if pii in _TOKENISED else Dialect.JAVA


class Column(Part):
    """A column of a feed: where it is in the file, its type after the cast, its rules and its PII class."""

    name: str = Field(pattern=NAME)
    type: str
    source_name: str | None = None
    description: str = ""
    required: bool = False
    min: float | int | str | None = None
    max: float | int | str | None = None
    allowed: tuple[str, ...] | None = None
    max_days_before_delivery: int | None = Field(default=None, ge=0)
    max_days_after_delivery: int | None = Field(default=None, ge=0)
    range: Literal["plausible", "any"] = "plausible"
    format: tuple[str, ...] = ()
    locale: str | None = None
    numbers: Numbers | None = None
    start: int | None = Field(default=None, ge=1)
    width: int | None = Field(default=None, ge=1)
    time_zone: str | None = None
    pii: PiiClass = PiiClass.NONE
    kind: PiiKind | None = None
    pattern: str | None = None  # after pii, which decides the engine that runs it
    valid: bool = False
    clean: bool | Literal["nfkc"] | None = None
    coarse: Coarse | None = None
    coarse_pattern: str | None = None
    processing: Processing | None = None
    per_document: Literal["first_filled", "last", "max"] | None = None

    _type = field_validator("type")(check_type)
    _coarse_pattern = field_validator("coarse_pattern")(check_searched_pattern)
    _format = field_validator("format")(check_moment_formats)
    _locale = field_validator("locale")(check_locale)
    _zone = field_validator("time_zone")(check_time_zone)

    @field_validator("format", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else () if value is None else value

    @field_validator("min", "max", mode="before")
    @classmethod
    def _day_as_text(cls, value: object) -> object:
        """YAML reads 2017-01-01 as a date."""
        return value.isoformat() if isinstance(value, date) else value

    @field_validator("pattern")
    @classmethod
    def _in_its_dialect(cls, value: str | None, info: ValidationInfo) -> str | None:
        """Spark runs the pattern of an open column, Python that of a column whose values become tokens."""
        return check_pattern(value, _dialect(info.data.get("pii")))

    @field_validator("min", "max")
    @classmethod
    def _bound_of_the_type(cls, value: float | str | None, info: ValidationInfo) -> float | str | None:
        if value is not None and "type" in info.data:
            check_bound(value, info.data["type"])
        return value

    @property
    def delivered_name(self) -> str:
        """Name of the column in the file (a dotted path for nested JSON)."""
        return self.source_name or self.name

    @property
    def is_tokenised(self) -> bool:
        """True when the value is replaced by a token at ingest."""
        return self.pii in _TOKENISED

    @property
    def longest_matched(self) -> int:
        """The most characters of a value that are matched with the pattern: a longer one breaks it."""
        return longest_value(self.pattern or "", _dialect(self.pii))

    @property
    def kept(self) -> "Column | None":
        """The column of bronze for what stays of a personal value in the open."""
        if self.coarse is None:
            return None
        kind = "int" if self.coarse is Coarse.YEAR else "string"
        return Column(name=f"{self.name}_{self.coarse}", type=kind, pii=PiiClass.QUASI, description=f"{self.coarse} of {self.name}")

    @property
    def day_order(self) -> str:
        """Order of year (y), month (M) and day (d) in a date of birth, by its format; year first without one."""
        letters = [letter for letter in dict.fromkeys("".join(self.format[:1])) if letter in "yMd"]
        return "".join(letters) if len(letters) == 3 else "yMd"

    @model_validator(mode="after")
    def _consistent(self) -> "Column":
        if self.is_tokenised and self.type != "string":
            raise ValueError(f"{self.name}: a {self.pii} PII column is a string, because a token replaces it")
        if self.is_tokenised and self.kind is None:
            raise ValueError(f"{self.name}: a {self.pii} PII column needs its kind; use one of {', '.join(sorted(PiiKind))}")
        self._check_personal()
        of_dates = {
            "format": self.format or None,
            "max_days_before_delivery": self.max_days_before_delivery,
            "max_days_after_delivery": self.max_days_after_delivery,
            "range": None if self.range == "plausible" else self.range,
            "locale": self.locale,
        }
        for key, value in of_dates.items():
            is_birth_date = key == "format" and self.kind is PiiKind.BIRTH_DATE
            if value is not None and self.type not in ("date", "timestamp") and not is_birth_date:
                raise ValueError(f"{self.name}: {key} is for date and timestamp columns only")
        if self.locale is not None and not any(has_month_name(pattern) for pattern in self.format):
            raise ValueError(f"{self.name}: locale reads names of months; give a format with MMM, such as d MMM yyyy")
        if (self.start is None) != (self.width is None):
            raise ValueError(f"{self.name}: start and width belong together")
        return self

    def _check_personal(self) -> None:
        if self.coarse is not None and self.kind is not self.coarse.kind:
            raise ValueError(f"{self.name}: coarse: {self.coarse} is for kind {self.coarse.kind}")
        if self.coarse is not None and not self.is_tokenised:
            raise ValueError(f"{self.name}: coarse is for direct and sensitive PII; a {self.pii} column stays as it is")
        if self.coarse_pattern is not None and self.coarse is not Coarse.DISTRICT:
            raise ValueError(f"{self.name}: coarse_pattern goes with coarse: district")
        if self.valid and not self.is_tokenised:
            raise ValueError(f"{self.name}: valid is for direct and sensitive PII; other columns have type, pattern and allowed")
