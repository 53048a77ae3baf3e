"""The log as the table has it, read from disk."""

from conf.settings import Settings
from spark_jobs.common.audit.journal import read_journals
from spark_jobs.common.audit.records import Record


def read_log(settings: Settings) -> list[tuple[int, Record]]:
    """Position and record of every row of `ops.audit`; nothing when it is not there yet."""
    from deltalake import DeltaTable

    path = str(settings.lake.warehouse / "ops" / "audit")
    if not DeltaTable.is_deltatable(path):
        return []
    rows = DeltaTable(path).to_pyarrow_table().to_pylist()
    return [(row.pop("position"), Record(**row)) for row in rows]


def newest(settings: Settings, action: str, limit: int) -> list[Record]:
    """The newest records of the table and the journals, the last one first."""
    records = {
        (record.writer, record.sequence): record for record in [record for _, record in read_log(settings)] + list(read_journals(settings))
    }
    wanted = [record for record in records.values() if not action or record.action == action]
    return sorted(wanted, key=lambda record: (record.at, record.writer, record.sequence), reverse=True)[:limit]
