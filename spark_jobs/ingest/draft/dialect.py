"""How the text of a file is written: its encoding, and the delimiter and quotes under which its lines make a table."""

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from conf.dialects import Csv
from spark_jobs.ingest.blocks import UnreadableFileError, utf8_chunks
from spark_jobs.ingest.draft.fixed import fixed_places
from spark_jobs.ingest.draft.tables import Record, Table, find_table, footer_patterns, names_by_place, trimmed

LOOKED_AT = 1 << 20
FIRST_ROWS = 2_000
MOST_LINES = 2_000  # of one quoted value
DELIMITERS = (",", ";", "\t", "|", "\x01", "^", "~")
LONG_DELIMITERS = ("::", "||", "~|~", "|~|", "^|^", "##", "@@", "$$")
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)


@dataclass(frozen=True)
class TextLayout:
    """How a text is written: its format and dialect, the names of its columns, their places in fixed-width lines, and what to check."""

    format: str
    csv: Csv
    names: list[str]
    is_named: bool = True
    places: tuple[tuple[int, int], ...] = ()
    notes: list[str] = field(default_factory=list)


def guess_encoding(file: Path) -> tuple[str, str]:
    """The encoding of a file, and what to check when it is not certain."""
    raw = next(utf8_chunks(file, "latin-1"), b"").decode("utf-8").encode("latin-1", "replace")[:LOOKED_AT]
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", ""
    if raw[1:200:2].count(0) > 50 or raw[:200:2].count(0) > 50:
        return "utf-16-le" if raw[1:200:2].count(0) > 50 else "utf-16-be", "check the encoding: there is no byte order mark"
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
        return "gb18030", "check the encoding: the text reads as Chinese"
    undefined = any(byte in raw for byte in (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d"))
    return "latin-1" if undefined else "cp1252", "check the encoding: look at letters with accents"


def head_of(file: Path, encoding: str) -> str:
    """The first whole lines of a text file."""
    text = next(utf8_chunks(file, encoding), b"")[:LOOKED_AT]
    end = text.rfind(b"\n") + 1
    return (text[:end] if end and len(text) == LOOKED_AT else text).decode("utf-8", "replace")


def guess_text(file: Path) -> TextLayout:
    """The layout of a text file.

    Raises:
        UnreadableFileError: no columns were found; names the option to set.
    """
    encoding, doubt = guess_encoding(file)
    lines = [line.removesuffix("\r") for line in head_of(file, encoding).split("\n")]
    if not any(line.strip() for line in lines):
        raise UnreadableFileError("no rows were found", "give a file with rows")
    found = _best_reading(lines, encoding)
    if found is None:
        return _without_delimiter(lines, encoding, doubt)
    layout = _of_table(*found, lines)
    return TextLayout(layout.format, layout.csv, layout.names, layout.is_named, notes=[*([doubt] if doubt else []), *layout.notes])


def _best_reading(lines: list[str], encoding: str) -> tuple[Csv, Table] | None:
    """The dialect under which the lines make the largest regular table."""
    mark = SEPARATOR_LINE.fullmatch(lines[0])
    comments = ("^\\s*#",) if any(line.startswith("#") for line in lines[:50]) and _are_comments(lines) else ()
    best: tuple[float, Csv, Table] | None = None
    for delimiter in (mark[1],) if mark else DELIMITERS:
        for usual in _dialects(delimiter, lines):
            dialect = usual.model_copy(update={"encoding": encoding, "ignore_lines": comments})
            table = find_table(list(_records(lines, dialect, 1 if mark else 0)))
            # One row beside a header, or a sign that some lines happen to have, makes no table.
            if table is None or table.share < 0.5:
                continue
            score = table.share**2 * (len(table.rows) + 1) * (min(table.width, 20) - 1)
            if best is None or score > best[0]:
                best = score, dialect, table
    if best is None:
        return None
    return best[1], best[2]


def _are_comments(lines: list[str]) -> bool:
    """Lines that begin with # are comments when they are not divided as the first other line is."""
    marked = [line for line in lines if line.startswith("#")]
    first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    delimiter = max(DELIMITERS, key=first.count)
    return all(line.count(delimiter) < max(1, first.count(delimiter) / 2) for line in marked)


def _dialects(delimiter: str, lines: list[str]) -> Iterator[Csv]:
    """Ways to read quotes, the usual one first; none when every line is a row without them, and not with them."""
    text = "\n".join(lines)
    usual = Csv(delimiter=delimiter)
    if '"' in text and _has_stray_quotes(lines, usual):
        yield usual.model_copy(update={"quote": None})
        return
    yield usual
    if '\\"' in text:
        yield usual.model_copy(update={"escape": "\\"})
    if text.count(f"'{delimiter}'") > len(lines):
        yield usual.model_copy(update={"quote": "'"})


def _has_stray_quotes(lines: list[str], usual: Csv) -> bool:
    """True when the lines are a regular table only as long as a quote is text."""
    plain = {line.count(usual.delimiter) for line in lines if line.strip()}
    if len(plain) > 1 or plain == {0}:
        return False
    records = list(_records(lines, usual, 0))
    return len(records) < sum(bool(line.strip()) for line in lines[:FIRST_ROWS]) or len({len(record.cells) for record in records}) > 1


def _records(lines: list[str], dialect: Csv, skip: int) -> Iterator[Record]:
    """Records of text lines: a quoted value may go over several lines."""
    ignored, number, width = dialect.ignored, skip, 0
    while number < len(lines) and number < FIRST_ROWS:
        if not lines[number].strip() or (ignored and ignored.search(lines[number].encode())):
            number += 1
            continue
        reader = csv.reader(
            (f"{line}\n" for line in islice(lines, number, number + MOST_LINES + 1)),
            delimiter=dialect.delimiter, quotechar=dialect.quote, escapechar=dialect.escape, quoting=csv.QUOTE_NONE if dialect.quote is None else csv.QUOTE_MINIMAL,
        )  # fmt: skip
        try:
            cells = next(reader)
        except (csv.Error, StopIteration):
            cells, used = lines[number].split(dialect.delimiter), 1
        else:
            used = reader.line_num
        # A quote that is not closed within a few lines is text of this line alone.
        if used > dialect.max_field_lines and (len(cells) != width or used > MOST_LINES):
            cells, used = lines[number].split(dialect.delimiter), 1
        width = len(cells)
        yield Record(number, tuple(cells), lines[number], used)
        number += used


def _of_table(dialect: Csv, table: Table, lines: list[str]) -> TextLayout:
    """The layout of a table, with what a person should check."""
    notes: list[str] = []
    update: dict[str, object] = {"skip_lines": _skipped(dialect, table, lines, notes)}
    if dialect.quote is None:
        notes.append("check quote: quotes are read as text, because every line is a row then")
    patterns = footer_patterns(table)
    if patterns:
        notes.append(f"check ignore_lines: {len(table.footer)} line(s) below the last row are left out")
    update["ignore_lines"] = (*dialect.ignore_lines, *patterns)
    longest = max(record.lines for record in (table.first, *table.rows))
    if longest > dialect.max_field_lines:
        update["max_field_lines"] = 2 * longest
        notes.append(f"check max_field_lines: a quoted value has {longest} lines")
    if not table.has_header:
        update["header"] = False
        rows = [row.cells for row in table.rows[:100] if len(row.cells) <= table.width]
        width = max(len(trimmed(cells)) for cells in (table.first.cells, *rows))
        notes.append("name the columns: the file has no header line, they are in the order of the file")
        return TextLayout("csv", dialect.model_copy(update=update), [str(at) for at in range(1, width + 1)], False, notes=notes)
    update |= _by_place(table, (*dialect.ignore_lines, *patterns), notes)
    names = [cell.strip() for cell in table.names]
    names = (names_by_place(names) or names) if "header" in update else names
    return TextLayout("csv", dialect.model_copy(update=update), names, notes=notes)


def _skipped(dialect: Csv, table: Table, lines: list[str], notes: list[str]) -> int:
    """Lines before the header that the reader does not leave out by itself."""
    ignored = dialect.ignored
    above = [line for line in lines[: table.first.line] if line.strip() and not (ignored and ignored.search(line.encode()))]
    if not above or (len(above) == 1 and SEPARATOR_LINE.fullmatch(above[0])):
        return 0
    notes.append(f"check skip_lines: {table.first.line} line(s) before the header are skipped")
    return table.first.line


def _by_place(table: Table, ignored: tuple[str, ...], notes: list[str]) -> dict[str, object]:
    """Options to read columns by their place, where the header comes again or has a name twice."""
    if table.repeats_header:
        notes.append("check ignore_lines: the header comes again among the rows, so columns are read by their place")
        return {"header": False, "ignore_lines": (*ignored, f"^{re.escape(table.first.text[:200])}")}
    if names_by_place(trimmed(table.first.cells)) is None:
        return {}
    notes.append("check the order of the columns: names come twice in the header, so columns are read by their place")
    return {"header": False, "skip_lines": table.first.line + 1}


def _without_delimiter(lines: list[str], encoding: str, doubt: str) -> TextLayout:
    """Fixed width, or a message that says which option helps."""
    filled = [line for line in lines[:FIRST_ROWS] if line.strip()]
    for delimiter in LONG_DELIMITERS:
        if len({line.count(delimiter) for line in filled}) == 1 and delimiter in filled[0]:
            raise UnreadableFileError(
                f"its columns are separated by {delimiter!r}",
                "deliver it with one character between columns: csv.delimiter is one character",
            )
    found = fixed_places(filled)
    if found is None:
        raise UnreadableFileError(
            "only one column was found",
            "set csv.delimiter to the character between its columns, or format: fixed_width with start and width of each column, "
            "in a mapping that you write by hand",
        )
    places, names = found
    notes = [doubt] if doubt else []
    notes.append("check start and width of each column: they are guessed from blanks that all lines have")
    if names is None:
        notes.append("name the columns: the file has no header line")
    skipped = lines.index(filled[0]) + (names is not None)
    dialect = Csv(encoding=encoding, skip_lines=skipped)
    return TextLayout(
        "fixed_width", dialect, names or [str(at) for at in range(1, len(places) + 1)], names is not None, tuple(places), notes
    )
