"""Sealed files open as they were, with their key and uncut only; rows can be taken out of a delivery and the rest stays where it is."""

import gzip
import io
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conf.contracts import Feed
from conf.errors import CdpError
from spark_jobs.common.crypto import Key, Keyring
from spark_jobs.common.suites import Suite
from spark_jobs.privacy.redaction import without_lines
from spark_jobs.privacy.sealed_files import PIECE_BYTES, SealedHeader, open_sealed, read_header, read_key_id, seal_file

HEADER = SealedHeader("till/2024-01-01.csv", "ab" * 32, "2024-01-01")
RING = Keyring.of(Key("k1", bytes(range(32))))


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES + 7])
@pytest.mark.parametrize("suite", Suite)
def test_a_sealed_file_opens_as_it_was(size: int, suite: Suite, tmp_path: Path) -> None:
    ring, content = Keyring.of(Key("k3", bytes(range(32)), suite)), bytes(range(251)) * (size // 251 + 1)
    content = content[:size]

    seal_file(ring, HEADER, [content[:100], content[100:]], tmp_path / "a")

    assert b"".join(open_sealed(ring, tmp_path / "a")) == content
    assert (read_header(tmp_path / "a"), read_key_id(tmp_path / "a")) == (HEADER, "k3")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("attack", ["cut", "piece gone", "pieces swapped", "byte changed", "header changed", "another key"])
def test_a_sealed_file_that_was_changed_does_not_open(attack: str, tmp_path: Path) -> None:
    file, ring = tmp_path / "a", RING
    seal_file(RING, HEADER, [bytes(3 * PIECE_BYTES)], file)
    data = file.read_bytes()
    start = len(HEADER.line()) + len("k1\n")
    piece = int.from_bytes(data[start : start + 4], "big") + 4
    changed = {
        "cut": data[:-10],
        "piece gone": data[: start + piece],
        "pieces swapped": data[:start] + data[start + piece : start + 2 * piece] + data[start : start + piece] + data[start + 2 * piece :],
        "byte changed": data[:-1] + bytes([data[-1] ^ 1]),
        "header changed": data.replace(b"2024-01-01.csv", b"2024-01-02.csv"),
    }
    if attack == "another key":
        ring = Keyring.of(Key("k1", bytes(32)))
    else:
        file.write_bytes(changed[attack])

    with pytest.raises(CdpError):
        list(open_sealed(ring, file))


def _feed(**changes: object) -> Feed:
    return Feed.model_validate({"files": "a.csv", "format": "csv", "columns": [{"name": "a", "type": "string"}], **changes})


def test_rows_leave_a_text_and_the_others_keep_their_lines() -> None:
    content = b'h,t\n1,one\n2,"two\nlines, ""so"""\n3,three\n'

    assert without_lines(content, ".csv", _feed(), {3}) == b"h,t\n1,one\n\n\n3,three\n"
    assert gzip.decompress(without_lines(gzip.compress(content), ".gz", _feed(), {2, 5}) or b"") == b'h,t\n\n2,"two\nlines, ""so"""\n\n'


def test_a_quote_inside_of_a_word_ends_no_other_row() -> None:
    content = b'n,t\nanna,5" nail\nbob,6" nail\ncarl,"open\ndora,x\n'

    assert without_lines(content, ".csv", _feed(), {2}) == b'n,t\n\nbob,6" nail\ncarl,"open\ndora,x\n'
    assert without_lines(content, ".csv", _feed(), {4}) == b'n,t\nanna,5" nail\nbob,6" nail\n\ndora,x\n'


def test_elements_of_a_list_leave_their_line() -> None:
    feed = _feed(format="jsonl", each="items")
    content = '{"a": "甲", "items": [{"n": 1}, {"n": 2}]}\n{"a": "乙", "items": [{"n": 3}]}\n[broken\n'.encode()

    once = without_lines(content, ".jsonl", feed, {1_000_002, 2_000_001, 3_000_000}) or b""
    again = without_lines(once, ".jsonl", feed, {1_000_001, 1_000_002}) or b""

    assert once == '{"a": "甲", "items": [{"n": 1}, null]}\n\n\n'.encode()
    assert again == b"\n\n\n"


def test_what_a_mac_packs_beside_a_file_is_no_file() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("a.csv", "h\n1\n2\n")
        packed.writestr("__MACOSX/._a.csv", "x")

    rest = without_lines(out.getvalue(), ".zip", _feed(), {2}) or b""

    with zipfile.ZipFile(io.BytesIO(rest)) as packed:
        assert [packed.read(name) for name in packed.namelist()] == [b"h\n\n2\n"]


def test_rows_leave_a_text_of_wide_letters() -> None:
    feed = _feed(csv={"encoding": "utf-16"})

    rest = without_lines("甲\n乙\n丙\n".encode("utf-16"), ".csv", feed, {2}) or b""

    assert rest.decode("utf-16") == "甲\n\n丙\n"


def test_rows_leave_parquet_by_their_number_and_a_workbook_goes_as_a_whole() -> None:
    out = io.BytesIO()
    rows = [{"a": number, "b": {"c": [number]}} for number in ("1", "2", "3")]
    pq.write_table(
        pa.Table.from_pylist(rows).cast(
            pa.schema([pa.field("a", pa.string(), nullable=False), ("b", pa.struct([("c", pa.list_(pa.string()))]))])
        ),
        out,
    )

    once = without_lines(out.getvalue(), ".parquet", _feed(format="parquet"), {2}) or b""
    again = without_lines(once, ".parquet", _feed(format="parquet"), {2, 3}) or b""

    nothing = {"a": None, "b": None}
    assert pq.read_table(io.BytesIO(once)).to_pylist() == [rows[0], nothing, rows[2]]
    assert pq.read_table(io.BytesIO(again)).to_pylist() == [rows[0], nothing, nothing]
    assert without_lines(b"PK", ".xlsx", _feed(format="xlsx"), {2}) is None
