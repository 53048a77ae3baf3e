"""Readers: every row of a file is read or rejected alone, with its line; a file that cannot be read says why and what to do."""

import gzip
import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from conf.columns import Column
from conf.dialects import Csv
from spark_jobs.ingest import blocks
from spark_jobs.ingest.blocks import UnreadableFileError
from spark_jobs.ingest.csv_rows import read_csv
from spark_jobs.ingest.json_rows import read_jsonl
from spark_jobs.ingest.parquet_rows import read_parquet

AB = (Column(name="a", type="string", required=True), Column(name="b", type="string"))
Cells = list[tuple[int, str | None, str | None]]


def _read(file: Path, columns: tuple[Column, ...] = AB, **dialect: object) -> tuple[Cells, list[tuple[int, str]]]:
    parses = read_csv(file, Csv.model_validate(dialect), columns, []) if ".csv" in file.name else read_jsonl(file, "utf-8", columns)
    good: Cells = []
    bad: list[tuple[int, str]] = []
    for parse in parses:
        rows = parse()
        values = rows.table.to_pylist()
        good += [(int(line), row["a"], row["b"]) for line, row in zip(rows.lines, values, strict=True)]
        bad += [(reject.line, reject.rule) for reject in rows.rejects]
    return good, bad


def _csv(tmp_path: Path, content: bytes, name: str = "f.csv") -> Path:
    file = tmp_path / name
    file.write_bytes(content)
    return file


@pytest.mark.parametrize(
    ("content", "good", "bad"),
    [
        (b"a,b\n1,2\n3,4\n", [(2, "1", "2"), (3, "3", "4")], []),
        (b"a,b\n1,2\n3,4", [(2, "1", "2"), (3, "3", "4")], []),
        (b"a,b\r\n1,2\r\n3,4\r\n", [(2, "1", "2"), (3, "3", "4")], []),
        (b"a,b\r1,2\r3,4\r", [(2, "1", "2"), (3, "3", "4")], []),
        (b"\xef\xbb\xbfa,b\n1,2\n", [(2, "1", "2")], []),
        (b"b,a\n2,1\n", [(2, "1", "2")], []),
        (b" A , B\n1,2\n", [(2, "1", "2")], []),
        (b'a,b\n1,\n2,""\n', [(2, "1", None), (3, "2", None)], []),
        (b"a,b\n\n1,2\n\n\n3,4\n\n", [(3, "1", "2"), (6, "3", "4")], []),
        (b"a,b\n1,2,3\n4\n5,6\n", [(4, "5", "6")], [(2, "line:field_count"), (3, "line:field_count")]),
        (b'a,b\n1,"x\ny"\n3,4\n', [(2, "1", "x\ny"), (4, "3", "4")], []),
        (b'a,b\n1,"x ""y"" z"\n', [(2, "1", 'x "y" z')], []),
        (b'a,b\n1,12" pizza\n3,4\n', [(2, "1", '12" pizza'), (3, "3", "4")], []),
        (b'a,b\n9,8\n1,"open\n3,4\n\n5,6\n', [(2, "9", "8")], [(at, "line:unclosed_quote") for at in (3, 4, 6)]),
        (b'a,b\n5" x,"12\n2,3\n', [], [(2, "line:unclosed_quote"), (3, "line:unclosed_quote")]),
        (b'a,b\n1,"x\n\ny\r\nz"\n3,4\n', [(2, "1", "x\n\ny\r\nz"), (6, "3", "4")], []),
        (b'a,b\n1,"5 inch nail\n2,rack 19" black\n3,4\n', [(4, "3", "4")], [(2, "line:quoting")]),
        (b'a,b\n1,"5 inch nail\n2,12" cup\n3,"x\ry"\n', [(4, "3", "x\ry")], [(2, "line:quoting")]),
        (b'a,b\n1\rz,"x"\n', [(2, "1\rz", "x")], []),
        (b"a,b,\n1,2,\n3,4,\n", [(2, "1", "2"), (3, "3", "4")], []),
        (b"a,b\n1,2,\n3,4,\n", [(2, "1", "2"), (3, "3", "4")], []),
        (b"sep=,\r\na,b\r\n1,2\r\n", [(3, "1", "2")], []),
        (b"a,b\n1,\0\n3,4\n", [(3, "3", "4")], [(2, "line:nul_byte")]),
        (b"a,b\n1,caf\xe9\n3,4\n", [(3, "3", "4")], [(2, "line:encoding")]),
        (b"a,b\n1,x\ry\n3,4\n", [(2, "1", "x\ry"), (3, "3", "4")], []),
        (b"a,b\n1,2\n  \n3,4\n \r\n", [(2, "1", "2"), (4, "3", "4")], []),
        (b'a,b\n1,2\nx","\n', [(2, "1", "2")], [(3, "line:unclosed_quote")]),
        (b'a,b\n1,x\ry\n2,"z" q"w\n""\n', [(2, "1", "x\ry"), (3, "2", 'z q"w')], [(4, "line:field_count")]),
        (b"a,b\n", [], []),
    ],
)
def test_each_row_is_read_or_rejected_alone(content: bytes, good: Cells, bad: list[tuple[int, str]], tmp_path: Path) -> None:
    file = _csv(tmp_path, content)

    found = _read(file)

    assert found == (good, bad)


