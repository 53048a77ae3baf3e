"""A signal stops a night; Airflow alone would take Ctrl-C for a task that failed and try it again, and swallow SIGTERM."""

import fcntl
import os
import signal
import time
from datetime import date
from pathlib import Path

import pytest

from conf.settings import Settings
from spark_jobs.engine.lock import EngineLock
from spark_jobs.engine.processes import jvms_of
from spark_jobs.nightly.airflow_home import fail_abandoned_runs
from spark_jobs.nightly.night import StepOutcome, run_night
from tests.end_to_end.corner_shop import CornerShop, day


class Impatient:
    """A person who presses Ctrl-C in the first task, or a service that sends a signal to the process in it."""

    def __init__(self, number: signal.Signals | None = None) -> None:
        self.outcomes: list[StepOutcome] = []
        self._number = number

    def started(self, task_id: str) -> None:
        if self._number is None:
            raise KeyboardInterrupt
        os.kill(os.getpid(), self._number)
        time.sleep(5)

    def finished(self, outcome: StepOutcome) -> None:
        self.outcomes.append(outcome)


@pytest.mark.parametrize("number", [None, signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_a_task_stops_the_night_at_once(
    number: signal.Signals | None, settings: Settings, airflow_ready: Path, tmp_path: Path
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    person = Impatient(number)

    with pytest.raises(KeyboardInterrupt):
        run_night(settings, date(2017, 12, 31), person, tmp_path / "night.log", dag_id="cdp_hourly_ingest")

    assert person.outcomes == [], "nothing is tried again"
    assert fail_abandoned_runs() == 1, "the next night closes the run"
    assert signal.getsignal(signal.SIGTERM) is before, "the task runner's handler does not stay"


# The slow step of each, and a file that says it has begun.
MOMENTS = {
    "the engine starts": "engine/state.json",
    "ingest writes bronze": "warehouse/bronze/*/**/*.parquet",
    "dbt builds": "warehouse/gold_build/*/**/*.parquet",
}


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_a_run_in_ten_seconds_and_leaves_no_engine_and_no_lock(
    moment: str, number: signal.Signals, code: int, tmp_path: Path
) -> None:
    # given a night at a moment
    shop = CornerShop(tmp_path)
    shop.open()
    shop.land(0, 3)
    process = shop.start("run", "--date", str(day(3)))
    while process.poll() is None and not list(shop.lake.glob(MOMENTS[moment])):
        time.sleep(0.05)

    # when
    process.send_signal(number)
    output, _ = process.communicate(timeout=10)

    # then
    assert (process.returncode, output.strip().splitlines()[-1]) == (code, "stopped")
    assert "Traceback" not in output and "could not run" not in output
    assert not EngineLock(shop.lake / "engine").is_held()
    with (shop.lake / "writer.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.slow
def test_sigterm_ends_a_run_whose_engine_is_gone_and_the_next_run_resumes(tmp_path: Path) -> None:
    # given a night whose engine hangs, which is worse than gone: connections stay open
    shop = CornerShop(tmp_path)
    shop.open()
    shop.land(0, 3)
    process = shop.start("run", "--date", str(day(3)))
    while process.poll() is None and not list(shop.lake.glob(MOMENTS["ingest writes bronze"])):
        time.sleep(0.05)
    [jvm] = jvms_of(EngineLock(shop.lake / "engine"))
    jvm.suspend()

    # when
    process.terminate()
    process.communicate(timeout=10)

    # then
    assert process.returncode == 143
    assert not EngineLock(shop.lake / "engine").is_held()
    assert "the run was" in shop.run("status")[1]
    shop.night(3)
    assert "did not end well" not in shop.run("status")[1]
