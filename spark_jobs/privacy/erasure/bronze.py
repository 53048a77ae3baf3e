"""Bronze without the subjects: rows that are about them go, or stay without them; rows of others lose their tokens."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from conf.contracts import Feed, load_sources
from conf.entities import load_entities
from spark_jobs.common.pii.feeds import SOURCE_KEY, is_about_customers, keeps_rows, personal_columns
from spark_jobs.conform.contributions import Contribution, contributions
from spark_jobs.conform.mapping import mapped
from spark_jobs.privacy.erasure.subjects import KEY, OWN, SEEN
from spark_jobs.privacy.erasure.work import Work

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

PLACE = ("_source_file", "_line")
GO, STAY, MENTION = "go", "stay", "mention"


@dataclass(frozen=True)
class FeedOf:
    """A feed, the maps that name a customer in it, and its table."""

    source: str
    name: str
    feed: Feed
    parts: tuple[Contribution, ...]

    @property
    def table(self) -> str:
        return f"bronze.{self.source}__{self.name}"

    @property
    def token_columns(self) -> list[str]:
        return [column.name for column in self.feed.columns if column.is_tokenised]

    @property
    def is_about_customers(self) -> bool:
        """Whether a row is about a customer even where it names none."""
        return is_about_customers(self.feed)

    @property
    def keeps_rows(self) -> bool:
        """Whether a row stays without its customer, because one of the entities it fills does."""
        return keeps_rows(self.feed)


def feeds(work: Work) -> list[FeedOf]:
    """All feeds of the configuration that have a table."""
    sources, there = load_sources(), {row["tableName"] for row in work.spark.sql("show tables in bronze").collect()}
    parts: dict[tuple[str, str], list[Contribution]] = defaultdict(list)
    for mine in contributions(sources, load_entities(), work.settings.retailer).values():
        for part in mine:
            if SOURCE_KEY in part.map.fields:
                parts[part.source, part.feed_name].append(part)
    return [
        FeedOf(source, name, feed, tuple(parts[source, name]))
        for source, contract in sources.items()
        for name, feed in contract.feeds.items()
        if f"{source}__{name}" in there
    ]


def find_rows(work: Work, of: FeedOf) -> tuple[int, "DataFrame | None"]:
    """Places of rows whose customer is a subject, kept as `rows_<feed>`; and the tokens that stand in them, in the column `value`."""
    from pyspark.sql import functions as F

    if not of.parts:
        return 0, None
    bronze, keys = work.spark.table(of.table), work.subjects(KEY).withColumnRenamed("value", SOURCE_KEY)
    places = work.keep(
        _named(bronze, of).join(F.broadcast(keys), SOURCE_KEY, "left_semi").select(*PLACE).distinct(), f"rows_{of.source}__{of.name}"
    )
    count = places.count()
    if not count or not of.token_columns:
        return count, None
    mine = bronze.join(F.broadcast(places), [*PLACE], "left_semi")
    return count, _values(mine, of.token_columns).distinct()


def places_about(work: Work, of: FeedOf) -> "DataFrame | None":
    """Places of rows that are about the subjects: rows that name one, and rows that hold a token of one alone and name nobody else."""
    from pyspark.sql import functions as F

    bronze = work.spark.table(of.table)
    keys, own = work.subjects(KEY).withColumnRenamed("value", SOURCE_KEY), work.subjects(OWN)
    held = [bronze.join(F.broadcast(own.withColumnRenamed("value", name)), name, "left_semi").select(*PLACE) for name in of.token_columns]
    if not of.parts:
        return reduce(lambda one, other: one.unionByName(other), held).distinct() if held else None
    named = _named(bronze, of)
    mine = named.join(F.broadcast(keys), SOURCE_KEY, "left_semi").select(*PLACE)
    others = named.where(F.col(SOURCE_KEY).isNotNull()).select(*PLACE)
    return reduce(lambda one, other: one.unionByName(other.join(others, [*PLACE], "left_anti")), held, mine).distinct()


def tokens_elsewhere(work: Work, of: FeedOf, places: "DataFrame | None", tokens: "DataFrame") -> "DataFrame":
    """Those of some tokens (column `value`) that rows of a feed at other places hold."""
    from pyspark.sql import functions as F

    rows = work.spark.table(of.table)
    rows = rows if places is None else rows.join(F.broadcast(places), [*PLACE], "left_anti")
    return _values(rows, of.token_columns).join(F.broadcast(tokens), "value", "left_semi").distinct()


def _named(bronze: "DataFrame", of: FeedOf) -> "DataFrame":
    """Places of a feed's rows, with the customer whom they name."""
    return reduce(
        lambda one, other: one.unionByName(other),
        [mapped(bronze, part, late_files=False).select(*PLACE, SOURCE_KEY) for part in of.parts],
    )


