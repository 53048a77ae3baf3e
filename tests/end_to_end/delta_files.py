"""Delta tables read from disk, without the engine."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder


def read_delta(path: Path, version: int | None = None) -> pd.DataFrame:
    """A table as it stands, or at a version."""
    # Its own to_pandas() reads through pyarrow, whose threads may abort the interpreter at its exit.
    delta = DeltaTable(path, version=version)
    table = pa.table(QueryBuilder().register("delta", delta).execute("select * from delta").read_all())
    frame: pd.DataFrame = table.cast(pa.schema(delta.schema().to_arrow())).to_pandas()
    return frame


def read_published(publication: Any) -> pd.DataFrame:
    """A mart at the version that a row of `ops.publications` names."""
    return read_delta(Path(publication.path.removeprefix("file://")), int(publication.version))
