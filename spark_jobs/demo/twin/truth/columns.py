"""Columns of the truth: dates, moments, words for codes, and identifiers of persons."""

from enum import IntEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike

from spark_jobs.demo.twin.knobs import Span

FAR = 1 << 29  # day numbers beyond it mean never


def dates(span: Span, numbers: ArrayLike) -> pa.Array:
    """Dates of day numbers (0 is the first day, before it negative); never is null."""
    numbers = np.asarray(numbers, np.int64)
    start = (span.day(0) - type(span.day(0))(1970, 1, 1)).days
    never = numbers >= FAR
    return pa.array(np.where(never, 0, numbers + start).astype(np.int32), pa.int32(), mask=never).cast(pa.date32())


def moments(at: ArrayLike) -> pa.Array:
    """Moments in UTC of seconds since 1970-01-01; −1 is null."""
    at = np.asarray(at, np.int64)
    return pa.array(at * 1_000_000, pa.int64(), mask=at == -1).cast(pa.timestamp("us", tz="UTC"))


def words(kinds: type[IntEnum], codes: ArrayLike) -> pa.Array:
    """The names of an enumeration's members in small letters; −1 is null."""
    codes = np.asarray(codes, np.int64)
    names = pa.array([kind.name.lower() for kind in kinds], pa.string())
    return names.take(pa.array(codes, mask=codes < 0))


def yuan(fen: ArrayLike) -> pa.Array:
    """Amounts in yuan, decimal(18, 2), of fen."""
    return pc.multiply(pa.array(np.asarray(fen, np.int64)).cast(pa.decimal128(19, 0)), pa.scalar("0.01").cast(pa.decimal128(3, 2))).cast(
        pa.decimal128(18, 2)
    )
