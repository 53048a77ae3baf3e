"""Columns of a feed: where a value is in the file, what type it has, what must hold of it, and how personal it is."""

from datetime import date

from pydantic import Field, ValidationInfo, field_validator, model_validator

from conf.dialects import Numbers, Part, check_moment_formats
from conf.types import NAME, PiiClass, PiiKind, check_bound, check_pattern, check_time_zone, check_type


class Column(Part):
    """A column of a feed: where it is in the file, its type after the cast, its rules and its PII class."""

    name: str = Field(pattern=NAME)
    type: str
    source_name: str | None = None
    description: str = ""
    required: bool = False
    min: float | int | str | None = None
    max: float | int | str | None = None
    pattern: str | None = None
    allowed: tuple[str, ...] | None = None
    max_days_before_delivery: int | None = Field(default=None, ge=0)
    max_days_after_delivery: int | None = Field(default=None, ge=0)
    format: tuple[str, ...] = ()
    numbers: Numbers | None = None
    start: int | None = Field(default=None, ge=1)
    width: int | None = Field(default=None, ge=1)
    time_zone: str | None = None
    pii: PiiClass = PiiClass.NONE
    kind: PiiKind | None = None

    _type = field_validator("type")(check_type)
    _pattern = field_validator("pattern")(check_pattern)
    _format = field_validator("format")(check_moment_formats)
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
        return self.pii in (PiiClass.DIRECT, PiiClass.SENSITIVE)

    @model_validator(mode="after")
    def _consistent(self) -> "Column":
        if self.is_tokenised and self.type != "string":
            raise ValueError(f"{self.name}: a {self.pii} PII column is a string, because a token replaces it")
        if self.is_tokenised and self.kind is None:
            raise ValueError(f"{self.name}: a {self.pii} PII column needs its kind; use one of {', '.join(sorted(PiiKind))}")
        of_dates = {
            "format": self.format or None,
            "max_days_before_delivery": self.max_days_before_delivery,
            "max_days_after_delivery": self.max_days_after_delivery,
        }
        for key, value in of_dates.items():
            if value is not None and self.type not in ("date", "timestamp"):
                raise ValueError(f"{self.name}: {key} is for date and timestamp columns only")
        if (self.start is None) != (self.width is None):
            raise ValueError(f"{self.name}: start and width belong together")
        return self
