"""How the text of a file is written: its encoding by its bytes, the rest of a csv dialect by DuckDB's sniffer."""

import codecs
import re
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from conf.dialects import Csv
from spark_jobs.ingest.blocks import utf8_chunks
from spark_jobs.ingest.careful_csv import split_line

LOOKED_AT = 1 << 20
FIRST_ROWS = 500
DATA = re.compile(r"^[\s+-]*[\d.,:/' €$£¥￥%-]*\d[\d.,:/' €$£¥￥%-]*$|@.*\.")


def guess_encoding(file: Path) -> tuple[str, str]:
    """The encoding of a file, and what to look at when it is not certain."""
    raw = next(utf8_chunks(file, "latin-1"), b"").decode("utf-8").encode("latin-1", "replace")[:LOOKED_AT]
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", ""
    if raw[1:200:2].count(0) > 50 or raw[:200:2].count(0) > 50:
        return "utf-16-le" if raw[1:200:2].count(0) > 50 else "utf-16-be", "encoding guessed: there is no byte order mark"
    raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(raw)
        return "utf-8", ""
    except UnicodeDecodeError:
        return _of_high_bytes(raw)


def _of_high_bytes(raw: bytes) -> tuple[str, str]:
    """Chinese text is pairs of bytes of GB 2312; Western text has single high bytes between ASCII."""
    high = sum(map(len, re.findall(rb"[\x80-\xff]+", raw)))
    pairs = sum(len(run) // 2 * 2 for run in re.findall(rb"(?:[\xb0-\xf7\xa1-\xa9][\xa1-\xfe])+", raw))
    if pairs >= 0.7 * high:
        return "gb18030", "encoding guessed: reads as Chinese text"
    undefined = any(byte in raw for byte in (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d"))
    return "latin-1" if undefined else "cp1252", "encoding guessed: look at letters with accents"


def head_of(file: Path, encoding: str) -> str:
    """The first whole lines of a text file."""
    text = next(utf8_chunks(file, encoding), b"")[:LOOKED_AT]
    end = text.rfind(b"\n") + 1
    return (text[:end] if end and len(text) == LOOKED_AT else text).decode("utf-8", "replace")


def guess_csv(file: Path) -> tuple[Csv, list[str], list[str]]:
    """The dialect of a csv file, the cells of its header (positions as text when it has none), and what to look at."""
    encoding, doubt = guess_encoding(file)
    notes = [doubt] if doubt else []
    text = head_of(file, encoding)
    found = _sniffed(text)
    comments = (r"^\s*#",) if found["comment"] == "#" or text.startswith("#") else ()
    dialect = Csv(
        delimiter=found["delimiter"], quote=found["quote"], encoding=encoding, skip_lines=found["skip_lines"], ignore_lines=comments
    )
    if found["skip_lines"]:
        notes.append(f"{found['skip_lines']} line(s) before the header are skipped")
    first, *others = _rows(text, dialect) or [[]]
    holds_data = any(not cell.strip() or DATA.search(cell) for cell in first) and not _is_wide_header(first)
    if holds_data or _comes_again(first, others):
        notes.append("no header line, it seems: columns are in the order of the file and have no names yet")
        return dialect.model_copy(update={"header": False}), [str(number) for number in range(1, len(first) + 1)], notes
    return dialect, first, notes


def _is_wide_header(cells: list[str]) -> bool:
    """Headers may have a nameless index column, or years as names: most of them must be words."""
    return sum(bool(cell.strip()) and not DATA.search(cell) for cell in cells) > 0.7 * len(cells) and not any("@" in cell for cell in cells)


def _comes_again(cells: list[str], rows: list[list[str]]) -> bool:
    """A header is no value: what comes again below itself is a row, and may be a person's. A header that comes again as a whole is one."""
    rows = [row for row in rows if row != cells]
    return any(cell.strip() and number < len(row) and row[number] == cell for row in rows for number, cell in enumerate(cells))


def _rows(text: str, dialect: Csv) -> list[list[str]]:
    """The first rows, the header among them; a row that goes over several lines is left out."""
    ignored = dialect.ignored
    rows: list[list[str]] = []
    for line in text.splitlines()[dialect.skip_lines :]:
        if line.strip() and not (ignored and ignored.search(line.encode())) and len(rows) < FIRST_ROWS:
            with suppress(ValueError):
                rows.append(split_line(line, dialect))
    return rows


def _sniffed(text: str) -> dict[str, object] | dict[str, str | int]:
    with TemporaryDirectory(prefix="cdp-draft-") as folder:
        sample = Path(folder) / "sample.csv"
        sample.write_text(text, encoding="utf-8", newline="")
        try:
            columns = "Delimiter, Quote, SkipRows, Comment"
            row = duckdb.sql(f"select {columns} from sniff_csv('{sample}', all_varchar = true, ignore_errors = true)").fetchone()
        except duckdb.Error:
            row = None
    delimiter, quote, skip, comment = row or (",", '"', 0, "")
    plain = {"(empty)": "", "\\0": "", "\0": ""}
    return {
        "delimiter": delimiter if len(delimiter) == 1 and not delimiter.isalnum() else ",",
        "quote": plain.get(quote, quote) or '"',
        "skip_lines": int(skip or 0),
        "comment": plain.get(comment, comment),
    }
