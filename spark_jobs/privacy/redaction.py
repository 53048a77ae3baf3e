"""Delivered files without some of their rows. Taken out whole, a row leaves an empty line, so that every other row keeps its line."""

import codecs
import gzip
import io
import zipfile
from collections.abc import Collection
from itertools import islice

import pyarrow as pa
import pyarrow.parquet as pq

from conf.contracts import Feed
from spark_jobs.ingest.blocks import UnreadableFileError, zipped_files
from spark_jobs.ingest.careful_csv import row_length
from spark_jobs.ingest.json_documents import Layout, layout_of, pieces
from spark_jobs.ingest.json_paths import ELEMENTS, without_elements

ENCODINGS_OF_BYTES = ("utf-16", "utf-32")  # a line end is more than the byte 10


def without_lines(content: bytes, suffix: str, feed: Feed, lines: Collection[int]) -> bytes | None:
    """The file without the rows that begin in these lines (parquet: nothing but nulls in the rows of these numbers), packed as it was.

    Every other row keeps its line, so that it can be done again, and for others later.

    Returns:
        None when single rows cannot be taken out of a file of this format.
    """
    if feed.format in ("parquet", "jdbc"):
        return _without_rows(content, lines)
    if feed.format == "xlsx":
        return None
    unpacked = _unpacked(content, suffix)
    try:
        return None if unpacked is None else _packed(_without_text(unpacked, feed, lines), suffix)
    except UnreadableFileError:  # JSON that is no longer what was loaded
        return None


def _without_rows(content: bytes, rows: Collection[int]) -> bytes:
    table = pq.read_table(pa.BufferReader(content))
    nullable = pa.schema([field.with_nullable(True) for field in table.schema], table.schema.metadata)
    places = pa.array([None if number in rows else number - 1 for number in range(1, table.num_rows + 1)], pa.int64())
    table = table.cast(nullable).take(places)
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def _without_text(content: bytes, feed: Feed, lines: Collection[int]) -> bytes:
    encoding = feed.csv.encoding
    is_wide = encoding.lower().replace("_", "-").startswith(ENCODINGS_OF_BYTES)
    if feed.format == "jsonl" and codecs.lookup(encoding).name not in ("utf-8", "utf-8-sig", "ascii"):
        is_wide = True  # the second byte of a character may look like a quote or a bracket
    utf8 = content.decode(encoding, "replace").encode() if is_wide else content
    if feed.format == "jsonl" and (rest := _without_objects(utf8, feed.each, lines)) is not None:
        return rest.decode().encode(encoding, "replace") if is_wide else rest
    parts = utf8.split(b"\n")
    if feed.format == "jsonl" and feed.each:
        _without_elements(parts, feed.each, lines)
    else:
        unclosed = len(parts)
        for line in sorted(lines):
            used, ends = (1, True) if line > unclosed else _lines_of_row(parts, line - 1, feed, "utf-8" if is_wide else encoding)
            if not ends:
                unclosed, used = line, 1
            for at in range(line - 1, min(line - 1 + used, len(parts))):
                parts[at] = b""
    text = b"\n".join(parts)
    return text.decode().encode(encoding, "replace") if is_wide else text


def _lines_of_row(parts: list[bytes], at: int, feed: Feed, encoding: str) -> tuple[int, bool]:
    """How many lines the row has that begins here, and whether it ends: of a quote that is never closed every line is a row of its own."""
    if feed.format != "csv":
        return 1, True
    return row_length((part.decode(encoding, "replace").encode() for part in islice(parts, at, None)), feed.csv)


def _without_elements(parts: list[bytes], each: str, places: Collection[int]) -> None:
    """Rows that are elements of a list in a line: their number is line × `ELEMENTS` + element."""
    for line, numbers in _by_object(places).items():
        if 1 <= line <= len(parts):
            whole = 0 in numbers  # the line itself was rejected
            parts[line - 1] = b"" if whole else without_elements(parts[line - 1], each, numbers)


def _by_object(places: Collection[int]) -> dict[int, set[int]]:
    """Elements of lists by the number of their line or object."""
    elements: dict[int, set[int]] = {}
    for place in places:
        elements.setdefault(place // ELEMENTS, set()).add(place % ELEMENTS)
    return elements


def _without_objects(content: bytes, each: str | None, places: Collection[int]) -> bytes | None:
    """An array of objects, or objects over several lines, with null in place of those that go; None when the file is JSON lines."""
    body = content.removeprefix(codecs.BOM_UTF8)
    layout, chunks = layout_of(iter([body]))
    if layout is Layout.LINES:
        return None
    numbers = _by_object(places) if each else {number: {0} for number in places}
    rest = [content[: len(content) - len(body)]]
    for number, raw in pieces(chunks, layout):
        if number == 0 or number not in numbers:
            rest.append(raw)
        elif each is None or 0 in numbers[number]:
            rest.append(b"null")
        else:
            rest.append(without_elements(raw, each, numbers[number]) or b"null")
    return b"".join(rest)


def _unpacked(content: bytes, suffix: str) -> bytes | None:
    if suffix == ".gz":
        return gzip.decompress(content)
    if suffix == ".zst":
        with pa.CompressedInputStream(pa.BufferReader(content), "zstd") as stream:
            return bytes(stream.read())
    if suffix == ".zip":
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            files = zipped_files(packed)
            return packed.read(files[0]) if len(files) == 1 else None
    return content


def _packed(content: bytes, suffix: str) -> bytes:
    if suffix == ".gz":
        return gzip.compress(content, mtime=0)
    if suffix == ".zst":
        return bytes(pa.compress(content, "zstd", asbytes=True))
    if suffix == ".zip":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr(zipfile.ZipInfo("redacted"), content)
        return out.getvalue()
    return content
