"""Numbers out of text, as Spark expressions: the marks, signs and suffixes that a contract declares, and nothing else."""

import re
from typing import TYPE_CHECKING

from conf.dialects import Negative, Numbers

if TYPE_CHECKING:
    from pyspark.sql import Column as SparkColumn

BLANKS = " \u00a0\u202f"
BLANK = rf"[{BLANKS}\t]*"
WHOLE_NUMBER = r"^\s*([+-]?\d+)\.0*\s*$"
MINUSES = "\u2212\uff0d"
WIDE_BRACKETS = "\uff08\uff09"
POSITIVE_SUFFIX = {Negative.CREDIT_SUFFIX: "dr", Negative.DEBIT_SUFFIX: "cr"}
SUFFIX = r"(?i)(?<![a-z])[cd]r\s*$"


def number_of(text: "SparkColumn", kind: str, numbers: Numbers) -> "SparkColumn":
    """The number as the type; null when the text does not keep the declared marks. Never rounds a whole number."""
    return _number(text if numbers.are_plain else _digits(text, numbers), kind)


def _number(digits: "SparkColumn", kind: str) -> "SparkColumn":
    from pyspark.sql import functions as F

    if kind in ("bigint", "int"):
        # Data frames write identifiers as 17.0 when the column has gaps: the same number, nothing is lost.
        whole = F.regexp_extract(digits, WHOLE_NUMBER, 1)
        return F.coalesce(digits.try_cast(kind), F.when(whole != "", whole).try_cast(kind))
    if kind == "double":
        value = digits.try_cast("double")
        # Java reads 34.50D as a double; in a statement of account it is a debit.
        is_number = ~F.isnan(value) & (F.abs(value) != F.lit(float("inf"))) & ~F.right(F.rtrim(digits), F.lit(1)).isin(*"dDfF")
        return F.when(is_number, value)
    return digits.try_cast(kind)


def _digits(text: "SparkColumn", numbers: Numbers) -> "SparkColumn":
    """The number as Spark writes it, with its sign before it; null when the text does not keep the declared marks."""
    from pyspark.sql import functions as F

    bare = F.trim(F.translate(text, numbers.ignore, "")) if numbers.ignore else F.trim(text)
    if Negative.UNICODE_MINUS in numbers.negative:
        bare = F.translate(bare, MINUSES, "-" * len(MINUSES))
    if Negative.PARENTHESES in numbers.negative:
        bare = F.translate(bare, WIDE_BRACKETS, "()")
    marks = BLANKS if numbers.thousands == " " else numbers.thousands
    digits = F.translate(bare, f"{numbers.decimal}{marks}+-()\t {BLANKS}crdCRD", ".")
    negative = _negative_forms(numbers)
    is_positive = bare.rlike(f"^(?:{'|'.join(_positive_forms(numbers))})$")
    value = F.when(is_positive, digits)
    value = value.when(bare.rlike(f"^(?:{'|'.join(negative)})$"), F.concat(F.lit("-"), digits))
    return F.when(~text.rlike(SUFFIX), value) if _hides_a_suffix(numbers) else value


def _magnitude(numbers: Numbers) -> str:
    """A number without its sign: digits, or groups of three between marks, and a fraction."""
    marks = BLANKS if numbers.thousands == " " else numbers.thousands
    grouped = rf"|\d{{1,3}}(?:[{re.escape(marks)}]\d{{3}})+" if marks else ""
    return rf"(?=\D?\d)(?:\d*{grouped})(?:{re.escape(numbers.decimal)}\d*)?"


def _positive_forms(numbers: Numbers) -> list[str]:
    number = _magnitude(numbers)
    suffixes = [POSITIVE_SUFFIX[way] for way in numbers.negative if way in POSITIVE_SUFFIX]
    return [rf"(?:\+{BLANK})?{number}", *(rf"{number}{BLANK}(?i:{suffix})" for suffix in suffixes)]


def _negative_forms(numbers: Numbers) -> list[str]:
    number = _magnitude(numbers)
    forms = {
        Negative.PARENTHESES: rf"\({BLANK}{number}{BLANK}\)",
        # `34,-` is 34 and no cents in German and Dutch: the minus follows a digit.
        Negative.TRAILING_MINUS: rf"{number}(?<=\d){BLANK}-",
        Negative.CREDIT_SUFFIX: rf"{number}{BLANK}(?i:cr)",
        Negative.DEBIT_SUFFIX: rf"{number}{BLANK}(?i:dr)",
    }
    return [rf"-{BLANK}{number}", *(forms[way] for way in numbers.negative if way in forms)]


def _hides_a_suffix(numbers: Numbers) -> bool:
    """True when `ignore` would remove a CR or DR, which nobody said is a sign."""
    ignored = set(numbers.ignore.lower())
    return "r" in ignored and bool(ignored & {"c", "d"})
