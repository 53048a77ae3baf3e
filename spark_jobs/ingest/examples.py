"""Examples of rejected rows for a person who corrects a mapping: where they are, and a mask of the value; never a value."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from conf.columns import Column
from conf.contracts import Feed
from conf.errors import Finding
from conf.types import PiiClass
from spark_jobs.common.crypto import Keyring
from spark_jobs.ingest.batch import TRIAL, Batch
from spark_jobs.ingest.identifiers import DAMAGE, REMEDIES
from spark_jobs.ingest.tokens import TOKEN, raw_binding

if TYPE_CHECKING:
    from pyspark.sql import Row

LONGEST = 60
WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Example:
    """A row that broke a rule: its place, and what stood there with letters as x and digits as 9."""

    file: str
    line: int
    rule: str
    value: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {self.value}"


def masked(text: str) -> str:
    """The shape of a text: letters as x, digits as 9, marks as they are."""
    shape = "".join("9" if character.isnumeric() else "x" if character.isalpha() else character for character in text[:LONGEST])
    return json.dumps(shape, ensure_ascii=False)[1:-1] + ("…" if len(text) > LONGEST else "")


def rejected_examples(batch: Batch, each: int = 3) -> tuple[Example, ...]:
    """The first rejected rows of every rule, in the order of file and line."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    sealed = batch.sealed()
    if sealed is None:
        return ()
    named = sealed.select(
        F.col("rules")[0].alias("rule"), F.col("value_classes")[0].alias("kind"), "raw_row", "_file_hash", "_source_file", "_line"
    )
    order = Window.partitionBy("rule").orderBy("_source_file", "_line")
    rows = named.withColumn("_place", F.row_number().over(order)).filter(F.col("_place") <= each).collect()
    ring = batch.key.open()
    raws = {_place(row): _raw(row, ring) for row in rows}
    delivered = _lengths(batch, raws.values(), ring)
    found = [Example(row["_source_file"], row["_line"], row["rule"], _shown(batch.feed, row, raws[_place(row)], delivered)) for row in rows]
    return tuple(sorted(found, key=lambda example: (example.rule, example.file, example.line)))


def equal_damage(batch: Batch, most: int = 10_000) -> list[Finding]:
    """Keys that a spreadsheet made equal, by column: the share of damaged rows that have the same damaged value."""
    from pyspark.sql import functions as F

    sealed = batch.sealed()
    if sealed is None or not any(rule.endswith(f":{DAMAGE}") for _, rule in batch.rejected):
        return []
    rule = F.col("rules")[0]
    damaged = sealed.where(F.endswith(rule, F.lit(f":{DAMAGE}"))).select(
        rule.alias("rule"), "raw_row", "_file_hash", "_source_file", "_line"
    )
    ring = batch.key.open()
    values: dict[str, Counter[str]] = {}
    for row in damaged.orderBy("_source_file", "_line").limit(most).collect():
        raw = _raw(row, ring)
        value = json.loads(raw).get(row["rule"].partition(":")[0]) if raw else None
        if value is not None:
            values.setdefault(row["rule"], Counter())[value] += 1
    return [
        Finding(f"{batch.feed_name.removesuffix(TRIAL)}, {name}", _said_equal(counts), REMEDIES[DAMAGE])
        for name, counts in sorted(values.items())
        if counts.most_common(1)[0][1] > 1
    ]


def _said_equal(counts: Counter[str]) -> str:
    most, rows = counts.most_common(1)[0][1], counts.total()
    return f"{most} of {rows} damaged row(s) ({most / rows:.0%}) have the same value, so different keys became one"


def _place(row: "Row") -> tuple[str, int]:
    return row["_source_file"], row["_line"]


def _raw(row: "Row", ring: Keyring) -> str | None:
    """The row as it was sealed; None when the installation keeps none."""
    if row["raw_row"] is None:
        return None
    return ring.decrypt(bytes(row["raw_row"]), raw_binding(row["_file_hash"], row["_line"])).decode("utf-8", "replace")


def _lengths(batch: Batch, raws: Iterable[str | None], ring: Keyring) -> dict[str, int]:
    """How long the values behind the tokens of the examples are."""
    wanted = {match[0] for raw in raws if raw for match in TOKEN.finditer(raw)}
    if not wanted or not batch.count("vault"):
        return {}
    table = pq.read_table(batch.plan.folder_of("vault"), columns=["token", "ciphertext"])
    rows = table.filter(pc.is_in(table["token"], pa.array(sorted(wanted)))).to_pylist()
    return {row["token"]: len(ring.decrypt(row["ciphertext"], row["token"]).decode()) for row in rows}


def _shown(feed: Feed, row: "Row", raw: str | None, lengths: Mapping[str, int]) -> str:
    """What an example shows of a row, for the rule that it broke."""
    subject, _, rule = row["rule"].partition(":")
    if raw is None:
        return str(row["kind"])
    if subject == "line":
        return _line(feed, raw)
    values = json.loads(raw)
    if subject != "row":
        if rule in REMEDIES and values.get(subject) is None:
            return f"{feed.column(subject).kind}(not kept)"
        return _value(feed.column(subject), values.get(subject), lengths)
    references = {key.name: key.columns for key in feed.foreign_keys}
    if rule == "unique" or rule in references:
        names: Iterable[str] = references.get(rule, feed.unique)
    else:
        words = {word for each in feed.rules if each.name == rule for word in WORD.findall(each.expr)}
        names = [name for name in feed.column_names if name in words]
    return ", ".join(f"{name}={_value(feed.column(name), values.get(name), lengths)}" for name in names)


def _value(column: Column, text: str | None, lengths: Mapping[str, int]) -> str:
    if text is None:
        return "empty"
    if column.pii is not PiiClass.NONE:
        return f"{column.kind or column.pii}({lengths.get(text, len(text))})"
    return masked(text)


def _line(feed: Feed, raw: str) -> str:
    """A line that never became columns; when it may hold a person's data nothing but its size."""
    if all(column.pii is PiiClass.NONE for column in feed.columns):
        return masked(raw)
    fields = f", {raw.count(feed.csv.delimiter)} × {feed.csv.delimiter!r}" if feed.format == "csv" else ""
    return f"line({len(raw)}{fields})"
