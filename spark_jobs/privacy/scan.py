"""The byte scan: which files hold one of some values in clear, also inside of what is compressed, columnar or packed.

Looked at are the bytes of every file as they are (so: Delta logs, statistics in Parquet footers, SQLite pages, logs, pickles) and what unpacking gives:
Parquet column by column, gzip, zstd, bzip2, xz, zip, tar, one inside the other. Not found are values that a program encoded in another way
(base64, hexadecimal, encryption, a compression that is not listed): a file with a sign of such a compression is reported as not scanned.
"""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from conf.errors import Finding, InputError
from spark_jobs.privacy.needles import Needles

CHUNK = 4 << 20
DEEPEST = 5
IN_MEMORY = 1 << 30  # a Parquet file inside a packed one is unpacked up to this size
ROWS = 1 << 16
UNREADABLE = {b"LZ4Block": "is packed by Java's LZ4 blocks", b"\x82SNAPPY\x00": "is packed by Java's Snappy stream"}
ERRORS = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError, pa.ArrowException, RuntimeError)


@dataclass(frozen=True, order=True)
class Found:
    """A needle (by its number) in a file; `where` is raw, a column, or a path inside a packed file."""

    file: str
    needle: int
    where: str


@dataclass
class Scan:
    """What a scan looked at and found."""

    files: int = 0
    bytes: int = 0
    found: set[Found] = field(default_factory=set)
    not_scanned: dict[str, str] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        """Nothing was found, and nothing was left out."""
        return not self.found and not self.not_scanned


def scan(
    folders: Iterable[Path], needles: Sequence[str], *, skip: Sequence[Path] = (), advance: Callable[[Path], None] = lambda _: None
) -> Scan:
    """Look for needles in all files of some folders (and in files that are named themselves), hidden ones too.

    Args:
        folders: where to look.
        needles: texts of at least six bytes.
        skip: files and folders that are left out: keys, whose place it is, or what is sealed by itself.
        advance: hears each file that is looked at.

    Raises:
        InputError: one of the folders or files is not there.
    """
    folders = list(folders)
    if missing := [Finding(str(folder), "is not there", "name a folder or a file") for folder in folders if not folder.exists()]:
        raise InputError("there is nothing to look into", missing)
    sought, result = Needles(needles), Scan()
    for file in _files(folders, skip):
        if file.is_symlink():
            result.not_scanned[str(file)] = "is a link: name what it leads to"
            continue
        advance(file)
        _File(str(file), sought, result).look(file)
        result.files += 1
    return result


def _files(folders: Iterable[Path], skip: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        paths = sorted(folder.rglob("*")) if folder.is_dir() else [folder]
        for path in paths:
            if (path.is_file() or path.is_symlink()) and not any(path == each or each in path.parents for each in skip):
                yield path


@dataclass
class _File:
    """One file under the eye; packed files inside it are looked at with the same name."""

    name: str
    needles: Needles
    result: Scan

    def look(self, path: Path) -> None:
        try:
            with path.open("rb") as stream:
                self._raw(stream, "raw")
            self._unpack(lambda: path.open("rb"), "", 0)
        except FileNotFoundError:
            return  # it was removed meanwhile: a log that was rotated
        except ERRORS as err:
            self.result.not_scanned[self.name] = f"cannot be read ({type(err).__name__})"

    def _note(self, data: bytes | memoryview, where: str) -> None:
        for number in self.needles.found_in(data):
            self.result.found.add(Found(self.name, number, where))

    def _raw(self, stream: IO[bytes], where: str) -> None:
        """A stream in pieces that overlap by the longest needle."""
        kept = b""
        while chunk := stream.read(CHUNK):
            self.result.bytes += len(chunk)
            data = kept + chunk
            self._note(data, where)
            kept = data[-self.needles.longest :] if self.needles.longest else b""

    def _unpack(self, opened: Callable[[], IO[bytes]], where: str, depth: int) -> None:
        """What is inside of a packed file, told by how it begins."""
        with opened() as stream:
            head = stream.read(512)
        packed = _packing(head)
        if packed == "parquet":
            with opened() as stream:
                self._parquet(stream, where)
        elif packed is not None and depth < DEEPEST:
            for name, inner in _insides(packed, opened):
                place = f"{where}/{name}" if where else name
                with inner() as stream:
                    self._raw(stream, place)
                self._unpack(inner, place, depth + 1)
        elif packed is not None:
            self.result.not_scanned[self.name] = f"is packed more than {DEEPEST} times"
        for sign, problem in UNREADABLE.items():
            if head.startswith(sign):
                self.result.not_scanned[self.name] = problem

    def _parquet(self, stream: IO[bytes], where: str) -> None:
        if not stream.seekable():
            stream = io.BytesIO(stream.read(IN_MEMORY))
        for batch in pq.ParquetFile(stream).iter_batches(ROWS):
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                self._column(column, f"{where}/{name}" if where else f"column {name}")

    def _column(self, column: pa.Array, where: str) -> None:
        for values in _leaves(column):
            is_number = pa.types.is_integer(values.type) or pa.types.is_decimal(values.type)
            for buffer in (values.cast(pa.string()) if is_number and self.needles.has_digits_only else values).buffers():
                if buffer is not None and buffer.size:
                    self.result.bytes += buffer.size
                    self._note(memoryview(buffer), where)


def _leaves(column: pa.Array) -> Iterator[pa.Array]:
    """The arrays of plain values inside of a column: of lists, structs, maps and dictionaries."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        yield from _leaves(column.dictionary)
    elif pa.types.is_struct(kind):
        for number in range(kind.num_fields):
            yield from _leaves(column.field(number))
    elif pa.types.is_map(kind):
        yield from _leaves(column.keys)
        yield from _leaves(column.items)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        yield from _leaves(column.values)
    else:
        yield column


def _packing(head: bytes) -> str | None:
    """How a file is packed, by its first bytes."""
    if head[257:262] == b"ustar":
        return "tar"
    signs = {
        b"PAR1": "parquet",
        b"\x1f\x8b": "gzip",
        b"\x28\xb5\x2f\xfd": "zstd",
        b"BZh": "bzip2",
        b"\xfd7zXZ\x00": "xz",
        b"PK\x03\x04": "zip",
    }
    return next((name for sign, name in signs.items() if head.startswith(sign)), None)


def _insides(packing: str, opened: Callable[[], IO[bytes]]) -> Iterator[tuple[str, Callable[[], IO[bytes]]]]:
    """(name, how to open it) of everything in a packed file."""
    if packing == "zip":
        with opened() as stream, zipfile.ZipFile(stream) as packed:
            for name in packed.namelist():
                if not name.endswith("/"):
                    yield name, lambda name=name: packed.open(name)  # type: ignore[misc]
        return
    if packing == "tar":
        with opened() as stream, tarfile.open(fileobj=stream) as packed_tar:
            for member in packed_tar.getmembers():
                if member.isfile():
                    yield member.name, lambda member=member: packed_tar.extractfile(member)  # type: ignore[misc]
        return
    readers: dict[str, Callable[[IO[bytes]], Any]] = {
        "gzip": lambda stream: gzip.GzipFile(fileobj=stream),
        "bzip2": bz2.BZ2File,
        "xz": lzma.LZMAFile,
        "zstd": lambda stream: pa.CompressedInputStream(pa.PythonFile(stream, "r"), "zstd"),
    }
    yield packing, lambda: readers[packing](opened())
