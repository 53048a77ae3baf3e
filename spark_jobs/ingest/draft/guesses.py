"""What a column's values are, as far as a sample shows it."""

from dataclasses import dataclass

from conf.dialects import Numbers


@dataclass(frozen=True)
class Guess:
    """What a column's values are."""

    type: str
    formats: tuple[str, ...] = ()
    numbers: Numbers | None = None
    null_values: frozenset[str] = frozenset()
    is_empty: bool = False
    has_gaps: bool = False
    notes: tuple[str, ...] = ()
    reading: str = ""
    locale: str = ""
    currency: str = ""

    @property
    def is_number(self) -> bool:
        """True for int, bigint, double and decimal."""
        return self.type in ("int", "bigint", "double") or self.type.startswith("decimal")


@dataclass(frozen=True)
class Ways:
    """How the rest of a feed is written: its decimal mark where a column shows it without doubt, its delimiter, its currency."""

    decimal: str = ""
    delimiter: str = ","
    currency: str = ""
