"""What a reader hands on: rows whose columns are still text, with their line numbers, and the rows it could not read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spark_jobs.ingest.blocks import Reject


@dataclass(frozen=True)
class Rows:
    """Parsed rows as a table of strings by contract column, the physical line of each, and rejects beside them."""

    table: pa.Table
    lines: NDArray[np.int64]
    rejects: Sequence[Reject] = ()

    @property
    def count(self) -> int:
        """Rows in: parsed and rejected."""
        return len(self.lines) + len(self.rejects)


def text_table(columns: Sequence[str], values: Sequence[Sequence[str | None]]) -> pa.Table:
    """A table of string columns from columns of values."""
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(columns, values, strict=True)})


def with_missing_columns(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    """The table with exactly `columns`, absent ones all null."""
    arrays = [table.column(name) if name in table.column_names else pa.nulls(table.num_rows, pa.string()) for name in columns]
    return pa.table(dict(zip(columns, arrays, strict=True)))