def _values(rows: "DataFrame", columns: Iterable[str]) -> "DataFrame":
    from pyspark.sql import functions as F

    return rows.select(F.explode(F.array_compact(F.array(*[F.col(f"`{name}`") for name in columns]))).alias("value"))


def erase_rows(work: Work, of: FeedOf) -> dict[str, int]:
    """Take the subjects out of one bronze table, in one commit; nothing is written when they are not in it.

    Returns:
        Rows that went, that stay without their customer, and rows of others that lost a token.
    """
    if not of.parts and not of.token_columns:
        return {}
    kept = work.keep_once(f"actions_{of.source}__{of.name}", lambda: _actions(work, of))
    counts = {row["action"]: row["count"] for row in kept.groupBy("action").count().collect()}
    if not counts:
        return {}
    view = f"erased_{of.source}__{of.name}"
    kept.createOrReplaceTempView(view)
    flagged = {f"_gone_{name}" for name in of.token_columns} & set(kept.columns)
    emptied = ", ".join(f"b.`{name}` = null" for name in personal_columns(of.feed))
    cleared = ", ".join(f"b.`{name}` = if(p.`_gone_{name}`, null, b.`{name}`)" for name in of.token_columns if f"_gone_{name}" in flagged)
    statement = f"merge into {of.table} b using {view} p on b._source_file = p._source_file and b._line = p._line"
    statement += f" when matched and p.action = '{GO}' then delete"
    statement += f" when matched and p.action = '{STAY}' then update set {emptied}" if emptied else ""
    statement += f" when matched then update set {cleared}" if cleared else ""
    try:
        work.spark.sql(statement).collect()
    finally:
        work.spark.catalog.dropTempView(view)
    return counts


def _actions(work: Work, of: FeedOf) -> "DataFrame":
    """(place, action, a flag for each token column): what happens to each row that has to do with a subject; maps or token columns there are."""
    from pyspark.sql import functions as F

    if not of.parts:
        return _mentions(work, of)
    action = F.lit(STAY if of.keeps_rows else GO).alias("action")
    flags = [F.lit(False).alias(f"_gone_{name}") for name in of.token_columns]
    named = work.read(f"rows_{of.source}__{of.name}").select(*PLACE, action, *flags)
    if not of.token_columns:
        return named
    return named.unionByName(_mentions(work, of).join(named.select(*PLACE), [*PLACE], "left_anti"))


def _mentions(work: Work, of: FeedOf) -> "DataFrame":
    """Rows of nobody or of others that hold a token which is a subject's own; every token in them that a subject's rows hold is to go.

    Where a row of the feed is about a customer and names no other, it was about the person of that token: it goes, unless its kind of row stays.
    """
    from pyspark.sql import functions as F

    bronze = work.spark.table(of.table)
    own, all_tokens = work.subjects(OWN), work.subjects(OWN, SEEN)
    places = [bronze.join(F.broadcast(own.withColumnRenamed("value", name)), name, "left_semi").select(*PLACE) for name in of.token_columns]
    rows = bronze.join(F.broadcast(reduce(lambda one, other: one.unionByName(other), places).distinct()), [*PLACE], "left_semi")
    for name in of.token_columns:
        flag = all_tokens.select(F.col("value").alias(name), F.lit(True).alias(f"_found_{name}"))
        rows = rows.join(F.broadcast(flag), name, "left")
    gone = [F.coalesce(f"_found_{name}", F.lit(False)).alias(f"_gone_{name}") for name in of.token_columns]
    rows = rows.select(*PLACE, *gone).distinct()
    if of.keeps_rows or not of.is_about_customers or not of.parts:
        action = F.lit(MENTION if of.keeps_rows or not of.is_about_customers else GO).alias("action")
        return rows.select(*PLACE, action, *[f"_gone_{name}" for name in of.token_columns])
    others = _named(bronze, of).where(F.col(SOURCE_KEY).isNotNull()).select(*PLACE).distinct()
    is_others = rows.join(others.withColumn("_others", F.lit(True)), [*PLACE], "left")
    action = F.when(F.col("_others"), F.lit(MENTION)).otherwise(F.lit(GO)).alias("action")
    return is_others.select(*PLACE, action, *[f"_gone_{name}" for name in of.token_columns])


def tokens_in_use(work: Work, all_feeds: Iterable[FeedOf]) -> "DataFrame":
    """Tokens of the subjects that rows of others hold in bronze, in the column `value`; kept as `tokens_in_use`."""
    from pyspark.sql import functions as F

    tokens = work.subjects(OWN, SEEN)
    used = [_values(work.spark.table(of.table), of.token_columns) for of in all_feeds if of.token_columns]
    still = reduce(lambda one, other: one.unionByName(other), used) if used else tokens.limit(0)
    return work.keep(still.join(F.broadcast(tokens), "value", "left_semi").distinct(), "tokens_in_use")
