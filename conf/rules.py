"""Rules over the rows of a feed: predicates, and references to the rows of another feed."""

from enum import StrEnum

from pydantic import Field, model_validator

from conf.dialects import Part
from conf.types import NAME


class Severity(StrEnum):
    """What a broken rule does to its row: `reject` sends it to quarantine, `warn` only counts it."""

    REJECT = "reject"
    WARN = "warn"


class Rule(Part):
    """A predicate over the typed columns of a row, in Spark SQL; a row for which it is not true breaks the rule."""

    name: str = Field(pattern=NAME)
    expr: str
    severity: Severity = Severity.REJECT


class ForeignKey(Part):
    """Columns whose values must be in another feed of the source, loaded before or in the same run. A row with an empty value refers to nothing."""

    name: str = Field(pattern=NAME)
    columns: tuple[str, ...] = Field(min_length=1)
    feed: str
    to: tuple[str, ...] = ()
    severity: Severity = Severity.WARN

    @model_validator(mode="after")
    def _as_many(self) -> "ForeignKey":
        if self.to and len(self.to) != len(self.columns):
            raise ValueError(f"{self.name}: columns and to are not as many; name one column of feed {self.feed} for each")
        return self

    @property
    def targets(self) -> tuple[str, ...]:
        """Columns of the other feed, in order; the same names unless `to` gives them."""
        return self.to or self.columns

    @property
    def label(self) -> str:
        """How quarantine and messages name it."""
        return f"row:{self.name}"
