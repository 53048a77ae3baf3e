"""One readable line out of whatever Spark, PyHive and dbt raise."""

import sqlite3
import traceback
from typing import TYPE_CHECKING

import pytest
from grpc import StatusCode  # type: ignore[import-untyped]
from mlflow.exceptions import MlflowException
from pyspark.errors.exceptions.connect import SparkConnectGrpcException

from conf.errors import CdpError, EngineError
from spark_jobs.common.errors import (
    JobFailedError,
    SparkFailedError,
    SqlError,
    environment_error,
    readable,
    readable_errors,
    sql_error,
    without_values,
)
from spark_jobs.common.storage import DiskFullError, NotWritableError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

THRIFT_MESSAGE = (
    "Error running query: [UNRESOLVED_COLUMN.WITH_SUGGESTION] org.apache.spark.sql.AnalysisException: [UNRESOLVED_COLUMN.WITH_SUGGESTION] "
    "A column, variable, or function parameter with name `a` cannot be resolved. Did you mean one of the following? [`b`]. SQLSTATE: 42703; "
    "line 1 pos 7;\n'Project ['a]\n+- SubqueryAlias t\n"
)
DBT_MESSAGE = """Runtime Error in model fct_orders (models/marts/fct_orders.sql)
  [TABLE_OR_VIEW_NOT_FOUND] The table or view `silver`.`order` cannot be found. Verify the spelling. SQLSTATE: 42P01; line 12 pos 4;
  'Project [*]"""


def test_a_message_wrapped_by_thrift_keeps_condition_position_and_sentence() -> None:
    err = sql_error(THRIFT_MESSAGE)

    assert err.condition == "UNRESOLVED_COLUMN.WITH_SUGGESTION"
    assert err.message == (
        "UNRESOLVED_COLUMN.WITH_SUGGESTION at line 1, column 8: A column, variable, or function parameter with name `a` cannot be resolved. "
        "Did you mean one of the following? [`b`]."
    )


def test_a_message_wrapped_by_dbt_keeps_condition_position_and_sentence() -> None:
    err = sql_error(DBT_MESSAGE)

    assert (
        err.message
        == "TABLE_OR_VIEW_NOT_FOUND at line 12, column 5: The table or view `silver`.`order` cannot be found. Verify the spelling."
    )


def test_a_message_without_a_condition_keeps_its_first_line() -> None:
    assert sql_error("\n\nsomething broke\n  at org.apache.Foo\n").message == "something broke"


def test_an_empty_message_is_no_reason_to_fail() -> None:
    assert sql_error("").message == "no message"


def test_our_own_errors_pass_and_bugs_are_not_hidden() -> None:
    ours, bug = CdpError("ours"), ValueError("a bug")

    assert readable(ours) is ours
    assert readable(bug) is None
    with pytest.raises(ValueError, match="a bug"), readable_errors():
        raise bug


@pytest.mark.parametrize(
    ("message", "left"),
    [
        ("the value '+49 151' of the type \"STRING\" is malformed", "the value '…' is malformed"),
        ("the value 'Mary O'Brien' is malformed", "the value '…' is malformed"),
        ("the value 'Mary\nO'Brien\n' is malformed", "the value '…' is malformed"),
        ('the value "Mary\nBrien" is malformed', "the value '…' is malformed"),
        ("it can't read 'Mary'", "it can't read '…'"),
        ("cut off: 'Mary O'Bri", "cut off: '…'"),
        ("nothing is quoted", "nothing is quoted"),
    ],
)
def test_quoted_literals_do_not_get_into_logs(message: str, left: str) -> None:
    assert without_values(message) == left


@pytest.mark.parametrize(
    "text",
    [
        '[CAST_INVALID_INPUT] The value \'Mary O\'Brien\nx\' of the type "STRING" cannot be cast to "INT" because it is malformed. SQLSTATE: 22018',
        "[CANNOT_PARSE_TIMESTAMP] Text 'Mary O'Brien\nx' could not be parsed at index 0. SQLSTATE: 22007",
        "[NUMERIC_VALUE_OUT_OF_RANGE] Mary O'Brien cannot be represented. SQLSTATE: 22003",
        "[DELTA_VIOLATE_CONSTRAINT_WITH_VALUES] CHECK constraint violated by row with values:\n - name : Mary O'Brien\n",
        "[NEW_IN_THE_NEXT_SPARK] Mary O'Brien",
        'java.lang.NumberFormatException: For input string: "Mary\nO\'Brien"',
    ],
)
def test_no_message_quotes_a_value_of_the_data(text: str) -> None:
    assert "Mary" not in str(sql_error(text))
    assert "Brien" not in str(sql_error(text))


