"""The compiled contract on tiny frames: what each type accepts, and which rules a row breaks."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from conf.contracts import Feed
from spark_jobs.ingest.contract import any_broken, broken_classes, broken_labels, rejecting_rules, typed

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def _feed(*columns: dict[str, Any], rules: list[dict[str, str]] | None = None) -> Feed:
    return Feed.model_validate({"files": "f.csv", "format": "csv", "columns": list(columns), "rules": rules or []})


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
