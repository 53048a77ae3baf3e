"""What refused a write when the message does not say: the engine's log since the command began, else the disk as it is."""

from pathlib import Path

import pytest

from conf.settings import Lake, Settings
from spark_jobs.common.storage import DiskFullError, NotWritableError, engine_log_size, fault_now, fault_of_engine


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    configured = Settings(lake=Lake(root=tmp_path))
    (tmp_path / "engine" / "log").mkdir(parents=True)
    return configured


def test_only_what_the_engine_logged_since_the_command_began_counts(here: Settings) -> None:
    log = here.lake.engine / "log" / "engine.log"
    log.write_text("yesterday: java.io.IOException: No space left on device\n", encoding="utf-8")
    since = engine_log_size(here)
    quiet = fault_of_engine(here, since)
    with log.open("a", encoding="utf-8") as more:
        more.write(f"Caused by: java.io.FileNotFoundException: {here.lake.warehouse}/gold_build/dim_a/x.parquet (Read-only file system)\n")

    fault = fault_of_engine(here, since)

    assert quiet is None
    assert fault is not None and fault.where == f"{here.lake.warehouse}/gold_build/dim_a"
    assert type(fault.error()) is NotWritableError


def test_a_log_that_was_rotated_is_read_from_its_beginning(here: Settings) -> None:
    (here.lake.engine / "log" / "engine.log").write_text("Disk quota exceeded\n", encoding="utf-8")

    fault = fault_of_engine(here, 10_000)

    assert fault is not None and type(fault.error()) is DiskFullError


def test_a_disk_that_takes_writes_has_no_fault_and_nothing_is_left_behind(here: Settings) -> None:
    before = sorted(here.lake.root.rglob("*"))

    assert fault_now(here) is None
    assert sorted(here.lake.root.rglob("*")) == before
