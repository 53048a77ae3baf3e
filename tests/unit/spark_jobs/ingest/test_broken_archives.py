"""Workbooks and archives beyond their limits or broken anywhere: rows, or one clear error, in bounded time and memory."""

import contextlib
import gzip
import time
import tracemalloc
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.columns import Column
from conf.dialects import Csv
from conf.errors import InputError
from spark_jobs.ingest.blocks import UnreadableFileError
from spark_jobs.ingest.csv_rows import read_csv
from spark_jobs.ingest.draft.samples import read_samples
from spark_jobs.ingest.sheet_rows import read_xlsx
from tests.fuzzing import examples
from tests.unit.spark_jobs.ingest.test_other_formats import _book, _file, _found

AB = (Column(name="a", type="string", required=True), Column(name="b", type="string"))
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEADER_ROW = '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="B1" t="inlineStr"><is><t>b</t></is></c></row>'


def _sheet(folder: Path, rows: str, header: str = HEADER_ROW, before: str = "", **parts: str) -> Path:
    """A workbook whose sheet has these rows as XML, and other parts in place of its own."""
    plain = _book(folder, ["a", "b"])
    sheet = f'{before}<worksheet xmlns="{MAIN}"><sheetData>{header}{rows}</sheetData></worksheet>'
    changed = {"xl/worksheets/sheet1.xml": sheet, **{f"xl/{name}.xml": text for name, text in parts.items()}}
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(folder / "changed.xlsx", "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, changed.get(name) or source.read(name))
    return folder / "changed.xlsx"


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ('<row r="999999999"><c r="A999999999"><v>1</v></c></row>', "a row beyond 1,048,576"),
        ('<row r="1048577"><c><v>1</v></c></row>', "a row beyond 1,048,576"),
        ('<row r="2"><c r="XFE2"><v>1</v></c></row>', "more than 16,384 columns"),
        ('<row r="2"><c r="A2" t="s"><v>999999</v></c></row>', "not a complete Excel workbook"),
        ('<row r="2"><c r="A2" t="s"><v>-1</v></c></row>', "not a complete Excel workbook"),
        ('<row r="2"><c r="A2"><v>many</v></c></row>', "not a complete Excel workbook"),
        ('<row r="2"><c r="A2" t="d"><v>today</v></c></row>', "not a complete Excel workbook"),
        ('<row r="3"><c><v>1</v></c></row><row r="2"><c><v>1</v></c></row>', "its rows are not in order"),
        ('<row r="2"><c></row>', "not a complete Excel workbook"),
    ],
)
def test_a_sheet_beyond_its_limits_or_with_broken_cells_is_refused_at_once(tmp_path: Path, rows: str, problem: str) -> None:
    file = _sheet(tmp_path, rows)

    began = time.process_time()
    with pytest.raises(UnreadableFileError, match=problem) as caught:
        list(read_xlsx(file, Csv(), None, AB, []))

    with pytest.raises(InputError, match="a sample cannot be read"):
        read_samples(file)

    assert caught.value.remedy
    assert time.process_time() - began < 10


@pytest.mark.parametrize("inside", ["<v/>" * 1_010_000, "<v>" + "1" * 70_000_000 + "</v>"], ids=["a million tags", "a long text"])
def test_one_row_that_never_ends_is_refused(tmp_path: Path, inside: str) -> None:
    file = _sheet(tmp_path, f'<row r="2"><c>{inside}</c></row>')

    with pytest.raises(UnreadableFileError, match="more XML than the limits"):
        list(read_xlsx(file, Csv(), None, AB, []))


def test_xml_entities_in_a_sheet_are_refused(tmp_path: Path) -> None:
    file = _sheet(tmp_path, "<row><c><v>&a;</v></c></row>", before='<!DOCTYPE x [<!ENTITY a "1">]>')

    with pytest.raises(UnreadableFileError, match="declares XML entities"):
        list(read_xlsx(file, Csv(), None, AB, []))


def test_rows_and_columns_that_a_sheet_leaves_out_cost_nothing(tmp_path: Path) -> None:
    far = "".join(
        f'<row r="{number}"><c r="B{number}"><v>{number}</v></c><c r="XFD{number}"><v>1</v></c></row>' for number in range(2, 3000)
    )
    file = _sheet(tmp_path, far + '<row r="1048576"><c r="A1048576"><v>7</v></c></row>')

    _found(read_xlsx(file, Csv(), None, AB, []))  # imports are not counted
    tracemalloc.start()
    good, _ = _found(read_xlsx(file, Csv(), None, AB, []))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (good[0], good[-1], len(good)) == ((2, None, "2"), (1_048_576, "7", None), 2999)
    assert peak < 20 << 20


def test_rows_and_cells_without_a_place_follow_each_other(tmp_path: Path) -> None:
    file = _sheet(
        tmp_path, '<row><c><v>1</v></c><c r="B2"><v>2</v></c></row><row r="7"><c r="B7"><v>3</v></c></row><row><c><v>4</v></c></row>'
    )

    assert _found(read_xlsx(file, Csv(), None, AB, []))[0] == [(2, "1", "2"), (7, None, "3"), (8, "4", None)]


