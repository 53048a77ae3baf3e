"""P4, P10 and P13: the first night over a history, the night after it, and how much of a night is orchestration."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from conf.settings import Lake, Settings
from spark_jobs.nightly import records
from tests.bench.result import Result

CDP = str(Path(sys.executable).parent / "cdp")
# Airflow's database belongs to the installation.
PREPARE = "from conf.settings import settings; from spark_jobs.nightly.airflow_home import prepare_airflow; prepare_airflow(settings())"
YEAR, QUARTER = date(2017, 12, 28), date(2017, 3, 28)


@dataclass(frozen=True)
class Timed:
    """Wall-clock seconds of a `cdp run`, and of each step in it."""

    seconds: float
    steps: dict[str, float]

    @property
    def orchestration(self) -> float:
        """Share of the night outside its steps; the start of the engine is part of it, dbt's own start is not."""
        return 1 - sum(self.steps.values()) / self.seconds


def measure(settings: Settings) -> list[Result]:
    """Run a backfill and a following night on a year and on three months of history, each on a fresh lake."""
    first, following = _two_nights(settings, "year", YEAR)
    _, after_quarter = _two_nights(settings, "quarter", QUARTER)
    rebuild, quarter = following.seconds / first.seconds, following.seconds / after_quarter.seconds
    slowest = ", ".join(f"{step} {seconds:.0f} s" for step, seconds in sorted(following.steps.items(), key=lambda item: -item[1])[:4])
    return [
        Result(
            "P4 one day on a year",
            "<= 0.25 x full rebuild",
            rebuild,
            "x",
            rebuild <= 0.25,
            f"{following.seconds:.0f} s after {first.seconds:.0f} s",
        ),
        Result(
            "P4 year against quarter",
            "<= 1.3 x same night on 3 months",
            quarter,
            "x",
            quarter <= 1.3,
            f"quarter {after_quarter.seconds:.0f} s",
        ),
        Result(
            "P10 first night",
            "<= 480 s",
            first.seconds,
            "s",
            first.seconds <= 480,
            ", ".join(f"{k} {v:.0f} s" for k, v in first.steps.items()),
        ),
        Result("P10 next night", "<= 90 s", following.seconds, "s", following.seconds <= 90, slowest),
        Result(
            "P13 orchestration share", "<= 0.15", following.orchestration, "", following.orchestration <= 0.15, "next night, own engine"
        ),
    ]


def _two_nights(settings: Settings, name: str, day: date) -> tuple[Timed, Timed]:
    root = settings.lake.root / name
    following = day + timedelta(days=1)
    environment = os.environ | {"CDP_LAKE__ROOT": str(root)}
    for command in ([CDP, "land", "--until", str(following)], [sys.executable, "-c", PREPARE]):
        subprocess.run(command, env=environment, check=True, capture_output=True)
    bench = settings.model_copy(update={"lake": Lake(root=root)})
    try:
        return _night(bench, environment, day), _night(bench, environment, following)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _night(settings: Settings, environment: dict[str, str], day: date) -> Timed:
    began = time.monotonic()
    subprocess.run([CDP, "run", "--date", str(day)], env=environment, check=True, capture_output=True)
    seconds = time.monotonic() - began
    return Timed(seconds, {run.step: run.seconds for run in records.latest_steps(settings) if run.business_date == day})
