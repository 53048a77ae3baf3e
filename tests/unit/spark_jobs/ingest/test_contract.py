"""The compiled contract on tiny frames: what each type accepts, and which rules a row breaks."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from conf.contracts import Feed
from spark_jobs.ingest.contract import any_broken, broken_classes, broken_labels, rejecting_rules, typed

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def _feed(*columns: dict[str, Any], rules: list[dict[str, str]] | None = None, maps: list[dict[str, Any]] | None = None) -> Feed:
    return Feed.model_validate({"files": "f.csv", "format": "csv", "columns": list(columns), "rules": rules or [], "maps": maps or []})


def _checked(spark: "SparkSession", feed: Feed, rows: list[tuple[str | None, ...]], zone: str = "UTC") -> list[Any]:
    ddl = (
        ", ".join(f"{name} string" for name in feed.column_names)
        + ", _pii_rule string, _source_file string, _line bigint, _file_hash string, _known_on date"
    )
    staged = spark.createDataFrame([(*row, None, "f", number, "h", date(2024, 1, 1)) for number, row in enumerate(rows)], ddl)
    rules = rejecting_rules(feed)
    frame = typed(staged, feed, zone)
    chosen = frame.select(
        *feed.column_names, any_broken(rules).alias("any"), broken_labels(rules).alias("labels"), broken_classes(rules).alias("classes")
    )
    return [tuple(row) for row in chosen.orderBy(frame["_line"]).collect()]


def _labels(spark: "SparkSession", feed: Feed, *rows: tuple[str | None, ...]) -> list[list[str]]:
    """Broken rules alone: a value of a year that Python does not have cannot be collected."""
    ddl = (
        ", ".join(f"{name} string" for name in (*feed.column_names, "_pii_rule", "_source_file", "_file_hash"))
        + ", _line int, _known_on date"
    )
    staged = spark.createDataFrame([(*row, None, "f", "h", number, date(2024, 1, 1)) for number, row in enumerate(rows)], ddl)
    frame = typed(staged, feed, "UTC")
    return [row[0] for row in frame.orderBy("_line").select(broken_labels(rejecting_rules(feed))).collect()]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


CASTS: list[tuple[dict[str, Any], str, Any]] = [
    ({"type": "bigint"}, " 17 ", 17),
    ({"type": "bigint"}, "17.0", 17),
    ({"type": "bigint"}, "17.5", None),
    ({"type": "bigint"}, "1e3", None),
    ({"type": "bigint"}, "99999999999999999999", None),
    ({"type": "int"}, "3000000000", None),
    ({"type": "decimal(18,2)"}, "1.10", Decimal("1.10")),
    ({"type": "decimal(18,2)"}, "4.5900000000000001", Decimal("4.59")),
    ({"type": "decimal(18,2)"}, "1,10", None),
    ({"type": "decimal(18,2)", "numbers": {"decimal": ","}}, "1234,5", Decimal("1234.50")),
    ({"type": "decimal(18,2)", "numbers": {"decimal": ","}}, "1.234", None),
    ({"type": "decimal(18,2)", "numbers": {"decimal": ",", "thousands": "."}}, "-1.234.567,89", Decimal("-1234567.89")),
    ({"type": "decimal(18,2)", "numbers": {"decimal": ",", "thousands": "."}}, "1.23,4", None),
    ({"type": "decimal(18,2)", "numbers": {"decimal": ",", "thousands": "."}}, "12.5", None),
    ({"type": "decimal(18,2)", "numbers": {"decimal": ",", "thousands": " "}}, "1\u202f234,5", Decimal("1234.50")),
    ({"type": "decimal(18,2)", "numbers": {"thousands": ",", "ignore": "$ "}}, "$ 1,234.5", Decimal("1234.50")),
    ({"type": "decimal(18,2)", "numbers": {"thousands": ",", "ignore": "$"}}, "$", None),
    ({"type": "decimal(18,2)", "numbers": {"thousands": ","}}, ".5", Decimal("0.50")),
    ({"type": "bigint", "numbers": {"thousands": ","}}, "12,345", 12345),
    ({"type": "bigint", "numbers": {"thousands": ","}}, "1,2,3", None),
    ({"type": "double", "numbers": {"decimal": ","}}, "0,25", 0.25),
    ({"type": "double"}, "NaN", None),
    ({"type": "double"}, "Infinity", None),
    ({"type": "double"}, "1e-3", 0.001),
    ({"type": "boolean"}, "true", True),
    ({"type": "boolean"}, "maybe", None),
    ({"type": "date"}, "2024-01-05", date(2024, 1, 5)),
    ({"type": "date"}, "2024-02-30", None),
    ({"type": "date"}, "2024", None),
    ({"type": "date", "format": "dd/MM/yyyy"}, "05/01/2024", date(2024, 1, 5)),
    ({"type": "date", "format": "dd/MM/yyyy"}, "2024-01-05", None),
    ({"type": "date", "format": ["yyyyMMdd", "d.M.yyyy"]}, "5.1.2024", date(2024, 1, 5)),
    ({"type": "date", "format": ["yyyyMMdd", "d.M.yyyy"]}, "20240105", date(2024, 1, 5)),
    ({"type": "date", "format": ["yyyyMMdd", "d.M.yyyy"]}, "2024-01-05", None),
    ({"type": "date", "format": "dd/MM/yy"}, "05/01/24", date(2024, 1, 5)),
    ({"type": "date", "format": "epoch_s"}, "1704470399", date(2024, 1, 5)),
    ({"type": "timestamp", "format": "epoch_s"}, "1704441600", _at("2024-01-05 08:00")),
    ({"type": "timestamp", "format": "epoch_s"}, "1704441600.25", _at("2024-01-05 08:00:00.250")),
    ({"type": "timestamp", "format": "epoch_ms"}, "1704441600250", _at("2024-01-05 08:00:00.250")),
    ({"type": "timestamp", "format": "epoch_ms"}, "-1", _at("1969-12-31 23:59:59.999")),
    ({"type": "timestamp", "format": "epoch_ms"}, "99999999999999999999", None),
    ({"type": "timestamp", "format": "epoch_s"}, "999999999999999", None),
    ({"type": "timestamp", "format": "epoch_s"}, "soon", None),
    ({"type": "timestamp"}, "12:30:00", None),
    ({"type": "timestamp"}, "2024-01-05 08:00:00", _at("2024-01-05 00:00")),
    ({"type": "timestamp"}, "2024-01-05T08:00:00Z", _at("2024-01-05 08:00")),
    ({"type": "timestamp"}, "2024-01-05 08:00:00+01:00", _at("2024-01-05 07:00")),
    ({"type": "timestamp"}, "2024-01-05T08:00:00.5", _at("2024-01-05 00:00:00.500")),
    ({"type": "timestamp"}, "2024-01-05 08:00", _at("2024-01-05 00:00")),
    ({"type": "timestamp"}, "2024-1-5", _at("2024-01-04 16:00")),
    ({"type": "timestamp"}, "2024-01-05T08:00:00+8:00", _at("2024-01-05 00:00")),
    ({"type": "timestamp"}, "2024-01-05T08:00:00 Europe/Paris", _at("2024-01-05 07:00")),
    ({"type": "timestamp"}, "2024-01-05 08:00:00UTC+1", _at("2024-01-05 07:00")),
    ({"type": "timestamp"}, "2024-01-05 08:00:00.123 EST5EDT", _at("2024-01-05 13:00:00.123")),
    ({"type": "timestamp", "format": "yyyy-MM-dd HH:mm"}, "2024-01-05 08:00", _at("2024-01-05 00:00")),
    ({"type": "timestamp", "format": "yyyy-MM-dd'T'HH:mm:ssXXX"}, "2024-01-05T08:00:00-05:00", _at("2024-01-05 13:00")),
    ({"type": "timestamp", "format": "yyyy-MM-dd HH:mm", "time_zone": "UTC"}, "2024-01-05 08:00", _at("2024-01-05 08:00")),
]


def test_text_becomes_its_type_or_breaks_the_type_rule(spark: "SparkSession") -> None:
    feed = _feed(*({"name": f"c{number}", **column} for number, (column, _, _) in enumerate(CASTS)))

    row = _checked(spark, feed, [tuple(text for _, text, _ in CASTS)], zone="Asia/Shanghai")[0]

    found = dict(zip((f"{column} {text}" for column, text, _ in CASTS), row, strict=False))
    assert found == {f"{column} {text}": value for column, text, value in CASTS}
    assert row[-2] == [f"c{number}:type" for number, (_, _, value) in enumerate(CASTS) if value is None]


@pytest.mark.parametrize(
    ("column", "good", "bad", "rule", "kind"),
    [
        ({"type": "string", "required": True}, "x", None, "required", "empty"),
        ({"type": "bigint", "required": True}, "1", None, "required", "empty"),
        ({"type": "int", "min": 1}, "1", "0", "min", "integer(1)"),
        ({"type": "decimal(18,2)", "max": 9.5}, "9.50", "9.51", "max", "number(4)"),
        ({"type": "date", "min": "2024-01-01"}, "2024-01-01", "2023-12-31", "min", "date-like(10)"),
        ({"type": "string", "pattern": "[A-Z]{2}"}, "AB", "ABC", "pattern", "text(3)"),
        ({"type": "string", "pattern": "[A-Z]+"}, "A" * 2_000, "A" * 2_001, "pattern", "text(2001)"),
        ({"type": "string", "allowed": ["pos", "web"]}, "web", "Web", "allowed", "text(3)"),
    ],
)
def test_a_broken_rule_is_named_with_the_kind_of_value(
    column: dict[str, Any], good: str, bad: str | None, rule: str, kind: str, spark: "SparkSession"
) -> None:
    feed = _feed({"name": "c", **column}, {"name": "d", "type": "string"})

    kept, broken = _checked(spark, feed, [(good, None), (bad, None)])

    assert kept[-3:] == (False, [], [])
    assert broken[-3:] == (True, [f"c:{rule}"], [kind])


def test_all_broken_rules_of_a_row_are_named_and_null_does_not_pass_a_row_rule(spark: "SparkSession") -> None:
    rules = [{"name": "a_below_b", "expr": "a < b"}, {"name": "noted", "expr": "false", "severity": "warn"}]
    feed = _feed({"name": "a", "type": "int", "min": 0}, {"name": "b", "type": "int"}, rules=rules)

    first, second, third = _checked(spark, feed, [("1", "2"), ("-1", "x"), ("1", None)])

    assert first[-3:] == (False, [], [])
    assert second[-2:] == (["a:min", "b:type", "row:a_below_b"], ["integer(2)", "text(1)", "row"])
    assert third[-2:] == (["row:a_below_b"], ["row"])


ORDERS = {
    "entity": "orders",
    "fields": {"order_id": "number", "ordered_at": "at", "ordered_on": {"expr": "coalesce(day, date'2024-01-01')"}},
}


def _range_labels(spark: "SparkSession", at: list[str | None], day: list[str | None], **switches: Any) -> list[list[str]]:
    """Broken rules of orders that became known on 2024-01-01."""
    moment = {"type": "timestamp", **({} if "format" in switches else switches)}
    feed = _feed({"name": "number", "type": "string"}, {"name": "at", **moment}, {"name": "day", "type": "date", **switches}, maps=[ORDERS])
    return [row[-2] for row in _checked(spark, feed, [("1", *values) for values in zip(at, day, strict=True)])]


def test_mapped_moments_lie_between_1990_and_a_year_after_the_delivery(spark: "SparkSession") -> None:
    at = ["1989-12-30 23:59:59", "1990-01-01 00:00:00", "2025-01-02 10:00:00", "2025-01-04 00:00:00", None]
    day = ["1989-12-31", "1990-01-01", "2025-01-01", "2025-01-02", None]

    both = ["at:implausible", "day:implausible"]
    assert _range_labels(spark, at, day) == [both, [], [], both, []]


@pytest.mark.parametrize(
    ("switches", "old", "new"),
    [
        ({"range": "any"}, [], []),
        ({"min": "1900-01-01"}, [], ["at:implausible", "day:implausible"]),
        ({"max": "9999-12-31"}, ["at:implausible", "day:implausible"], []),
        ({"max_days_after_delivery": 2_920_000}, ["at:implausible", "day:implausible"], []),
        ({"max_days_before_delivery": 40_000}, [], ["at:implausible", "day:implausible"]),
        ({"min": "1950-01-01"}, ["at:min", "day:min"], ["at:implausible", "day:implausible"]),
    ],
)
def test_a_column_has_a_range_of_its_own(switches: dict[str, Any], old: list[str], new: list[str], spark: "SparkSession") -> None:
    assert _range_labels(spark, ["1930-05-01", "9999-12-31"], ["1930-05-01", "9999-12-31"], **switches) == [old, new]


def test_a_column_in_no_map_may_have_any_year_that_readers_can_represent(spark: "SparkSession") -> None:
    feed = _feed({"name": "a", "type": "date"}, {"name": "b", "type": "timestamp"})

    broken = _labels(spark, feed, ("0001-01-01", "9999-12-31 12:00"), ("0000-05-01", "0000-05-01"))

    assert broken == [[], ["a:implausible", "b:implausible"]]


def test_a_year_of_five_digits_is_never_a_moment(spark: "SparkSession") -> None:
    feed = _feed({"name": "a", "type": "date", "format": ["y-M-d", "yyyy-M-d"]}, {"name": "b", "type": "timestamp", "format": "y-M-d"})

    (broken,) = _labels(spark, feed, ("+56132-02-29", "56132-02-29"))

    assert {label.partition(":")[0] for label in broken} == {"a", "b"}


@pytest.mark.slow
def test_a_contract_of_three_hundred_columns_is_checked_like_a_narrow_one(spark: "SparkSession") -> None:
    feed = _feed(*({"name": f"c{number}", "type": "int", "required": True, "min": 0} for number in range(300)))

    good, bad = _checked(spark, feed, [("1",) * 300, (*("1",) * 299, "-1")])

    assert good[-3:] == (False, [], [])
    assert bad[-3:] == (True, ["c299:min"], ["integer(2)"])
