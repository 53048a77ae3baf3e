"""Where the records of delimited text end (RFC 4180): at the first line end outside quotes. Every search here takes linear time."""

import re
from array import array
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from conf.dialects import Csv

LINE_END = ord("\n")
BLANKS = np.frombuffer(b" \r\n", np.uint8)
Offsets = NDArray[np.int64]


@dataclass(frozen=True)
class Records:
    """Records of a block by offset, each with its line end; lines that match `ignore_lines` belong to none."""

    starts: Offsets
    ends: Offsets
    lines: Offsets  # number of the first line of each record, counted from 0 in the block
    newlines: Offsets
    tail: int  # where the record begins that goes on after the block; the length of the block when there is none
    by_parity: bool  # quotes come in pairs and open at the begin of a value, as in the files of every correct writer

    @property
    def line_counts(self) -> Offsets:
        """How many lines each record has."""
        after = np.searchsorted(self.newlines, self.ends)
        ends_in_text = np.zeros(len(self.ends), np.int64)
        if len(self.ends):
            ends_in_text[-1] = len(self.newlines) == 0 or self.newlines[after[-1] - 1] + 1 != self.ends[-1]
        return after - self.lines + ends_in_text


class _Place(Enum):
    START = auto()  # of a value
    TEXT = auto()
    QUOTED = auto()
    QUOTE_SEEN = auto()  # the end of the quoted text, or the first half of a doubled quote


class RecordScanner:
    """Finds the end of one record in pieces of text, which may be cut anywhere. Counts the lines of its longest quoted value."""

    def __init__(self, dialect: Csv) -> None:
        marks = marks_of(dialect)
        self._quote, self._delimiter, self._escape = marks.quote, marks.delimiter, marks.escape
        either = [re.escape(mark) for mark in (self._escape, self._quote) if mark]
        self._in_quotes = re.compile(b"|".join(either)) if either else None
        self._in_text = re.compile(b"|".join([b"\n", *_marks_in_text(marks)]))
        self._place = _Place.START
        self._is_escaped = False
        self._field_lines = 1
        self.most_lines = 1
        self.has_text_after_quote = False

    @property
    def is_inside(self) -> bool:
        """Whether a quoted value is open at the end of what was scanned."""
        return self._place is _Place.QUOTED

    def feed(self, data: bytes, at: int = 0) -> int:
        """The offset after the record's line end, or 0 when the record goes on after `data`."""
        while at < len(data):
            if self._is_escaped:
                self._is_escaped = False
                self._count_lines(data, at, at + 1)
                at += 1
            elif self._place is _Place.QUOTED:
                at = self._after_quoted(data, at)
            elif self._place is _Place.TEXT:
                found = self._in_text.search(data, at)
                if found is None:
                    return 0
                at = found.end()
                if found[0] == b"\n":
                    return at
                self._after_mark(found[0])
            else:
                at = self._after_quote_or_start(data, at)
        return 0

    def _after_mark(self, mark: bytes) -> None:
        if mark == self._escape:
            self._is_escaped = True
        else:
            self._place, self._field_lines = _Place.START, 1

    def _after_quote_or_start(self, data: bytes, at: int) -> int:
        if self._quote and data.startswith(self._quote, at):
            self._place = _Place.QUOTED
            return at + len(self._quote)
        if self._place is _Place.QUOTE_SEEN and data[at : at + 1] not in (b"\r", b"\n") and not data.startswith(self._delimiter, at):
            self.has_text_after_quote = True
        self._place = _Place.TEXT
        return at

    def _after_quoted(self, data: bytes, at: int) -> int:
        assert self._in_quotes is not None
        found = self._in_quotes.search(data, at)
        end = found.end() if found else len(data)
        self._count_lines(data, at, end)
        if found and found[0] == self._quote:
            self._place = _Place.QUOTE_SEEN
        elif found:
            self._is_escaped = True
        return end

    def _count_lines(self, data: bytes, at: int, end: int) -> None:
        self._field_lines += data.count(b"\n", at, end)
        self.most_lines = max(self.most_lines, self._field_lines)


@dataclass(frozen=True)
class Marks:
    """A dialect's characters as UTF-8; empty when there is none."""

    delimiter: bytes
    quote: bytes
    escape: bytes

    def occur_in(self, data: bytes) -> bool:
        """Whether anything in the text can carry a record over a line end."""
        return bool((self.quote and self.quote in data) or (self.escape and self.escape in data))

    @property
    def are_single_bytes(self) -> bool:
        """Whether the marks can be searched byte by byte."""
        return len(self.delimiter) == 1 and len(self.quote) <= 1


def marks_of(dialect: Csv) -> Marks:
    """The marks of a dialect; an escape that is the quote itself is a doubled quote."""
    escape = dialect.escape if dialect.escape != dialect.quote else None
    return Marks(dialect.delimiter.encode(), (dialect.quote or "").encode(), (escape or "").encode())


def _marks_in_text(marks: Marks) -> list[bytes]:
    """What must be seen outside quotes beside a line end. Without escapes, a delimiter only where a quote may follow it."""
    delimiter, quote = re.escape(marks.delimiter), re.escape(marks.quote)
    if marks.escape:
        return [re.escape(marks.escape), delimiter]
    return [b"%b(?=%b|\\Z)" % (delimiter, quote)] if quote else []


