"""Delimited text row by row: every row that can be read is read, every other one is rejected alone, with its line and rule."""

import csv
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from conf.dialects import Csv
from spark_jobs.ingest.blocks import Block, Reject, numbered_lines
from spark_jobs.ingest.rows import Rows, text_table

MOST_LINES_OF_A_ROW = 1000
LONGEST_ROW = 1 << 20
csv.field_size_limit(1 << 30)


def careful_rows(
    block: Block, dialect: Csv, positions: Sequence[str | None], columns: Sequence[str], alone: bool = False
) -> tuple[Rows, bytes]:
    """Rows of a block, and the text of a row that goes on in the next block (empty when `alone`: there is no next)."""
    lines = list(numbered_lines(block))
    wanted = [positions.index(name) if name in positions else None for name in columns]
    values: list[list[str | None]] = [[] for _ in columns]
    numbers: list[int] = []
    rejects: list[Reject] = []
    ignored = dialect.ignored
    at = 0
    while at < len(lines):
        number, raw = lines[at]
        if ignored is not None and ignored.search(raw):
            at += 1
            continue
        used, ends = row_length(lines, at, dialect)
        text = b"\n".join(line for _, line in lines[at : at + used])
        reaches_end = at + used == len(lines) and used < MOST_LINES_OF_A_ROW and len(text) < LONGEST_ROW
        if not ends and reaches_end and not (alone or block.is_last):
            return _rows(columns, values, numbers, rejects), b"\n".join(block.data.split(b"\n")[at:])
        if ends:
            raw = text
        else:
            used = 1
        at += used
        if raw.strip(b" \r\n"):
            outcome = _cells(raw, ends, len(positions), dialect)
            if isinstance(outcome, str):
                rejects.append(Reject(number, outcome, raw))
            else:
                numbers.append(number)
                for column, position in zip(values, wanted, strict=True):
                    cell = None if position is None else outcome[position]
                    column.append(None if cell in dialect.null_values else cell)
    return _rows(columns, values, numbers, rejects), b""


def _rows(columns: Sequence[str], values: list[list[str | None]], numbers: list[int], rejects: list[Reject]) -> Rows:
    return Rows(text_table(columns, values), np.array(numbers, np.int64), rejects)


def row_length(lines: Sequence[tuple[int, bytes]], at: int, dialect: Csv) -> tuple[int, bool]:
    """How many lines the row that begins at `at` has, and whether its last quote is closed."""
    inside = False
    used = 0
    for _, raw in islice(lines, at, at + MOST_LINES_OF_A_ROW):
        used += 1
        inside = _ends_inside_quotes(raw.decode("utf-8", "replace"), dialect, inside)
        if not inside:
            return used, True
    return used, False


def _ends_inside_quotes(line: str, dialect: Csv, inside: bool) -> bool:
    """Whether a quoted field is still open at the end of the line; a quote inside an unquoted field is just a character."""
    quote, at = dialect.quote, 0
    if not inside and quote not in line:
        return False
    while True:
        if inside or line.startswith(quote, at):
            at = _after_closing_quote(line, at if inside else at + 1, dialect)
            if at < 0:
                return True
            inside = False
        at = line.find(dialect.delimiter, at) + 1
        if at == 0:
            return False


def _after_closing_quote(line: str, at: int, dialect: Csv) -> int:
    quote, escape = dialect.quote, dialect.escape
    while at < len(line):
        if escape and escape != quote and line[at] == escape:
            at += 2
        elif line[at] != quote:
            following = [place for place in (line.find(quote, at), line.find(escape, at) if escape else -1) if place >= 0]
            at = min(following, default=len(line))
        elif line.startswith(quote, at + 1):
            at += 2
        else:
            return at + 1
    return -1


def _cells(raw: bytes, ends: bool, width: int, dialect: Csv) -> list[str] | str:
    """The cells of a row, or the rule it breaks."""
    if not ends:
        return "line:unclosed_quote"
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
    if dialect.quote not in text and not dialect.escape:
        return text.split(dialect.delimiter)
    try:
        return next(_reader(text, dialect))
    except (csv.Error, StopIteration):
        raise ValueError("quoting") from None


def _reader(text: str, dialect: Csv) -> Iterator[list[str]]:
    escape = dialect.escape if dialect.escape != dialect.quote else None
    return csv.reader([text], delimiter=dialect.delimiter, quotechar=dialect.quote, escapechar=escape, doublequote=True)
