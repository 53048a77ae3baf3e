"""What is scored and what it is scored against: the lake's tables and the truth's, in one DuckDB."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from duckdb_extensions import import_extension

from conf.errors import ConfigError, Finding
from conf.settings import Settings
from spark_jobs.demo.twin.files.writing import RUN


class Lake:
    """A lake with its truth. Published marts are views of their names; tables of the truth are views `truth_<table>`."""

    def __init__(self, settings: Settings, truth: Path) -> None:
        self.settings = settings
        self._warehouse = settings.lake.warehouse
        self._database = duckdb.connect()
        import_extension("delta", con=self._database)
        self.told: dict[str, Any] = _told(truth)
        _check_same(self.told, settings.lake.landing / RUN, truth)
        self.truth_tables = tuple(sorted(folder.name for folder in truth.iterdir() if folder.is_dir()))
        for name in self.truth_tables:
            self._database.execute(f"create view truth_{name} as select * from read_parquet('{truth / name}/*.parquet')")
        self.as_of: date | None = self._publish()

    @property
    def days_after_as_of(self) -> int | None:
        """Simulated days after the last published night; None when the truth does not say how long it is."""
        if self.as_of is None or "days" not in self.told:
            return None
        return (date.fromisoformat(self.told["first_day"]) - self.as_of).days + int(self.told["days"]) - 1

    def _publish(self) -> date | None:
        """Make views of the last published night's marts; its date."""
        if not self.has("ops", "publications"):
            return None
        publications = self.table("ops", "publications")
        newest = f"select max(published_at) from {publications}"
        rows = self._database.execute(
            f"select table_name, path, version, business_date from {publications} where published_at = ({newest})"
        ).fetchall()
        for name, path, version, _ in rows:
            self._database.execute(f"create view {name} as select * from delta_scan('{path}', version => {version})")
        return rows[0][3] if rows else None

    def has(self, schema: str, name: str) -> bool:
        """Whether a table is there."""
        return (self._warehouse / schema / name / "_delta_log").is_dir()

    def table(self, schema: str, name: str) -> str:
        """SQL of a table as it stands."""
        return f"delta_scan('{self._warehouse / schema / name}')"

    def frame(self, query: str) -> pd.DataFrame:
        """Rows of a query."""
        return self._database.execute(query).df()

    def row(self, query: str) -> tuple[Any, ...]:
        """The first row of a query."""
        return self._database.execute(query).fetchone() or ()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return self._database.execute(query).fetchall()

    def add(self, name: str, frame: pd.DataFrame) -> None:
        """Make a frame a view."""
        self._database.register(name, frame)

    def close(self) -> None:
        """Let go of the files."""
        self._database.close()


def _told(truth: Path) -> dict[str, Any]:
    file = truth / "run.json"
    if not file.is_file():
        raise ConfigError(
            "there is no truth to score against",
            [Finding(str(truth), "has no run.json", "run cdp simulate, or name its folder with --truth")],
        )
    told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return told


def _check_same(told: dict[str, Any], delivered: Path, truth: Path) -> None:
    """Truth and files are of one simulation."""
    if delivered.is_file() and json.loads(delivered.read_text(encoding="utf-8")) != told:
        finding = Finding(str(truth), f"is of another simulation than {delivered}", "name the truth of these files with --truth")
        raise ConfigError("the truth does not belong to this lake", [finding])


@contextmanager
def opened(settings: Settings, truth: Path) -> Iterator[Lake]:
    """A lake for the time of a block.

    Raises:
        ConfigError: there is no truth, or no published night.
    """
    lake = Lake(settings, truth)
    try:
        if lake.as_of is None:
            raise ConfigError(
                "there is no published night to score", [Finding(str(settings.lake.warehouse), "nothing is published", "cdp run --date …")]
            )
        yield lake
    finally:
        lake.close()
