"""Days with the name of a month, in the languages whose names `locale` reads."""

import re
from collections.abc import Mapping
from itertools import islice

from conf.months import LOCALES, has_numbered_months, month_numbers
from spark_jobs.ingest.draft.guesses import Guess

TIME = r"(?:(?P<gap>,? )(?P<hour>\d{1,2}):\d{2}(?P<sec>:\d{2})?(?P<half> ?[AaPp][Mm])?)?"
MONTH, YEAR = r"(?P<mon>[^\W\d_]{3,})(?P<cut>\.?)", r"(?P<y>\d{4}|\d{2})"
SHAPES = (
    re.compile(rf"(?P<d>\d{{1,2}})(?P<dot>\.?)(?P<s>[ -])(?P<de>de )?{MONTH}(?P=s)(?P<de2>de )?{YEAR}{TIME}"),
    re.compile(rf"{MONTH}(?P<s>[ -])(?P<d>\d{{1,2}})(?P<dot>,?)(?P=s){YEAR}{TIME}"),
)
MAIL = re.compile(r"[A-Z][a-z]{2}, (\d{1,2}) [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} [+-]\d{4}")
FIRST_ASKED = ("en", "de", "fr", "es", "it", "pt", "nl")
FITS = 0.98


def guess_named_months(values: Mapping[str, int]) -> Guess | None:
    """Days and moments with a month's name that the usual patterns do not read; None when most values are none."""
    texts = [text.strip() for text in islice(values, 2000)]
    if all(MAIL.fullmatch(text) for text in texts):
        day = "dd" if all(len(MAIL.fullmatch(text)[1]) == 2 for text in texts) else "d"  # type: ignore[index]
        reading = f"try_to_timestamp(substring({{}}, 6), '{day} MMM yyyy HH:mm:ss xx')"
        return Guess("string", reading=reading, notes=("leave the text: a moment as in the head of a mail, which the map reads",))
    for number, shape in enumerate(SHAPES):
        matches = [match for text in texts if (match := shape.fullmatch(text))]
        if matches and len(matches) >= FITS * len(texts):
            return _of_matches(matches, number)
    return None


def _of_matches(matches: list[re.Match[str]], shape: int) -> Guess | None:
    parts = [match.groupdict() for match in matches]
    months = {str(part["mon"]).lower() for part in parts}
    known = [locale for locale in (*FIRST_ASKED, *LOCALES) if not has_numbered_months(locale) and months <= set(month_numbers(locale))]
    forms = {
        (part["s"], part["dot"], part.get("de"), len(part["y"] or ""), part["gap"], bool(part["sec"]), part["half"] and part["half"][:-2])
        for part in parts
    }
    if not known or len(forms) > 1:
        return None
    locale = "" if known[0] == "en" and _are_plain(parts) else known[0]
    has_half = any(part["half"] for part in parts)
    if locale and has_half:  # in small letters, as a locale reads them, Spark knows no am and pm
        return None
    pattern = _pattern(parts, shape, "MMM" if locale or all(len(str(part["mon"])) == 3 for part in parts) else "MMMM")
    notes = [f"check locale: the names of months are read as {locale}"] if locale else []
    if len(parts[0]["y"] or "") == 2:
        notes.append("check the years: two digits are read as 2000 to 2099")
    return Guess("timestamp" if parts[0]["hour"] else "date", (pattern,), notes=tuple(notes), locale=locale)


def _are_plain(parts: list[dict[str, str | None]]) -> bool:
    """English names as Spark reads them: in title case, all short or all whole."""
    names = [str(part["mon"]) for part in parts]
    is_whole = set(map(str.lower, names)) <= ENGLISH
    return (
        all(name.istitle() for name in names)
        and not any(part["cut"] for part in parts)
        and (all(len(name) == 3 for name in names) or is_whole)
    )


ENGLISH = frozenset(
    {"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"}
)  # fmt: skip


def _pattern(parts: list[dict[str, str | None]], shape: int, month: str) -> str:
    first = parts[0]
    day = "d" if any(len(part["d"] or "") == 1 for part in parts) else "dd"
    separator, dot, year = first["s"] or "", first["dot"] or "", "y" * len(first["y"] or "")
    of = "'de' " if first.get("de") else ""
    days = f"{day}{dot}{separator}{of}{month}{separator}{of}{year}" if shape == 0 else f"{month}{separator}{day}{dot}{separator}{year}"
    if not first["hour"]:
        return days
    half = first["half"]
    hour = ("h" if half else "H") * (1 if any(len(part["hour"] or "") == 1 for part in parts) else 2)
    return f"{days}{first['gap']}{hour}:mm{':ss' if first['sec'] else ''}{f'{half[:-2]}a' if half else ''}"