def test_numbers_dates_and_texts_of_cells_are_what_the_cell_holds(tmp_path: Path) -> None:
    styles = f'''<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="170" formatCode="[h]:mm"/></numFmts>
        <cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/></cellXfs></styleSheet>'''
    cells = [
        "<c><v>123456789012345678</v></c><c><v>1.234567890123457e+17</v></c>",
        '<c s="1"><v>45351</v></c><c s="2"><v>1.5</v></c>',
        '<c s="1"><v>99999999999</v></c><c t="b"><v>0</v></c>',
        '<c t="inlineStr"><is><r><t>bo</t></r><r><t>ld</t></r><rPh><t>guide</t></rPh></is></c><c t="str"><v>a_x000D_b_x005F_c</v></c>',
        '<c t="e"><v>#N/A</v></c><c t="d"><v>2024-02-29T10:00:00</v></c>',
    ]
    file = _sheet(tmp_path, "".join(f"<row>{row}</row>" for row in cells), styles=styles)

    assert _found(read_xlsx(file, Csv(), None, AB, []))[0] == [
        (2, "123456789012345678", "1.234567890123457e+17"),
        (3, "2024-02-29 00:00:00", "1 day, 12:00:00"),
        (4, "#VALUE!", "false"),
        (5, "bold", "a\rb_c"),
        (6, "#N/A", "2024-02-29 10:00:00"),
    ]


def _zip(folder: Path, content: bytes = b"a,b\n1,2\n", name: str = "f.csv", method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(folder / "f.csv.zip", "w", method) as archive:
        archive.writestr(name, content)
    return folder / "f.csv.zip"


@pytest.mark.parametrize("name", ["a/b/c/f.csv", "../../f.csv", "订单.csv", "x" * 300])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_archive_is_read_whatever_its_file_is_called(tmp_path: Path, name: str, method: int) -> None:
    assert _found(read_csv(_zip(tmp_path, name=name, method=method), Csv(), AB, []))[0] == [(2, "1", "2")]


def test_a_file_name_in_gbk_does_not_hinder_the_reading_of_its_archive(tmp_path: Path) -> None:
    file = _zip(tmp_path, name="@@@@.csv")
    file.write_bytes(file.read_bytes().replace(b"@@@@", "订单".encode("gbk")))

    assert _found(read_csv(file, Csv(), AB, []))[0] == [(2, "1", "2")]


def _patched(content: bytes, at_local: int, at_central: int, value: bytes) -> bytes:
    """The archive with other bytes at a place of its local and of its central header."""
    central = content.index(b"PK\x01\x02")
    data = bytearray(content)
    data[at_local : at_local + len(value)] = value
    data[central + at_central : central + at_central + len(value)] = value
    return bytes(data)


@pytest.mark.parametrize(
    ("at_local", "at_central", "value", "problem"),
    [
        (8, 10, b"\x5f\x00", "packed with a method that is not supported"),  # xz
        (8, 10, b"\x09\x00", "packed with a method that is not supported"),  # deflate64
        (6, 8, b"\x01\x00", "is encrypted"),
        (22, 24, b"\x02\x00\x00\x00", "not a complete zip file"),  # a size that is too small
        (14, 16, b"\x00\x00\x00\x00", "not a complete zip file"),  # another checksum
        (8, 10, b"\x0e\x00", "not a complete zip file"),  # said to be LZMA
        (30, 46, b"\xff", "not a complete zip file"),  # a name that is no UTF-8
    ],
)
def test_a_zip_archive_that_cannot_be_read_is_one_clear_error(
    tmp_path: Path, at_local: int, at_central: int, value: bytes, problem: str
) -> None:
    file = _zip(tmp_path, content=b"a,b\n" + b"1,2\n" * 50, name="订单.csv")
    file.write_bytes(_patched(file.read_bytes(), at_local, at_central, value))

    with pytest.raises(UnreadableFileError, match=problem) as caught:
        list(read_csv(file, Csv(), AB, []))
    assert caught.value.remedy


def _rows_or_problem(read: Any) -> None:
    """Whatever a reader does but raise UnreadableFileError fails the test."""
    with contextlib.suppress(UnreadableFileError):
        for parse in read():
            assert parse().count >= 0


MUTATIONS = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=3), st.integers(0, 3)), min_size=1, max_size=3)


def _mutated(content: bytes, changes: list[tuple[float, bytes, int]]) -> bytes:
    data = bytearray(content)
    for place, new, gone in changes:
        at = int(place * len(data))
        data[at : at + gone] = new
    return bytes(data)


def _compressed(folder: Path, suffix: str) -> bytes:
    text = b"a,b\n" + b"1,2\n" * 20
    if suffix == ".zip":
        return _zip(folder, text).read_bytes()
    return gzip.compress(text) if suffix == ".gz" else bytes(pa.compress(text, "zstd", asbytes=True))


@examples(300, seconds=2)
@given(changes=MUTATIONS, suffix=st.sampled_from([".zip", ".gz", ".zst"]))
def test_mutated_archives_give_rows_or_one_problem(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[float, bytes, int]], suffix: str
) -> None:
    folder = tmp_path_factory.getbasetemp()
    file = _file(folder, f"m.csv{suffix}", _mutated(_compressed(folder, suffix), changes))

    _rows_or_problem(lambda: read_csv(file, Csv(), AB, []))


WORKBOOK_PARTS = ["xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "_rels/.rels", None]


@examples(300, seconds=2)
@given(changes=MUTATIONS, part=st.sampled_from(WORKBOOK_PARTS))
def test_mutated_workbooks_give_rows_or_one_problem(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[float, bytes, int]], part: str | None
) -> None:
    folder = tmp_path_factory.getbasetemp()
    plain, file = folder / "plain.xlsx", folder / "m.xlsx"
    if not plain.exists():
        _book(folder, ["a", "b"], [1, date(2024, 1, 5)], ["x", 2.5]).rename(plain)
    if part is None:
        file.write_bytes(_mutated(plain.read_bytes(), changes))
    else:
        with zipfile.ZipFile(plain) as source, zipfile.ZipFile(file, "w") as target:
            for name in source.namelist():
                target.writestr(name, _mutated(source.read(name), changes) if name == part else source.read(name))

    _rows_or_problem(lambda: read_xlsx(file, Csv(), None, AB, []))
