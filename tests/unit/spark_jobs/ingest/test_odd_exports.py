"""Exports that common readers get wrong: null marks of databases, line ends of mainframes, marks of other encodings, erased elements."""

import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from conf.columns import Column
from conf.contracts import Feed
from conf.dialects import Csv
from spark_jobs.ingest.blocks import UnreadableFileError
from spark_jobs.ingest.csv_rows import read_csv
from spark_jobs.ingest.fixed_rows import read_fixed_width
from spark_jobs.ingest.json_rows import read_jsonl
from spark_jobs.ingest.records import RecordScanner
from spark_jobs.ingest.sheet_rows import read_xlsx
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


@pytest.mark.parametrize(
    ("text", "is_nul"), [("x\\u0000y", True), ("\\u0000", True), ("\\\\\\u0000", True), ("x\\\\u0000", False), ("u0000", False)]
)
def test_a_nul_written_as_an_escape_rejects_its_object(tmp_path: Path, text: str, is_nul: bool) -> None:
    content = b'{"a": "%b", "b": "1"}\n{"a": "z", "b": "2"}\n' % text.encode()

    rows, rejects = _read(read_jsonl(_file(tmp_path, content), "utf-8", AB))

    assert rejects == ([(1, "line:nul_byte")] if is_nul else [])
    assert rows[len(rows) - 1 :] == [(2, "z", "2")]
    assert len(rows) == (1 if is_nul else 2)


@pytest.mark.parametrize("header", ["\u200ba,b", "\uff41,\uff42", "a\u200d,\u2060B ", "\u00ada,\ufeffb"])
def test_a_header_is_known_in_another_width_and_with_characters_nobody_sees(tmp_path: Path, header: str) -> None:
    assert _csv(tmp_path, f"{header}\n1,x\n".encode()) == ([(2, "1", "x")], [])


def test_a_block_of_blank_lines_takes_little_memory_and_time(tmp_path: Path) -> None:
    content = b"a,b\n" + b"\n \r\n" * (2 << 20) + b"1,x\n"
    tracemalloc.start()
    started = time.process_time()
    try:
        found = _csv(tmp_path, content)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert found == ([(2 + (4 << 20), "1", "x")], [])
    assert peak < 200 << 20
    assert time.process_time() - started < 20


def test_a_line_of_nothing_but_delimiters_is_read_over_in_linear_time(tmp_path: Path) -> None:
    started = time.process_time()

    found = _csv(tmp_path, b"a,b\n" + b"," * (20 << 20) + b'\n1,"x\ny"\n')

    assert found == ([(3, "1", "x\ny")], [(2, "line:too_long")])
    assert time.process_time() - started < 15


@pytest.mark.parametrize("cut", range(1, 14))
def test_the_end_of_a_record_is_found_however_its_text_is_cut(cut: int) -> None:
    text = b'a,,b,"x\n,",c\n1,2\n'
    scanner = RecordScanner(Csv())

    ends = [scanner.feed(text[:cut]), scanner.feed(text[cut:])] if cut < 13 else [scanner.feed(text)]

    assert max(ends) + (cut if cut < 13 and not ends[0] else 0) == 13
    assert scanner.most_lines == 2


def test_a_record_of_more_lines_than_a_block_is_one_reject(tmp_path: Path) -> None:
    content = b'a,b\n1,"' + b"\n" * (3 << 19) + b'"\n' + b"\n" * (1 << 20) + b"2,x\n"

    assert _csv(tmp_path, content) == ([(3 + (3 << 19) + (1 << 20), "2", "x")], [(2, "line:field_lines")])


def test_a_list_beyond_the_limit_is_rejected_before_its_elements_are_made(tmp_path: Path) -> None:
    columns = (Column(name="n", type="string", source_name="items.n"),)
    content = b'{"items": [' + b"{}," * 1_000_000 + b'{}]}\n{"items": [{"n": 1}]}\n'

    assert _read(read_jsonl(_file(tmp_path, content), "utf-8", columns, "items")) == ([(2_000_001, "1")], [(1_000_000, "line:not_a_list")])


@pytest.mark.parametrize(
    ("number", "number_format", "text"),
    [
        (17, "00000", "00017"),
        (-17, "000", "-017"),
        (1234567, "00000", "1234567"),
        (17, "0", "17"),
        (17.5, "00000", "17.5"),
        (17, "#,##0", "17"),
        (0, "000", "000"),
    ],
)
def test_a_cell_that_fills_up_with_zeros_is_the_text_that_it_shows(tmp_path: Path, number: float, number_format: str, text: str) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(["a", "b"])
    book.active.append([number, "x"])
    book.active["A2"].number_format = number_format
    book.save(tmp_path / "f.xlsx")

    assert _read(read_xlsx(tmp_path / "f.xlsx", Csv(), None, AB, [])) == ([(2, text, "x")], [])


@pytest.mark.parametrize("quoted", [b"", b'4,"p\nq"\n'])
def test_csv_files_put_one_after_the_other_have_rows_and_no_second_header(tmp_path: Path, quoted: bytes) -> None:
    mark = b"\xef\xbb\xbf"
    content = mark + b"a,b\r\n1,x\n" + quoted + mark + b"a,b\r\n2,y\n" + mark + b"3,z\n" + mark

    rows, rejects = _csv(tmp_path, content)

    lines = 2 if quoted else 0
    assert [row for row in rows if row[1] != "4"] == [(2, "1", "x"), (4 + lines, "2", "y"), (5 + lines, "3", "z")]
    assert rejects == []


def test_a_character_nobody_sees_inside_a_value_stays(tmp_path: Path) -> None:
    assert _csv(tmp_path, "a,b\n1,\ufeffx\n".encode()) == ([(2, "1", "\ufeffx")], [])
