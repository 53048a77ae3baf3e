"""The type of a column, guessed from the texts of its values and the words of its name."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice

from conf.dialects import Numbers
from spark_jobs.ingest.draft.moments import guess_moments

ALWAYS_NULL = frozenset({"NULL", "\\N", "(null)", "#N/A", "<NA>", "[NULL]"})
OFTEN_NULL = ALWAYS_NULL | {"null", "Null", "N/A", "n/a", "NA", "na", "None", "none", "nan", "NaN", "-", "--", "?", "无", "空"}
BOOLEAN = frozenset({"true", "false", "t", "f", "yes", "no", "y", "n"})
WHOLE = re.compile(r"[+-]?(?:0|[1-9]\d{0,17})")
WHOLE_AS_FRACTION = re.compile(r"[+-]?(?:0|[1-9]\d{0,14})\.0")
SHEET_DAY = re.compile(r"[34]\d{4}")
LEADING_ZEROS = re.compile(r"0\d+")
SIGNS = re.compile(r"[€$£¥￥₹₽元%\s]|(?:EUR|USD|GBP|CNY|RMB|CHF|kr|zł)")
DIALECTS = tuple(
    Numbers.model_validate({"decimal": decimal, "thousands": thousands})
    for decimal, thousands in ((".", ""), (",", ""), (".", ","), (",", "."), (",", " "), (".", " "), (".", "'"))
)
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
AMOUNT_ROLES = frozenset({"sales_amount", "unit_price", "quantity", "retail_discount_amount", "coupon_discount_amount"})
FITS = 0.99


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

    @property
    def is_number(self) -> bool:
        """True for int, bigint, double and decimal."""
        return self.type in ("int", "bigint", "double") or self.type.startswith("decimal")


def guess_type(counts: Mapping[str | None, int], words: frozenset[str], *, is_id: bool, role: str | None, month_first: bool) -> Guess:
    """The type of a column, given its distinct values with their counts.

    Args:
        counts: distinct values with their counts.
        words: the words of its name.
        is_id: its values name something; digits alone do not make them numbers.
        role: the canonical field that its name speaks of.
        month_first: how days are read of which no value shows it.
    """
    texts = {text: count for text, count in counts.items() if text is not None and text.strip()}
    gaps = len(texts) < len(counts)
    if not texts:
        return Guess("string", is_empty=True, has_gaps=True, notes=("set the type: the column is empty in the sample",))
    marks = frozenset(texts) & OFTEN_NULL
    bare = {text: count for text, count in texts.items() if text not in marks}
    found = _of_texts(bare, words, is_id, role, month_first) if bare else Guess("string")
    if found.type == "string" and not marks & ALWAYS_NULL:
        return Guess("string", has_gaps=gaps, notes=found.notes)
    if found.type == "string":
        marks &= ALWAYS_NULL
    return replace(found, null_values=marks, is_empty=not bare, has_gaps=gaps or bool(marks))


def _of_texts(values: Mapping[str, int], words: frozenset[str], is_id: bool, role: str | None, month_first: bool) -> Guess:
    if {text.strip().casefold() for text in values} <= BOOLEAN:
        return Guess("boolean")
    speaks_of_time = bool(words & TIME_WORDS)
    moments = guess_moments(values, compact=speaks_of_time and not is_id, month_first=month_first)
    if moments is not None:
        return Guess(moments.type, moments.formats, notes=(*moments.notes, *_misfits(moments.fit, sum(values.values()))))
    if speaks_of_time and not is_id and (counted := _of_counts(values)):
        return counted
    if is_id:
        return _of_ids(values)
    if any(LEADING_ZEROS.fullmatch(text) for text in values):
        return Guess("string", notes=("leave string: the digits have leading zeros",)) if _are_digits(values) else Guess("string")
    return _of_numbers(values, role)


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
    return None


def _epoch(values: Mapping[str, int]) -> str | None:
    return next((name for digits, name in ((10, "epoch_s"), (13, "epoch_ms")) if _has_digits(values, digits)), None)


def _has_digits(values: Mapping[str, int], digits: int) -> bool:
    return all(text.isdigit() and len(text) == digits for text in islice(values, 1000))


def _misfits(fit: int, total: int) -> tuple[str, ...]:
    return (f"check the type: {total - fit} of {total} sampled values do not fit, and their rows would be rejected",) if fit < total else ()


def _of_numbers(values: Mapping[str, int], role: str | None) -> Guess:
    total = sum(values.values())
    if sum(values[text] for text in islice(values, 200) if any(map(str.isdigit, text))) < 0.9 * sum(islice(values.values(), 200)):
        return Guess("string")
    signs = "".join(sorted({sign for text in values for match in SIGNS.findall(text) for sign in match}))
    best: tuple[int, Numbers, Counter[int]] | None = None
    groups = _groups_by_comma(values)
    for plain in (DIALECTS[0], Numbers(thousands=","), *DIALECTS[1:]) if groups else DIALECTS:
        ignore = "".join(sorted(set(signs) - {plain.thousands, plain.decimal}))[:20]
        numbers = plain.model_copy(update={"ignore": "" if not ignore.strip() else ignore})
        scales = _scales(values, numbers)
        fit = sum(scales.values())
        if best is None or fit > best[0]:
            best = fit, numbers, scales
        if fit == total:
            break
    if best is None or best[0] < FITS * total:
        return Guess("string")
    fit, numbers, scales = best
    notes = [*_misfits(fit, total)]
    if numbers.are_plain and set(scales) <= {0, 3} and scales[3] and all("." in text for text in values):
        notes.append("check numbers: is the point a decimal point, or does it group thousands?")
    if groups and numbers.thousands == "," and not any("." in text for text in values):
        notes.append("check numbers: does the comma group thousands, or is it a decimal comma?")
    kind = _number_type(values, scales, role)
    if kind == "double" and role in AMOUNT_ROLES and numbers.are_plain and _are_rounded(values):
        kind = "decimal(18,2)"
        notes.append("leave decimal: amounts with the noise of binary fractions are rounded to cents")
    return Guess(kind, numbers=None if numbers.are_plain else numbers, notes=tuple(notes))


def _groups_by_comma(values: Mapping[str, int]) -> bool:
    """True when every comma may stand between groups of three digits."""
    with_comma = [text for text in values if "," in text]
    return bool(with_comma) and all(re.fullmatch(r"[^\d,.]*\d{1,3}(,\d{3})+(\.\d*)?[^\d,.]*", text) for text in with_comma)


def _scales(values: Mapping[str, int], numbers: Numbers) -> Counter[int]:
    """Values that are numbers in this dialect, counted by digits of the fraction (99: with an exponent)."""
    marks = " \u00a0\u202f" if numbers.thousands == " " else numbers.thousands
    grouped = rf"|\d{{1,3}}(?:[{re.escape(marks)}]\d{{3}})+" if marks else ""
    shape = re.compile(rf"[+-]?(?=\D?\d)(?:\d*{grouped})(?:{re.escape(numbers.decimal)}(\d*))?([eE][+-]?\d+)?")
    drop = str.maketrans("", "", numbers.ignore)
    scales: Counter[int] = Counter()
    for text, count in values.items():
        match = shape.fullmatch(text.translate(drop).strip())
        if match:
            scales[99 if match[2] else len((match[1] or "").rstrip("0"))] += count
    return scales


def _are_rounded(values: Mapping[str, int]) -> bool:
    """True for amounts of whole cents that a computer has written as 0.30000000000000004."""
    try:
        return all(abs(float(text) - round(float(text), 2)) < 1e-6 for text in values)
    except ValueError:
        return False


def _number_type(values: Mapping[str, int], scales: Counter[int], role: str | None) -> str:
    deepest = max(scales)
    if deepest == 0 and role not in AMOUNT_ROLES - {"quantity"}:
        return "bigint" if max(map(len, values)) <= 18 else "decimal(38,0)"
    if role == "unit_price" and deepest <= 4:
        return "decimal(18,4)"
    if deepest <= 2:
        return "decimal(18,2)" if role != "quantity" or deepest else "bigint"
    return f"decimal(18,{deepest})" if deepest <= 6 else "double"
