"""The answer to a request of access: every fact about one customer, as JSON for machines and one HTML page for people.

Found by columns, not by names of tables: a table that names a customer (`customer_id`, `source_customer_id`) gives its rows of this one. Values behind
tokens are decrypted, which is in the audit log first. Rows are written as they come, so that a long history needs no memory.
"""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader

from conf.catalog import Schema
from conf.errors import Finding, InputError
from spark_jobs.common.audit.journal import note
from spark_jobs.common.audit.records import Action
from spark_jobs.common.crypto import key_reference
from spark_jobs.common.job import StepContext
from spark_jobs.ingest.tokens import TOKEN
from spark_jobs.privacy.erasure import bronze
from spark_jobs.privacy.erasure.subjects import CUSTOMER, KEY, OWN, find_subjects
from spark_jobs.privacy.erasure.work import Work
from spark_jobs.privacy.lake_tables import delta_tables

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SCHEMAS = (Schema.SILVER, Schema.GOLD_BUILD, Schema.PREDICTIONS, Schema.FEATURES, Schema.IDENTITY, Schema.OPS)
MOST_SHOWN = 500  # rows of a table on the page; the JSON has all of them
TITLES = {
    "bronze": ("As our systems delivered it", "系统原始数据"),
    "silver": ("As your sources told it", "原始记录"), "gold_build": ("What we make of it", "画像与汇总"),
    "predictions": ("Forecasts of models", "模型预测"), "features": ("What models look at", "模型特征"), "identity": ("Your numbers with us", "标识"),
    "ops": ("What you asked of us", "您的请求"),
}  # fmt: skip


@dataclass
class _Section:
    """A table of the page."""

    name: str
    columns: list[str]
    rows: list[list[Any]]
    count: int


class _Facts:
    """The facts about a customer, and of guests who are known by a number that is this customer's alone."""

    def __init__(self, ctx: StepContext, work: Work, customer_id: str) -> None:
        self._ctx, self._work, self.customer_id = ctx, work, customer_id
        find_subjects(work, [customer_id])
        self.keys, self._customers, self._own = (self._subjects(kind) for kind in (KEY, CUSTOMER, OWN))
        self._feeds = bronze.feeds(work)
        self._places: dict[str, DataFrame] = {}
        self.tokens: set[str] = set()
        self._told: set[str] = set()  # tokens of records of customers: what they said of themselves

    def _subjects(self, kind: str) -> list[str]:
        return sorted(self._work.subjects(kind).toArrow()["value"].to_pylist())

    def tables(self) -> Iterator[tuple[str, "DataFrame"]]:
        """(table, its rows of the customer), in order of name within each schema."""
        from pyspark.sql import functions as F

        for of in sorted(self._feeds, key=lambda each: each.table):
            places = bronze.places_about(self._work, of)
            if places is not None:
                self._places[of.table] = self._work.keep(places, f"places_{of.source}__{of.name}")
                yield of.table, self._ctx.spark.table(of.table).join(F.broadcast(self._places[of.table]), [*bronze.PLACE], "left_semi")
        for name in delta_tables(self._ctx.spark, self._ctx.settings, SCHEMAS):
            table = self._ctx.spark.table(name)
            if "customer_id" in table.columns:
                yield name, table.where(F.col("customer_id").isin(self._customers))
            elif "source_customer_id" in table.columns:
                yield name, table.where(F.col("source_customer_id").isin(self.keys))

    def note_tokens(self, table: str, text: str) -> None:
        """Remember the tokens of a row."""
        found = {match[0] for match in TOKEN.finditer(text)}
        self.tokens |= found
        if table in self._records:
            self._told |= found

    @cached_property
    def _records(self) -> frozenset[str]:
        """Tables of what customers said of themselves."""
        return frozenset(
            {"silver.customers", *(of.table for of in self._feeds if any(each.entity == "customers" for each in of.feed.maps))}
        )

    @cached_property
    def values(self) -> dict[str, dict[str, str]]:
        """Token → kind and value, for tokens of the facts that are not somebody else's: a courier's number stays a token."""
        if not self.tokens:
            return {}
        from pyspark.sql import functions as F

        ring = key_reference(self._ctx.settings).open()
        shown = sorted(self.tokens - self._others())
        asked = self._ctx.spark.createDataFrame([(token,) for token in shown], "token string")
        rows = self._ctx.spark.table("vault.pii").join(F.broadcast(asked), "token", "left_semi").orderBy("token").collect()
        return {row["token"]: {"kind": row["kind"], "value": ring.decrypt(bytes(row["ciphertext"]), row["token"]).decode()} for row in rows}

    def _others(self) -> set[str]:
        """Tokens that stand in rows about others too, and not in the customer's own record."""
        doubted = sorted(self.tokens - self._told - set(self._own))
        if not doubted:
            return set()
        tokens = self._ctx.spark.createDataFrame([(token,) for token in doubted], "value string")
        found = [bronze.tokens_elsewhere(self._work, of, self._places.get(of.table), tokens) for of in self._feeds if of.token_columns]
        return {value for each in found for value in each.toArrow()["value"].to_pylist()}


