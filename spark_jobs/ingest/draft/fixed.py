"""Places of columns in fixed-width lines, found by the blanks that all lines have in common."""

from collections.abc import Sequence
from itertools import pairwise

from spark_jobs.ingest.draft.tables import DATA, names_by_place

LEAST_LINES = 3


def fixed_places(lines: Sequence[str]) -> tuple[list[tuple[int, int]], list[str] | None] | None:
    """Start (from 1) and width of each column, and the names of a header line; None when the lines have no blanks in common.

    A gap belongs to the column before it when that one's values begin at one place, else to the column after it.
    """
    if len(lines) < LEAST_LINES or any("\t" in line for line in lines):
        return None
    width = max(map(len, lines))
    padded = [line.ljust(width) for line in lines]
    is_blank = [all(line[at] == " " for line in padded) for at in range(width)]
    runs: list[tuple[int, int]] = []
    for at in range(width):
        if not is_blank[at]:
            runs = [*runs[:-1], (runs[-1][0], at)] if runs and runs[-1][1] == at - 1 else [*runs, (at, at)]
    if len(runs) < 2 or not _is_regular(padded, runs):
        return None
    body = padded[1:]
    starts = [0]
    for (first, last), (following, _) in pairwise(runs):
        begins_at_one_place = all(line[first] != " " for line in body if line[first : last + 1].strip())
        starts.append(following if begins_at_one_place else last + 1)
    places = [(start + 1, end - start) for start, end in zip(starts, [*starts[1:], width], strict=True)]
    cells = [lines[0][start - 1 : start - 1 + size].strip() for start, size in places]
    has_header = all(cells) and not any(DATA.search(cell) for cell in cells)
    return places, (names_by_place(cells) or cells) if has_header else None


def _is_regular(lines: Sequence[str], runs: Sequence[tuple[int, int]]) -> bool:
    """True when most lines fill most columns: blanks in prose are at one place by chance, and leave columns empty."""
    filled = [sum(bool(line[first : last + 1].strip()) for first, last in runs) for line in lines]
    return sum(count >= 0.7 * len(runs) for count in filled) >= 0.9 * len(lines)
