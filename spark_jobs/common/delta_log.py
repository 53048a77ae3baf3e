"""What the logs of Delta tables say about their rows, read beside the engine: no data file is opened."""

from conf.catalog import Schema
from conf.settings import Settings


def row_count(settings: Settings, schema: Schema, name: str, version: int | None = None) -> int | None:
    """Rows of a table, of its newest version unless one is given; None when the log does not say."""
    counts = _files(settings, schema, name, version)
    if counts is None:
        return None
    if not counts:
        return 0
    rows = [file.get("num_records") for file in counts]
    return None if any(count is None for count in rows) else sum(count or 0 for count in rows)


def filled_columns(settings: Settings, schema: Schema, name: str) -> dict[str, bool]:
    """Of each column of which the log has statistics: whether some row has a value; empty for a table without rows."""
    files = _files(settings, schema, name, None) or []
    columns = {key.removeprefix("null_count.") for file in files for key in file if key.startswith("null_count.")}
    found = {}
    for column in columns:
        pairs = [(file.get("num_records"), file.get(f"null_count.{column}")) for file in files if file.get("num_records") != 0]
        if pairs and all(rows is not None and nulls is not None for rows, nulls in pairs):
            found[column] = any(nulls < rows for rows, nulls in pairs if rows is not None and nulls is not None)
    return found


def _files(settings: Settings, schema: Schema, name: str, version: int | None) -> list[dict[str, int | None]] | None:
    """Statistics of the data files; None when there is no such table, or its log is not kept any more."""
    import pyarrow as pa
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    path = str(settings.lake.warehouse / schema / name)
    if not DeltaTable.is_deltatable(path):
        return None
    try:
        actions = DeltaTable(path, version=version).get_add_actions(flatten=True)
    except DeltaError:
        return None
    rows: list[dict[str, int | None]] = pa.table(actions).to_pylist()
    return rows
