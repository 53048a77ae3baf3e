"""Preambles, comments and totals in csv, fixed-width text, zip archives and Excel sheets, down to the line number of each row."""

import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from conf.columns import Column
from conf.contracts import Feed
from conf.dialects import Csv
from spark_jobs.ingest.blocks import UnreadableFileError
from spark_jobs.ingest.csv_rows import Parse, read_csv
from spark_jobs.ingest.fixed_rows import read_fixed_width
from spark_jobs.ingest.sheet_rows import read_xlsx

AB = (Column(name="a", type="string", required=True), Column(name="b", type="string"))
PLACED = (Column(name="a", type="string", start=1, width=3), Column(name="b", type="string", required=True, start=4, width=5))
Found = tuple[list[tuple[int, Any, Any]], list[tuple[int, str]]]


def _found(parses: Any) -> Found:
    good: list[tuple[int, Any, Any]] = []
    bad: list[tuple[int, str]] = []
    each: Parse
    for each in parses:
        rows = each()
        good += [(int(line), row["a"], row["b"]) for line, row in zip(rows.lines, rows.table.to_pylist(), strict=True)]
        bad += [(reject.line, reject.rule) for reject in rows.rejects]
    return good, bad


def _file(folder: Path, name: str, content: bytes) -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


@pytest.mark.parametrize(
    ("content", "dialect", "good"),
    [
        (b"Report of March\n\na,b\n1,2\n", {"skip_lines": 2}, [(4, "1", "2")]),
        (b"# by till 7\na,b\n1,2\n# pause\n3,4\n", {"ignore_lines": ["^#"]}, [(3, "1", "2"), (5, "3", "4")]),
        (b"a,b\n1,2\nTotal,2\n", {"ignore_lines": ["^Total"]}, [(2, "1", "2")]),
        (b'a,b\n1,"x\n# no comment\ny"\n3,4\n', {"ignore_lines": ["^#"]}, [(2, "1", "x\n# no comment\ny"), (5, "3", "4")]),
        (b"page 1\n1,2\npage 2\n3,4\n", {"ignore_lines": ["^page"], "header": False}, [(2, "1", "2"), (4, "3", "4")]),
        (b"only a preamble\n", {"skip_lines": 5}, []),
    ],
)
def test_lines_that_are_no_rows_are_left_out_and_the_others_keep_their_numbers(
    tmp_path: Path, content: bytes, dialect: dict[str, Any], good: list[Any]
) -> None:
    file = _file(tmp_path, "f.csv", content)

    assert _found(read_csv(file, Csv.model_validate(dialect), AB, [])) == (good, [])


def test_a_header_that_lacks_a_column_is_named_by_its_own_line(tmp_path: Path) -> None:
    file = _file(tmp_path, "f.csv", b"Report\nx,y\n1,2\n")

    with pytest.raises(UnreadableFileError, match="line 2: no column a"):
        list(read_csv(file, Csv(skip_lines=1), AB, []))


def test_fixed_width_columns_are_places_in_characters(tmp_path: Path) -> None:
    content = "001鲜果   \n002b\n\n3\nx\0y123\n004long enough\n".encode("gb18030")
    file = _file(tmp_path, "f.txt", content)

    good, bad = _found(read_fixed_width(file, Csv(encoding="gb18030"), PLACED))

    assert good == [(1, "001", "鲜果"), (2, "002", "b"), (6, "004", "long")]
    assert bad == [(4, "line:too_short"), (5, "line:nul_byte")]


def test_a_zip_archive_of_one_file_is_read_as_that_file(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "f.csv.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__MACOSX/._f.csv", b"junk")
        archive.writestr("f.csv", b"a,b\n1,2\n")

    assert _found(read_csv(tmp_path / "f.csv.zip", Csv(), AB, [])) == ([(2, "1", "2")], [])


