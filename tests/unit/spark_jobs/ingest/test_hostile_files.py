"""Hostile files (bar Q4): none crashes, nothing is lost without a word, and what cannot be read says what to do.

They go through the real staging, as a worker runs it: rows in = rows staged + rows rejected, or one problem for the whole file.
"""

import gzip
import io
import json
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.contracts import Feed
from conf.settings import Lake, Settings
from spark_jobs.common.crypto import KeyReference, key_reference
from spark_jobs.ingest.landing import LandedFile
from spark_jobs.ingest.staging import FileStats, StagePlan, stage_group, staged_rows
from tests.fuzzing import examples

COLUMNS = [
    {"name": "a", "type": "bigint", "required": True},
    {"name": "b", "type": "string"},
    {"name": "phone", "type": "string", "pii": "direct", "kind": "phone"},
]
GOOD = b"a,b,phone\n1,x,+8613800138000\n2,y,\n"


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> KeyReference:
    lake = Lake(root=tmp_path_factory.mktemp("hostile"))
    return key_reference(Settings().model_copy(update={"lake": lake}))


def staged(folder: Path, key: KeyReference, name: str, content: bytes, **feed: Any) -> tuple[FileStats, int, int]:
    """What staging says of a file, and the rows and rejects that are there."""
    kind = name.split(".")[1]
    (folder / name).write_bytes(content)
    definition = Feed.model_validate({"files": "*", "format": kind, "columns": COLUMNS} | feed)
    landed = LandedFile(name, len(content), 0, hash="0" * 64)
    plan = StagePlan(definition, ((landed,),), str(folder), str(folder / "staged"), key)
    (found,) = stage_group(plan, 0)
    return found, staged_rows(plan.folder_of("rows")), staged_rows(plan.folder_of("rejects"))


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def parquet(**columns: list[Any]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


ROWS = [
    ("another encoding inside a field", "f.csv", "a,b,phone\n1,é,\n2,y,\n".encode("latin-1"), (1, 1)),
    ("ragged rows", "f.csv", b"a,b,phone\n1,x\n2,y,,,\n3,z,\n", (1, 2)),
    ("nul bytes", "f.csv", b"a,b,phone\n1,\0,\n2,y,\n", (1, 1)),
    ("a quote that is never closed", "f.csv", b'a,b,phone\n0,,\n1,"x,\n2,y,\n', (1, 2)),
    ("eighty thousand lines after a quote", "f.csv", b'a,b,phone\n"x' + b"x,y,1\n" * 80_000, (0, 80_000)),
    ("a note of too many lines", "f.csv", b'a,b,phone\n1,"' + b"1,x,\n" * 90 + b'",\n2,y,\n', (1, 1)),
    ("an archive of zeros", "f.csv.gz", gzip.compress(b"a,b,phone\n" + b"0" * 80_000_000), (0, 1)),
    ("nothing, which waits in landing before it gets here", "f.csv", b"", (0, 0)),
    ("a header and nothing else", "f.csv", b"a,b,phone\n", (0, 0)),
    ("all line ends there are", "f.csv", b"a,b,phone\r\n1,x,\r\n2,y,\n3,z,", (3, 0)),
    ("columns that nobody declared", "f.csv", b"a,new,b,phone\n1,?,x,\n", (1, 0)),
    ("a line of twenty megabytes", "f.csv", GOOD + b"3," + b"z" * 20_000_000 + b",\n4,y,\n", (3, 1)),
    ("dates and letters where numbers belong", "f.csv", b"a,b,phone\n2024-02-31,x,\nmany,y,\n", (2, 0)),
    ("formulas", "f.csv", b"a,b,phone\n1,=cmd|' /C calc'!A0,\n", (1, 0)),
    ("an object without its brace", "f.jsonl", b'{"a": 1}\n{"a": 2\n[3]\nnull\n"x"\n', (1, 4)),
    ("objects in objects in objects", "f.jsonl", b'{"a": 1, "b": ' + b'{"c": ' * 5000 + b"1" + b"}" * 5000 + b"}\n", (0, 1)),
    ("numbers without an end", "f.jsonl", b'{"a": ' + b"9" * 5000 + b', "b": 1e999999}\n', (1, 0)),
    ("no rows at all", "f.parquet", parquet(a=pa.array([], pa.int64())), (0, 0)),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("name", "content", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_every_row_is_staged_or_rejected(tmp_path: Path, key: KeyReference, name: str, content: bytes, expected: tuple[int, int]) -> None:
    found, rows, rejects = staged(tmp_path, key, name, content)

    assert found.problem is None
    assert (rows, rejects) == expected
    assert found.rows_in == rows + rejects


FILES = [
    ("a required column is missing", "f.csv", b"b,phone\nx,\n", "no column a"),
    ("another delimiter", "f.csv", b"a;b;phone\n1;x;\n", "no column a"),
    ("a column twice", "f.csv", b"a,b,a\n1,x,2\n", "twice"),
    ("UTF-16 where UTF-8 was declared", "f.csv", GOOD.decode().encode("utf-16"), "UTF-16"),
    ("a picture", "f.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 20, ""),
    ("half of an archive", "f.csv.gz", gzip.compress(GOOD * 1000)[:60], ""),
    ("a zip with two files", "f.csv.zip", zipped(one=GOOD, two=GOOD), "2 files"),
    ("text that says it is a zip", "f.csv.zip", GOOD, ""),
    ("half of a Parquet file", "f.parquet", parquet(a=[1, 2], b=["x", "y"])[:-20], "not a complete Parquet file"),
    ("text that says it is Parquet", "f.parquet", GOOD, "not a complete Parquet file"),
    ("text that says it is Excel", "f.xlsx", GOOD, ""),
]


@pytest.mark.parametrize(("name", "content", "says"), [file[1:] for file in FILES], ids=[file[0] for file in FILES])
def test_a_file_that_cannot_be_read_says_why_and_what_to_do(
    tmp_path: Path, key: KeyReference, name: str, content: bytes, says: str
) -> None:
    found, _, _ = staged(tmp_path, key, name, content)

    assert found.problem is not None and says.lower() in found.problem.lower(), found
    assert found.remedy
    assert "\n" not in found.problem


LETTERS = st.sampled_from([*"ab01,;\"'\\\n\r\t {}[]:#", "é", "中", "\0", "\ufeff", "\u2028", "\x85"])
TEXTS = st.text(LETTERS, max_size=60)


@examples(150, shared_fixture=True)
@given(texts=st.lists(TEXTS, max_size=8), encoding=st.sampled_from(["utf-8", "gb18030", "latin-1", "utf-16"]), header=st.booleans())
def test_of_any_csv_rows_in_are_rows_valid_and_rows_rejected(key: KeyReference, texts: list[str], encoding: str, header: bool) -> None:
    content = ("a,b,phone\n" * header + "\n".join(texts)).encode(encoding, "replace")

    with TemporaryDirectory() as folder:
        found, rows, rejects = staged(Path(folder), key, "f.csv", content, csv={"encoding": encoding, "header": header})

    assert found.problem is not None or found.rows_in == rows + rejects
    assert found.problem is None or found.remedy


@examples(100, shared_fixture=True)
@given(
    lines=st.lists(
        st.one_of(
            TEXTS, st.recursive(st.none() | st.integers() | TEXTS, lambda x: st.dictionaries(TEXTS, x) | st.lists(x)).map(json.dumps)
        ),
        max_size=8,
    )
)
def test_of_any_json_lines_every_line_that_is_not_blank_is_a_row(key: KeyReference, lines: list[str]) -> None:
    content = "\n".join(['{"a": 1}', *lines]).replace("\r", "").encode("utf-8", "replace")

    with TemporaryDirectory() as folder:
        found, rows, rejects = staged(Path(folder), key, "f.jsonl", content)

    assert found.problem is not None or found.rows_in == rows + rejects == sum(bool(line.strip()) for line in content.split(b"\n"))


def test_paths_that_no_object_has_are_in_the_notes_of_the_file(tmp_path: Path, key: KeyReference) -> None:
    found, rows, _ = staged(tmp_path, key, "f.jsonl", b'{"a": 1, "B": "x"}\n' * 300_000, columns=COLUMNS[:2])

    assert rows == 300_000
    assert found.notes == ["moderate: path b is in none of 300000 objects"]


def test_a_reader_that_fails_is_a_problem_of_its_file_and_the_others_of_the_group_are_staged(tmp_path: Path, key: KeyReference) -> None:
    # given a second file at whose name the reader raises what it does not expect
    (tmp_path / "one.csv").write_bytes(GOOD)
    (tmp_path / "three.csv").write_bytes(GOOD)
    files = tuple(LandedFile(f"{name}.csv", 1, 0, hash="0" * 64) for name in ("one", "two\0", "three"))
    feed = Feed.model_validate({"files": "*", "format": "csv", "columns": COLUMNS})

    # when
    found = stage_group(StagePlan(feed, (files,), str(tmp_path), str(tmp_path / "staged"), key), 0)

    # then
    assert [(stats.file, stats.rows_in) for stats in found] == [("one.csv", 2), ("two\0.csv", 0), ("three.csv", 2)]
    assert [stats.problem for stats in found] == [None, "the reader failed (ValueError), at line 1 or after it", None]
    assert "deliver the file again" in (found[1].remedy or "")
