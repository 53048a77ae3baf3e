"""Rows as a table, JSON and CSV."""

import json
from datetime import datetime
from decimal import Decimal

import pytest

from spark_jobs.engine.rows import Result, print_csv, print_json, print_table
from spark_jobs.engine.thrift import moment_or_text

AT = datetime(2017, 12, 31, 20, 5)  # noqa: DTZ001  # the endpoint gives UTC without saying so


def a_result(count: int = 1) -> Result:
    row = ['Ann; "Lee"', Decimal("4596039.58"), None, AT, True]
    types = ["STRING_TYPE", "DECIMAL_TYPE", "INT_TYPE", "TIMESTAMP_TYPE", "BOOLEAN_TYPE"]
    return Result(["name", "amount", "visits", "at", "is_new"], types, iter([row] * count))


def test_csv_has_a_header_and_quotes_what_needs_it(capsys: pytest.CaptureFixture[str]) -> None:
    print_csv(a_result(), None)

    assert capsys.readouterr().out == 'name,amount,visits,at,is_new\n"Ann; ""Lee""",4596039.58,,2017-12-31 20:05:00,true\n'


def test_json_keeps_numbers_numbers_and_null_null(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(a_result(2), None)

    row = {"name": 'Ann; "Lee"', "amount": 4596039.58, "visits": None, "at": "2017-12-31T20:05:00", "is_new": True}
    assert json.loads(capsys.readouterr().out) == [row, row]


def test_json_without_rows_is_an_empty_array(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(a_result(0), None)

    assert json.loads(capsys.readouterr().out) == []


def test_a_decimal_that_no_double_can_hold_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(Result(["a"], ["DECIMAL_TYPE"], iter([[Decimal("1234567890123456.78")]])), None)

    assert json.loads(capsys.readouterr().out) == [{"a": "1234567890123456.78"}]


def test_a_table_says_when_there_are_more_rows(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(a_result(3), 2)
    more = capsys.readouterr().out
    print_table(a_result(2), 2)
    all_rows = capsys.readouterr().out

    assert "the first 2 rows" in more
    assert more.count("4596039.58") == 2
    assert "2 rows" in all_rows
    assert "null" in all_rows


def test_json_has_text_where_it_has_no_number(capsys: pytest.CaptureFixture[str]) -> None:
    odd = [float("nan"), [float("inf"), 1.5], {"a": float("-inf"), 2: b"\x00\xff"}, b"\x01", "+56132-02-29 12:00:00"]
    print_json(Result(list("abcde"), ["X"] * 5, iter([odd])), None)

    assert json.loads(capsys.readouterr().out) == [
        {"a": "nan", "b": ["inf", 1.5], "c": {"a": "-inf", "2": "00ff"}, "d": "01", "e": "+56132-02-29 12:00:00"}
    ]


def test_bytes_are_shown_as_digits(capsys: pytest.CaptureFixture[str]) -> None:
    print_csv(Result(["a"], ["BINARY_TYPE"], iter([[b"\x00\xff"]])), None)

    assert capsys.readouterr().out == "a\n00ff\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024-02-29 12:00:00.5", datetime(2024, 2, 29, 12, 0, 0, 500_000)),  # noqa: DTZ001
        ("+56132-02-29 12:00:00", "+56132-02-29 12:00:00"),
        ("-0001-01-01 00:00:00", "-0001-01-01 00:00:00"),
        ("0000-01-01 00:00:00", "0000-01-01 00:00:00"),
    ],
)
def test_a_moment_that_python_has_no_object_for_stays_text(text: str, value: datetime | str) -> None:
    assert moment_or_text(text) == value