@pytest.mark.parametrize(
    ("content", "problem", "remedy"),
    [
        (b"a;b\n1;2\n", "no column a, b", "csv.delimiter"),
        (b"x,y\n1,2\n", "no column a, b", "csv.header: false"),
        (b"b,c\n1,2\n", "no column a", "required"),
        (b"a,a,b\n1,2,3\n", "line 1: has column a twice", "csv.skip_lines: 1"),
        (b"sep=;\na;b\n1;2\n", "line 1: says that ';' is the delimiter", "csv.delimiter: ';'"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16", "csv.encoding"),
    ],
)
def test_a_file_with_another_shape_says_what_to_set(content: bytes, problem: str, remedy: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError) as caught:
        _read(_csv(tmp_path, content))

    assert problem in caught.value.problem
    assert remedy in caught.value.remedy


def test_a_headerless_file_never_shows_its_values_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError) as caught:
        _read(_csv(tmp_path, b"Anna Bell,anna@example.com\n"))

    assert "nna" not in caught.value.problem + caught.value.remedy


def test_a_missing_column_is_told_by_the_contract_s_names_and_never_by_the_file_s(tmp_path: Path) -> None:
    columns = (Column(name="customer", type="string", required=True), Column(name="b", type="string"))

    with pytest.raises(UnreadableFileError) as caught:
        _read(_csv(tmp_path, b"customers,b,c\n1,2,3\n"), columns)

    assert "customers" not in caught.value.problem + caught.value.remedy
    assert "much like customer: set source_name" in caught.value.remedy


