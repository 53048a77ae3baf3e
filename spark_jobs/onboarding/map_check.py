"""One map on the valid rows of its feed: rows, rejected rows by column, keys, and documents that are delivered again."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from conf.entities import EntityColumn
from conf.errors import Finding
from conf.maps import Dedup
from spark_jobs.conform.contributions import Contribution
from spark_jobs.conform.documents import redelivered_otherwise
from spark_jobs.conform.mapping import PLACE, REJECT, mapped
from spark_jobs.conform.settle import good
from spark_jobs.onboarding.entity_check import is_money
from spark_jobs.onboarding.evaluation import broken_expressions, map_label, sql_problem
from spark_jobs.onboarding.results import MapCheck

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

REMEDIES = {
    "missing": "map it from a column that is always filled, or leave such rows out with where",
    "not mapped": "map it: the entity requires it",
}
ONE_KEY = (
    "map a key that names one row, such as {key: [order, line]}; for lines without a number use dedup: document; "
    "if the rows are versions of one thing, say with order_by which is the newest"
)


@dataclass(frozen=True)
class _Keys:
    """Keys by file: how many there are, have several rows, have rows that differ, and have rows whose amounts differ.

    `emptied` counts, by field, keys whose last row is empty where an earlier row of the file is filled.
    """

    in_files: int = 0
    repeated: int = 0
    differing: int = 0
    differing_amounts: int = 0
    place: str = ""
    emptied: dict[str, int] = field(default_factory=dict)


def check_map(valid: "DataFrame", part: Contribution, routed: int) -> MapCheck:
    """Evaluate a map.

    Args:
        valid: rows of the feed that break no rule.
        part: the map.
        routed: how many of them take one of its routes.
    """
    found = [MapCheck(part.feed_name, part.map_number + 1, part.entity.entity)]
    problem = sql_problem(lambda: found.append(_evaluated(valid, part, routed)))
    return replace(found[0], findings=tuple(broken_expressions(valid, part, problem))) if problem else found[-1]


def _evaluated(valid: "DataFrame", part: Contribution, routed: int) -> MapCheck:
    from pyspark.sql import functions as F

    rows = mapped(valid, part, late_files=False, with_document=bool(part.document))
    is_good = F.col(REJECT).isNull()
    counts = rows.agg(
        F.count("*").alias("rows"),
        F.count_if(~is_good).alias("rejected"),
        F.count_distinct(F.when(is_good, F.col(part.entity.key))).alias("keys"),
        F.max(F.when(is_good, F.xxhash64(*part.entity.column_names))),  # evaluates every field
    ).collect()[0]
    findings = _empty(part, counts["rows"], routed)
    findings += _rejections(rows, part, counts["rows"]) if counts["rejected"] else []
    warnings: list[Finding] = []
    keys = _repeated(good(rows), part) if counts["keys"] and not part.makes_key and not part.is_key_only else _Keys()
    if keys.differing and not _has_versions(part):
        (findings if keys.differing_amounts else warnings).append(_key_problem(keys, part))
        findings += _emptied(keys, part)
    changed = redelivered_otherwise(rows, part.entity.key).count() if part.map.dedup is Dedup.FULL_ROW_PER_DOCUMENT else 0
    if changed:
        said = f"{changed} document(s) are delivered again with other lines, and the lines of all deliveries count"
        warnings.append(Finding(map_label(part), said, "use dedup: document if the newest delivery replaces the document"))
    return MapCheck(
        part.feed_name, part.map_number + 1, part.entity.entity, counts["rows"], counts["rejected"], counts["keys"], keys.repeated, changed,
        tuple(findings), tuple(warnings),
    )  # fmt: skip


def _empty(part: Contribution, rows: int, routed: int) -> list[Finding]:
    """A map that no row takes although its routes have rows; an empty route is reported with the feed."""
    if rows or not routed:
        return []
    return [Finding(f"{map_label(part)}, where", f"is true for none of {routed} row(s)", "correct the condition, or take the map out")]


def _rejections(rows: "DataFrame", part: Contribution, all_rows: int) -> list[Finding]:
    """Rows that cannot be rows of the entity, by column and reason, with the place of the first."""
    from pyspark.sql import functions as F

    reasons = rows.select(F.explode(REJECT).alias("reason"), *PLACE).groupBy("reason")
    counted = reasons.agg(F.count("*").alias("rows"), F.min(F.struct(*PLACE)).alias("place")).orderBy(F.desc("rows"), "reason")
    findings = []
    for row in counted.collect():
        column, _, reason = row["reason"].partition(": ")
        remedy = REMEDIES.get(reason, "correct the type of the feed's column, or convert the value in an expression")
        said = f"{reason} in {row['rows']} of {all_rows} row(s), first at {row['place'][0]}:{row['place'][1]}"
        findings.append(Finding(f"{map_label(part)}, {column}", said, remedy))
    return findings


def _repeated(rows: "DataFrame", part: Contribution) -> _Keys:
    """Keys that have several rows in one file."""
    from pyspark.sql import functions as F

    others = [column.name for column in part.entity.columns if column.name != part.entity.key]
    amounts = [column.name for column in part.entity.columns if _is_fact(column) and column.name in part.map.fields]
    fields = [column.name for column in part.entity.columns if not column.descriptive and column.name in part.map.fields]
    by_key = rows.groupBy("_source_file", part.entity.key).agg(
        F.count("*").alias("rows"),
        F.count_distinct(F.xxhash64(*others)).alias("versions"),
        (F.count_distinct(F.xxhash64(*amounts)) if amounts else F.lit(1)).alias("amounts"),
        F.max("_line").alias("last"),
        *(((F.count(name) > 0) & F.max_by(name, "_line").isNull()).alias(f"emptied_{name}") for name in fields if name != part.entity.key),
    )
    differs = F.col("versions") > 1
    row = by_key.agg(
        F.count("*").alias("in_files"),
        F.count_if(F.col("rows") > 1).alias("repeated"),
        F.count_if(differs).alias("differing"),
        F.count_if(F.col("amounts") > 1).alias("differing_amounts"),
        F.min(F.when(differs, F.struct("_source_file", "last"))).alias("place"),
        *(F.count_if(name).alias(name) for name in by_key.columns if name.startswith("emptied_")),
    ).collect()[0]
    place = f"{row['place'][0]}:{row['place'][1]}" if row["place"] else ""
    emptied = {name.removeprefix("emptied_"): row[name] for name in by_key.columns if name.startswith("emptied_") and row[name]}
    return _Keys(row["in_files"], row["repeated"], row["differing"], row["differing_amounts"], place, emptied)


def _is_fact(column: EntityColumn) -> bool:
    """True for amounts and quantities: of two rows that differ in one, both count."""
    return is_money(column) or column.name == "quantity"


def _has_versions(part: Contribution) -> bool:
    """True when rows of a key are meant as its versions: the mapping says in which order they come."""
    return part.feed.changes is not None or part.map.order_by is not None


def _key_problem(keys: _Keys, part: Contribution) -> Finding:
    """Keys whose rows in one file differ; only the last row of each stays."""
    share = f"{keys.differing} of {keys.in_files} key(s) ({keys.differing / keys.in_files:.1%})"
    which = f", {keys.differing_amounts} of them in an amount or quantity" if keys.differing_amounts else ""
    said = f"{share} have rows in one file that differ{which}; the last row stays, first at {keys.place}"
    return Finding(f"{map_label(part)}, {part.entity.key}", said, ONE_KEY)


def _emptied(keys: _Keys, part: Contribution) -> list[Finding]:
    """Fields whose values are lost because the last row of a key does not have them."""
    remedy = "give the feed a document and its column per_document: first_filled, or leave the other rows out with where"
    return [
        Finding(
            f"{map_label(part)}, {name}", f"{count} key(s) lose it: their last row in a file is empty, an earlier one is filled", remedy
        )
        for name, count in keys.emptied.items()
    ]
