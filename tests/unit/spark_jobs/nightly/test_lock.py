"""Nights and other writers of one lake, with processes."""

import fcntl
from datetime import date
from pathlib import Path

import pytest

from conf.settings import Lake, Settings
from spark_jobs.nightly.lock import NightRunningError
from spark_jobs.nightly.nights import run_nights


def test_a_second_night_is_refused_at_once_although_writers_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a night and its writer, as another process holds them
    monkeypatch.setenv("CDP_LAKE__ROOT", str(tmp_path))
    here = Settings(lake=Lake(root=tmp_path))
    here.lake.airflow.mkdir()
    with (here.lake.airflow / "night.lock").open("w") as night, (tmp_path / "writer.lock").open("w") as writer:
        fcntl.flock(night, fcntl.LOCK_EX)
        fcntl.flock(writer, fcntl.LOCK_EX)

        # when and then
        with pytest.raises(NightRunningError, match="already running"):
            run_nights(here, [date(2017, 12, 31)])
