"""Delimited text record by record: every one that can be read is read, every other one is rejected alone, with its line and rule."""

import csv
import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from conf.dialects import Csv
from spark_jobs.ingest.blocks import Block, Reject
from spark_jobs.ingest.records import RecordScanner, blank_records, find_records, marks_of
from spark_jobs.ingest.rows import Rows, text_table

csv.field_size_limit(1 << 30)
CONTROL_CHARACTERS = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}  # as databases write them after a backslash


def careful_rows(
    block: Block, dialect: Csv, positions: Sequence[str | None], columns: Sequence[str], header_line: bytes = b""
) -> tuple[Rows, bytes]:
    """Rows of a block that begins with a record, and the text of a record that goes on after it."""
    data = block.data
    records = find_records(data, dialect, block.is_last)
    filled = ~blank_records(data, records)
    starts, ends, lines = records.starts[filled], records.ends[filled], records.lines[filled] + block.first_line
    places = zip(starts.tolist(), ends.tolist(), lines.tolist(), strict=True)
    whole = ((line, data[start:end]) for start, end, line in places)
    return rows_of(whole, dialect, positions, columns, header_line), data[records.tail :]


def rows_of(
    records: Iterable[tuple[int, bytes]], dialect: Csv, positions: Sequence[str | None], columns: Sequence[str], header_line: bytes = b""
) -> Rows:
    """Rows of whole records, each with the number of its first line; blank ones are left out.

    A byte order mark before a record is left by files that were put one after the other: it belongs to no value, and the header after
    it is no row.
    """
    wanted = [positions.index(name) if name in positions else None for name in columns]
    values: list[list[str | None]] = [[] for _ in columns]
    numbers: list[int] = []
    rejects: list[Reject] = []
    for number, record in records:
        if is_blank(record):
            continue
        raw = record.removesuffix(b"\n").rstrip(b"\r")  # a quoted value ends before them
        if raw.startswith(BOM_UTF8):
            raw = raw.removeprefix(BOM_UTF8)
            if not raw or raw == header_line:
                continue
        outcome = _cells(raw, len(positions), dialect)
        if isinstance(outcome, str):
            rejects.append(Reject(number, outcome, raw))
        else:
            numbers.append(number)
            for column, position in zip(values, wanted, strict=True):
                column.append(None if position is None else outcome[position])
    return Rows(text_table(columns, values), np.array(numbers, np.int64), rejects)


def is_blank(record: bytes) -> bool:
    """Whether a record is no row because nothing is in it."""
    return not record.strip(b" \r\n")


def row_length(lines: Iterable[bytes], dialect: Csv) -> tuple[int, bool]:
    """How many lines the record has that begins the text, and whether it ends at all."""
    marks, scanner = marks_of(dialect), RecordScanner(dialect)
    used = 0
    for line in lines:
        used += 1
        if used == 1 and not marks.occur_in(line):
            return 1, True
        if scanner.feed(line + b"\n"):
            return used, True
    return used, not scanner.is_inside


def _cells(raw: bytes, width: int, dialect: Csv) -> list[str | None] | str:
    """The values of a row, null where its text means no value, or the rule it breaks."""
    if b"\0" in raw:
        return "line:nul_byte"
    try:
        text = raw.decode("utf-8")
        values = _values_with_escapes(text, dialect) if has_escape(text, dialect) else _values(text, dialect)
    except UnicodeDecodeError:
        return "line:encoding"
    except ValueError:
        return "line:quoting"
    if len(values) != width:
        return "line:field_count"
    return "line:nul_byte" if any(value and "\0" in value for value in values) else values


def _values(text: str, dialect: Csv) -> list[str | None]:
    return [None if cell in dialect.null_values else cell for cell in split_line(text, dialect)]


def _values_with_escapes(text: str, dialect: Csv) -> list[str | None]:
    r"""As `_values`: the written `\N` may be a null value, but the written `\\N` is the text `\N`."""
    nulls, escape = dialect.null_values, dialect.escape or ""
    cells = _split_by_hand(text, _Grammar.of(dialect))
    return [None if cell.written in nulls or (cell.text in nulls and escape not in cell.text) else cell.text for cell in cells]


def split_line(text: str, dialect: Csv) -> list[str]:
    """The cells of one row, which may hold line ends inside quotes.

    Raises:
        ValueError: quotes that no reading makes sense of.
    """
    is_escaped = has_escape(text, dialect)
    if not is_escaped and (dialect.quote is None or dialect.quote not in text):
        return text.split(dialect.delimiter)
    if is_escaped or "\r" in text:  # outside quotes csv takes it for the end of the row
        return [cell.text for cell in _split_by_hand(text, _Grammar.of(dialect))]
    try:
        return next(csv.reader([text], delimiter=dialect.delimiter, quotechar=dialect.quote, doublequote=True))
    except (csv.Error, StopIteration):
        raise ValueError("quoting") from None


def has_escape(text: str, dialect: Csv) -> bool:
    """Whether a row has escaped characters. An escape that is the quote itself is a doubled quote."""
    return dialect.escape is not None and dialect.escape != dialect.quote and dialect.escape in text


class _Cell(NamedTuple):
    """A value as it is written, without its quotes, and as text."""

    written: str
    text: str


@dataclass(frozen=True)
class _Grammar:
    """How a dialect's values are written, as expressions. Possessive: no text makes them go back."""

    delimiter: str
    quote: str
    quoted: re.Pattern[str] | None
    plain: re.Pattern[str]
    escaped: re.Pattern[str] | None
    escape: str

    @staticmethod
    @lru_cache(maxsize=64)
    def of(dialect: Csv) -> "_Grammar":
        quote, delimiter = re.escape(dialect.quote or ""), re.escape(dialect.delimiter)
        escape = re.escape(dialect.escape) if dialect.escape and dialect.escape != dialect.quote else ""
        pair = f"|{escape}[\\s\\S]" if escape else ""
        quoted = re.compile(f"{quote}((?:[^{quote}{escape}]|{quote}{quote}{pair})*+){quote}") if quote else None
        plain = re.compile(f"(?:[^{delimiter}{escape}]{pair})*+")
        escaped = re.compile(f"{escape}([\\s\\S])") if escape else None
        return _Grammar(dialect.delimiter, dialect.quote or "", quoted, plain, escaped, dialect.escape or "")

    def text(self, written: str, is_quoted: bool) -> str:
        """The text of a part of a value, as it was before it was written."""
        parts = [written] if self.escaped is None else self.escaped.split(written)
        if self.escape == "\\":
            parts[1::2] = [CONTROL_CHARACTERS.get(part, part) for part in parts[1::2]]
        if is_quoted:  # every second part is an escaped character
            parts[::2] = [part.replace(self.quote * 2, self.quote) for part in parts[::2]]
        return "".join(parts)


def _split_by_hand(text: str, grammar: _Grammar) -> list[_Cell]:
    cells: list[_Cell] = []
    at = 0
    while True:
        written, cell = "", ""
        found = grammar.quoted.match(text, at) if grammar.quoted and text.startswith(grammar.quote, at) else None
        if found is not None:
            written, cell, at = found[1], grammar.text(found[1], is_quoted=True), found.end()
        plain = grammar.plain.match(text, at)
        assert plain is not None
        cells.append(_Cell(written + plain[0], cell + grammar.text(plain[0], is_quoted=False)))
        at = plain.end()
        if at == len(text):
            return cells
        if not text.startswith(grammar.delimiter, at):
            raise ValueError("an escape before nothing")
        at += len(grammar.delimiter)
