"""Silver, identity, gold, features and predictions without the subjects, found by their columns: what names a customer loses the subjects' rows."""

from typing import TYPE_CHECKING

from conf.catalog import Schema
from conf.entities import load_entities
from conf.erasure import load_erasure
from conf.types import PiiClass
from spark_jobs.privacy.erasure.subjects import CUSTOMER, KEY, OWN, SEEN
from spark_jobs.privacy.erasure.work import Work
from spark_jobs.privacy.lake_tables import delta_tables

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SCHEMAS = (Schema.SILVER, Schema.IDENTITY, Schema.STAGING, Schema.GOLD_BUILD, Schema.FEATURES, Schema.PREDICTIONS, Schema.OPS)
SOURCE_KEY, CUSTOMER_ID = "source_customer_id", "customer_id"


def tables(work: Work) -> dict[str, list[str]]:
    """Delta tables that name customers or hold tokens, with their columns."""
    found = {}
    for name in delta_tables(work.spark, work.settings, SCHEMAS):
        columns = work.spark.table(name).columns
        if {SOURCE_KEY, CUSTOMER_ID} & set(columns) or any(column.endswith("_token") for column in columns):
            found[name] = columns
    return found


def erase_from(work: Work, name: str, columns: list[str]) -> int:
    """Take the subjects out of a table, in as few commits as it has columns for them; gives the rows that were changed or went."""
    keeps = load_erasure().keeps(name)
    changed = 0
    for column, kind in ((SOURCE_KEY, KEY), (CUSTOMER_ID, CUSTOMER)):
        if column in columns:
            action = f"update set {_emptied(name, columns)}" if keeps else "delete"
            changed += _merge(work, name, column, work.subjects(kind), action)
    tokens = [column for column in columns if column.endswith("_token")]
    for column in tokens:
        if SOURCE_KEY in columns and not keeps:
            changed += _merge(work, name, column, work.subjects(OWN), "delete", f"t.{SOURCE_KEY} is null")
    if tokens:
        changed += _clear_tokens(work, name, tokens)
    for column in columns:
        if column.endswith(f"_{CUSTOMER_ID}") and column != SOURCE_KEY:
            changed += _merge(work, name, column, work.subjects(KEY, CUSTOMER), f"update set t.`{column}` = null")
    for column in sorted(set(columns) & _identifiers()):  # records of others that name a key of a subject: a card that two share
        changed += _merge(work, name, column, work.subjects(KEY), f"update set t.`{column}` = null")
    return changed


def _identifiers() -> set[str]:
    """Columns of customers that hold other numbers of theirs, which are keys in some source; tokens are looked at by themselves."""
    names = {column.name for column in load_entities()["customers"].columns if column.id}
    return {name for name in names if not name.endswith("_token") and name not in (SOURCE_KEY, CUSTOMER_ID)}


def _emptied(name: str, columns: list[str]) -> str:
    """The assignments that leave a row without its customer."""
    entity = load_entities().get(name.partition(".")[2]) if name.startswith("silver.") else None
    quasi = {column.name for column in entity.columns if column.pii is not PiiClass.NONE} if entity else set()
    identifiers = {column.name for column in load_entities()["customers"].columns if column.id}
    gone = [c for c in columns if c in quasi | identifiers | {SOURCE_KEY, CUSTOMER_ID} or c.endswith("_token")]
    return ", ".join(f"t.`{column}` = null" for column in gone)


def _clear_tokens(work: Work, name: str, tokens: list[str]) -> int:
    """Rows of others lose the subjects' tokens that nobody else has."""
    gone = work.subjects(OWN, SEEN).join(work.in_use(), "value", "left_anti")
    return sum(_merge(work, name, column, gone, f"update set t.`{column}` = null") for column in tokens)


def _merge(work: Work, name: str, column: str, values: "DataFrame", action: str, only: str = "true") -> int:
    """Do something with the rows whose `column` is one of `values`; no commit when there are none."""
    from pyspark.sql import functions as F

    renamed = values.select(F.col("value").alias(column))
    rows = work.spark.table(name).alias("t").where(only).join(F.broadcast(renamed), column, "left_semi").count()
    if not rows:
        return 0
    view = f"erased_{name.replace('.', '__')}"
    values.createOrReplaceTempView(view)
    try:
        on = f"t.`{column}` = e.value and {only}"
        work.spark.sql(f"merge into {name} t using {view} e on {on} when matched then {action}").collect()
    finally:
        work.spark.catalog.dropTempView(view)
    return int(rows)
