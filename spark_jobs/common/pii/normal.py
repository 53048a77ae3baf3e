"""The normal form of a personal value: two spellings of the same thing are equal in it, so that they get one token."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from email.utils import parseaddr

from spark_jobs.common.pii import national_id
from spark_jobs.common.pii.phones import international
from spark_jobs.common.pii.phones import is_possible as has_possible_length

# One mailbox under several names: who reads what after a plus, and who overlooks dots (the providers' own help pages say so).
IGNORE_PLUS = frozenset(
    {"gmail.com", "outlook.com", "hotmail.com", "live.com", "icloud.com", "proton.me", "protonmail.com", "fastmail.com"}
)
IGNORE_DOTS = frozenset({"gmail.com"})
MOST_ROUNDS = 8
SAME_DOMAIN = {"googlemail.com": "gmail.com", "vip.gmail.com": "gmail.com"}


def normalise(kind: str, value: str, country: str | None = None, order: str = "yMd") -> str:
    """The form of a PII value in which two spellings of the same thing are equal.

    Args:
        kind: one of `conf.types.PiiKind`.
        value: as delivered.
        country: ISO 3166; with it phone numbers are compared in international form, else by their digits.
        order: of year, month and day in a birth date that is not written as year-month-day.
    """
    found = _form(kind, value, country, order)
    # What stood apart may join: an accent and the letter before the blank that is gone. Once is enough for all but rare texts.
    for _ in range(MOST_ROUNDS):
        if found.isascii() or (again := _form(kind, found, country, order)) == found:
            break
        found = again
    return found


def _form(kind: str, value: str, country: str | None, order: str) -> str:
    text = unicodedata.normalize("NFKC", value).strip()
    form = _FORMS.get(kind)
    return form(text, country, order) if form else _plain(text)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).casefold()


def is_possible(kind: str, value: str, country: str | None = None, order: str = "yMd") -> bool:
    """Whether a value can be one of its kind: a number that a phone can have, an address of e-mail, a day, an identity number with its check digit.

    Kinds that have no such rule are always possible.
    """
    normal = normalise(kind, value, country, order)
    if kind == "phone":
        return has_possible_length(normal, country) if country else re.fullmatch(r"\+?[0-9]{5,15}", normal) is not None
    if kind == "email":
        return re.fullmatch(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+", normal) is not None
    if kind == "national_id":
        return national_id.is_possible(normal)
    if kind == "birth_date":
        return birth_date(unicodedata.normalize("NFKC", value).strip(), order) is not None
    return True


def birth_date(text: str, order: str = "yMd") -> date | None:
    """The day that a text says: three groups of digits, or eight digits at once; a time behind it is left out. None when it is no day."""
    if not re.fullmatch(r"[0-9年月日号./:TZ+\s-]*", text):
        return None  # digits among other signs are no date
    groups = re.findall(r"[0-9]+", text)
    if groups and len(groups[0]) == 8 and order == "yMd":
        groups = [groups[0][:4], groups[0][4:6], groups[0][6:]]
    elif groups and len(groups[0]) == 8:
        widths = [4 if letter == "y" else 2 for letter in order]
        starts = [sum(widths[:at]) for at in range(3)]
        groups = [groups[0][start : start + width] for start, width in zip(starts, widths, strict=True)]
    if len(groups) < 3:
        return None
    if len(groups[0]) == 4:
        order = "yMd"  # a text that begins with a year needs no order
    parts = dict(zip(order, groups[:3], strict=True))
    try:
        return date(int(parts["y"]), int(parts["M"]), int(parts["d"])) if len(parts["y"]) == 4 else None
    except ValueError:
        return None


def _phone(text: str, country: str | None) -> str:
    if country and (number := international(text, country)):
        return number
    digits = re.sub(r"\D", "", text)
    is_international = re.match(r"\D*\+", text) is not None or digits.startswith("00")
    return f"+{digits.removeprefix('00')}" if is_international else digits


def _email(text: str) -> str:
    """RFC 5321 leaves capitals of the local part to its host; no host of today tells them apart."""
    bare = parseaddr(text)[1] if "<" in text else text.removeprefix("mailto:")
    local, at, host = re.sub(r"\s+", "", bare).casefold().rpartition("@")
    if not at:
        return _plain(text)
    host = _ascii(host.rstrip("."))
    host = SAME_DOMAIN.get(host, host)
    local = local.split("+", 1)[0] or local if host in IGNORE_PLUS else local
    return f"{local.replace('.', '') if host in IGNORE_DOTS else local}@{host}"


def _ascii(host: str) -> str:
    """A name with other letters as it is sent (IDNA)."""
    try:
        return host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        return host


def _birth_date(text: str, order: str) -> str:
    day = birth_date(text, order)
    return day.isoformat() if day else _plain(text)


_FORMS: dict[str, Callable[[str, str | None, str], str]] = {
    "phone": lambda text, country, _: _phone(text, country),
    "email": lambda text, _, __: _email(text),
    "national_id": lambda text, _, __: national_id.in_long_form(re.sub(r"[\s-]", "", text).upper()),
    "plate": lambda text, _, __: re.sub(r"[\s·.-]", "", text).upper(),
    "birth_date": lambda text, _, order: _birth_date(text, order),
    "address": lambda text, _, __: re.sub(r"[\s,;，；、。.]+", " ", text).strip().casefold(),
}
