"""How systems write moments, money, quantities and words: whole columns at once."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike

from spark_jobs.demo.twin.draws import Ints

NO_TEXT = pa.scalar(None, pa.string())


def pick(pool: Sequence[str], places: ArrayLike) -> pa.StringArray:
    """Words of a pool; null for negative places."""
    places = np.asarray(places, np.int64)
    return pa.array(pool, pa.string()).take(pa.array(np.maximum(places, 0), mask=places < 0))


def moment(at: ArrayLike, pattern: str, offset: int = 0) -> pa.StringArray:
    """Moments (seconds since 1970-01-01 UTC; −1 is null) by a strftime pattern, on a clock that is `offset` seconds ahead of UTC.

    Every distinct day is written once, and the time of day as digits: much faster than strftime for each row.
    """
    at = np.asarray(at, np.int64)
    local = np.maximum(at, 0) + offset
    day, second = local // 86_400, local % 86_400
    date_pattern, _, time_pattern = pattern.partition("~")
    days, place = np.unique(day, return_inverse=True)
    dates = pc.strftime(pa.array(days * 86_400, pa.int64()).cast(pa.timestamp("s")), date_pattern).take(pa.array(place))
    text = pc.binary_join_element_wise(dates, _CLOCKS[time_pattern].take(pa.array(second)), "") if time_pattern else dates
    return pc.if_else(pa.array(at == -1), NO_TEXT, text)


def _clock(pattern: str) -> pa.StringArray:
    """The text of every second of a day."""
    return pa.array([pattern.format(h=second // 3600, m=second // 60 % 60, s=second % 60) for second in range(86_400)], pa.string())


class _Clocks(dict[str, pa.StringArray]):
    def __missing__(self, pattern: str) -> pa.StringArray:
        self[pattern] = _clock(pattern)
        return self[pattern]


_CLOCKS = _Clocks()
# Patterns of `moment`: the date in strftime's words, then `~` and the time of day in Python's.
ISO_UTC = "%Y-%m-%d~T{h:02d}:{m:02d}:{s:02d}Z"
PLAIN = "%Y-%m-%d~ {h:02d}:{m:02d}:{s:02d}"
COMPACT = "%Y%m%d~{h:02d}{m:02d}{s:02d}"
SLASHES = "%d/%m/%Y~ {h:02d}:{m:02d}:{s:02d}"
DAY, COMPACT_DAY, SLASHED_DAY = "%Y-%m-%d", "%Y%m%d", "%d/%m/%Y"


def number(values: ArrayLike) -> pa.StringArray:
    """Whole numbers as text; null for −1."""
    values = np.asarray(values, np.int64)
    return pc.cast(pa.array(values, mask=values == -1), pa.string())


def digits(values: ArrayLike, width: int) -> pa.StringArray:
    """Whole numbers with leading zeros; null for −1."""
    return pc.utf8_lpad(number(values), width, "0")


def fixed(values: Ints, places: int) -> pa.StringArray:
    """Numbers of 10^−places as decimals with a point, such as 1999 with 2 places as 19.99."""
    unit = 10**places
    sign = pick(("", "-"), (values < 0).astype(np.int64))
    size = np.abs(values)
    whole, rest = pc.cast(pa.array(size // unit), pa.string()), pc.utf8_lpad(pc.cast(pa.array(size % unit), pa.string()), places, "0")
    return pc.binary_join_element_wise(sign, pc.binary_join_element_wise(whole, rest, "."), "")


def money(fen: ArrayLike) -> pa.StringArray:
    """Yuan with two decimals."""
    return fixed(np.asarray(fen, np.int64), 2)


def kilos(quantity: ArrayLike) -> pa.StringArray:
    """Quantities with three decimals."""
    return fixed(np.round(np.asarray(quantity, np.float64) * 1000).astype(np.int64), 3)


def only(mask: ArrayLike, text: pa.Array) -> pa.Array:
    """The text where the mask is true, else null."""
    return pc.if_else(pa.array(np.asarray(mask, np.bool_)), text, pa.scalar(None, text.type))


def joined(*parts: pa.Array | str) -> pa.StringArray:
    """Parts one after another; null when one is."""
    return pc.binary_join_element_wise(*parts, "")


def constant(text: str, count: int) -> pa.StringArray:
    """The same text in every row."""
    return pick((text,), np.zeros(count, np.int64))


def nothing(count: int) -> pa.StringArray:
    """Empty cells."""
    return pa.nulls(count, pa.string())
