"""A DB-API like cursor over Spark Connect, for `cdp sql` on a service that is not ours (`CDP_SPARK__REMOTE`)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from conf.settings import Settings
from spark_jobs.common.session import engine_session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class RemoteCursor:
    """The part of a PyHive cursor that `cdp sql` uses."""

    def __init__(self, spark: "SparkSession") -> None:
        self._spark = spark
        self._rows: Iterator[Any] = iter(())
        self.description: list[tuple[str, str]] = []

    def execute(self, statement: str) -> None:
        """Run a statement; its rows are fetched as they are asked for."""
        frame = self._spark.sql(statement)
        self.description = [(field.name, field.dataType.simpleString()) for field in frame.schema.fields]
        self._rows = frame.toLocalIterator() if self.description else iter(())

    def fetchone(self) -> Sequence[Any] | None:
        """The next row, or None."""
        return next(self._rows, None)

    def fetchall(self) -> list[Sequence[Any]]:
        """All rows that are left."""
        return list(self._rows)

    def cancel(self) -> None:
        """Stop what this session runs."""
        self._spark.interruptAll()


@contextmanager
def remote_cursor(settings: Settings, schema: str) -> Iterator[RemoteCursor]:
    """A cursor on the configured remote service."""
    with engine_session(settings) as spark:
        spark.catalog.setCurrentDatabase(schema)
        yield RemoteCursor(spark)
