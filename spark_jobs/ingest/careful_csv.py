"""Delimited text record by record: every one that can be read is read, every other one is rejected alone, with its line and rule."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from conf.dialects import Csv
from spark_jobs.ingest.blocks import Block, Reject
from spark_jobs.ingest.records import RecordScanner, find_records, marks_of
from spark_jobs.ingest.rows import Rows, text_table

csv.field_size_limit(1 << 30)


def careful_rows(block: Block, dialect: Csv, positions: Sequence[str | None], columns: Sequence[str]) -> tuple[Rows, bytes]:
    """Rows of a block that begins with a record, and the text of a record that goes on after it."""
    data = block.data
    records = find_records(data, dialect, block.is_last)
    places = zip(records.starts.tolist(), records.ends.tolist(), (records.lines + block.first_line).tolist(), strict=True)
    return rows_of(((line, data[start:end]) for start, end, line in places), dialect, positions, columns), data[records.tail :]


def rows_of(records: Iterable[tuple[int, bytes]], dialect: Csv, positions: Sequence[str | None], columns: Sequence[str]) -> Rows:
    """Rows of whole records, each with the number of its first line; blank ones are left out."""
    wanted = [positions.index(name) if name in positions else None for name in columns]
    values: list[list[str | None]] = [[] for _ in columns]
    numbers: list[int] = []
    rejects: list[Reject] = []
    for number, record in records:
        if is_blank(record):
            continue
        raw = record.removesuffix(b"\n").removesuffix(b"\r")
        outcome = _cells(raw, len(positions), dialect)
        if isinstance(outcome, str):
            rejects.append(Reject(number, outcome, raw))
        else:
            numbers.append(number)
            for column, position in zip(values, wanted, strict=True):
                cell = None if position is None else outcome[position]
                column.append(None if cell in dialect.null_values else cell)
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


def _cells(raw: bytes, width: int, dialect: Csv) -> list[str] | str:
    """The cells of a row, or the rule it breaks."""
    if b"\0" in raw:
        return "line:nul_byte"
    try:
        cells = split_line(raw.decode("utf-8"), dialect)
    except UnicodeDecodeError:
        return "line:encoding"
    except ValueError:
        return "line:quoting"
    return cells if len(cells) == width else "line:field_count"


def split_line(text: str, dialect: Csv) -> list[str]:
    """The cells of one row, which may hold line ends inside quotes.

    Raises:
        ValueError: quotes that no reading makes sense of.
    """
    if not dialect.escape and (dialect.quote is None or dialect.quote not in text):
        return text.split(dialect.delimiter)
    if "\r" in text:  # outside quotes csv takes it for the end of the row
        return _split_by_hand(text, _Grammar.of(dialect))
    try:
        return next(_reader(text, dialect))
    except (csv.Error, StopIteration):
        raise ValueError("quoting") from None


def _reader(text: str, dialect: Csv) -> Iterator[list[str]]:
    escape = dialect.escape if dialect.escape != dialect.quote else None
    if dialect.quote is None:
        return csv.reader([text], delimiter=dialect.delimiter, escapechar=escape, quoting=csv.QUOTE_NONE)
    return csv.reader([text], delimiter=dialect.delimiter, quotechar=dialect.quote, escapechar=escape, doublequote=True)


@dataclass(frozen=True)
class _Grammar:
    """How a dialect's values are written, as expressions. Possessive: no text makes them go back."""

    delimiter: str
    quote: str
    quoted: re.Pattern[str] | None
    plain: re.Pattern[str]
    escaped: re.Pattern[str] | None

    @staticmethod
    @lru_cache(maxsize=64)
    def of(dialect: Csv) -> "_Grammar":
        quote, delimiter = re.escape(dialect.quote or ""), re.escape(dialect.delimiter)
        escape = re.escape(dialect.escape) if dialect.escape and dialect.escape != dialect.quote else ""
        pair = f"|{escape}[\\s\\S]" if escape else ""
        quoted = re.compile(f"{quote}((?:[^{quote}{escape}]|{quote}{quote}{pair})*+){quote}") if quote else None
        plain = re.compile(f"(?:[^{delimiter}{escape}]{pair})*+")
        return _Grammar(dialect.delimiter, dialect.quote or "", quoted, plain, re.compile(f"{escape}([\\s\\S])") if escape else None)

    def text(self, written: str, is_quoted: bool) -> str:
        """The text of a part of a value, as it was before it was written."""
        parts = [written] if self.escaped is None else self.escaped.split(written)
        if is_quoted:  # every second part is an escaped character
            parts[::2] = [part.replace(self.quote * 2, self.quote) for part in parts[::2]]
        return "".join(parts)


def _split_by_hand(text: str, grammar: _Grammar) -> list[str]:
    cells: list[str] = []
    at = 0
    while True:
        cell, found = "", grammar.quoted.match(text, at) if grammar.quoted and text.startswith(grammar.quote, at) else None
        if found is not None:
            cell, at = grammar.text(found[1], is_quoted=True), found.end()
        plain = grammar.plain.match(text, at)
        assert plain is not None
        cells.append(cell + grammar.text(plain[0], is_quoted=False))
        at = plain.end()
        if at == len(text):
            return cells
        if not text.startswith(grammar.delimiter, at):
            raise ValueError("an escape before nothing")
        at += len(grammar.delimiter)
