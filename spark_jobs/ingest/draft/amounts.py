"""Numbers of a column: the marks, currencies and minus signs they are written with, and the type that holds them."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice

from conf.dialects import Negative, Numbers
from spark_jobs.ingest.draft.currencies import CURRENCY, WITHOUT_CENTS, currencies_in
from spark_jobs.ingest.draft.guesses import Guess, Ways

AMOUNT_ROLES = frozenset({"sales_amount", "unit_price", "quantity", "retail_discount_amount", "coupon_discount_amount"})
MONEY_WORDS = frozenset({"amount", "total", "price", "value", "cost", "revenue", "fee", "paid", "sum", "quantity", "discount", "refund"})
RATE_WORDS = frozenset({"rate", "rates", "fx"})
SHARE_WORDS = frozenset({"tax", "vat", "discount", "commission", "conversion", "click", "response", "open", "return", "interest", "fee"})
MOST_RATE_DIGITS = 12
FITS = 0.99
DIALECTS = tuple(
    Numbers.model_validate({"decimal": decimal, "thousands": thousands})
    for decimal, thousands in ((".", ""), (",", ""), (".", ","), (",", "."), (",", " "), (".", " "), (".", "'"))
)
COMMA, GROUPS_BY_POINT, GROUPS_BY_COMMA = DIALECTS[1], DIALECTS[3], DIALECTS[2]
WAYS = (
    (Negative.PARENTHESES, re.compile(r"[^\d(]*\(([^()]*\d[^()]*)\)\D*"), r"\1"),
    (Negative.TRAILING_MINUS, re.compile(r"(.*\d)\s?-"), r"\1"),
    (Negative.UNICODE_MINUS, re.compile(r"[\u2212\uff0d](.*\d.*)"), r"-\1"),
    (Negative.CREDIT_SUFFIX, re.compile(r"(.*\d)\s?(?:CR|DR)", re.IGNORECASE), r"\1"),
)
IS_COMMA, IS_POINT = (re.compile(rf"[+-]?\d{{1,3}}(?:{group}\d{{3}})*{mark}(?:\d\d?|\d{{4,}})|[+-]?\d{{1,3}}(?:{group}\d{{3}})+{mark}\d+")
                      for group, mark in ((r"\.", ","), (",", r"\.")))  # fmt: skip


def decimal_mark(columns: Iterable[Iterable[str]]) -> str:
    """The decimal mark that some columns show without doubt; nothing when none does or they differ."""
    marks: set[str] = set()
    for texts in columns:
        plain = [_bare(text) for text in islice(texts, 1000)]
        comma, point = (sum(shape.fullmatch(text) is not None for text in plain) for shape in (IS_COMMA, IS_POINT))
        numbers = sum(re.fullmatch(r"[+-]?[\d.,]*\d", text) is not None for text in plain)
        if plain and numbers >= FITS * len(plain) and (comma == 0) != (point == 0):
            marks.add("," if comma else ".")
    return marks.pop() if len(marks) == 1 else ""


def guess_numbers(values: Mapping[str, int], role: str | None, words: frozenset[str], ways: Ways) -> Guess:
    """The type of a column whose texts may be numbers.

    Args:
        values: distinct texts with their counts.
        role: the canonical field that the column's name speaks of.
        words: the words of its name.
        ways: how the rest of the feed is written.
    """
    if sum(values[text] for text in islice(values, 200) if any(map(str.isdigit, text))) < 0.9 * sum(islice(values.values(), 200)):
        return Guess("string")
    currencies = currencies_in(values)
    negative = tuple(way for way, shape, _ in WAYS if any(shape.fullmatch(text.strip()) for text in values))
    plain: Counter[str] = Counter()
    for text, count in values.items():
        plain[_without_negative(text)] += count
    is_money = role in AMOUNT_ROLES or bool(currencies) or bool(words & MONEY_WORDS)
    first, notes, is_doubtful = _marks(plain, currencies, ways)
    fit, numbers, scales = _best(plain, first)
    if fit < FITS * sum(plain.values()):
        return Guess("string", notes=_unreadable(values))
    if len(currencies) > 1:
        note = "ask the source for one currency a file, or one column of it: the values name several, so nothing is mapped"
        return Guess("string", notes=(note,))
    if is_doubtful and is_money:
        return Guess(
            "string", notes=("set numbers and a decimal type, then map it: does the point group thousands, or is it a decimal point?",)
        )
    found = _typed(plain, (fit, numbers.model_copy(update={"negative": negative}), scales), role, [*notes, *_about(currencies, negative)])
    return replace(found, type=_of_rate(max(scales))) if _is_rate(words) and found.type.startswith(("decimal", "double")) else found


def _is_rate(words: frozenset[str]) -> bool:
    """Whether a name speaks of an exchange rate, and not of a tax's or a discount's."""
    return bool(words & RATE_WORDS) and not words & SHARE_WORDS


def _of_rate(deepest: int) -> str:
    """Rates have more digits on another day: eight at least, and all that the sample has."""
    return f"decimal(18,{max(8, deepest)})" if deepest <= MOST_RATE_DIGITS else "double"


def _typed(values: Mapping[str, int], best: tuple[int, Numbers, Counter[int]], role: str | None, notes: list[str]) -> Guess:
    fit, numbers, scales = best
    total = sum(values.values())
    currencies = currencies_in(values)
    kind = _number_type(values, scales, role)
    if kind == "double" and role in AMOUNT_ROLES and numbers.are_plain and _are_rounded(values):
        kind = "decimal(18,2)"
        notes.append("leave decimal: amounts with the noise of binary fractions are rounded to cents")
    code = next(iter(currencies)) if len(currencies) == 1 else ""
    code = code if code.isalpha() and code.isupper() else ""
    return Guess(kind, numbers=None if numbers.are_plain else numbers, notes=(*misfits(fit, total), *notes), currency=code)


def _about(currencies: set[str], negative: tuple[Negative, ...]) -> list[str]:
    notes = [f"check negative: {way} is read as a minus" for way in negative]
    if any(not code.isalpha() or not code.isupper() for code in currencies):
        notes.append("set currency_code: the sign beside the numbers may be that of several currencies")
    return notes


def misfits(fit: int, total: int) -> tuple[str, ...]:
    """What to check when some values are not of the type of the others."""
    return (f"check the type: {total - fit} of {total} sampled values do not fit, and their rows would be rejected",) if fit < total else ()


def _unreadable(values: Mapping[str, int]) -> tuple[str, ...]:
    """Amounts such as `14,-`, which no declared way of writing reads."""
    if sum(re.fullmatch(r"\D*\d[\d.,' ]*[.,]-+\D*", text) is not None for text in values) > 0.5 * len(values):
        return ("ask the source for cents as digits: amounts such as 14,- are no numbers",)
    return ()


def _without_negative(text: str) -> str:
    text = text.strip()
    for _, shape, kept in WAYS:
        if shape.fullmatch(text):
            return shape.sub(kept, text)
    return text


def _bare(text: str) -> str:
    """A number without currency and without the sign after it."""
    return _without_negative(CURRENCY.sub("", text)).strip(" \u00a0\u202f%")


def _marks(values: Mapping[str, int], currencies: set[str], ways: Ways) -> tuple[Numbers | None, list[str], bool]:
    """The dialect to try first, what to check, and whether nothing says if the point groups thousands."""
    bare = [_bare(text) for text in values]
    by_point, by_comma = _are_groups(bare, "."), _are_groups(bare, ",")
    known = ways.decimal
    if by_point and any(text.count(".") > 1 for text in bare):
        return GROUPS_BY_POINT, [], False
    if by_point and known != ".":
        has_no_cents = bool((currencies | {ways.currency}) & WITHOUT_CENTS)
        if known == "," or has_no_cents or ways.delimiter == ";":
            return GROUPS_BY_POINT, [] if known else ["check numbers: the point is read as grouping thousands"], False
        return None, ["check numbers: is the point a decimal point, or does it group thousands?"], True
    if by_comma and known == "," and not any(text.count(",") > 1 or "." in text for text in bare):
        return COMMA, [], False
    if by_comma or _groups_by_comma(values):
        is_sure = any("." in text for text in bare) or known == "."
        return GROUPS_BY_COMMA, [] if is_sure else ["check numbers: does the comma group thousands, or is it a decimal comma?"], False
    return None, [], False


def _are_groups(texts: Iterable[str], mark: str) -> bool:
    """True when a mark stands in some texts, and may group thousands in all of them."""
    shape = re.compile(rf"[+-]?(?:0|[1-9]\d*|[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+)")
    known = list(texts)
    return any(mark in text for text in known) and all(shape.fullmatch(text) for text in known)


def _groups_by_comma(values: Mapping[str, int]) -> bool:
    """True when every comma may stand between groups of three digits."""
    with_comma = [text for text in values if "," in text]
    return bool(with_comma) and all(re.fullmatch(r"[^\d,.]*\d{1,3}(,\d{3})+(\.\d*)?[^\d,.]*", text) for text in with_comma)


def _best(values: Mapping[str, int], first: Numbers | None) -> tuple[int, Numbers, Counter[int]]:
    """The dialect in which most values are numbers, tried in order, with their scales."""
    signs = {sign for text in values for match in CURRENCY.findall(text) for sign in match}
    signs |= {sign for text in values for sign in text if sign.isspace() or sign == "%"}
    best: tuple[int, Numbers, Counter[int]] = (-1, DIALECTS[0], Counter())
    total = sum(values.values())
    order = (DIALECTS[0], first, *DIALECTS[1:]) if first == GROUPS_BY_COMMA else (first, *DIALECTS) if first else DIALECTS
    for plain in order:
        ignore = "".join(sorted(signs - {plain.thousands, plain.decimal}))[:20]
        numbers = plain.model_copy(update={"ignore": ignore if ignore.strip() else ""})
        scales = _scales(values, numbers)
        fit = sum(scales.values())
        if fit > best[0]:
            best = fit, numbers, scales
        if fit == total:
            break
    return best


def _scales(values: Mapping[str, int], numbers: Numbers) -> Counter[int]:
    """Values that are numbers in this dialect, counted by digits of the fraction (99: with an exponent); two written digits are cents."""
    marks = " \u00a0\u202f" if numbers.thousands == " " else numbers.thousands
    grouped = rf"|\d{{1,3}}(?:[{re.escape(marks)}]\d{{3}})+" if marks else ""
    shape = re.compile(rf"[+-]?(?=\D?\d)(?:\d*{grouped})(?:{re.escape(numbers.decimal)}(\d*))?([eE][+-]?\d+)?")
    drop = str.maketrans("", "", numbers.ignore)
    scales: Counter[int] = Counter()
    for text, count in values.items():
        match = shape.fullmatch(text.translate(drop).strip())
        if match:
            fraction = match[1] or ""
            scales[99 if match[2] else 2 if len(fraction) == 2 else len(fraction.rstrip("0"))] += count
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
