"""Rows leave a delivered csv file as the reader saw them: a record with all of its lines, of an unclosed quote one line alone."""

import time

import pytest

from conf.contracts import Feed
from spark_jobs.privacy.redaction import without_lines


def _feed(**dialect: object) -> Feed:
    return Feed.model_validate({"files": "*", "format": "csv", "csv": dialect, "columns": [{"name": "a", "type": "string"}]})


LONG_NOTE = b'1,"' + b"7,8\n" * 1200 + b'"\n'


@pytest.mark.parametrize(
    ("content", "lines", "left"),
    [
        (b"a,b\n" + LONG_NOTE + b"5,6\n", {2}, b"a,b\n" + b"\n" * 1201 + b"5,6\n"),
        (b'a,b\n1,"x\ny"\n5,6\n', {4}, b'a,b\n1,"x\ny"\n\n'),
        (b'a,b\n1,"open\n3,4\n5,""\n6,7\n', {2, 4}, b"a,b\n\n3,4\n\n6,7\n"),
    ],
)
def test_a_row_leaves_with_its_lines_and_no_other_does(content: bytes, lines: set[int], left: bytes) -> None:
    assert without_lines(content, ".csv", _feed(), lines) == left


def test_where_quotes_mean_nothing_a_row_is_a_line() -> None:
    content = b'a,b\n1,"5 inch nail\n2,x\n3,19" rack\n'

    assert without_lines(content, ".csv", _feed(quote="none"), {2}) == b'a,b\n\n2,x\n3,19" rack\n'


def test_every_line_of_a_quote_that_is_never_closed_leaves_in_a_moment() -> None:
    content = b'a,b\n"x' + b"x,y,1\n" * 80_000
    started = time.process_time()

    left = without_lines(content, ".csv", _feed(), set(range(2, 80_002)))

    assert left == b"a,b\n" + b"\n" * 80_000
    assert time.process_time() - started < 5
