"""The normal form of a personal value: two spellings of the same thing are equal in it, so that they get one token.

Every function here takes any text, in little time: a value longer than any of its kind is not looked at.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable
from datetime import date

from spark_jobs.common.pii import national_id
from spark_jobs.common.pii.clean import INVISIBLE, trimmed, undamaged, without_zero_width
from spark_jobs.common.pii.phones import number_of

NORMAL_FORM_VERSION = 2
"""Grows with every change that gives some value another normal form, and so another token. 1: until f065590."""

LONGEST = {
    "phone": 64, "email": 320, "name": 200, "address": 1000, "birth_date": 64, "national_id": 64, "plate": 64, "geo": 128,
    "free_text": 65_536, "other": 1024,
}  # fmt: skip
"""Characters that a value of a kind has at most: as delivered, and in its normal form."""

# One mailbox under several names: who reads what after a plus, and who overlooks dots (the providers' own help pages say so).
IGNORE_PLUS = frozenset(
    {"gmail.com", "outlook.com", "hotmail.com", "live.com", "icloud.com", "proton.me", "protonmail.com", "fastmail.com"}
)
IGNORE_DOTS = frozenset({"gmail.com"})
MOST_ROUNDS = 8
MOST_MARKS = 30  # combining marks in a row (UAX #15, stream-safe text); the time to sort more of them grows with the square
SAME_DOMAIN = {"googlemail.com": "gmail.com", "vip.gmail.com": "gmail.com"}
_TOO_LONG = re.compile(r"\?[a-z_]+:too_long:[0-9a-f]{32}")


def normalise(kind: str, value: str, country: str | None = None, order: str = "yMd") -> str:
    """The form of a PII value in which two spellings of the same thing are equal.

    A telephone number or an e-mail address that is not possible has a form of its own, `?<kind>:<text>`, which no possible one has. So has a
    value that is too long, of any kind.

    Args:
        kind: one of `conf.types.PiiKind`.
        value: as delivered.
        country: ISO 3166; with it phone numbers are compared in international form, else by their digits.
        order: of year, month and day in a birth date that is not written as year-month-day.
    """
    if _TOO_LONG.fullmatch(value):
        return value
    if is_too_long(kind, value) or is_too_long(kind, unicodedata.normalize("NFKC", value)):
        return _form_of_too_long(kind, value)
    found = _form(kind, value, country, order)
    # What stood apart may join: an accent and the letter before the blank that is gone. Once is enough for all but rare texts.
    for _ in range(MOST_ROUNDS):
        if found.isascii() or (again := _form(kind, found, country, order)) == found:
            break
        found = again
    return _form_of_too_long(kind, value) if is_too_long(kind, found) else found


def is_too_long(kind: str, value: str) -> bool:
    """Whether a value has more characters than values of its kind have, or more combining marks in a row than any writing needs."""
    if len(value.removeprefix(f"?{kind}:")) > LONGEST.get(kind, LONGEST["other"]):
        return True
    return len(value) > MOST_MARKS and not value.isascii() and _has_heap_of_marks(value)


def _has_heap_of_marks(text: str) -> bool:
    found = 0
    for sign in text:
        found = found + 1 if unicodedata.combining(sign) else 0
        if found > MOST_MARKS:
            return True
    return False


def _form_of_too_long(kind: str, value: str) -> str:
    return f"?{kind}:too_long:{hashlib.blake2s(value.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}"


def _form(kind: str, value: str, country: str | None, order: str) -> str:
    text = trimmed(unicodedata.normalize("NFKC", value))
    form = _FORMS.get(kind)
    return form(text, country, order) if form else _plain(text)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).casefold()


def _impossible(kind: str, text: str) -> str:
    """The form of a text that is no possible value of its kind."""
    prefix = f"?{kind}:"
    return prefix + trimmed(_plain(trimmed(text.removeprefix(prefix))))


def is_possible(kind: str, value: str, country: str | None = None, order: str = "yMd") -> bool:
    """Whether a value can be one of its kind: a number that a phone can have, an address of e-mail, a day, an identity number with its check digit.

    Kinds that have no such rule are always possible, unless the value is too long.
    """
    normal = normalise(kind, value, country, order)
    if normal.startswith(f"?{kind}:") and (kind in {"phone", "email"} or _TOO_LONG.fullmatch(normal)):
        return False
    if kind == "national_id":
        return national_id.is_possible(normal)
    if kind == "birth_date":
        return birth_date(trimmed(unicodedata.normalize("NFKC", value)), order) is not None
    return True


def birth_date(text: str, order: str = "yMd") -> date | None:
    """The day that a text says: three groups of digits, or eight digits at once; a time behind it is left out. None when it is no day."""
    if len(text) > LONGEST["birth_date"] or not re.fullmatch(r"[0-9年月日号./:TZ+\s-]*", text):
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
    number = None if text.startswith("?phone:") else number_of(text, country)
    return number or _impossible("phone", text)


def _email(text: str) -> str:
    """RFC 5321 leaves capitals of the local part to its host; no host of today tells them apart."""
    bare = _bare_address(without_zero_width(text))
    local, _, host = bare.casefold().rpartition("@")
    host = _ascii(host.rstrip("."))
    host = SAME_DOMAIN.get(host, host)
    local = local.split("+", 1)[0] or local if host in IGNORE_PLUS else local
    address = f"{local.replace('.', '') if host in IGNORE_DOTS else local}@{host}"
    return address if _ADDRESS.fullmatch(address) and not text.startswith("?email:") else _impossible("email", text)


def _bare_address(text: str) -> str:
    """The address without what stands around it: a name, brackets, quotation marks, `mailto:`, signs of a list."""
    text = _without_edges(text)
    in_brackets = re.fullmatch(r"[^<>]*<([^<>]*)>", text)
    bare = _without_edges(in_brackets[1] if in_brackets else text)
    if bare[:7].casefold() == "mailto:":
        bare = _without_edges(bare[7:].partition("?")[0])
    return re.sub(r"\s*([@.])\s*", r"\1", bare)


def _without_edges(text: str) -> str:
    return trimmed(text).strip(_AROUND_ADDRESS + INVISIBLE)


def _national_id(text: str) -> str:
    """Without gaps. The old 15 digits become the 18 of the same person, where they say a day of birth."""
    found = re.sub(r"[\s-]", "", undamaged(text) or text).upper()
    long = national_id.in_long_form(found)
    return long if national_id.is_possible(long) else found


def _ascii(host: str) -> str:
    """A name with other letters as it is sent (IDNA)."""
    try:
        return host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        return host


def _birth_date(text: str, order: str) -> str:
    day = birth_date(text, order)
    return day.isoformat() if day else _plain(text)


_AROUND_ADDRESS = "'\"`,;\u00b4\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a\u300c\u300d，；、"
_ADDRESS = re.compile(rf"(?![{_AROUND_ADDRESS}]|.*\*\*)[^@\s<>()\[\]\\,;:\"]{{1,64}}@(?:[\w-]+(?:\.[\w-]+)+|\[[0-9]+(?:\.[0-9]+){{3}}\])")
_FORMS: dict[str, Callable[[str, str | None, str], str]] = {
    "phone": lambda text, country, _: _phone(text, country),
    "email": lambda text, _, __: _email(text),
    "national_id": lambda text, _, __: _national_id(text),
    "plate": lambda text, _, __: re.sub(r"[\s·.-]", "", text).upper(),
    "birth_date": lambda text, _, order: _birth_date(text, order),
    "address": lambda text, _, __: re.sub(r"[\s,;，；、。.]+", " ", text).strip().casefold(),
}
