"""Where the table is in a text or a sheet: lines before its header, lines after its last row, and the names of its columns."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

DATA = re.compile(r"^[\s+-]*[\d.,:/' €$£¥￥%-]*\d[\d.,:/' €$£¥￥%-]*$|@.*\.")
TOTALS = re.compile(r"(?i)\s*(grand |sub)?total\b|sum(me)?\b|gesamt|合计|总计|小计|共\s*\d")
MOST_FOOTER_LINES, MOST_TITLE_LINES = 10, 60


@dataclass(frozen=True)
class Record:
    """Cells of a row, the number of its first line from 0, and the text of that line."""

    line: int
    cells: tuple[str, ...]
    text: str
    lines: int = 1

    @property
    def filled(self) -> int:
        """Cells that hold something."""
        return sum(bool(cell.strip()) for cell in self.cells)


@dataclass(frozen=True)
class Table:
    """A table among records: its header or first row, its further rows, and the records below it."""

    width: int
    first: Record
    rows: tuple[Record, ...]
    footer: tuple[Record, ...]
    share: float
    above: Record | None = None

    @property
    def names(self) -> list[str]:
        """Names of the columns; where they come twice, with those of the groups above them."""
        names = trimmed(self.first.cells)
        if names_by_place(names) is None or self.above is None:
            return names
        group, joined = "", []
        for at, name in enumerate(names):
            group = self.above.cells[at].strip() or group
            joined.append(f"{group} {name}".strip())
        return joined

    @property
    def has_header(self) -> bool:
        """False when the first row holds data, or values that come again below."""
        names = trimmed(self.first.cells)
        holds_data = any(not cell.strip() or DATA.search(cell) for cell in names) and not _is_wide_header(names)
        return not holds_data and not _comes_again(names, self.rows)

    @property
    def repeats_header(self) -> bool:
        """True when the header stands again among the rows."""
        return self.has_header and any(row.cells == self.first.cells for row in self.rows)


def find_table(records: Sequence[Record]) -> Table | None:
    """The table that most records belong to; None when no two records have the same number of columns, two or more."""
    records = [record for record in records if record.filled]
    widths = Counter(len(record.cells) for record in records if len(record.cells) > 1)
    if not widths:
        return None
    width = max(widths, key=lambda each: (widths[each] * (1 if each > 2 else 0.5), each))
    start = _start(records, width)
    first = records[start]
    end = _end(records, start, width)
    rows = records[start + 1 : end]
    fit = sum(_fits(record, width) for record in rows) + 1
    above = records[start - 1] if start and _fits(records[start - 1], width) and records[start - 1].filled > 1 else None
    return Table(width, first, tuple(rows), tuple(records[end:]), fit / (end - start), above)


def _fits(record: Record, width: int) -> bool:
    return len(record.cells) == width


def _start(records: Sequence[Record], width: int) -> int:
    """The place of the header: the first record of the table's width that is no title."""
    start = next(place for place, record in enumerate(records) if _fits(record, width))
    if start and _ends_otherwise(records[start - 1], records[start], width):
        return start - 1
    for place in range(start, min(len(records), start + MOST_TITLE_LINES)):
        if _are_names(records[place], width):
            return place
        if records[place].filled > max(1, 0.6 * width):
            break
    return start


def _ends_otherwise(header: Record, row: Record, width: int) -> bool:
    """A delimiter ends every row but not the header, or the header alone."""
    if len(header.cells) < 2 or header.filled < len(trimmed(header.cells)):
        return False
    rows_end = len(header.cells) == width - 1 and not row.cells[-1].strip()
    return rows_end or (len(header.cells) == width + 1 and not header.cells[-1].strip())


def _are_names(record: Record, width: int) -> bool:
    """A row of words in nearly all columns; titles and groups above a header fill few of them."""
    names = trimmed(record.cells)
    is_full = record.filled >= max(2, 0.8 * (width - 1)) if width > 2 else record.filled == width
    return _fits(record, width) and is_full and not any(DATA.search(cell) for cell in names)


def _end(records: Sequence[Record], start: int, width: int) -> int:
    """The place after the last row: what follows it are totals and remarks."""
    end = len(records)
    for place in range(len(records) - 1, max(start, len(records) - 1 - MOST_FOOTER_LINES), -1):
        record = records[place]
        text = next((cell for cell in record.cells if cell.strip()), "")
        is_total = TOTALS.match(text.strip()) is not None and record.filled < width
        is_short = not _fits(record, width) and len(record.cells) < max(2, 0.7 * width)
        if record.lines == 1 and (is_total or is_short):
            end = place
    return end


def trimmed(cells: Sequence[str]) -> list[str]:
    """Cells without the empty ones at the end."""
    kept = list(cells)
    while len(kept) > 1 and not kept[-1].strip():
        kept.pop()
    return kept


def _is_wide_header(cells: Sequence[str]) -> bool:
    """Headers may have a nameless index column, or years as names: most of them must be words."""
    return sum(bool(cell.strip()) and not DATA.search(cell) for cell in cells) > 0.7 * len(cells) and not any("@" in cell for cell in cells)


def _comes_again(cells: Sequence[str], rows: Sequence[Record]) -> bool:
    """A header is no value: what comes again below itself is a row, and may be a person's. A header that comes again as a whole is one."""
    others = [row.cells for row in rows if trimmed(row.cells) != list(cells)]
    return any(cell.strip() and number < len(row) and row[number] == cell for row in others for number, cell in enumerate(cells))


def names_by_place(cells: Sequence[str]) -> list[str] | None:
    """Names that tell equal columns apart by a number; None when all are different already."""
    loose = [cell.strip().casefold().replace(" ", "_") for cell in cells]
    if len(set(filter(None, loose))) == sum(map(bool, loose)):
        return None
    count: Counter[str] = Counter()
    names = []
    for cell, name in zip(cells, loose, strict=True):
        count[name] += 1
        names.append(cell if count[name] == 1 and cell.strip() else f"{cell.strip() or 'column'} {count[name]}")
    return names


def footer_patterns(table: Table) -> list[str]:
    """Regular expressions for the lines below a table, none of which matches a row."""
    patterns: list[str] = []
    rows = [record.text for record in (table.first, *table.rows)]
    for record in table.footer:
        text = record.text.lstrip()
        dashes = re.match(r"([-=*_#])\1{4,}", text)
        words = re.match(r"[^\W\d_][^\d,;|\t\"']{0,40}", text)
        found = f"^{re.escape(dashes[1])}{{5}}" if dashes else f"^{re.escape(words[0].strip())}" if words else ""
        if found and found not in patterns and not any(re.search(found, row) for row in rows):
            patterns.append(found)
    return patterns
