"""A feed's contract as Spark expressions: typed columns, and the rules that a row can break, evaluated in one pass."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from conf.columns import Column
from conf.contracts import Feed
from conf.dialects import EPOCH_FORMATS, Numbers
from conf.rules import Severity

if TYPE_CHECKING:
    from pyspark.sql import Column as SparkColumn
    from pyspark.sql import DataFrame

PLACE_NAMES = ("_source_file", "_line", "_file_hash", "_known_on")
TEXT = "_text_"
DATE_LIKE = r"^\s*\d{4}-\d{1,2}-\d{1,2}"
LOCAL = r"^\s*\d{4}-\d{1,2}-\d{1,2}([ T](\d{1,2}(:\d{1,2}(:\d{1,2}(\.\d*)?)?)?)?)?\s*$"
PLAIN = Numbers()
BLANKS = " \u00a0\u202f"
MICROSECONDS = (-62_135_596_800_000_000, 253_402_300_799_999_999)  # the years 1 to 9999
WHOLE_NUMBER = r"^\s*([+-]?\d+)\.0*\s*$"


@dataclass(frozen=True)
class BrokenRule:
    """A rule as `column:rule` (or `row:rule`), the condition under which it is broken, and the text it looks at."""

    label: str
    is_broken: "SparkColumn"
    text: "SparkColumn | None" = None


def typed(staged: "DataFrame", feed: Feed, time_zone: str) -> "DataFrame":
    """Staged text as typed columns; the text stays beside them as `_text_<column>`, place columns as they are.

    Args:
        staged: the feed's columns as strings, `_pii_rule` and the place columns.
        feed: the contract.
        time_zone: of local times that carry no offset.
    """
    from pyspark.sql import functions as F

    values = [
        cast_column(F.col(f"`{column.name}`"), column, time_zone, column.numbers or feed.numbers).alias(column.name)
        for column in feed.bronze_columns
    ]
    texts = [F.col(f"`{column.name}`").alias(TEXT + column.name) for column in feed.columns if column.type != "string"]
    return staged.select(*values, *texts, "_pii_rule", *PLACE_NAMES)


def cast_column(text: "SparkColumn", column: Column, time_zone: str, numbers: Numbers = PLAIN) -> "SparkColumn":
    """Text as the column's type, null when it is no such value. Never rounds a whole number, never guesses a date."""
    zone = column.time_zone or time_zone
    if column.type == "string":
        return text
    if column.type == "timestamp":
        return _first(_moment(text, pattern, zone) for pattern in column.format) if column.format else _plain_timestamp(text, zone)
    if column.type == "date":
        return _first(_day(text, pattern, zone) for pattern in column.format) if column.format else _plain_date(text)
    if column.type == "boolean":
        return text.try_cast("boolean")
    return _number(text if numbers.are_plain else _digits(text, numbers), column.type)


def _number(digits: "SparkColumn", kind: str) -> "SparkColumn":
    from pyspark.sql import functions as F

    if kind in ("bigint", "int"):
        # Data frames write identifiers as 17.0 when the column has gaps: the same number, nothing is lost.
        whole = F.regexp_extract(digits, WHOLE_NUMBER, 1)
        return F.coalesce(digits.try_cast(kind), F.when(whole != "", whole).try_cast(kind))
    if kind == "double":
        value = digits.try_cast("double")
        return F.when(~F.isnan(value) & (F.abs(value) != F.lit(float("inf"))), value)
    return digits.try_cast(kind)


def _digits(text: "SparkColumn", numbers: Numbers) -> "SparkColumn":
    """The number as Spark writes it; null when the text does not keep the declared marks."""
    from pyspark.sql import functions as F

    bare = F.trim(F.translate(text, numbers.ignore, "")) if numbers.ignore else F.trim(text)
    marks = BLANKS if numbers.thousands == " " else numbers.thousands
    grouped = rf"|\d{{1,3}}(?:[{re.escape(marks)}]\d{{3}})+" if marks else ""
    fraction = rf"(?:{re.escape(numbers.decimal)}\d*)?"
    return F.when(bare.rlike(rf"^[+-]?(?=\D?\d)(?:\d*{grouped}){fraction}$"), F.translate(bare, numbers.decimal + marks, "."))


def _first(values: Iterable["SparkColumn"]) -> "SparkColumn":
    from pyspark.sql import functions as F

    return F.coalesce(*values)


def _moment(text: "SparkColumn", pattern: str, zone: str) -> "SparkColumn":
    """The moment that a text in this format says, UTC."""
    from pyspark.sql import functions as F

    if pattern in EPOCH_FORMATS:
        micros = F.try_multiply(text.try_cast("decimal(24,6)"), F.lit(EPOCH_FORMATS[pattern])).try_cast("bigint")
        return F.when(micros.between(*MICROSECONDS), F.timestamp_micros(micros))
    value = F.try_to_timestamp(text, F.lit(pattern))
    return value if has_offset(pattern) or zone == "UTC" else F.to_utc_timestamp(value, zone)


def _day(text: "SparkColumn", pattern: str, zone: str) -> "SparkColumn":
    """The day that a text in this format says; a moment counts on the zone's clock."""
    from pyspark.sql import functions as F

    if pattern in EPOCH_FORMATS or has_offset(pattern):
        return F.from_utc_timestamp(_moment(text, pattern, zone), zone).cast("date")
    return F.try_to_timestamp(text, F.lit(pattern)).cast("date")


