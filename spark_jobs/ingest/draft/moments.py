"""Dates and times: the Spark patterns that read the values of a column, and whether the day comes before the month."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

TIME = (
    r"(?:(?P<gap>T|,? )(?P<hour>\d{1,2}):\d{2}(?P<sec>:\d{2}(?P<frac>\.\d{1,9})?)?(?P<half> ?[AaPp][Mm])?"
    r"(?P<zone> ?(?:Z|[+-]\d{2}(?P<colon>:)?\d{2})| (?:UTC|GMT|[A-Z]{1,3}[SD]?T))?)?"
)
DAYS = (
    r"(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})",
    r"(?P<a>\d{1,2})(?P<s>[-/.])(?P<b>\d{1,2})(?P=s)(?P<y>\d{4}|\d{2})",
    r"(?P<y>\d{4})年(?P<m>\d{1,2})月(?P<d>\d{1,2})日",
    r"(?P<d>\d{1,2})(?P<s>[- ])(?P<mon>[A-Z][a-z]{2})(?P=s)(?P<y>\d{4})",
    r"(?P<mon>[A-Z][a-z]{2}) (?P<d>\d{1,2})(?P<s>,?) (?P<y>\d{4})",
    r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})",
)
SHAPES = (
    *(re.compile(day + TIME) for day in DAYS),
    re.compile(
        r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?P<gap>)(?P<hour>[01]\d|2[0-3])[0-5]\d(?P<sec>[0-5]\d)?(?P<frac>)(?P<half>)(?P<zone>)"
    ),
)
COMPACT = len(DAYS) - 1  # and the one after it, with a time
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass(frozen=True)
class Moments:
    """What a column of moments is: its type, the patterns that read it (none for ISO), how many values fit, and doubts."""

    type: str
    formats: tuple[str, ...]
    fit: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Form:
    """The way in which a value is written, apart from its digits."""

    shape: int
    separator: str
    year: int
    gap: str
    seconds: bool
    fraction: int
    half: str
    zone: str

    @property
    def is_iso(self) -> bool:
        """Read without a format."""
        return self.shape == 0 and self.separator == "-" and not self.half and self.zone in ("", "XXX")


@dataclass
class Spelling:
    """What the values of one form have in common."""

    count: int = 0
    short_day: bool = False
    short_hour: bool = False
    midnight_only: bool = True
    first: int = 0
    second: int = 0


def guess_moments(values: Mapping[str, int], *, compact: bool, month_first: bool) -> Moments | None:
    """The moments of a column's distinct values with their counts; None when most are none.

    Args:
        values: distinct values with their counts.
        compact: `20240131` may be a day, because the name of the column says so.
        month_first: how days are read of which no value shows it.
    """
    forms: dict[Form, Spelling] = {}
    total = sum(values.values())
    for number, (text, count) in enumerate(values.items()):
        if number == 50 and not forms:
            return None
        _add(forms, text.strip(), count, compact)
    fit = sum(spelling.count for spelling in forms.values())
    if not forms or fit < 0.98 * total or len(forms) > 6:
        return None
    first, second = (max(getattr(spelling, side) for spelling in forms.values()) for side in ("first", "second"))
    notes = _doubts(forms, first, second, month_first)
    if first > 12 and second > 12:
        return None
    days_first = first > 12 or (second <= 12 and not month_first)
    is_day = all(spelling.midnight_only for spelling in forms.values())
    if is_day and any(form.gap for form in forms):
        notes.append("check the type: the time is always midnight, so it is read as a date")
    order = [form for form, _ in Counter({form: spelling.count for form, spelling in forms.items()}).most_common()]
    plain = all(form.is_iso for form in order)
    formats = () if plain else tuple(dict.fromkeys(_pattern(form, forms[form], days_first) for form in order))
    return Moments("date" if is_day else "timestamp", formats, fit, tuple(notes))


def _add(forms: dict[Form, Spelling], text: str, count: int, compact: bool) -> None:
    for number, shape in enumerate(SHAPES):
        match = shape.fullmatch(text) if number < COMPACT or compact else None
        if match is None or not _is_real(match.groupdict()):
            continue
        part = match.groupdict()
        colon = "z" if (part["zone"] or "").strip()[:1].isalpha() else "XX"
        colon = "XXX" if part.get("colon") or (part["zone"] or "").strip() == "Z" else colon
        zone = (" " if (part["zone"] or "").startswith(" ") else "") + colon if part["zone"] else ""
        form = Form(
            number, part.get("s") or "", len(part["y"]), part["gap"] or "", bool(part["sec"]), max(0, len(part["frac"] or "") - 1),
            (part["half"] or "")[:-2] + "a" if part["half"] else "", zone,
        )  # fmt: skip
        spelling = forms.setdefault(form, Spelling())
        days = [part.get(name) for name in ("a", "b", "m", "d") if part.get(name)]
        spelling.count += count
        spelling.short_day |= any(len(day or "") == 1 for day in days)
        spelling.short_hour |= len(part["hour"] or "") == 1
        spelling.midnight_only &= re.fullmatch(r".*?[T ]0?0:00(:00(\.0+)?)?", text) is not None or part["hour"] is None
        spelling.midnight_only &= number <= COMPACT
        spelling.first = max(spelling.first, int(part.get("a") or 0))
        spelling.second = max(spelling.second, int(part.get("b") or 0))
        return


def _is_real(part: Mapping[str, str | None]) -> bool:
    """A day that is in the calendar, one way or the other."""
    year = int(part["y"] or 0)
    year += 2000 if year < 100 else 0
    if not 1880 <= year <= 2199 or int(part["hour"] or 0) > 24 or part.get("mon", "Jan") not in MONTHS:
        return False
    pairs = [(part.get("a"), part.get("b")), (part.get("b"), part.get("a"))] if part.get("a") else [(part.get("m") or "1", part["d"])]
    return any(_in_calendar(year, int(month or 0), int(day or 0)) for month, day in pairs)


def _in_calendar(year: int, month: int, day: int) -> bool:
    try:
        return bool(date(year, month, day))
    except ValueError:
        return False


def _doubts(forms: Mapping[Form, Spelling], first: int, second: int, month_first: bool) -> list[str]:
    notes = []
    if any(form.shape == 1 for form in forms) and first <= 12 and second <= 12:
        notes.append(f"check the format: {'month' if month_first else 'day'} first? no value says")
    if any(form.year == 2 for form in forms):
        notes.append("check the years: two digits are read as 2000 to 2099")
    return notes


def _pattern(form: Form, spelling: Spelling, days_first: bool) -> str:
    day, month = ("d", "M") if spelling.short_day else ("dd", "MM")
    year, s = "y" * form.year, form.separator
    days = (
        f"{year}{s}{month}{s}{day}",
        s.join([day, month, year] if days_first else [month, day, year]),
        f"yyyy年{month}月{day}日",
        f"{day}{s}MMM{s}yyyy",
        f"MMM {day}{s} yyyy",
        "yyyyMMdd",
        "yyyyMMddHHmmss" if form.seconds else "yyyyMMddHHmm",
    )[form.shape]
    if not form.gap:
        return days
    gap = "'T'" if form.gap == "T" else form.gap
    hour = ("h" if form.half else "H") * (1 if spelling.short_hour else 2)
    seconds = ":ss" if form.seconds else ""
    fraction = "." + "S" * form.fraction if form.fraction else ""
    return f"{days}{gap}{hour}:mm{seconds}{fraction}{form.half}{form.zone}"
