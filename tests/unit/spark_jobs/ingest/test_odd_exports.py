"""Exports that common readers get wrong: null marks of databases, line ends of mainframes, marks of other encodings, erased elements."""

from pathlib import Path
from typing import Any

import pytest

from conf.columns import Column
from conf.contracts import Feed
from conf.dialects import Csv
from spark_jobs.ingest.blocks import UnreadableFileError
from spark_jobs.ingest.csv_rows import read_csv
from spark_jobs.ingest.fixed_rows import read_fixed_width
from spark_jobs.ingest.json_rows import read_jsonl
from spark_jobs.privacy.redaction import without_lines

AB = (Column(name="a", type="string"), Column(name="b", type="string"))
PLACED = (Column(name="a", type="string", start=1, width=2), Column(name="b", type="string", start=3, width=2))
Found = tuple[list[tuple[Any, ...]], list[tuple[int, str]]]


def _read(parses: Any) -> Found:
    """Rows with their line numbers, and rejects with their rules."""
    rows: list[tuple[Any, ...]] = []
    rejects: list[tuple[int, str]] = []
    for parse in parses:
        found = parse()
        rows += zip(found.lines.tolist(), *(column.to_pylist() for column in found.table.columns), strict=True)
        rejects += [(reject.line, reject.rule) for reject in found.rejects]
    return rows, rejects


def _file(folder: Path, content: bytes, name: str = "f.csv") -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


def _csv(folder: Path, content: bytes, **dialect: Any) -> Found:
    return _read(read_csv(_file(folder, content), Csv.model_validate(dialect), AB, []))


@pytest.mark.parametrize(
    ("line", "b"),
    [
        (rb"1,\N", None),
        (rb'1,"\N"', None),
        (rb"1,\\N", r"\N"),
        (rb'1,"\\N"', r"\N"),
        (rb"1,N", "N"),
        (rb"1,x\Ny", "xNy"),
        (rb"1,-\,-", "-,-"),
        (rb"1,two\nlines", "two\nlines"),
        (rb'1,"a\tb\rc\\n"', "a\tb\rc\\n"),
        (rb"1,say \"hi\"", 'say "hi"'),
        (rb"1,-", None),
        (b"1,two\\\nlines", "two\nlines"),
    ],
)
def test_a_null_mark_is_looked_for_before_escapes_are_resolved(tmp_path: Path, line: bytes, b: str | None) -> None:
    assert _csv(tmp_path, b"a,b\n" + line + b"\n", escape="\\", null_values=["\\N", "-"]) == ([(2, "1", b)], [])


def test_an_escaped_nul_rejects_its_row_as_a_nul_does(tmp_path: Path) -> None:
    assert _csv(tmp_path, b"a,b\n1,x\\0y\n2,z\n", escape="\\") == ([(3, "2", "z")], [(2, "line:nul_byte")])


def test_another_escape_than_the_backslash_makes_no_control_characters(tmp_path: Path) -> None:
    assert _csv(tmp_path, b"a,b\n1,x^ny^,z\n", escape="^", null_values=["^N"]) == ([(2, "1", "xny,z")], [])


def test_a_column_that_is_not_declared_has_no_say_in_null_marks(tmp_path: Path) -> None:
    assert _csv(tmp_path, b"b,other,a\n\\N,\\N,7\n", escape="\\", null_values=["\\N"]) == ([(2, "7", None)], [])


@pytest.mark.parametrize("end", [b"\r\r\n", b"\r\r\r\n", b"\r\n", b"\n"])
@pytest.mark.parametrize("last", [b"x", b'"x"', b'"x ""y"""'])
def test_carriage_returns_before_a_line_end_belong_to_no_value(tmp_path: Path, end: bytes, last: bytes) -> None:
    value = {b"x": "x", b'"x"': "x"}.get(last, 'x "y"')

    found = _csv(tmp_path, b"a,b" + end + b"1," + last + end + end + b"2,z" + end)

    assert found == ([(2, "1", value), (4, "2", "z")], [])


def test_carriage_returns_inside_quotes_stay(tmp_path: Path) -> None:
    assert _csv(tmp_path, b'a,b\r\r\n1,"x\r\r\ny\r"\r\r\n') == ([(2, "1", "x\r\r\ny\r")], [])


@pytest.mark.parametrize("encoding", ["gb18030", "cp1252", "latin-1", "shift_jis", "utf-16"])
def test_a_mark_of_utf_8_under_another_encoding_refuses_the_file(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(UnreadableFileError) as refused:
        _csv(tmp_path, "a,b\n1,café\n".encode("utf-8-sig"), encoding=encoding)

    assert refused.value.problem == f"is UTF-8 text with a byte order mark, the contract says {encoding}"
    assert refused.value.remedy == "set csv.encoding: utf-8 in the mapping"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "UTF8"])
def test_a_mark_of_utf_8_in_utf_8_is_no_part_of_the_text(tmp_path: Path, encoding: str) -> None:
    assert _csv(tmp_path, "a,b\n1,café\n".encode("utf-8-sig"), encoding=encoding) == ([(2, "1", "café")], [])


@pytest.mark.parametrize(
    ("content", "rows", "rejects"),
    [
        (b"aabbccddeeff", [], [(1, "line:too_long")]),
        (b"aabb\nccddeeff\ngghh\n", [(1, "aa", "bb"), (3, "gg", "hh")], [(2, "line:too_long")]),
        (b"aabb       \naabb  x\n", [(1, "aa", "bb"), (2, "aa", "bb")], []),
        (b"aabb\r\n\x0cccdd\r\n\x0c\r\n", [(1, "aa", "bb"), (2, "cc", "dd")], []),
    ],
)
def test_records_of_one_width_without_line_ends_are_not_dropped_silently(
    tmp_path: Path, content: bytes, rows: list[Any], rejects: list[Any]
) -> None:
    assert _read(read_fixed_width(_file(tmp_path, content), Csv(), PLACED)) == (rows, rejects)


def test_a_line_to_ignore_is_known_at_the_begin_of_a_page_too(tmp_path: Path) -> None:
    dialect = Csv(ignore_lines=("^T",))

    assert _read(read_fixed_width(_file(tmp_path, b"\x0cTop\naabb\n\x0cTop\n\x0cccdd\n"), dialect, PLACED)) == (
        [(2, "aa", "bb"), (4, "cc", "dd")],
        [],
    )


VISIT = b'{"id": 9, "items": [{"n": 1}, {"n": 2}, {"n": 3}]}'


@pytest.mark.parametrize(
    ("content", "number"), [(VISIT + b"\n", 1_000_000), (b"[" + VISIT + b"]", 1_000_000), (b"\n\n" + VISIT + b"\n", 3_000_000)]
)
@pytest.mark.parametrize(("erased", "left"), [({1}, [2, 3]), ({1, 3}, [2]), ({2}, [1, 3]), ({1, 2, 3}, [])])
def test_an_erased_element_is_no_row_when_its_file_is_read_again(
    tmp_path: Path, content: bytes, number: int, erased: set[int], left: list[int]
) -> None:
    columns = (Column(name="id", type="string"), Column(name="n", type="string", source_name="items.n"))
    feed = Feed.model_validate({"files": "*", "format": "jsonl", "each": "items", "columns": [{"name": "id", "type": "string"}]})

    rest = without_lines(content, ".jsonl", feed, {number + element for element in erased})

    assert rest is not None
    assert _read(read_jsonl(_file(tmp_path, rest), "utf-8", columns, "items")) == ([(number + n, "9", str(n)) for n in left], [])
