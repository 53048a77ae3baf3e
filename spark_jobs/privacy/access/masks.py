"""Masks of values: how much of a telephone number, a name or an address somebody sees."""

import re
from collections.abc import Callable

from conf.access import Mask
from spark_jobs.common.pii.coarse import DISTRICT
from spark_jobs.common.pii.normal import birth_date

HIDDEN = "****"


def masked(kind: str, value: str, mask: Mask) -> str | None:
    """A value as a mask shows it; None when nothing of it is to be seen."""
    if mask is Mask.FULL:
        return value
    if mask is Mask.YEAR:
        day = birth_date(value) if kind == "birth_date" else None
        return str(day.year) if day else None
    return _partial(kind, value.strip()) if mask is Mask.PARTIAL else None


def _partial(kind: str, value: str) -> str | None:
    """A part by which somebody who knows the value recognises it, and nobody else finds it; None for texts, of which no part is harmless."""
    part = _PARTS.get(kind)
    return part(value) if part else None


def _phone(value: str) -> str:
    digits = re.sub(r"\D", "", value)
    national = digits[-11:]
    return f"{national[:3]}{HIDDEN}{national[-4:]}" if len(national) >= 10 else f"{HIDDEN}{national[-2:]}"


def _email(value: str) -> str:
    local, _, host = value.rpartition("@")
    return f"{local[:1]}***@{host}" if local else "***"


def _number(value: str) -> str:
    return f"{value[:3]}{HIDDEN}{value[-4:]}" if len(value) >= 10 else f"{value[:2]}{HIDDEN}"


def _address(value: str) -> str | None:
    match = DISTRICT.match(value)
    return f"{match[1]}{HIDDEN}" if match else None


_PARTS: dict[str, Callable[[str], str | None]] = {
    "phone": _phone,
    "email": _email,
    "name": lambda value: value[:1] + "*" * max(len(value) - 1, 1),
    "national_id": _number,
    "plate": _number,
    "address": _address,
    "birth_date": lambda value: masked("birth_date", value, Mask.YEAR),
}
