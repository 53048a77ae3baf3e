"""Expressions of a mapping that cannot be evaluated: which of them, found by trying each alone."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from conf.contracts import Feed
from conf.errors import Finding
from spark_jobs.common.document_fields import with_document_fields
from spark_jobs.common.errors import SqlError, readable, without_values
from spark_jobs.common.routes import route_of
from spark_jobs.conform.contributions import Contribution

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

REMEDY = "correct the expression; try_cast and try_divide give null where a value does not fit"


def sql_problem(work: Callable[[], Any]) -> str | None:
    """Do `work`; what Spark says when it refuses a statement or the statement cannot work on the rows, without values.

    Raises:
        Exception: any other error.
    """
    try:
        work()
    except Exception as err:
        short = readable(err)
        if not isinstance(short, SqlError):
            raise
        return without_values(short.message)
    return None


def map_label(part: Contribution) -> str:
    """How findings name a map; maps are counted from 1."""
    return f"{part.feed_name}, map {part.map_number + 1} onto {part.entity.entity}"


def broken_routes(valid: "DataFrame", feed_name: str, feed: Feed) -> list[Finding]:
    """Routes of a feed whose predicate cannot be evaluated on its rows."""
    rows = with_document_fields(valid, feed)
    problems = {route.name: _problem_of(route.where, rows) for route in feed.routes}
    return [Finding(f"{feed_name}, route {name}", problem, REMEDY) for name, problem in problems.items() if problem]


def broken_expressions(valid: "DataFrame", part: Contribution, problem: str) -> list[Finding]:
    """The expressions of a map that cannot be evaluated; when each of them can be alone, the map with `problem`."""
    from pyspark.sql import functions as F

    rows = with_document_fields(valid, part.feed)
    if part.feed.routes:
        rows = rows.where(route_of(part.feed).isin(*part.map.routes))
    where = part.map.where
    if where and (wrong := _problem_of(where, rows)):
        return [Finding(f"{map_label(part)}, where", wrong, REMEDY)]
    rows = rows.where(F.expr(where)) if where else rows
    found = []
    for name, expression in _expressions(part):
        if wrong := _problem_of(expression, rows):
            found.append(Finding(f"{map_label(part)}, {name}", wrong, REMEDY))
    return found or [Finding(map_label(part), problem, "correct the map")]


def _problem_of(expression: str, rows: "DataFrame") -> str | None:
    """Why an expression cannot be evaluated on every row; None when it can."""
    from pyspark.sql import functions as F

    return sql_problem(lambda: rows.agg(F.count(F.expr(expression))).collect())


def _expressions(part: Contribution) -> Iterator[tuple[str, str]]:
    for name, source in part.map.fields.items():
        yield from ((name, each.expr) for each in source.alternatives if each.expr is not None)
