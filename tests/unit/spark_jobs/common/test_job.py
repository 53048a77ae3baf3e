"""The step runner: what happened is in ops.runs, whatever happened."""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import date
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from spark_jobs.common.errors import SqlError
from spark_jobs.common.job import StepContext, StepReport, run_step

if TYPE_CHECKING:
    from pyspark.sql import Row, SparkSession

NIGHT = date(2017, 12, 31)
Step = Callable[[StepContext], StepReport]


@pytest.fixture
def step() -> Iterator[Callable[[Step], str]]:
    """Makes a module with the given `run` and returns its name."""
    name = "a_step_of_this_test"

    def make(run: Step) -> str:
        module = ModuleType(name)
        module.run = run  # type: ignore[attr-defined]
        sys.modules[name] = module
        return name

    yield make
    sys.modules.pop(name, None)


def runs(spark: "SparkSession", run_id: str) -> "list[Row]":
    return spark.table("ops.runs").where(f"run_id = '{run_id}'").collect()


def test_a_step_that_works_is_recorded_with_its_counts(spark: "SparkSession", step: Callable[[Step], str]) -> None:
    report = run_step(step(lambda ctx: StepReport("works", {"rows": ctx.spark.range(3).count()})), NIGHT, run_id="works")

    [row] = runs(spark, "works")
    assert report.counts == {"rows": 3}
    assert (row.status, row.business_date, json.loads(row.counts), row.message) == ("ok", NIGHT, {"rows": 3}, None)


def test_a_skipped_step_is_recorded_with_its_reason(spark: "SparkSession", step: Callable[[Step], str]) -> None:
    run_step(step(lambda _: StepReport("skips", skipped_reason="nothing new")), NIGHT, run_id="skips")

    [row] = runs(spark, "skips")
    assert (row.status, row.message) == ("skipped", "nothing new")


def test_a_refused_statement_is_one_line_and_recorded_without_the_value(spark: "SparkSession", step: Callable[[Step], str]) -> None:
    def run(ctx: StepContext) -> StepReport:
        ctx.spark.sql("select cast('+49 151 000' as int)").collect()
        return StepReport("never")

    with pytest.raises(SqlError, match="CAST_INVALID_INPUT at line 1"):
        run_step(step(run), NIGHT, run_id="refused")

    [row] = runs(spark, "refused")
    assert row.status == "failed"
    assert row.message.startswith("CAST_INVALID_INPUT")
    assert "+49" not in row.message


def test_a_bug_keeps_its_stack_trace_and_is_recorded(spark: "SparkSession", step: Callable[[Step], str]) -> None:
    def run(_: StepContext) -> StepReport:
        raise KeyError("store_id")

    with pytest.raises(KeyError):
        run_step(step(run), NIGHT, run_id="bug")

    [row] = runs(spark, "bug")
    assert (row.status, row.message) == ("failed", "KeyError: '…'")
