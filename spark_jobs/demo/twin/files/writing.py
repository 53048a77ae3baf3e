"""Rows to bytes, as a system writes them: CSV, JSON lines or Parquet, in its encoding, packed; and bytes to a file that is there at once."""

import gzip
import io
import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import zstandard

from conf.errors import CdpError
from spark_jobs.demo.twin.day import FeedFile
from spark_jobs.demo.twin.files.dirt import Injected, faults_of

RUN = "simulation.json"
SUFFIXES = {"none": "", "gz": ".gz", "zst": ".zst"}


class OtherSimulationError(CdpError):
    """A file of another simulation stands where one is to be written."""


def file_name(feed: FeedFile, day: str, copy: str = "") -> str:
    """Name of a feed's file of a day (`yyyymmdd`), such as `orders/orders_20240105.csv.gz`."""
    packed = "" if feed.format == "parquet" else SUFFIXES[feed.compression]
    return f"{feed.feed}/{feed.feed}_{day}{copy}.{feed.format}{packed}"


def header_lines(feed: FeedFile) -> int:
    """Lines of a file before its first row."""
    return int(feed.format == "csv" and feed.has_header)


def file_bytes(feed: FeedFile, table: pa.Table, injected: Injected) -> bytes:
    """The file of a feed with these rows."""
    if feed.format == "parquet":
        buffer = io.BytesIO()
        pq.write_table(table, buffer, compression="zstd", store_schema=False)
        return buffer.getvalue()
    body = _csv(feed, table) if feed.format == "csv" else _json_lines(table)
    body = _with_faults(feed, body, injected)
    if header_lines(feed):
        body = feed.delimiter.join(column.name for column in feed.columns).encode() + b"\n" + body
    if feed.encoding != "utf-8":
        body = body.decode().encode(feed.encoding)
    return _packed(feed.compression, body)


def _csv(feed: FeedFile, table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    options = pa.csv.WriteOptions(include_header=False, delimiter=feed.delimiter, quoting_style="needed")
    pa.csv.write_csv(table, buffer, options)
    return buffer.getvalue()


def _json_lines(table: pa.Table) -> bytes:
    with duckdb.connect(config={"threads": "1"}) as connection:
        connection.register("delivered", table)
        lines = connection.sql("select to_json(delivered)::varchar as line from delivered").to_arrow_table().column("line")
    return ("\n".join(lines.to_pylist()) + "\n").encode() if len(lines) else b""


def _with_faults(feed: FeedFile, body: bytes, injected: Injected) -> bytes:
    """Mistakes of whole lines. No cell holds a line break, so a row is a line."""
    faults, delimiter = faults_of(feed), feed.delimiter.encode()
    broken = [
        (row, fault.line)
        for row, each in zip(injected.rows.tolist(), injected.faults.tolist(), strict=True)
        if (fault := faults[each]).line
    ]
    if not broken:
        return body
    lines = body.split(b"\n")
    for row, breaks in broken:
        lines[row] = breaks(lines[row], delimiter)
    return b"\n".join(lines)


def _packed(compression: str, body: bytes) -> bytes:
    if compression == "gz":
        return gzip.compress(body, compresslevel=1, mtime=0)
    if compression == "zst":
        return zstandard.ZstdCompressor(level=3).compress(body)
    return body


def claim(folder: Path, facts: dict[str, object]) -> None:
    """Note which simulation a folder belongs to, before its first file.

    Raises:
        OtherSimulationError: it belongs to another one.
    """
    file = folder / RUN
    text = json.dumps(facts, indent=2, sort_keys=True, ensure_ascii=False, default=str) + "\n"
    if file.exists() and file.read_text(encoding="utf-8") != text:
        raise OtherSimulationError(
            f"{folder} belongs to another simulation ({file.name} says which); "
            "name another folder with --out, or remove the old simulation (its landing folder and its truth)"
        )
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def write_once(file: Path, content: bytes) -> bool:
    """Write a file, visible only when complete. The same file again is left alone.

    Returns:
        Whether it was written.

    Raises:
        OtherSimulationError: the file is there with other content.
    """
    if file.exists():
        if file.read_bytes() == content:
            return False
        raise OtherSimulationError(
            f"{file} is there with other content: another simulation was written into this folder; "
            "name another folder with --out, or remove the old simulation (its landing folder and its truth)"
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.part")
    draft.write_bytes(content)
    draft.replace(file)
    return True
