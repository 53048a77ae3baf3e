"""Moments as counts, as spreadsheet serials and with names of months."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from conf.columns import Column
from conf.months import LOCALES, month_numbers
from spark_jobs.ingest.contract import cast_column

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _in(locale: str, pattern: str, kind: str = "date") -> dict[str, Any]:
    return {"type": kind, "format": pattern, "locale": locale}


SERIAL = {"type": "timestamp", "format": "excel_serial"}
SERIAL_DAY = {"type": "date", "format": "excel_serial"}

# All in Asia/Shanghai, eight hours ahead of UTC.
MOMENTS: list[tuple[dict[str, Any], str, Any]] = [
    ({"type": "timestamp", "format": "epoch_us"}, "1709208060000000", _at("2024-02-29 12:01")),
    ({"type": "timestamp", "format": "epoch_us"}, "1709208060000001", _at("2024-02-29 12:01:00.000001")),
    ({"type": "date", "format": "epoch_us"}, "1709222400000000", date(2024, 3, 1)),
    ({"type": "timestamp", "format": "epoch_ms"}, "1709208060000000", None),  # the year 56132
    ({"type": "timestamp", "format": "epoch_us"}, "99999999999999999999", None),
    (SERIAL, "45351.5", _at("2024-02-29 04:00")),
    (SERIAL, "45351.520833333336", _at("2024-02-29 04:30")),
    (SERIAL, "45351", _at("2024-02-28 16:00")),
    (SERIAL, "4.53515E4", _at("2024-02-29 04:00")),
    (SERIAL_DAY, "45351.99", date(2024, 2, 29)),
    (SERIAL_DAY, "1", date(1900, 1, 1)),
    (SERIAL_DAY, "59", date(1900, 2, 28)),
    (SERIAL_DAY, "60", None),  # 1900-02-29 never was
    (SERIAL_DAY, "60.5", None),
    (SERIAL_DAY, "61", date(1900, 3, 1)),
    (SERIAL_DAY, "0.5", None),  # a time without a day
    (SERIAL_DAY, "-1", None),
    (SERIAL_DAY, "2958465", date(9999, 12, 31)),
    (SERIAL_DAY, "2958466", None),
    (SERIAL_DAY, "1709208060000", None),
    (SERIAL_DAY, "2024-02-29", None),
    (_in("fr", "d MMM yyyy"), "29 févr. 2024", date(2024, 2, 29)),
    (_in("fr", "d MMM yyyy"), "29 FÉVRIER 2024", date(2024, 2, 29)),
    (_in("fr", "d MMMM yyyy"), "29 fevrier 2024", date(2024, 2, 29)),
    (_in("fr", "d MMM yyyy"), "29 fe\u0301vr 2024", date(2024, 2, 29)),
    (_in("fr", "d MMM yyyy"), "1 août 2024", date(2024, 8, 1)),
    (_in("fr", "d MMM yyyy"), "5 jui 2024", None),  # juin or juillet
    (_in("fr", "d MMM yyyy"), "30 févr. 2024", None),
    (_in("fr", "d MMM yyyy HH:mm", "timestamp"), "5 juil. 2024 14:05", _at("2024-07-05 06:05")),
    (_in("de", "d. MMMM yyyy"), "3. März 2024", date(2024, 3, 3)),
    (_in("de", "dd-MMM-yy"), "03-Mrz-24", date(2024, 3, 3)),
    (_in("de", "d. MMM yyyy"), "24. Dez. 2024", date(2024, 12, 24)),
    (_in("es", "d 'de' MMMM 'de' yyyy"), "5 de Septiembre de 2024", date(2024, 9, 5)),
    (_in("es", "d-MMM-yyyy"), "15-ene-2024", date(2024, 1, 15)),
    (_in("en", "MMM d, yyyy"), "Sept. 5, 2024", date(2024, 9, 5)),
    (_in("en", "ddMMMyyyy"), "05SEP2024", date(2024, 9, 5)),
    (_in("en", "MMMM d, yyyy h:mm a", "timestamp"), "May 5, 2024 3:07 PM", _at("2024-05-05 07:07")),
    (_in("en", "d MMM yyyy"), "5 Foo 2024", None),
    (_in("en", "d MMM yyyy"), "5 Marchand 2024", None),
    (_in("pl", "d MMMM yyyy"), "5 października 2024", date(2024, 10, 5)),
    (_in("zh", "yyyy年MMMd日"), "2024年3月5日", date(2024, 3, 5)),
    (_in("zh", "yyyy年MMMd日"), "2024年12月25日", date(2024, 12, 25)),
    (_in("zh", "yyyy年MMMMd日"), "2024年十二月5日", date(2024, 12, 5)),
    (_in("zh", "yyyy年MMMd日"), "2024年十月5日", date(2024, 10, 5)),
    (_in("zh", "d MMM yyyy"), "5 03月 2024", date(2024, 3, 5)),
    (_in("zh", "yyyy年MMMd日"), "2024年13月5日", None),
    ({"type": "date", "format": ["yyyy-MM-dd", "d MMM yyyy"], "locale": "fr"}, "2024-02-29", date(2024, 2, 29)),
]


def test_a_moment_is_what_its_format_says(spark: "SparkSession") -> None:
    from pyspark.sql import functions as F

    chosen = [
        cast_column(F.lit(text), Column.model_validate({"name": "c", **column}), "Asia/Shanghai").alias(f"c{number}")
        for number, (column, text, _) in enumerate(MOMENTS)
    ]

    row = spark.range(1).select(*chosen).collect()[0]

    found = [(column, text, value) for (column, text, _), value in zip(MOMENTS, row, strict=True)]
    assert found == MOMENTS


@pytest.mark.parametrize("locale", LOCALES)
def test_every_language_names_all_months_and_no_spelling_names_two(locale: str) -> None:
    assert set(month_numbers(locale).values()) == {f"{number:02d}" for number in range(1, 13)}


def test_the_beginning_of_two_months_names_none() -> None:
    assert "jui" not in month_numbers("fr")
    assert month_numbers("fr")["juil"] == "07"
    assert "mar" in month_numbers("en")
    assert "ma" not in month_numbers("en")