@pytest.mark.parametrize(("names", "problem"), [([], "holds 0 files"), (["a.csv", "b.csv"], "holds 2 files")])
def test_a_zip_archive_of_another_number_of_files_is_refused(tmp_path: Path, names: list[str], problem: str) -> None:
    with zipfile.ZipFile(tmp_path / "f.zip", "w") as archive:
        for name in names:
            archive.writestr(name, b"a,b\n1,2\n")

    with pytest.raises(UnreadableFileError, match=problem):
        list(read_csv(tmp_path / "f.zip", Csv(), AB, []))


@pytest.mark.parametrize("kept", [1, 40, 90])
def test_a_cut_zip_archive_is_refused(tmp_path: Path, kept: int) -> None:
    with zipfile.ZipFile(tmp_path / "whole.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("f.csv", b"a,b\n" + b"1,2\n" * 1000)
    cut = _file(tmp_path, "f.zip", (tmp_path / "whole.zip").read_bytes()[:kept])

    with pytest.raises(UnreadableFileError, match="not a complete zip file"):
        list(read_csv(cut, Csv(), AB, []))


def _book(folder: Path, *rows: list[Any], sheet: str = "Sales") -> Path:
    book = Workbook()
    book.active.title = sheet  # type: ignore[union-attr]
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    book.create_sheet("Notes")
    book.save(folder / "f.xlsx")
    return folder / "f.xlsx"


def test_cells_of_a_sheet_are_the_text_of_a_csv_export(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["Sales of March"], ["a", "b", None], [1.0, 2.5], [None, None], [True, date(2024, 1, 5)], ["x"], ["Total", 7]]
    file = _book(tmp_path, *rows, ["y", datetime.fromisoformat("2024-01-05 08:30")])

    good, bad = _found(read_xlsx(file, Csv(skip_lines=1, ignore_lines=("^Total",)), None, AB, []))

    assert bad == []
    assert good == [
        (3, "1", "2.5"),
        (5, "true", "2024-01-05 00:00:00"),
        (6, "x", None),
        (8, "y", "2024-01-05 08:30:00"),
    ]


def test_a_sheet_that_is_not_there_and_a_file_that_is_no_workbook_are_refused(tmp_path: Path) -> None:
    book = _book(tmp_path, ["a", "b"], [1, 2])
    cut = _file(tmp_path, "cut.xlsx", book.read_bytes()[:-200])

    with pytest.raises(UnreadableFileError, match="has no sheet 'Orders'"):
        list(read_xlsx(book, Csv(), "Orders", AB, []))
    for broken in (cut, _file(tmp_path, "text.xlsx", b"a,b\n1,2\n")):
        with pytest.raises(UnreadableFileError, match="not a complete Excel workbook"):
            list(read_xlsx(broken, Csv(), None, AB, []))


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        ({"format": "fixed_width", "columns": [{"name": "a", "type": "string"}]}, "needs start and width for a"),
        ({"format": "csv", "columns": [{"name": "a", "type": "string", "start": 1, "width": 2}]}, "for fixed_width only: a"),
        ({"format": "csv", "columns": [{"name": "a", "type": "string", "start": 1}]}, "start and width belong together"),
        ({"format": "csv", "sheet": "x", "columns": [{"name": "a", "type": "string"}]}, "sheet is for xlsx only"),
        ({"format": "csv", "numbers": {"thousands": "."}, "columns": [{"name": "a", "type": "int"}]}, "one mark cannot be both"),
        ({"format": "csv", "csv": {"ignore_lines": [".*"]}, "columns": [{"name": "a", "type": "int"}]}, "matches every line"),
        ({"format": "csv", "csv": {"ignore_lines": ["("]}, "columns": [{"name": "a", "type": "int"}]}, "no regular expression"),
        ({"format": "csv", "columns": [{"name": "a", "type": "date", "format": ["yyyy", "quux"]}]}, "cannot be read by Spark"),
    ],
)
def test_a_dialect_that_cannot_be_is_refused_at_load(definition: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Feed.model_validate({"files": "f", **definition})
