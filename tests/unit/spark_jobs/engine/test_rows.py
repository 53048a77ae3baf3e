"""Rows as a table, JSON and CSV."""

import json
from datetime import datetime
from decimal import Decimal

import pytest

from spark_jobs.engine.rows import Result, print_csv, print_json, print_table

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
