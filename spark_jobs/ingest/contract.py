"""A feed's contract as Spark expressions: typed columns, and the rules that a row can break, evaluated in one pass."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from conf.columns import Column
from conf.contracts import Feed
from conf.dialects import Numbers
from conf.entities import load_entities
from conf.field_types import MOMENTS, mapped_moments
from conf.rules import Severity
from spark_jobs.ingest.moment_text import date_of, timestamp_of
from spark_jobs.ingest.number_text import number_of

if TYPE_CHECKING:
    from pyspark.sql import Column as SparkColumn
    from pyspark.sql import DataFrame

PLACE_NAMES = ("_source_file", "_line", "_file_hash", "_known_on")
TEXT = "_text_"
PLAIN = Numbers()
# Where the dates that an entity is made of lie, unless the column says otherwise; and those that every reader of the lake can represent.
EARLIEST = date(1990, 1, 1)
DAYS_AFTER_DELIVERY = 366
FIRST_DAY, LAST_DAY = date.min, date.max


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
        return timestamp_of(text, column.format, column.locale, zone)
    if column.type == "date":
        return date_of(text, column.format, column.locale, zone)
    if column.type == "boolean":
        return text.try_cast("boolean")
    return number_of(text, column.type, numbers)


def rejecting_rules(feed: Feed) -> list[BrokenRule]:
    """The rules that send a row to quarantine, over the columns of `typed`, cheap ones first."""
    from pyspark.sql import functions as F

    rules = [BrokenRule("", F.col("_pii_rule").isNotNull(), None)]
    mapped = mapped_moments(feed.columns, feed.maps, feed.changes, load_entities()) if feed.maps else frozenset()
    for column in feed.columns:
        rules += _column_rules(column, is_mapped=column.name in mapped)
    return rules + [_row_rule(rule.name, rule.expr) for rule in feed.rules if rule.severity is Severity.REJECT]


def warning_rules(feed: Feed) -> list[BrokenRule]:
    """The row rules that are only counted."""
    return [_row_rule(rule.name, rule.expr) for rule in feed.rules if rule.severity is Severity.WARN]


def _row_rule(name: str, expression: str) -> BrokenRule:
    from pyspark.sql import functions as F

    return BrokenRule(f"row:{name}", ~F.coalesce(F.expr(expression), F.lit(False)))


def _column_rules(column: Column, *, is_mapped: bool) -> list[BrokenRule]:
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
    conditions += _too_far(column, value)
    if column.type in MOMENTS:
        conditions.append(("implausible", _is_implausible(column, value, is_mapped=is_mapped and column.range == "plausible")))
    if column.pattern is not None:
        too_long = F.length(text) > F.lit(column.longest_matched)
        conditions.append(("pattern", too_long | ~text.rlike(f"^(?:{column.pattern})$")))
    if column.allowed is not None:
        conditions.append(("allowed", ~text.isin(*column.allowed)))
    return [BrokenRule(f"{column.name}:{rule}", broken, text) for rule, broken in conditions]


def _too_far(column: Column, value: "SparkColumn") -> list[tuple[str, "SparkColumn"]]:
    """Dates too far from the day on which the file became known (a dry run may not know it); of a moment, its day in UTC."""
    from pyspark.sql import functions as F

    known_on = _known_on()
    ahead = F.datediff(value.cast("date"), known_on)
    bounds = (("before_delivery", column.max_days_before_delivery, -ahead), ("after_delivery", column.max_days_after_delivery, ahead))
    return [(rule, days > F.lit(most)) for rule, most, days in bounds if most is not None]


def _is_implausible(column: Column, value: "SparkColumn", *, is_mapped: bool) -> "SparkColumn":
    """Outside the years that readers can represent and, of a mapped column, outside the default range; own bounds replace its ends.

    Of a moment the day in UTC counts, and a day more at both ends, so that the range holds on every clock.
    """
    from pyspark.sql import functions as F

    margin = 1 if column.type == "timestamp" else 0
    first = F.lit(
        EARLIEST - timedelta(days=margin) if is_mapped and column.min is None and column.max_days_before_delivery is None else FIRST_DAY
    )
    last = F.lit(LAST_DAY)
    if is_mapped and column.max is None and column.max_days_after_delivery is None:
        last = F.coalesce(F.date_add(_known_on(), DAYS_AFTER_DELIVERY + margin), last)
    return ~value.cast("date").between(first, last)


def _known_on() -> "SparkColumn":
    """The day on which the file became known; null in a dry run that does not know it."""
    from pyspark.sql import functions as F

    return F.when(F.col("_known_on") < F.lit(date.max), F.col("_known_on"))


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
