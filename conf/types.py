"""Column types and PII classes that contracts and entities may use."""

import re
from enum import StrEnum

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
