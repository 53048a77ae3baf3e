"""Customers who were erased, for ingest: a row of theirs that is delivered late or again does not bring them back."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from conf.catalog import catalog
from conf.contracts import Feed
from conf.settings import Settings
from spark_jobs.common.delta import ensure_table
from spark_jobs.common.job import StepContext
from spark_jobs.common.pii.feeds import customer_columns, is_about_customers, keeps_rows, personal_columns
from spark_jobs.ingest.tokens import Erased

SUPPRESSIONS = "vault.suppressions"


@dataclass(frozen=True)
class Marks:
    """Marks of erased customer keys, which hold for ever, and of tokens, which hold for some time: numbers are given out again."""

    keys: frozenset[str] = frozenset()
    tokens: frozenset[str] = frozenset()


def erased_marks(ctx: StepContext) -> Marks:
    """The marks that hold on the business date."""
    if not (ctx.settings.lake.warehouse / "vault" / "suppressions").is_dir():
        return Marks()
    ensure_table(ctx.spark, ctx.settings, catalog().table(SUPPRESSIONS))
    rows = ctx.spark.table(SUPPRESSIONS).select("mark", "subject", "erased_on").toArrow().to_pylist()
    since = ctx.business_date - timedelta(days=ctx.settings.privacy.suppress_tokens_days)
    tokens = frozenset(row["mark"] for row in rows if row["subject"] == "token" and row["erased_on"] >= since)
    return Marks(frozenset(row["mark"] for row in rows if row["subject"] != "token"), tokens)


def erased_in(feed: Feed, source: str, marks: Marks) -> Erased | None:
    """What a feed's reader has to know of them; None when nobody was erased, or the feed says nothing of people."""
    keys = customer_columns(feed, source)
    has_tokens = any(column.is_tokenised for column in feed.columns)
    if not (marks.keys and keys) and not (marks.tokens and has_tokens):
        return None
    emptied = personal_columns(feed) if keeps_rows(feed) else None
    return Erased(marks.keys, keys, emptied, marks.tokens, is_about_customers(feed))


def redelivered_folder(settings: Settings) -> Path:
    """Notes of delivered lines about people who were erased: the archive takes them out of the files. No value is in them."""
    return settings.lake.root / "privacy" / "redelivered"


def note_redelivered(settings: Settings, batch_id: str, lines: dict[str, list[int]]) -> None:
    """Keep the lines of files (by name) until they are taken out."""
    folder = redelivered_folder(settings)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = folder / f".{batch_id}"
    draft.write_text(json.dumps(lines, sort_keys=True), encoding="utf-8")
    draft.replace(folder / f"{batch_id}.json")