@pytest.mark.parametrize(("name", "pack"), [("f.csv.gz", gzip.compress), ("f.csv.zst", zstandard.compress)])
def test_a_truncated_archive_is_a_clear_error(name: str, pack: "object", tmp_path: Path) -> None:
    packed = pack(b"a,b\n" + bytes(random.Random(1).randbytes(50_000)).hex().encode())  # type: ignore[operator]
    file = _csv(tmp_path, packed[: len(packed) // 2], name)

    with pytest.raises(UnreadableFileError, match="is not a complete"):
        _read(file)


@pytest.mark.parametrize("encoding", ["gb18030", "cp1252", "utf-16", "utf-16-le", "latin-1"])
def test_other_encodings_are_read_when_declared(encoding: str, tmp_path: Path) -> None:
    text = "a,b\n1,é\n2,ü\n" if encoding != "gb18030" else "a,b\n1,北京\n2,上海\n"

    good, bad = _read(_csv(tmp_path, text.encode(encoding)), encoding=encoding)

    assert [row[2] for row in good] == [line.split(",")[1] for line in text.split()[1:]]
    assert bad == []


def test_a_row_that_cannot_be_decoded_is_rejected_and_no_other(tmp_path: Path) -> None:
    content = "a,b\n1,北京\n".encode("gb18030") + b"2,\xff\xff\n" + "3,上海\n".encode("gb18030")

    good, bad = _read(_csv(tmp_path, content), encoding="gb18030")

    assert good == [(2, "1", "北京"), (4, "3", "上海")]
    assert bad == [(3, "line:encoding")]


def test_a_line_longer_than_memory_allows_is_rejected_in_passing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "CHUNK_BYTES", 64)
    monkeypatch.setattr(blocks, "LONGEST_LINE", 64)

    good, bad = _read(_csv(tmp_path, b"a,b\n1,2\n3," + b"x" * 1000 + b"\n5,6\n"))

    assert good == [(2, "1", "2"), (4, "5", "6")]
    assert bad == [(3, "line:too_long")]


def test_a_zip_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BOMB_BYTES", 1 << 16)
    monkeypatch.setattr(blocks, "BOMB_RATIO", 100)

    with pytest.raises(UnreadableFileError, match="unpacks to more"):
        _read(_csv(tmp_path, gzip.compress(b"a,b\n" + b"1,2\n" * 1_000_000), "f.csv.gz"))


def test_json_lines_keep_digits_and_reach_nested_fields(tmp_path: Path) -> None:
    columns = (Column(name="a", type="string", source_name="order.total"), Column(name="b", type="string", source_name="tags"))
    lines = [{"order": {"total": 1}, "tags": ["x"]}, {"order": {}}, [1], {"order": {"total": True}}]
    text = '{"order": {"total": 10.10000000000000000001}}\n' + "\n".join(map(json.dumps, lines)) + "\n{oops\n\n"

    good, bad = _read(_csv(tmp_path, text.encode(), "f.jsonl"), columns)

    assert good == [(1, "10.10000000000000000001", None), (2, "1", '["x"]'), (3, None, None), (5, "true", None)]
    assert bad == [(4, "line:not_an_object"), (6, "line:not_json")]


def test_nested_json_stays_as_it_was_delivered(tmp_path: Path) -> None:
    columns = (Column(name="a", type="string"), Column(name="b", type="string"))
    nested = '{"é": [1, 2.50, "3", true, null, {"x": 1e3}], "y": "\\ud800"}'
    deep = "[" * 5000 + "]" * 5000

    good, bad = _read(_csv(tmp_path, f'{{"a": {nested}, "b": [1, 2]}}\n{{"a": {deep}}}\n{{"a": 1}}\n'.encode(), "f.jsonl"), columns)

    assert good[0] == (1, '{"é": [1, 2.50, "3", true, null, {"x": 1e3}], "y": "?"}', "[1, 2]")
    assert good[1:] == [(3, "1", None)]
    assert bad == [(2, "line:too_deep")]


def test_parquet_columns_of_any_type_become_text(tmp_path: Path) -> None:
    file = tmp_path / "f.parquet"
    pq.write_table(pa.table({"a": [17.0, None, 0.1], "b": pa.array(["x", None, ""]).dictionary_encode(), "c": [1, 2, 3]}), file)
    notes: list[str] = []

    rows = [parse() for parse in read_parquet(file, AB, notes)]

    assert rows[0].table.to_pylist() == [{"a": "17", "b": "x"}, {"a": None, "b": None}, {"a": "0.1", "b": None}]
    assert list(rows[0].lines) == [1, 2, 3]
    assert notes == ["safe: 1 undeclared column(s) left out: c"]


def test_a_broken_parquet_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="not a complete Parquet file"):
        list(read_parquet(_csv(tmp_path, b"PAR1 and nothing more", "f.parquet"), AB, []))


def test_every_element_of_a_list_is_a_row_with_the_fields_of_its_object(tmp_path: Path) -> None:
    columns = (Column(name="a", type="string", source_name="order.id"), Column(name="b", type="string", source_name="lines.sku"))
    text = '{"order": {"id": 1}, "lines": [{"sku": "x"}, {"sku": null}]}\n{"order": {"id": 2}}\n{"order": {"id": 3}, "lines": {}}\n'

    (parse,) = read_jsonl(_csv(tmp_path, text.encode(), "f.jsonl"), "utf-8", columns, each="lines")
    rows = parse()

    assert list(zip(rows.lines.tolist(), rows.table["a"].to_pylist(), rows.table["b"].to_pylist(), strict=True)) == [
        (1_000_001, "1", "x"),
        (1_000_002, "1", None),
    ]
    assert [(reject.line, reject.rule) for reject in rows.rejects] == [(3_000_000, "line:not_a_list")]


def test_what_drifts_in_a_header_is_classed(tmp_path: Path) -> None:
    notes: list[str] = []
    columns = (Column(name="a", type="string", required=True), Column(name="b", type="string"), Column(name="c", type="string"))

    for parse in read_csv(_csv(tmp_path, b"c,new one,a,li@na.example\n1,2,3,4\n"), Csv(), columns, notes):
        parse()

    assert notes == [
        "moderate: no column b, its values are empty",
        "safe: 2 undeclared column(s) left out: new one",
        "safe: columns in another order than in the contract",
    ]
