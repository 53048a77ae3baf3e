"""The valid rows of a feed, before any single map: columns that are never filled, rows by route, rows that no map takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from conf.contracts import Feed
from conf.errors import Finding
from conf.maps import DEFAULT_ROUTE, EntityMap
from spark_jobs.common.document_fields import with_document_fields
from spark_jobs.common.routes import route_of

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


@dataclass(frozen=True)
class FeedRows:
    """What the valid rows of a feed show.

    Attributes:
        never_filled: delivered columns without a single value.
        by_route: rows by route, in the order of the contract, the rest last.
        without_map: rows that no map takes, and the place of the first.
    """

    never_filled: tuple[str, ...]
    by_route: dict[str, int]
    without_map: int = 0
    first_without_map: str = ""

    def routed(self, entity_map: EntityMap) -> int:
        """Rows that take one of a map's routes."""
        return sum(self.by_route[name] for name in set(entity_map.routes))

    def notes(self) -> tuple[str, ...]:
        """Rows by route as text; nothing for a feed without routes."""
        return tuple(f"route {name}: {rows} row(s)" for name, rows in self.by_route.items()) if len(self.by_route) > 1 else ()

    def warnings(self, name: str) -> list[Finding]:
        """What to look at in a feed."""
        found = [
            Finding(f"{name}, column {column}", "is empty in every row", "correct its source_name, or take it out")
            for column in self.never_filled
        ]
        found += [
            Finding(f"{name}, route {route}", "takes no row", "correct its where, unless such rows are still to come")
            for route, rows in self.by_route.items()
            if not rows and route != DEFAULT_ROUTE
        ]
        if self.without_map:
            said = f"{self.without_map} row(s) take no map and stay in bronze, first at {self.first_without_map}"
            found.append(Finding(name, said, "write a map for them, unless they are meant for none"))
        return found


def observed(valid: "DataFrame", feed: Feed, maps: Sequence[EntityMap]) -> FeedRows:
    """Look at the valid rows of a feed in one pass.

    Args:
        valid: rows that break no rule.
        feed: the contract; its routes can be evaluated.
        maps: its maps whose `where` can be evaluated.
    """
    from pyspark.sql import functions as F

    route = route_of(feed)
    untaken = ~reduce(lambda one, other: one | other, (_takes(each, route) for each in maps), F.lit(False))
    routes = (*(each.name for each in feed.routes), DEFAULT_ROUTE)
    columns = feed.column_names
    row = (
        with_document_fields(valid, feed)
        .agg(
            *(F.count(F.col(f"`{name}`")).alias(f"c{number}") for number, name in enumerate(columns)),
            *(F.count_if(route == name).alias(f"r{number}") for number, name in enumerate(routes)),
            F.count_if(untaken).alias("untaken"),
            F.min(F.when(untaken, F.struct("_source_file", "_line"))).alias("first"),
        )
        .collect()[0]
    )
    empty = tuple(name for number, name in enumerate(columns) if not row[f"c{number}"])
    by_route = {name: row[f"r{number}"] for number, name in enumerate(routes)}
    if not maps:  # a feed that fills nothing is meant to, or its maps are reported already
        return FeedRows(empty, by_route)
    return FeedRows(empty, by_route, row["untaken"], f"{row['first'][0]}:{row['first'][1]}" if row["first"] else "")


def _takes(entity_map: EntityMap, route: "Column") -> "Column":
    """True for a row that a map takes."""
    from pyspark.sql import functions as F

    taken = route.isin(*entity_map.routes)
    return taken & F.coalesce(F.expr(entity_map.where), F.lit(False)) if entity_map.where else taken
