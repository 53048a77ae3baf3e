"""The step runner: what happened is in ops.runs, whatever happened."""

import errno
import json
import sys
import traceback
from collections.abc import Callable, Iterator
from datetime import date
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from google.rpc.error_details_pb2 import ErrorInfo  # type: ignore[import-untyped]
from pyspark.errors.exceptions.connect import convert_exception

from conf.errors import InputError
from spark_jobs.common.errors import SparkFailedError, SqlError
from spark_jobs.common.job import StepContext, StepReport, run_step
from spark_jobs.common.storage import DiskFullError

if TYPE_CHECKING:
    import pyarrow as pa
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


NAME = "Mary O'Brien\nsecond line"


def cannot_be_read(ctx: StepContext) -> StepReport:
    ctx.spark.createDataFrame([(NAME,)], "v string").selectExpr("cast(v as int)").collect()
    return StepReport("never")


def cannot_be_read_behind_an_error_of_ours(ctx: StepContext) -> StepReport:
    try:
        return cannot_be_read(ctx)
    except Exception as err:
        raise InputError("a file cannot be read") from err


def cannot_be_read_behind_a_bug(ctx: StepContext) -> StepReport:
    try:
        return cannot_be_read(ctx)
    except Exception:  # noqa: BLE001
        raise KeyError("a bug in the handler")  # noqa: B904  # the context is what the test is about


@pytest.mark.parametrize("run", [cannot_be_read, cannot_be_read_behind_an_error_of_ours, cannot_be_read_behind_a_bug])
def test_no_traceback_of_a_failed_step_holds_a_value(run: Step, spark: "SparkSession", step: Callable[[Step], str]) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011  # what kind it is, others prove
        run_step(step(run), NIGHT, run_id=f"values-{run.__name__}")

    printed = "".join(traceback.format_exception(caught.value))
    [row] = runs(spark, f"values-{run.__name__}")
    for word in ("Mary", "Brien", "second line"):
        assert word not in printed
        assert word not in row.message


def disk_is_full(ctx: StepContext) -> StepReport:
    def full(_: "Iterator[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
        raise OSError(errno.ENOSPC, "No space left on device", "Mary O'Brien")

    ctx.spark.range(1).mapInArrow(full, "id bigint").collect()
    return StepReport("never")


def another_writer_was_first(_: StepContext) -> StepReport:
    info = ErrorInfo(reason="io.delta.exceptions.ConcurrentAppendException", metadata={"classes": "[]", "sqlState": "2D521"})
    raise convert_exception(info, "[DELTA_CONCURRENT_APPEND] Files were added by a concurrent update. SQLSTATE: 2D521", None)


def memory_is_full(_: StepContext) -> StepReport:
    info = ErrorInfo(reason="org.apache.spark.SparkException", metadata={"classes": '["org.apache.spark.SparkException"]'})
    raise convert_exception(info, "Job aborted due to stage failure: Lost task 0.0: java.lang.OutOfMemoryError: Java heap space", None)


@pytest.mark.parametrize(
    ("run", "says"),
    [
        (disk_is_full, "No space left on device"),
        (another_writer_was_first, "DELTA_CONCURRENT_APPEND"),
        (memory_is_full, "Java heap space"),
    ],
)
def test_a_transient_error_is_one_that_is_tried_again(run: Step, says: str, spark: "SparkSession", step: Callable[[Step], str]) -> None:
    with pytest.raises((SparkFailedError, DiskFullError), match=says) as caught:
        run_step(step(run), NIGHT, run_id=run.__name__)

    [row] = runs(spark, run.__name__)
    assert (row.status, "Mary" in row.message, "Mary" in str(caught.value)) == ("failed", False, False)


def test_a_bug_keeps_its_stack_trace_and_is_recorded(spark: "SparkSession", step: Callable[[Step], str]) -> None:
    def run(_: StepContext) -> StepReport:
        raise KeyError("store_id")

    with pytest.raises(KeyError):
        run_step(step(run), NIGHT, run_id="bug")

    [row] = runs(spark, "bug")
    assert (row.status, row.message) == ("failed", "KeyError: '…'")
