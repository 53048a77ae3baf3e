"""One readable line out of whatever Spark, PyHive and dbt raise."""

from typing import TYPE_CHECKING

import pytest

from conf.errors import CdpError, EngineError
from spark_jobs.common.errors import SqlError, readable, readable_errors, sql_error, without_values

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


def test_quoted_literals_do_not_get_into_logs() -> None:
    assert without_values("the value '+49 151' of the type \"STRING\" is malformed") == "the value '…' of the type '…' is malformed"


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("selec 1", "PARSE_SYNTAX_ERROR at line 1, column 1: Syntax error at or near 'selec'"),
        ("select *\nfrom nix", "TABLE_OR_VIEW_NOT_FOUND at line 2, column 6: The table or view `nix` cannot be found."),
        ("select 1 / 0", "DIVIDE_BY_ZERO at line 1, column 8: Division by zero."),
        ("select cast('x' as int)", "CAST_INVALID_INPUT at line 1, column 8: The value 'x' of the type"),
    ],
)
def test_what_spark_connect_raises_is_one_line_without_java(spark: "SparkSession", statement: str, line: str) -> None:
    with pytest.raises(SqlError) as caught, readable_errors():
        spark.sql(statement).collect()

    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)
    assert "org.apache" not in str(caught.value)


def test_a_lost_connection_is_an_engine_error_with_a_remedy() -> None:
    from pyspark.errors.exceptions.connect import SparkConnectGrpcException

    short = readable(SparkConnectGrpcException("<_InactiveRpcError … StatusCode.UNAVAILABLE … Connection refused>"))

    assert isinstance(short, EngineError)
    assert "cdp engine status" in str(short)
