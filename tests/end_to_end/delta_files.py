"""Delta tables read from disk, without the engine."""

from pathlib import Path
from typing import Any

import pandas as pd
from deltalake import DeltaTable
from pyarrow.fs import LocalFileSystem, SubTreeFileSystem


def read_delta(path: Path, version: int | None = None) -> pd.DataFrame:
    """A table as it stands, or at a version."""
    # Read through deltalake's own file system, pyarrow's threads may abort the interpreter at its exit.
    files = SubTreeFileSystem(str(path), LocalFileSystem())
    frame: pd.DataFrame = DeltaTable(path, version=version).to_pandas(filesystem=files)
    return frame


def read_published(publication: Any) -> pd.DataFrame:
    """A mart at the version that a row of `ops.publications` names."""
    return read_delta(Path(publication.path.removeprefix("file://")), int(publication.version))