def _plain_timestamp(text: "SparkColumn", zone: str) -> "SparkColumn":
    from pyspark.sql import functions as F

    value = F.when(text.rlike(DATE_LIKE), text.try_cast("timestamp"))
    return value if zone == "UTC" else F.when(text.rlike(LOCAL), F.to_utc_timestamp(value, zone)).otherwise(value)


def _plain_date(text: "SparkColumn") -> "SparkColumn":
    from pyspark.sql import functions as F

    return F.when(text.rlike(DATE_LIKE), text.try_cast("date"))


def has_offset(pattern: str) -> bool:
    """True when a Spark datetime pattern has a zone or an offset outside its quoted parts."""
    return re.search("[XxZzVO]", re.sub("'[^']*'", "", pattern)) is not None


def rejecting_rules(feed: Feed) -> list[BrokenRule]:
    """The rules that send a row to quarantine, over the columns of `typed`, cheap ones first."""
    from pyspark.sql import functions as F

    rules = [BrokenRule("", F.col("_pii_rule").isNotNull(), None)]
    for column in feed.columns:
        rules += _column_rules(column)
    return rules + [_row_rule(rule.name, rule.expr) for rule in feed.rules if rule.severity is Severity.REJECT]


def warning_rules(feed: Feed) -> list[BrokenRule]:
    """The row rules that are only counted."""
    return [_row_rule(rule.name, rule.expr) for rule in feed.rules if rule.severity is Severity.WARN]


def _row_rule(name: str, expression: str) -> BrokenRule:
    from pyspark.sql import functions as F

    return BrokenRule(f"row:{name}", ~F.coalesce(F.expr(expression), F.lit(False)))


def _column_rules(column: Column) -> list[BrokenRule]:
    from pyspark.sql import functions as F

    value = F.col(f"`{column.name}`")
    text = value if column.type == "string" else F.col(TEXT + column.name)
    conditions: list[tuple[str, SparkColumn]] = []
    if column.required:
        conditions.append(("required", text.isNull()))
    if column.type != "string":
        conditions.append(("type", value.isNull() & text.isNotNull()))
    if column.is_tokenised:  # pattern and allowed were checked before the token replaced the value
        return [BrokenRule(f"{column.name}:{rule}", broken, text) for rule, broken in conditions]
    for rule, bound in (("min", column.min), ("max", column.max)):
        if bound is not None:
            limit = F.lit(str(bound)).cast(column.type)
            conditions.append((rule, value < limit if rule == "min" else value > limit))
    conditions += _implausible(column, value)
    if column.pattern is not None:
        too_long = F.length(text) > F.lit(column.longest_matched)
        conditions.append(("pattern", too_long | ~text.rlike(f"^(?:{column.pattern})$")))
    if column.allowed is not None:
        conditions.append(("allowed", ~text.isin(*column.allowed)))
    return [BrokenRule(f"{column.name}:{rule}", broken, text) for rule, broken in conditions]


def _implausible(column: Column, value: "SparkColumn") -> list[tuple[str, "SparkColumn"]]:
    """Dates too far from the day on which the file became known (a dry run may not know it); of a moment, its day in UTC."""
    from pyspark.sql import functions as F

    known_on = F.when(F.col("_known_on") < F.lit(date.max), F.col("_known_on"))
    ahead = F.datediff(value.cast("date"), known_on)
    bounds = (("before_delivery", column.max_days_before_delivery, -ahead), ("after_delivery", column.max_days_after_delivery, ahead))
    return [(rule, days > F.lit(most)) for rule, most, days in bounds if most is not None]


def any_broken(rules: Sequence[BrokenRule]) -> "SparkColumn":
    """True for a row that breaks one of the rules; stops at the first."""
    from pyspark.sql import functions as F

    conditions = [F.coalesce(rule.is_broken, F.lit(False)) for rule in rules] or [F.lit(False)]
    # As a balanced tree: a chain of some fifty is nested too deep for Spark Connect's messages.
    while len(conditions) > 1:
        pairs = zip(conditions[::2], conditions[1::2], strict=False)
        conditions = [one | other for one, other in pairs] + conditions[len(conditions) - len(conditions) % 2 :]
    return conditions[0]


def broken_labels(rules: Sequence[BrokenRule]) -> "SparkColumn":
    """All rules a row breaks, as an array of labels."""
    from pyspark.sql import functions as F

    labels = [F.when(rule.is_broken, F.lit(rule.label) if rule.label else F.col("_pii_rule")) for rule in rules]
    return F.filter(F.array(*labels), lambda label: label.isNotNull())


def broken_classes(rules: Sequence[BrokenRule]) -> "SparkColumn":
    """What kind of value broke each rule of `broken_labels`; never the value."""
    from pyspark.sql import functions as F

    classes = [F.when(rule.is_broken, F.lit("row") if rule.text is None else value_class(rule.text)) for rule in rules]
    return F.filter(F.array(*classes), lambda found: found.isNotNull())


def value_class(text: "SparkColumn") -> "SparkColumn":
    """Kind and length of a value: empty, integer(5), number(7), date-like(10), text(12)."""
    from pyspark.sql import functions as F

    kind = (
        F.when(text.rlike(r"^\s*[+-]?\d+\s*$"), "integer")
        .when(text.rlike(r"^\s*[+-]?[\d.,]*\d[\d.,]*([eE][+-]?\d+)?\s*$"), "number")
        .when(text.rlike(r"^\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}"), "date-like")
        .when(text.rlike(r"^\s*$"), "blank")
        .otherwise("text")
    )
    return F.when(text.isNull(), "empty").otherwise(F.concat(kind, F.lit("("), F.length(text).cast("string"), F.lit(")")))
