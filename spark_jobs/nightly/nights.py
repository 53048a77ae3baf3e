"""One or several nights on one engine: starts what is needed, shows progress, sums up."""

import logging
import threading
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from rich.console import Console

from conf.settings import Settings
from spark_jobs.common.session import close_sessions
from spark_jobs.common.writer import one_writer
from spark_jobs.engine.client import engine
from spark_jobs.nightly.console import Progress, night_heading, output_in_file, time_table
from spark_jobs.nightly.failure import noted_failure
from spark_jobs.nightly.lock import night_lock
from spark_jobs.nightly.night import NightResult, run_night, warm_up_airflow

log = logging.getLogger(__name__)


def run_nights(settings: Settings, dates: Sequence[date]) -> list[NightResult]:
    """Run the nightly DAG for each date in order; stops at the first that fails.

    Raises:
        NightRunningError: another process runs a night on this lake.
        LakeBusyError: another process went on writing to this lake.
        NightFailedError: a step failed.
        EngineError: the engine does not start.
    """
    with night_lock(settings), noted_failure(settings, dates[0]):
        log_file = settings.lake.logs / f"night-{dates[-1]}.log"
        with output_in_file(log_file) as console:
            progress = Progress(console)
            try:
                with one_writer(settings, f"the night of {dates[0]}", waiting=lambda text: progress.waiting(f"{text} …")):
                    nights = _run(settings, dates, console, progress, log_file)
            finally:
                progress.stop()
            console.print(time_table(nights))
    return nights


def _run(settings: Settings, dates: Sequence[date], console: Console, progress: Progress, log_file: Path) -> list[NightResult]:
    began = time.monotonic()
    progress.waiting("starting the engine and Airflow …")
    # Airflow's imports take as long as the start of the engine: side by side they cost one of the two.
    warm_up = threading.Thread(target=_warm_up, args=(settings,), name="airflow", daemon=True)
    warm_up.start()
    try:
        if settings.spark.remote:
            warm_up.join()
            return _each(settings, dates, console, progress, log_file, began)
        with engine(settings, lambda text: progress.waiting(f"{text} …")):
            warm_up.join()
            return _each(settings, dates, console, progress, log_file, began)
    finally:
        close_sessions()


def _warm_up(settings: Settings) -> None:
    """The first night meets the same error again, in the thread that shows it."""
    try:
        warm_up_airflow(settings)
    except Exception:
        log.exception("Airflow could not be prepared")


def _each(
    settings: Settings, dates: Sequence[date], console: Console, progress: Progress, log_file: Path, began: float
) -> list[NightResult]:
    progress.stop()
    console.print(f"engine and Airflow ready in {time.monotonic() - began:.1f} s", style="dim")
    nights = []
    for business_date in dates:
        console.print(night_heading(business_date))
        nights.append(run_night(settings, business_date, progress, log_file))
    return nights