def blank_records(data: bytes, records: Records) -> NDArray[np.bool_]:
    """Of each record whether it is no row because nothing but blanks and its line end is in it."""
    characters = np.frombuffer(data, np.uint8)
    found = np.isin(characters[records.starts], BLANKS)
    suspects = np.flatnonzero(found)
    if len(suspects):
        filled = np.flatnonzero(~np.isin(characters, BLANKS))
        starts, ends = records.starts[suspects], records.ends[suspects]
        found[suspects] = np.searchsorted(filled, starts) == np.searchsorted(filled, ends)
    return found


def find_records(data: bytes, dialect: Csv, is_last: bool) -> Records:
    """The records of a block that begins where a record begins."""
    newlines = np.flatnonzero(np.frombuffer(data, np.uint8) == LINE_END)
    ignored, by_parity = dialect.ignored, False
    if ignored is not None and ignored.search(data):
        starts, ends, tail = _one_by_one(data, dialect, ignored, newlines)
    else:
        inside, is_open, by_parity = _inside_quotes(data, marks_of(dialect), newlines)
        ends = newlines[~inside] + 1
        tail = int(ends[-1]) if len(ends) else 0
        if is_last and not is_open and tail < len(data):
            ends, tail = np.append(ends, len(data)), len(data)
        starts = np.concatenate([np.zeros(1, np.int64), ends])[:-1]
    return Records(starts, ends, np.searchsorted(newlines, starts), newlines, tail, by_parity)


def _one_by_one(data: bytes, dialect: Csv, ignored: re.Pattern[bytes], newlines: Offsets) -> tuple[Offsets, Offsets, int]:
    """Starts and ends of records, and the unfinished rest: a line is ignored only where a record would begin."""
    marks, starts, ends, at = marks_of(dialect), [], [], 0
    line_ends = [*(newlines + 1).tolist(), *([] if data.endswith(b"\n") else [len(data)])]
    for line_end in line_ends:
        end = line_end
        if end <= at:
            continue
        line = data[at:end].rstrip(b"\r\n")
        if ignored.search(line):
            at = end
            continue
        if marks.occur_in(line):
            scanner = RecordScanner(dialect)
            end = scanner.feed(data, at) or (0 if scanner.is_inside else len(data))
            if not end:
                break
        starts.append(at)
        ends.append(end)
        at = end
    return np.array(starts, np.int64), np.array(ends, np.int64), at


def _inside_quotes(data: bytes, marks: Marks, newlines: Offsets) -> tuple[NDArray[np.bool_], bool, bool]:
    """Of each line end whether it is inside a value; whether a quote is open at the end; and whether parity alone tells both."""
    if not marks.occur_in(data):
        return np.zeros(len(newlines), np.bool_), False, True
    quotes = well_placed_quotes(data, marks)
    if quotes is not None:
        return (np.searchsorted(quotes, newlines) & 1).astype(np.bool_), bool(len(quotes) & 1), True
    starts, stops, is_open = array("q"), array("q"), False  # arrays: a block may hold millions of values
    for found in _values(marks).finditer(data):
        starts.append(found.start())
        stops.append(found.end())
        is_open = found.lastgroup == "open"
    if not starts:
        return np.zeros(len(newlines), np.bool_), False, False
    opens, closes = np.frombuffer(starts, np.int64), np.frombuffer(stops, np.int64)
    value = np.searchsorted(opens, newlines, "right") - 1
    return (value >= 0) & (newlines < closes[value]), is_open, False


def well_placed_quotes(data: bytes, marks: Marks) -> Offsets | None:
    """Offsets of the quotes when every other one opens a value or doubles the one before it; None when any is out of place.

    Then, and only then, a byte is inside a value when the number of quotes before it is odd.
    """
    if (marks.escape and marks.escape in data) or not marks.are_single_bytes:
        return None
    characters = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(characters == (marks.quote[0] if marks.quote else 0)) if marks.quote else np.empty(0, np.int64)
    openers = quotes[::2]
    before = characters[openers[1:] - 1] if len(openers) and openers[0] == 0 else characters[openers - 1]
    is_well_placed = np.isin(before, np.frombuffer(b"\n" + marks.delimiter + marks.quote, np.uint8))
    return quotes if bool(np.all(is_well_placed)) else None


@lru_cache(maxsize=64)
def _values(marks: Marks) -> re.Pattern[bytes]:
    """Quoted values, and escaped characters outside them. Possessive: no input makes the search go back."""
    quote, delimiter, escape = (re.escape(mark) for mark in (marks.quote, marks.delimiter, marks.escape))
    patterns = []
    if marks.escape:
        after = b"(?:%b)?+" % quote if quote else b""
        patterns.append(escape + rb"(?:[\s\S]|\Z)" + after)
    if marks.quote:
        plain = (
            b"[^%b%b]" % (quote, escape) if len(marks.quote) == 1 >= len(marks.escape) else b"(?!%b|%b)[\\s\\S]" % (quote, escape or quote)
        )
        inside = b"|".join(
            [plain + b"++" if plain.startswith(b"[") else plain, quote * 2, *([escape + rb"(?:[\s\S]|\Z)"] if escape else [])]
        )
        patterns.append(b"(?:\\A|(?<=\n)|(?<=%b))%b(?:%b)*+(?:%b|(?P<open>\\Z))" % (delimiter, quote, inside, quote))
    return re.compile(b"|".join(patterns))
