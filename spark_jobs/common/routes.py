"""Routes: which kind of business record a row of a feed is, by the contract's predicates over its typed columns."""

from typing import TYPE_CHECKING

from conf.contracts import Feed
from conf.maps import DEFAULT_ROUTE

if TYPE_CHECKING:
    from pyspark.sql import Column


def route_of(feed: Feed) -> "Column":
    """Name of the first route whose predicate is true for the row, else `default`; every row has exactly one."""
    from pyspark.sql import functions as F

    route = F.lit(DEFAULT_ROUTE)
    for each in reversed(feed.routes):
        route = F.when(F.expr(each.where), F.lit(each.name)).otherwise(route)
    return route