def export(ctx: StepContext, request_id: str, customer_id: str) -> Path:
    """Write `facts.json` and `facts.html` of a customer into `exports/privacy/<request_id>`; gives that folder.

    Raises:
        InputError: the customer is not known (any more).
    """
    note(ctx.settings, Action.PII_READ, "vault.pii", purpose=f"request {request_id}")
    work = Work(ctx.spark, ctx.settings, f"access-{request_id}")
    try:
        return _export(ctx, work, request_id, customer_id)
    finally:
        work.remove()


def _export(ctx: StepContext, work: Work, request_id: str, customer_id: str) -> Path:
    facts = _Facts(ctx, work, customer_id)
    if not facts.keys:
        raise InputError("there is no such customer", [Finding(request_id, "is about a customer who is not known", "withdraw it")])
    folder = ctx.settings.lake.exports / "privacy" / request_id
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    sections = _write_json(ctx, facts, folder / "facts.json")
    page = Environment(loader=PackageLoader("spark_jobs.privacy.requests", "."), autoescape=True, trim_blocks=True).get_template(
        "facts.html.j2"
    )
    text = page.render(
        retailer=ctx.settings.retailer.name, day=ctx.business_date, customer_id=customer_id, keys=facts.keys, titles=TITLES, schemas={each.name.partition(".")[0] for each in sections},
        sections=sections, values=sorted({(each["kind"], each["value"]) for each in facts.values.values()}), most=MOST_SHOWN,
    )  # fmt: skip
    _write(folder / "facts.html", text)
    note(ctx.settings, Action.EXPORTED, f"request {request_id}", tables=len(sections), rows=sum(each.count for each in sections))
    return folder


def _write_json(ctx: StepContext, facts: _Facts, file: Path) -> list[_Section]:
    """{customer_id, as_of, keys, tables: {name: [row]}, values: {token: {kind, value}}}, row by row."""
    sections: list[_Section] = []
    with ExitStack() as stack:
        out = stack.enter_context(os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"))
        head = {"customer_id": facts.customer_id, "as_of": ctx.business_date.isoformat(), "keys": facts.keys}
        out.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "tables": {')
        for name, frame in facts.tables():
            section = _Section(name, frame.columns, [], 0)
            for row in frame.toLocalIterator():
                values = {column: _plain(row[column]) for column in section.columns}
                opening = (", " if sections else "") + f"\n{json.dumps(name)}: [\n" if not section.count else ",\n"
                out.write(opening + json.dumps(values, ensure_ascii=False))
                facts.note_tokens(name, json.dumps(values))
                section.count += 1
                if section.count <= MOST_SHOWN:
                    section.rows.append([values[column] for column in section.columns])
            if section.count:
                out.write("]")
                sections.append(section)
        out.write('}, "values": ' + json.dumps(facts.values, ensure_ascii=False) + "}\n")
    return sections


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    return (
        value
        if value is None or isinstance(value, bool | int | float | str)
        else [_plain(each) for each in value]
        if isinstance(value, list)
        else str(value)
    )


def _write(file: Path, text: str) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        out.write(text)


def remove_old(ctx: StepContext, done_before: date, done: dict[str, date]) -> int:
    """Remove exports of requests that were done before a date (`done`: request → day); gives their number."""
    import shutil

    removed = 0
    for request_id, day in sorted(done.items()):
        folder = ctx.settings.lake.exports / "privacy" / request_id
        if day < done_before and folder.is_dir():
            shutil.rmtree(folder)
            removed += 1
    return removed
