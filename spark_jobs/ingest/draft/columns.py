"""What a column of a sample is: its type, how its values are written, whether it may be empty, and whether it is about a person."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from spark_jobs.ingest.draft.words import PII_WORDS, concept_of, our_name

NULLS = frozenset({"NULL", "null", "\\N", "N/A", "n/a", "NA", "#N/A", "None", "none", "nan", "NaN", "-", "--"})
WHOLE = re.compile(r"[+-]?\d{1,18}(\.0+)?")
PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
COMMA = re.compile(r"[+-]?\d+,\d+")
GROUPED = {",": re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?"), ".": re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?")}
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
PHONE = re.compile(r"\+[1-9][\d ()-]{7,20}|1[3-9]\d{9}")
SIGNS = "¥￥$€£ "
TIMES = ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S", " %I:%M %p")
DAYS = (
    "%Y/%m/%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y%m%d",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%Y年%m月%d日",
)
SPARK = {"%Y": "yyyy", "%m": "M", "%d": "d", "%y": "yy", "%b": "MMM", "%H": "H", "%M": "mm", "%S": "ss", "%I": "h", "%p": "a"}
ISO = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?")
EPOCHS = {"epoch_s": range(946_684_800, 2_208_988_800), "epoch_ms": range(946_684_800_000, 2_208_988_800_000)}
MOST_DIGITS = 6
MOST_VALUES = 5_000
TIME_OF_DAY = "time_of_day"
MOMENTS = ("ordered_at", "registered_on")
MOMENT_NAME = re.compile(r"(_at|_on|time|date|_ts|stamp)$|时间|日期", re.IGNORECASE)
CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")


@dataclass(frozen=True)
class Guess:
    """A column of the mapping, and what a person should look at."""

    name: str
    source_name: str
    type: str
    concept: str | None = None
    format: tuple[str, ...] = ()
    numbers: dict[str, str] = field(default_factory=dict)
    required: bool = False
    pii: tuple[str, str] | None = None
    nulls: tuple[str, ...] = ()
    distinct: int = 0
    is_unique: bool = False
    has_negatives: bool = False
    note: str = ""


def guess_column(source_name: str, number: int, values: Sequence[str | None], stored_type: str = "") -> Guess:
    """What a column is, from its name and the first values.

    Args:
        source_name: name as delivered.
        number: place in the file, from 1, for a name that cannot be written in our letters.
        values: text of its values; None for no value.
        stored_type: type in the file when it has one (parquet).
    """
    nulls = tuple(sorted({value.strip() for value in values if value is not None} & NULLS))
    given = [value for value in values if value is not None and value.strip() not in NULLS]
    concept = concept_of(source_name)
    guess = Guess(our_name(source_name, number, concept), source_name, "string", concept, nulls=nulls)
    distinct = len(set(given))
    guess = replace(
        guess, required=bool(values) and len(given) == len(values), distinct=distinct, is_unique=bool(given) and distinct == len(values)
    )
    sample = [value.strip() for value in dict.fromkeys(given)][:MOST_VALUES]
    if not sample:
        return replace(guess, note="is empty in the sample")
    if pii := _pii(source_name, sample, concept):
        return replace(guess, pii=pii, note="personal by its name or values: it becomes a token")
    return _typed(guess, sample, stored_type)


def _typed(guess: Guess, sample: list[str], stored_type: str) -> Guess:
    for attempt in (_as_stored(stored_type), _as_boolean, _as_clock, _as_date, _as_number):
        if found := attempt(guess, sample):
            return found
    return guess


def _as_stored(stored_type: str) -> Callable[[Guess, list[str]], Guess | None]:
    """Moments and days that the file itself declares."""

    def attempt(guess: Guess, _: list[str]) -> Guess | None:
        if stored_type.startswith("timestamp"):
            return replace(guess, type="timestamp")
        return replace(guess, type="date") if stored_type.startswith("date") else None

    return attempt


def _as_boolean(guess: Guess, sample: list[str]) -> Guess | None:
    return replace(guess, type="boolean") if {value.lower() for value in sample} <= {"true", "false"} else None


def _as_number(guess: Guess, sample: list[str]) -> Guess | None:
    signs = "".join(sorted({sign for sign in SIGNS if any(sign in value for value in sample)}))
    bare = ["".join(letter for letter in value if letter not in signs) for value in sample]
    is_id = guess.concept is not None and guess.concept.endswith("_id")
    if not signs and all(WHOLE.fullmatch(value) for value in bare):
        has_zeros = any(re.match(r"[+-]?0\d", value) for value in bare)
        kind = "string" if has_zeros else "bigint"
        note = "leading zeros: kept as text" if has_zeros else ""
        return replace(guess, type=kind, note=note, has_negatives=any(value.startswith("-") for value in bare))
    if is_id:
        return None
    numbers = {"ignore": signs} if signs else {}
    if all(PLAIN.fullmatch(value) for value in bare):
        pass
    elif all(PLAIN.fullmatch(value) or GROUPED[","].fullmatch(value) for value in bare):
        numbers["thousands"] = ","
    elif all(COMMA.fullmatch(value) or WHOLE.fullmatch(value) for value in bare):
        numbers["decimal"] = ","
    elif all(COMMA.fullmatch(value) or WHOLE.fullmatch(value) or GROUPED["."].fullmatch(value) for value in bare):
        numbers |= {"decimal": ",", "thousands": "."}
    else:
        return None
    negative = any(value.startswith("-") for value in bare)
    return replace(guess, type=_decimal(bare, numbers.get("decimal", ".")), numbers=numbers, has_negatives=negative)


def _decimal(values: list[str], mark: str) -> str:
    """A decimal with room for the digits behind the mark; binary noise of floats (0.30000000000000004) is not counted."""
    digits = [len(value.rpartition(mark)[2].rstrip("0")) for value in values if mark in value and "e" not in value.lower()]
    written = [number for number in digits if number <= MOST_DIGITS]
    return "double" if len(written) < 0.9 * len(digits) else f"decimal(18,{max([2, *written])})"


def _as_clock(guess: Guess, sample: list[str]) -> Guess | None:
    if not all(CLOCK.fullmatch(value) for value in sample):
        return None
    return replace(guess, concept=TIME_OF_DAY, note="a time of day: with the day it makes the moment")


def _as_date(guess: Guess, sample: list[str]) -> Guess | None:
    if all(ISO.fullmatch(value) for value in sample):
        return replace(guess, type="timestamp" if any(len(value) > 10 and value[11:] != "00:00:00" for value in sample) else "date")
    if (guess.concept in MOMENTS or MOMENT_NAME.search(guess.source_name)) and all(
        re.fullmatch(r"\d{10}|\d{13}", value) for value in sample
    ):
        for name, span in EPOCHS.items():
            if all(int(value) in span for value in sample):
                return replace(guess, type="timestamp", format=(name,))
    if not any(re.search(r"\d", value) for value in sample) or not any(len(value) >= 8 for value in sample):
        return None
    fits = {pattern: [_reads(value, pattern) for value in sample[:500]] for pattern in (day + time for day in DAYS for time in TIMES)}
    whole = [pattern for pattern, read in fits.items() if all(read)]
    if whole:
        other = [pattern for pattern in whole if _order(pattern) != _order(whole[0])]
        note = f"also reads as {spark_format(other[0])}: which is it?" if other else ""
        return replace(guess, type=_kind(whole[0]), format=(spark_format(whole[0]),), note=note)
    several = sorted((pattern for pattern, read in fits.items() if sum(read) > 0.05 * len(read)), key=lambda each: -sum(fits[each]))[:3]
    if several and all(any(fits[pattern][place] for pattern in several) for place in range(len(sample[:500]))):
        note = "several formats in one column: check the order"
        return replace(guess, type=_kind("".join(several)), format=tuple(map(spark_format, several)), note=note)
    return None


def _reads(value: str, pattern: str) -> bool:
    if pattern.startswith("%Y%m%d") and not re.fullmatch(r"(19|20)\d{6}.*", value):
        return False
    try:
        datetime.strptime(value, pattern)  # noqa: DTZ007 - only whether it fits is asked
    except ValueError:
        return False
    return True


def _order(pattern: str) -> str:
    return "".join(re.findall(r"%[YymdB]", pattern.replace("%b", "%m")))


def _kind(pattern: str) -> str:
    return "timestamp" if "%H" in pattern or "%I" in pattern else "date"


def spark_format(pattern: str) -> str:
    """A strptime pattern in Spark's letters."""
    if pattern.startswith("%Y%m%d"):
        pattern = pattern.replace("%Y%m%d", "yyyyMMdd")
    for letters, spark in SPARK.items():
        pattern = pattern.replace(letters, spark)
    return pattern.replace("T", "'T'")


def _pii(source_name: str, sample: list[str], concept: str | None) -> tuple[str, str] | None:
    """Class and kind of a personal column."""
    if sum(bool(EMAIL.fullmatch(value)) for value in sample) >= 0.8 * len(sample):
        return "direct", "email"
    if concept is not None and concept not in ("email", "phone", "person_name", "address", "birth_date", "national_id"):
        return None
    for kind, words in PII_WORDS.items():
        if words.search(source_name) or words.search(source_name.rpartition(".")[2]):
            return ("sensitive" if kind == "national_id" else "direct"), kind
    return ("direct", "phone") if _are_phones(sample) else None


def _are_phones(sample: list[str]) -> bool:
    """Texts that little else looks like: with a plus and a country, or Chinese mobile numbers."""
    return all(PHONE.fullmatch(value) for value in sample)
