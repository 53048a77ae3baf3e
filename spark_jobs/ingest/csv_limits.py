"""Records that are rejected as a whole whatever their values are, and what a reader of the report needs to find them in the file."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from conf.dialects import Csv
from spark_jobs.ingest.blocks import Block, Skipped
from spark_jobs.ingest.records import Offsets, Records, RecordScanner, marks_of, well_placed_quotes

LONGEST_ROW = 1 << 20  # of a record of several lines
MOST_NOTES = 3


@dataclass
class Remarks:
    """The first records of a file that were rejected as a whole, for its notes, and how many more there are."""

    notes: list[str]
    count: int = 0
    _more: str = field(default="", repr=False)

    def add(self, text: str) -> None:
        self.count += 1
        if self.count <= MOST_NOTES:
            self.notes.append(text)
            return
        if self._more:
            self.notes.remove(self._more)
        self._more = f"{self.count - MOST_NOTES:,} more record(s) of several lines rejected as a whole"
        self.notes.append(self._more)


def broken_records(block: Block, records: Records, dialect: Csv, remarks: Remarks) -> dict[int, str]:
    """Records of several lines that are too long or wrongly quoted, by position, with the rule they break."""
    counts = records.line_counts
    several = np.flatnonzero(counts > 1)
    if not len(several):
        return {}
    wrong = set(_with_text_after_quote(block.data, records, dialect, several).tolist())
    size = records.ends - records.starts
    suspects = several[(counts[several] > dialect.max_field_lines) | (size[several] > LONGEST_ROW)].tolist()
    broken: dict[int, str] = {}
    for at in sorted({*suspects, *wrong}):
        start, end = int(records.starts[at]), int(records.ends[at])
        scanner = RecordScanner(dialect)
        scanner.feed(block.data[start:end])
        rule = rule_of(scanner, end - start, dialect)
        if rule is not None:
            broken[at] = rule
            first, first_byte = block.first_line + int(records.lines[at]), block.first_byte + start
            remarks.add(remark(rule, scanner, dialect, first, int(counts[at]), first_byte, end - start))
    return broken


def rule_of(scanner: RecordScanner, size: int, dialect: Csv) -> str | None:
    """The rule that a record of several lines breaks."""
    if scanner.most_lines > dialect.max_field_lines:
        return "line:field_lines"
    if size > LONGEST_ROW:
        return "line:too_long"
    return "line:quoting" if scanner.has_text_after_quote else None


def remark(rule: str, scanner: RecordScanner, dialect: Csv, line: int, lines: int, first_byte: int, size: int) -> str:
    """Where a rejected record is, without a value of it."""
    place = f"(bytes {first_byte:,}–{first_byte + size:,})"
    if rule == "line:field_lines":
        allowed = f"allowed are {dialect.max_field_lines:,} (csv.max_field_lines)"
        return f"line {line:,}: a field has {scanner.most_lines:,} lines {place}, {allowed}"
    if rule == "line:too_long":
        return f"line {line:,}: a record has {lines:,} line(s) {place}, more than {LONGEST_ROW:,} bytes"
    return f"line {line:,}: text follows the closing quote of a field of several lines {place}, set csv.quote: none if quotes mean nothing"


def unclosed_remark(line: int, first_byte: int) -> str:
    """Where the quote was opened that no other one closes."""
    return f"line {line:,}: a quote is not closed (from byte {first_byte:,} to the end), set csv.quote: none if quotes mean nothing"


def remark_of_skipped(block: Block, skipped: Skipped, dialect: Csv, remarks: Remarks) -> str:
    """The rule that a record breaks that was too long to keep; noted when it has several lines."""
    scanner = skipped.end
    if not isinstance(scanner, RecordScanner) or skipped.lines < 2:
        return "line:too_long"
    rule = rule_of(scanner, skipped.size, dialect) or "line:too_long"
    remarks.add(remark(rule, scanner, dialect, block.first_line, skipped.lines, block.first_byte, skipped.size))
    return rule


def _with_text_after_quote(data: bytes, records: Records, dialect: Csv, several: Offsets) -> Offsets:
    """Records of several lines in which something other than a delimiter follows a closing quote: it may be no closing quote at all."""
    marks = marks_of(dialect)
    quotes = well_placed_quotes(data[: records.tail], marks) if records.by_parity and marks.quote else None
    if quotes is None:
        return _scanned(data, records, dialect, several.tolist())
    following = quotes[1::2] + 1
    following = following[following < records.tail]
    allowed = np.frombuffer(b"\r\n" + marks.delimiter + marks.quote, np.uint8)
    wrong = following[~np.isin(np.frombuffer(data, np.uint8)[following], allowed)]
    return np.intersect1d(np.searchsorted(records.ends, wrong, "right"), several)


def _scanned(data: bytes, records: Records, dialect: Csv, several: Sequence[int]) -> Offsets:
    found = []
    for at in several:
        scanner = RecordScanner(dialect)
        scanner.feed(data[int(records.starts[at]) : int(records.ends[at])])
        if scanner.has_text_after_quote:
            found.append(at)
    return np.array(found, np.int64)
