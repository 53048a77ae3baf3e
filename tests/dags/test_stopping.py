"""Ctrl-C stops a night; Airflow alone would take it for a task that failed, and try it again."""

import fcntl
import signal
import time
from datetime import date
from pathlib import Path

import pytest

from conf.settings import Settings
from spark_jobs.engine.lock import EngineLock
from spark_jobs.nightly.airflow_home import fail_abandoned_runs
from spark_jobs.nightly.night import StepOutcome, run_night
from tests.end_to_end.corner_shop import CornerShop, day


class Impatient:
    """A person who presses Ctrl-C in the first task."""

    def __init__(self) -> None:
        self.outcomes: list[StepOutcome] = []

    def started(self, task_id: str) -> None:
        raise KeyboardInterrupt

    def finished(self, outcome: StepOutcome) -> None:
        self.outcomes.append(outcome)


def test_ctrl_c_in_a_task_stops_the_night_at_once(settings: Settings, airflow_ready: Path, tmp_path: Path) -> None:
    person = Impatient()

    with pytest.raises(KeyboardInterrupt):
        run_night(settings, date(2017, 12, 31), person, tmp_path / "night.log", dag_id="cdp_hourly_ingest")

    assert person.outcomes == [], "nothing is tried again"
    assert fail_abandoned_runs() == 1, "the next night closes the run"


@pytest.mark.slow
def test_ctrl_c_while_dbt_builds_is_one_word_and_leaves_no_engine_and_no_lock(tmp_path: Path) -> None:
    # given a night in which dbt writes the marts
    shop = CornerShop(tmp_path)
    shop.open()
    shop.land(0, 3)
    process = shop.start("run", "--date", str(day(3)))
    while process.poll() is None and not list((shop.lake / "warehouse" / "gold_build").glob("*/**/*.parquet")):
        time.sleep(0.05)

    # when
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=300)

    # then
    assert (process.returncode, output.strip().splitlines()[-1]) == (130, "stopped")
    assert "Traceback" not in output and "could not run" not in output
    assert not EngineLock(shop.lake / "engine").is_held()
    with (shop.lake / "writer.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
