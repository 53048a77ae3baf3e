"""dbt inside a step: what failed by its kind, and Ctrl-C."""

import _thread
import threading
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conf.errors import EngineError
from conf.settings import Settings
from spark_jobs.common.errors import SparkFailedError
from spark_jobs.engine.client import running_engine
from spark_jobs.marts import runner
from spark_jobs.marts.runner import DbtError, NodeResult, invoke

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DAY = date(2017, 12, 31)
LOST = "Runtime Error in model {} (models/{}.sql)\n  <_MultiThreadedRendezvous of RPC that terminated with:\n\tstatus = StatusCode.UNAVAILABLE>"
FULL = "Runtime Error in model {} (models/{}.sql)\n  [TASK_WRITE_FAILED] Task failed while writing rows to file:/x. SQLSTATE: 58030"
WRONG = (
    "Runtime Error in model {} (models/{}.sql)\n  [TABLE_OR_VIEW_NOT_FOUND] The table `x` cannot be found. SQLSTATE: 42P01; line 12 pos 4;"
)


def kind(settings: Settings, *messages: str) -> type[Exception]:
    failed = [NodeResult(f"model.cdp.m{number}", "error", 1.0, text.format("m", "m")) for number, text in enumerate(messages)]
    return type(runner._nodes_error(settings, "dbt build failed", failed))


def test_a_lost_engine_outranks_what_else_failed(settings: Settings) -> None:
    assert kind(settings, WRONG, LOST, FULL) is EngineError


def test_what_may_pass_is_tried_again_only_when_nothing_is_wrong_beside_it(settings: Settings) -> None:
    assert kind(settings, FULL, FULL) is SparkFailedError
    assert kind(settings, FULL, WRONG) is DbtError
    assert kind(settings, "Got 3 results, configured to fail if != 0") is DbtError


def test_an_engine_that_is_gone_before_the_first_model_is_an_engine_error(settings: Settings) -> None:
    assert type(runner._project_error(settings, RuntimeError("Database Error\n  StatusCode.UNAVAILABLE"))) is EngineError
    assert type(runner._project_error(settings, RuntimeError("Compilation Error\n  'x' is undefined"))) is DbtError


def test_ctrl_c_while_dbt_works_is_ctrl_c_and_leaves_the_engine_usable(settings: Settings, spark: "SparkSession") -> None:
    # given somebody who presses Ctrl-C as soon as dbt has begun
    log_file = settings.lake.logs / "dbt" / "dbt.log"
    is_over = threading.Event()
    arguments = (log_file, _text(log_file).count("Running with dbt="), is_over)
    presser = threading.Thread(target=_press_when_begun, args=arguments, daemon=True)
    presser.start()

    # when
    with pytest.raises(KeyboardInterrupt):
        invoke(settings, ["parse", "--no-partial-parse", "--no-write-json"])
    is_over.set()

    # then
    presser.join()
    assert "Running with dbt=" in _text(log_file)
    assert running_engine(settings) is not None
    assert spark.range(3).count() == 3


def _press_when_begun(log_file: Path, begun_before: int, is_over: threading.Event) -> None:
    """Press as people do: again while nothing happens. A callback of a library may swallow a first interrupt."""
    while _text(log_file).count("Running with dbt=") == begun_before and not is_over.is_set():
        time.sleep(0.05)
    while not is_over.wait(0.5):
        _thread.interrupt_main()


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""
