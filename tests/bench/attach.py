"""P1 and P14: attaching to a warm engine against a session of one's own, and what a person types."""

import os
import subprocess
import sys
import time
from pathlib import Path

from conf.settings import Settings
from spark_jobs.common.session import connect_environment
from spark_jobs.engine.client import engine
from spark_jobs.engine.java import java_home
from tests.bench.result import Result

CDP = str(Path(sys.executable).parent / "cdp")
ATTACH = "from pyspark.sql import SparkSession as S; S.builder.remote('{url}').create().sql('select 1').collect()"
OWN = "from pyspark.sql import SparkSession as S; S.builder.master('local[2]').config('spark.ui.enabled', False).getOrCreate().sql('select 1').collect()"
ROUNDS = 3


def measure(settings: Settings) -> list[Result]:
    """Start an engine when none runs, then time fresh processes; the best of three rounds each."""
    with engine(settings) as state:
        environment = os.environ | {key: value for key, value in connect_environment(state).items() if key != "SPARK_REMOTE"}
        attached = _best([sys.executable, "-c", ATTACH.format(url=connect_environment(state)["SPARK_REMOTE"])], environment)
        typed = {
            name: _best([CDP, *arguments], dict(os.environ))
            for name, arguments in {"cdp --help": ["--help"], "cdp sql": ["sql", "select 1"], "cdp status": ["status"]}.items()
        }
    # Attaching leaves Spark's own variables behind, which would make it attach again.
    own_environment = {name: value for name, value in os.environ.items() if not name.startswith("SPARK_")}
    own = _best([sys.executable, "-c", OWN], own_environment | {"JAVA_HOME": str(java_home())})
    results = [
        Result("P1 attach", "<= 0.4 x own session", attached / own, "x", attached <= 0.4 * own, f"attach {attached:.1f} s, own {own:.1f} s")
    ]
    return results + [Result(f"P14 {name}", "<= 2 s", seconds, "s", seconds <= 2) for name, seconds in typed.items()]


def _best(command: list[str], environment: dict[str, str]) -> float:
    return min(_seconds(command, environment) for _ in range(ROUNDS))


def _seconds(command: list[str], environment: dict[str, str]) -> float:
    began = time.monotonic()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return time.monotonic() - began
