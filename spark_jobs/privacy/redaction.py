"""Delivered files without some of their rows. Taken out whole, a row leaves an empty line, so that every other row keeps its line."""

import gzip
import io
import zipfile
from collections.abc import Collection

import pyarrow as pa
import pyarrow.parquet as pq

from conf.contracts import Feed

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
    return None if unpacked is None else _packed(_without_text(unpacked, feed, lines), suffix)


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
    data = content.decode(encoding, "replace").encode() if is_wide else content
    parts, wanted = data.split(b"\n"), set(lines)
    quote = feed.csv.quote.encode() if feed.format == "csv" and feed.csv.quote else b""
    at = 0
    while at < len(parts):
        number = at + 1
        if number in wanted:
            # A quoted value may hold line ends: the row ends where its quotes are closed.
            marks = parts[at].count(quote) if quote else 0
            parts[at] = b""
            while quote and marks % 2 and at + 1 < len(parts):
                at += 1
                marks += parts[at].count(quote)
                parts[at] = b""
        at += 1
    text = b"\n".join(parts)
    return text.decode().encode(encoding) if is_wide else text


def _unpacked(content: bytes, suffix: str) -> bytes | None:
    if suffix == ".gz":
        return gzip.decompress(content)
    if suffix == ".zst":
        with pa.CompressedInputStream(pa.BufferReader(content), "zstd") as stream:
            return bytes(stream.read())
    if suffix == ".zip":
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            names = [name for name in packed.namelist() if not name.endswith("/")]
            return packed.read(names[0]) if len(names) == 1 else None
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