def test_a_cast_says_which_types_do_not_fit() -> None:
    text = '[CAST_INVALID_INPUT] The value \'a "DATE" b\' of the type "STRING" cannot be cast to "INT" because it is malformed. SQLSTATE: 22018'

    assert sql_error(text).message == "CAST_INVALID_INPUT: a value of type STRING cannot be read as INT"


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("selec 1", "PARSE_SYNTAX_ERROR at line 1, column 1: Syntax error at or near 'selec'"),
        ("select *\nfrom nix", "TABLE_OR_VIEW_NOT_FOUND at line 2, column 6: The table or view `nix` cannot be found."),
        ("select 1 / 0", "DIVIDE_BY_ZERO at line 1, column 8: Division by zero."),
        ("select cast('x' as int)", "CAST_INVALID_INPUT at line 1, column 8: a value of type STRING cannot be read as INT"),
    ],
)
def test_what_spark_connect_raises_is_one_line_without_java(spark: "SparkSession", statement: str, line: str) -> None:
    with pytest.raises(SqlError) as caught, readable_errors():
        spark.sql(statement).collect()

    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)
    assert "org.apache" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "<_InactiveRpcError of RPC that terminated with:\n\tstatus = StatusCode.UNAVAILABLE\n\tdetails = …>",
        "[RETRIES_EXCEEDED] The maximum number of retries has been exceeded.",
        "[INVALID_HANDLE.SESSION_CHANGED] The handle is invalid. The existing Spark server driver instance has restarted. SQLSTATE: HY000",
    ],
)
def test_a_lost_connection_is_an_engine_error_with_a_remedy(text: str) -> None:
    short = readable(SparkConnectGrpcException(text))

    assert type(short) is EngineError
    assert "cdp engine status" in str(short)


def test_the_status_of_a_call_says_that_the_engine_is_gone() -> None:
    assert type(readable(SparkConnectGrpcException("…", grpc_status_code=StatusCode.UNAVAILABLE))) is EngineError


@pytest.mark.parametrize(
    "statement", ["select UNAVAILABLE", "selec 'StatusCode.UNAVAILABLE: Connection refused'", "select cast('UNAVAILABLE' as int)"]
)
def test_the_words_of_a_lost_engine_in_a_statement_are_no_lost_engine(spark: "SparkSession", statement: str) -> None:
    with pytest.raises(SqlError), readable_errors():
        spark.sql(statement).collect()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[TASK_WRITE_FAILED] Task failed while writing rows to file:/lake/x. SQLSTATE: 58030", "TASK_WRITE_FAILED"),
        ("Job aborted: java.lang.OutOfMemoryError: Java heap space", "Java heap space"),
        (
            "(io.delta.exceptions.ConcurrentAppendException) [DELTA_CONCURRENT_APPEND] Mary O'Brien. SQLSTATE: 2D521",
            "DELTA_CONCURRENT_APPEND",
        ),
    ],
)
def test_a_transient_error_is_no_refused_statement(text: str, says: str) -> None:
    short = readable(SparkConnectGrpcException(text))

    assert isinstance(short, SparkFailedError)
    assert says in short.message
    assert "Mary" not in str(short)
    assert isinstance(environment_error(f"Runtime Error in model m (models/m.sql)\n  {text}"), SparkFailedError)


WORKER = """[TASK_WRITE_FAILED] Task failed while writing rows to file:/lake/warehouse/silver/orders. SQLSTATE: 58030
Job aborted due to stage failure: Lost task 0.0: org.apache.spark.api.python.PythonException: Traceback (most recent call last):
  File "rows.py", line 7, in parse
{}: Mary O'Brien"""


@pytest.mark.parametrize("raised", ["RecursionError", "ValueError", "KeyError", "UnicodeEncodeError", "zlib.error", "AssertionError"])
def test_what_a_worker_raises_is_permanent(raised: str) -> None:
    short = readable(SparkConnectGrpcException(WORKER.format(raised)))

    assert isinstance(short, JobFailedError)
    assert "PASS" not in str(short).upper() and "transient" not in str(short)
    assert "Mary" not in str(short)


