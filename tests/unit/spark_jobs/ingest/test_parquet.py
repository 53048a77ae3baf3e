"""Parquet columns of every type as text, undecodable bytes as rejects, and broken files as one clear error."""

import contextlib
import io
from datetime import datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.columns import Column
from spark_jobs.ingest.blocks import UnreadableFileError
from spark_jobs.ingest.parquet_rows import read_parquet
from tests.fuzzing import examples

A = (Column(name="a", type="string"),)


def _texts(file: Path) -> tuple[list[tuple[int, Any]], list[tuple[int, str]]]:
    """Texts of column a with their lines, and rejects."""
    good: list[tuple[int, Any]] = []
    bad: list[tuple[int, str]] = []
    for parse in read_parquet(file, A, []):
        rows = parse()
        good += zip(rows.lines.tolist(), rows.table["a"].to_pylist(), strict=True)
        bad += [(reject.line, reject.rule) for reject in rows.rejects]
    return good, bad


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())), '[["k", 1]]'),
        (
            pa.array([{"on": datetime.fromisoformat("2024-01-01"), "sum": Decimal("1.10"), "é": [None, b"\xff"]}]),
            '{"on": "2024-01-01 00:00:00", "sum": "1.10", "é": [null, "ff"]}',
        ),
        (pa.array([Decimal("12345678901234567890.10")]), "12345678901234567890.10"),
        (pa.array([Decimal("1" * 60)], pa.decimal256(70, 0)), "1" * 60),
        (pa.array([b"abc"], pa.binary()), "abc"),
        (pa.array([b"abc"], pa.binary(3)), "abc"),
        (pa.array([1.5], pa.float32()).cast(pa.float16()), "1.5"),
        (pa.array([time(1, 2, 3)]), "01:02:03.000000"),
        (pa.array([5], pa.duration("s")), "5"),
        (pa.array([2**63], pa.uint64()), "9223372036854775808"),
        (pa.nulls(1), None),
    ],
)
def test_a_value_of_any_type_is_text(tmp_path: Path, values: pa.Array, text: str | None) -> None:
    pq.write_table(pa.table({"a": values}), tmp_path / "f.parquet")

    assert _texts(tmp_path / "f.parquet") == ([(1, text)], [])


def test_old_timestamps_of_any_year_keep_their_value(tmp_path: Path) -> None:
    moments = pa.array([datetime.fromisoformat("9999-01-01"), datetime.fromisoformat("2024-01-01T00:00:00.000007")], pa.timestamp("us"))
    pq.write_table(pa.table({"a": moments}), tmp_path / "f.parquet", use_deprecated_int96_timestamps=True)

    assert _texts(tmp_path / "f.parquet")[0] == [(1, "9999-01-01 00:00:00.000000"), (2, "2024-01-01 00:00:00.000007")]


def test_bytes_that_are_no_text_reject_their_row_only(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": pa.array([b"x", b"\xff", "甲".encode(), b"", None], pa.binary())}), tmp_path / "f.parquet")

    assert _texts(tmp_path / "f.parquet") == ([(1, "x"), (3, "甲"), (4, None), (5, None)], [(2, "line:encoding")])


def test_rows_keep_their_numbers_over_all_batches(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": list(range(300_000))}), tmp_path / "f.parquet", row_group_size=70_000)

    assert _texts(tmp_path / "f.parquet")[0] == [(number + 1, str(number)) for number in range(300_000)]


def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({f"c{number}": [1] for number in range(16_385)} | {"a": [1]}), tmp_path / "f.parquet")

    with pytest.raises(UnreadableFileError, match="more than 16,384 columns"):
        _texts(tmp_path / "f.parquet")


def _plain(**options: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"a": ["x", "y", None] * 5, "b": [[1, 2], [], None] * 5, "c": [1.5] * 15}), out, **options)
    return out.getvalue()


PLAIN = [_plain(), _plain(compression="zstd"), _plain(use_dictionary=False), _plain(data_page_version="2.0", compression="none")]
CHANGES = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=3), st.integers(0, 3)), min_size=1, max_size=3)


@examples(300, seconds=2)
@given(plain=st.sampled_from(PLAIN), changes=CHANGES)
def test_mutated_files_give_rows_or_one_problem(
    tmp_path_factory: pytest.TempPathFactory, plain: bytes, changes: list[tuple[float, bytes, int]]
) -> None:
    data = bytearray(plain)
    for place, new, gone in changes:
        at = int(place * len(data))
        data[at : at + gone] = new
    file = tmp_path_factory.getbasetemp() / "m.parquet"
    file.write_bytes(data)

    with contextlib.suppress(UnreadableFileError):
        _texts(file)
