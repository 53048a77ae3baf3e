"""The type of a column, guessed from the texts of its values and the words of its name."""

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice

from conf.dialects import EXCEL_SERIAL
from spark_jobs.ingest.draft.amounts import guess_numbers, misfits
from spark_jobs.ingest.draft.guesses import Guess, Ways
from spark_jobs.ingest.draft.moments import guess_moments
from spark_jobs.ingest.draft.month_names import guess_named_months

ALWAYS_NULL = frozenset({"NULL", "\\N", "(null)", "#N/A", "<NA>", "[NULL]"})
OFTEN_NULL = ALWAYS_NULL | {"null", "Null", "N/A", "n/a", "NA", "na", "None", "none", "nan", "NaN", "-", "--", "?", "无", "空"}
BOOLEAN = frozenset({"true", "false", "t", "f", "yes", "no", "y", "n"})
WHOLE = re.compile(r"[+-]?(?:0|[1-9]\d{0,17})")
WHOLE_AS_FRACTION = re.compile(r"[+-]?(?:0|[1-9]\d{0,14})\.0")
SHEET_DAY = re.compile(r"[34]\d{4}")
SHEET_MOMENT = re.compile(r"[34]\d{4}(?:\.\d+)?")
LEADING_ZEROS = re.compile(r"0\d+")
TIME_WORDS = frozenset(
    {
        "time",
        "timestamp",
        "ts",
        "at",
        "date",
        "day",
        "datetime",
        "created",
        "updated",
        "on",
        "dt",
        "joined",
        "since",
        "epoch",
        "dat",
        "start",
        "began",
        "end",
        "ms",
        "opened",
        "closed",
        "sent",
        "delivered",
    }
)
PLAIN = Ways()


def guess_type(
    counts: Mapping[str | None, int], words: frozenset[str], *, is_id: bool, role: str | None, month_first: bool, ways: Ways = PLAIN
) -> Guess:
    """The type of a column, given its distinct values with their counts.

    Args:
        counts: distinct values with their counts.
        words: the words of its name.
        is_id: its values name something; digits alone do not make them numbers.
        role: the canonical field that its name speaks of.
        month_first: how days are read of which no value shows it.
        ways: how the rest of the feed is written.
    """
    texts = {text: count for text, count in counts.items() if text is not None and text.strip()}
    gaps = len(texts) < len(counts)
    if not texts:
        return Guess("string", is_empty=True, has_gaps=True, notes=("set the type: the column is empty in the sample",))
    marks = frozenset(texts) & OFTEN_NULL
    bare = {text: count for text, count in texts.items() if text not in marks}
    found = _of_texts(bare, words, is_id, role, month_first, ways) if bare else Guess("string")
    if found.type == "string" and not marks & ALWAYS_NULL:
        return Guess("string", has_gaps=gaps, notes=found.notes, reading=found.reading)
    if found.type == "string":
        marks &= ALWAYS_NULL
    return replace(found, null_values=marks, is_empty=not bare, has_gaps=gaps or bool(marks))


def _of_texts(values: Mapping[str, int], words: frozenset[str], is_id: bool, role: str | None, month_first: bool, ways: Ways) -> Guess:
    if {text.strip().casefold() for text in values} <= BOOLEAN:
        return Guess("boolean")
    speaks_of_time = bool(words & TIME_WORDS)
    moments = guess_moments(values, compact=speaks_of_time and not is_id, month_first=month_first)
    if moments is not None:
        return Guess(moments.type, moments.formats, notes=(*moments.notes, *misfits(moments.fit, sum(values.values()))))
    further = None if is_id else guess_named_months(values) or (_of_counts(values) if speaks_of_time else None)
    if further is not None:
        return further
    if is_id:
        return _of_ids(values)
    if any(LEADING_ZEROS.fullmatch(text) for text in values):
        return Guess("string", notes=("leave string: the digits have leading zeros",)) if _are_digits(values) else Guess("string")
    return guess_numbers(values, role, words, ways)


def _are_digits(values: Mapping[str, int]) -> bool:
    return all(text.strip().isdigit() for text in values)


def _of_ids(values: Mapping[str, int]) -> Guess:
    """Ids stay text, unless a data frame has written them as 17.0."""
    if all(WHOLE_AS_FRACTION.fullmatch(text.strip()) for text in values):
        return Guess("bigint", notes=("leave bigint: ids are written as 17.0, which it reads as 17",))
    return Guess("string")


def _of_counts(values: Mapping[str, int]) -> Guess | None:
    """Moments that are counts: of seconds or parts of them since 1970, or of a spreadsheet's days."""
    if epoch := _epoch(values):
        return Guess("timestamp", (epoch,), notes=(f"check the moment: the number is read as {epoch}",))
    if _has_digits(values, 16):
        note = "leave the number as it is: microseconds since 1970, which the map reads"
        return Guess("bigint", reading="timestamp_micros({})", notes=(note,))
    if all(SHEET_DAY.fullmatch(text) for text in values):
        note = "leave the number as it is: a spreadsheet's day, which the map reads"
        return Guess("bigint", reading="cast(date_add(date'1899-12-30', cast({} as int)) as timestamp)", notes=(note,))
    if all(SHEET_MOMENT.fullmatch(text) for text in values):
        return Guess("timestamp", (EXCEL_SERIAL,), notes=("check the moment: the number is read as a spreadsheet's day and time",))
    return None


def _epoch(values: Mapping[str, int]) -> str | None:
    return next((name for digits, name in ((10, "epoch_s"), (13, "epoch_ms")) if _has_digits(values, digits)), None)


def _has_digits(values: Mapping[str, int], digits: int) -> bool:
    return all(text.isdigit() and len(text) == digits for text in islice(values, 1000))
