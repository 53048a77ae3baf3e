"""Many byte strings sought at once in much data: a hash of every window of eight (or four) bytes is looked up in a table.

The table says which windows some needle has; only there bytes are compared. numpy does the windows, so that thousands of needles cost what one does.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHORTEST = 6
TABLE_BITS = 22
# Odd constants near 2^64 / φ and 2^32 / φ (Knuth, The Art of Computer Programming 3, 6.4: multiplicative hashing).
FACTORS: dict[int, Any] = {8: np.uint64(0x9E3779B97F4A7C15), 4: np.uint32(0x9E3779B1)}
DTYPES: dict[int, np.dtype[Any]] = {8: np.dtype("<u8"), 4: np.dtype("<u4")}


def encodings(needle: str) -> set[bytes]:
    """The bytes in which a text may stand in a file: UTF-8, UTF-16, and with other letters than ASCII also GB 18030 and JSON's escapes."""
    found = {needle.encode(), needle.encode("utf-16-le"), needle.encode("utf-16-be")}
    if not needle.isascii():
        found |= {
            needle.encode("gb18030"),
            json.dumps(needle)[1:-1].encode(),
            json.dumps(needle)[1:-1].upper().replace("\\U", "\\u").encode(),
        }
    return found


@dataclass(frozen=True)
class _Table:
    """Needles of which one window of `width` bytes is looked up: (form, where the window ends in it, number) by window."""

    width: int
    is_in: NDArray[np.bool_]
    needles: dict[bytes, list[tuple[bytes, int, int]]]


class Needles:
    """What is sought. Needles are named by their number in the list, never by themselves."""

    def __init__(self, needles: Sequence[str]) -> None:
        """Prepare needles; those of fewer than six bytes in UTF-8 cannot be told from chance and are left out (`too_short`)."""
        forms = [
            (form, number)
            for number, needle in enumerate(needles)
            for form in sorted(encodings(needle))
            if len(needle.encode()) >= SHORTEST and len(form) >= SHORTEST
        ]
        self.too_short = [number for number, needle in enumerate(needles) if len(needle.encode()) < SHORTEST]
        self.longest = max((len(form) for form, _ in forms), default=0)
        self.has_digits_only = any(needle.isascii() and needle.lstrip("+").isdigit() for needle in needles)
        self._tables = [table for width in DTYPES if (table := _table(width, forms))]

    def found_in(self, data: bytes | memoryview) -> set[int]:
        """Numbers of the needles that are in the data."""
        found: set[int] = set()
        for table in self._tables:
            for at in _candidates(table, data):
                window = bytes(data[at : at + table.width])
                for form, ends_at, number in table.needles.get(window, ()):
                    start = at + table.width - ends_at
                    if number not in found and start >= 0 and bytes(data[start : start + len(form)]) == form:
                        found.add(number)
        return found


def _table(width: int, forms: Sequence[tuple[bytes, int]]) -> _Table | None:
    """Longer needles go by eight bytes, shorter ones by four; none gives no table.

    Of each needle the window is looked up that the fewest of them have: the ends of addresses are all the same.
    """
    mine = [each for each in forms if (len(each[0]) >= 8) == (width == 8)]
    if not mine:
        return None
    counts = Counter(form[end - width : end] for form, _ in mine for end in range(width, len(form) + 1))
    needles: dict[bytes, list[tuple[bytes, int, int]]] = {}
    for form, number in mine:
        end = min(range(width, len(form) + 1), key=lambda end: (counts[form[end - width : end]], -end))
        needles.setdefault(form[end - width : end], []).append((form, end, number))
    is_in = np.zeros(1 << TABLE_BITS, bool)
    is_in[_hashes(np.frombuffer(b"".join(needles), DTYPES[width]), width)] = True
    return _Table(width, is_in, needles)


def _hashes(windows: NDArray[Any], width: int) -> NDArray[np.intp]:
    hashed: NDArray[np.intp] = ((windows * FACTORS[width]) >> DTYPES[width].type(width * 8 - TABLE_BITS)).astype(np.intp)
    return hashed


def _candidates(table: _Table, data: bytes | memoryview) -> Iterator[int]:
    """Places of windows that a needle may end with."""
    for offset in range(table.width):
        count = (len(data) - offset) // table.width
        if count > 0:
            windows = np.frombuffer(data, DTYPES[table.width], count, offset)
            for hit in np.flatnonzero(table.is_in[_hashes(windows, table.width)]):
                yield offset + int(hit) * table.width