@pytest.mark.parametrize(
    "text", ["Job aborted due to stage failure: Lost task 0.0", "[INTERNAL_ERROR] x. SQLSTATE: XX000", "[NEW_CONDITION] x"]
)
def test_what_no_list_names_is_permanent(text: str) -> None:
    assert isinstance(readable(SparkConnectGrpcException(text)), JobFailedError)


FULL = "java.io.IOException: No space left on device"
REFUSED = "java.io.FileNotFoundException: /shop/lake/warehouse/silver/orders/Mary.parquet (Permission denied)"


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        (f"Job aborted due to stage failure: Lost task 0.0: {FULL}", DiskFullError, "the disk is full: No space left on device"),
        (f"[TASK_WRITE_FAILED] Task failed. SQLSTATE: 58030\nCaused by: {FULL}", DiskFullError, "the disk is full"),
        (WORKER.format("OSError: [Errno 28] No space left on device"), DiskFullError, "/lake/warehouse/silver/orders"),
        (REFUSED, NotWritableError, "/shop/lake/warehouse/silver/orders: access is refused"),
        ("java.io.IOException: /data/lake/engine/tmp/x: Read-only file system", NotWritableError, "/data/lake/engine: access"),
        (
            "java.io.IOException: Mkdirs failed to create file:/data/lake/warehouse/gold_build/dim_x/_delta_log",
            NotWritableError,
            "gold_build/dim_x",
        ),
    ],
)
def test_a_disk_that_refuses_is_named_with_its_folder(text: str, kind: type[CdpError], says: str) -> None:
    for short in (readable(SparkConnectGrpcException(text)), environment_error(f"Runtime Error in model m (models/m.sql)\n  {text}")):
        assert type(short) is kind
        assert says in str(short)
        assert "Mary" not in str(short)


@pytest.mark.parametrize(
    ("err", "kind"),
    [
        (OSError(28, "x", "/lake/a"), DiskFullError),
        (OSError(122, "x"), DiskFullError),
        (OSError(30, "x", "/lake/a"), NotWritableError),
        (PermissionError(13, "x", "/lake/a"), NotWritableError),
        (OSError("Generic LocalFileSystem error: Unable to copy: No space left on device (os error 28)"), DiskFullError),
        (sqlite3.OperationalError("database or disk is full"), DiskFullError),
        (sqlite3.OperationalError("attempt to write a readonly database"), NotWritableError),
        (MlflowException("(sqlite3.OperationalError) unable to open database file"), NotWritableError),
    ],
)
def test_a_disk_that_refuses_a_library_is_recognised(err: Exception, kind: type[CdpError]) -> None:
    assert type(readable(err)) is kind


@pytest.mark.parametrize("err", [FileNotFoundError(2, "x", "/a"), OSError(5, "x"), sqlite3.OperationalError("no such table: a")])
def test_other_errors_of_files_stay_bugs(err: Exception) -> None:
    assert readable(err) is None


def test_a_write_that_met_a_bad_value_is_known_by_its_cause(spark: "SparkSession") -> None:
    # given a table that takes numbers, and a name
    spark.sql("create or replace table ops.numbers (v int) using delta").collect()
    names = spark.createDataFrame([("Mary O'Brien\nx",)], "v string").selectExpr("cast(v as int) as v")

    # when it is written, which Spark calls TASK_WRITE_FAILED
    with pytest.raises(SqlError) as caught, readable_errors():
        names.writeTo("ops.numbers").append()

    # then
    assert caught.value.condition == "CAST_INVALID_INPUT"
    assert "Mary" not in "".join(traceback.format_exception(caught.value))
    spark.sql("drop table ops.numbers").collect()


def test_a_compilation_error_of_dbt_keeps_its_sentence_and_does_not_pass() -> None:
    text = "Compilation Error in model m (models/m.sql)\n  'ref_' is undefined"

    assert environment_error(text) is None
    assert sql_error(text.partition("\n")[2]).message == "'ref_' is undefined"


def test_a_registry_that_fails_is_one_line_and_tried_again() -> None:
    short = readable(MlflowException("(sqlite3.OperationalError) database is locked\n[SQL: select 1]"))

    assert type(short) is EngineError
    assert "database is locked" in str(short)
    assert "select" not in str(short)
