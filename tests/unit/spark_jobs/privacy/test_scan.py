"""The byte scan finds what was planted, in every kind of file, and says what it could not look into."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conf.errors import InputError
from spark_jobs.privacy.needles import Needles
from spark_jobs.privacy.scan import CHUNK, scan

PHONE, NAME, TOKEN = "13911112222", "欧阳若兮", "k1:" + "0f" * 32
NEEDLES = [PHONE, NAME, TOKEN]
NOISE = np.random.default_rng(7).integers(0, 256, 200_000, np.uint8).tobytes()


def _zip(content: bytes, name: str = "inner") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name, content)
    return out.getvalue()


def _tar(content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as packed:
        member = tarfile.TarInfo("inner")
        member.size = len(content)
        packed.addfile(member, io.BytesIO(content))
    return out.getvalue()


def _zstd(content: bytes) -> bytes:
    return bytes(pa.compress(content, "zstd", asbytes=True))


def _parquet(column: pa.Array, **options: object) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"a": column}), out, **options)
    return out.getvalue()


def _sqlite(tmp_path: Path) -> bytes:
    file = tmp_path / "made.db"
    with sqlite3.connect(file) as database:
        database.execute("create table t (a)")
        database.execute("insert into t values (?)", (PHONE,))
    database.close()
    return file.read_bytes()


CONTENTS: dict[str, Callable[[Path], tuple[bytes, int]]] = {
    "plain": lambda _: (NOISE + PHONE.encode() + NOISE, 0),
    "inside a word": lambda _: (b"x" + PHONE.encode() + b"9", 0),
    "across a piece": lambda _: (b" " * (CHUNK - 5) + PHONE.encode() + NOISE, 0),
    "utf-16": lambda _: (PHONE.encode("utf-16"), 0),
    "gb18030": lambda _: (NAME.encode("gb18030"), 1),
    "escaped json": lambda _: (json.dumps({"a": NAME}).encode(), 1),
    "gzip": lambda _: (gzip.compress(NOISE + TOKEN.encode()), 2),
    "zstd": lambda _: (_zstd(NOISE + TOKEN.encode()), 2),
    "bzip2": lambda _: (bz2.compress(NOISE + TOKEN.encode()), 2),
    "xz": lambda _: (lzma.compress(NOISE + TOKEN.encode()), 2),
    "zip in zip": lambda _: (_zip(_zip(NOISE + NAME.encode())), 1),
    "tar in gzip": lambda _: (gzip.compress(_tar(PHONE.encode())), 0),
    "parquet in zip": lambda _: (_zip(_parquet(pa.array([NAME] * 9), compression="zstd")), 1),
    "parquet snappy": lambda _: (_parquet(pa.array([f"a{PHONE}b", "c"] * 500), compression="snappy", write_statistics=False), 0),
    "parquet dictionary": lambda _: (
        _parquet(pa.array(["x", PHONE] * 500).dictionary_encode(), compression="gzip", write_statistics=False),
        0,
    ),
    "parquet nested": lambda _: (_parquet(pa.array([[{"b": TOKEN}]] * 50), compression="zstd", write_statistics=False), 2),
    "parquet number": lambda _: (_parquet(pa.array([1, int(PHONE)]), compression="zstd", write_statistics=False), 0),
    "parquet binary": lambda _: (_parquet(pa.array([NOISE + PHONE.encode()]), compression="zstd", write_statistics=False), 0),
    "statistics alone": lambda _: (_parquet(pa.array([NAME]), compression="none")[-400:], 1),
    "sqlite": lambda path: (_sqlite(path), 0),
    "pickle": lambda _: (pickle.dumps({"a": [PHONE]}), 0),
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_a_planted_value_is_found(kind: str, tmp_path: Path) -> None:
    content, number = CONTENTS[kind](tmp_path)
    folder = tmp_path / "lake" / "_delta_log"
    folder.mkdir(parents=True)
    (folder / ".hidden").write_bytes(content)

    result = scan([tmp_path / "lake"], NEEDLES)

    assert {found.needle for found in result.found} == {number}
    assert not result.is_clean


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(NOISE * 30)
    (tmp_path / "b.parquet").write_bytes(_parquet(pa.array(["13911112223", "欧阳若", TOKEN[:-1]])))

    result = scan([tmp_path], NEEDLES)

    assert (result.found, result.not_scanned, result.files) == (set(), {}, 2)


def test_thousands_of_needles_are_told_apart(tmp_path: Path) -> None:
    needles = [f"k1:{number:064x}" for number in range(5_000)]
    (tmp_path / "a").write_text(" ".join(needles[17:4_000:19]))

    assert sorted(found.needle for found in scan([tmp_path], needles).found) == list(range(17, 4_000, 19))


def test_needles_that_end_alike_are_told_apart_and_cost_little(tmp_path: Path) -> None:
    needles = [f"customer.{number:05d}@example.com" for number in range(6_000)]
    text = " ".join(f"other.{number:05d}z@example.com" for number in range(20_000))
    (tmp_path / "a").write_text(text + needles[4711] + text)
    verified: list[int] = []

    class Counting(bytes):
        def __eq__(self, other: object) -> bool:
            verified.append(1)
            return bytes.__eq__(self, other)

        __hash__ = bytes.__hash__

    sought = Needles(needles)
    for table in sought._tables:
        for window, forms in table.needles.items():
            table.needles[window] = [(Counting(form), end, number) for form, end, number in forms]

    assert sought.found_in((tmp_path / "a").read_bytes()) == {4711}
    assert len(verified) < 100  # not one for each address in the file


def test_two_letters_of_a_name_are_not_found_by_chance(tmp_path: Path) -> None:
    names = [f"{chr(0x4E00 + 37 * number)}{chr(0x4E00 + 61 * number)}" for number in range(100)]
    (tmp_path / "a").write_bytes(np.random.default_rng(3).integers(0, 256, 64 << 20, np.uint8).tobytes())

    assert not scan([tmp_path], names).found


def test_a_folder_that_is_not_there_is_no_clean_one_and_a_link_is_told(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "landing").symlink_to(tmp_path / "elsewhere")

    assert list(scan([tmp_path / "lake"], NEEDLES).not_scanned) == [str(tmp_path / "lake" / "landing")]
    with pytest.raises(InputError, match="nothing to look into"):
        scan([tmp_path / "lak"], NEEDLES)


def test_what_cannot_be_looked_into_is_said(tmp_path: Path) -> None:
    (tmp_path / "cut.gz").write_bytes(gzip.compress(NOISE)[:-20_000])
    (tmp_path / "shuffle").write_bytes(b"LZ4Block" + NOISE)
    (tmp_path / "broken.parquet").write_bytes(b"PAR1" + NOISE)

    result = scan([tmp_path], NEEDLES)

    assert {Path(name).name for name in result.not_scanned} == {"cut.gz", "shuffle", "broken.parquet"}


def test_short_needles_are_left_out_and_keys_are_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "k").write_text(PHONE)
    (tmp_path / "a").write_text("李")

    assert not scan([tmp_path], ["李", PHONE], skip=[tmp_path / "keys"]).found
