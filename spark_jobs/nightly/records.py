"""What happened on this lake, read straight from its Delta tables: needs no engine, so it answers at once."""

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from conf.catalog import Schema
from conf.settings import Settings
from spark_jobs.common.gold_views import views_shown
from spark_jobs.privacy.erasure.work import open_erasures
from spark_jobs.privacy.requests.states import Request, newest

if TYPE_CHECKING:
    from deltalake import DeltaTable


@dataclass(frozen=True, slots=True)
class FeedQuality:
    """Rows of one feed, over all its loaded files and what was replayed out of quarantine since."""

    feed: str
    files: int
    rows_in: int
    rows_valid: int
    rows_quarantined: int
    newest_file_on: date | None

    @property
    def share_valid(self) -> float:
        return self.rows_valid / self.rows_in if self.rows_in else 1.0


@dataclass(frozen=True, slots=True)
class Totals:
    """What gold shows: the figures a retailer reconciles first."""

    orders: int
    lines: int
    customers: int
    sales_amount: Decimal


@dataclass(frozen=True, slots=True)
class StepRun:
    """The latest run of a step."""

    step: str
    business_date: date
    status: str
    seconds: float
    started_at: datetime
    message: str


DRIFT = ("breaking", "moderate", "safe")


def _open(settings: Settings, schema: str, name: str, version: int | None = None) -> "DeltaTable | None":
    from deltalake import DeltaTable

    path = str(settings.lake.warehouse / schema / name)
    return DeltaTable(path, version=version) if DeltaTable.is_deltatable(path) else None


def _rows(settings: Settings, name: str) -> list[dict[str, Any]]:
    table = _open(settings, Schema.OPS, name)
    return table.to_pyarrow_table().to_pylist() if table else []


def publications(settings: Settings) -> dict[str, dict[str, Any]]:
    """The latest publication of each table in gold; empty when nothing was published."""
    rows = sorted(_rows(settings, "publications"), key=lambda row: row["published_at"])
    return {row["table_name"]: row for row in rows}


def views_behind(settings: Settings) -> list[str]:
    """Views of gold that do not show the newest publication yet: a publish was killed between its commit and its views.

    Empty on a lake whose views were never noted.
    """
    shown = views_shown(settings)
    if shown is None:
        return []
    rows = _rows(settings, "publications")
    newest = max((row["published_at"] for row in rows), default=None)
    return sorted(row["table_name"] for row in rows if row["published_at"] == newest and shown.get(row["table_name"]) != row["version"])


def published_on(settings: Settings) -> date | None:
    """The business date that gold shows."""
    return max((row["business_date"] for row in publications(settings).values()), default=None)


def totals(settings: Settings) -> Totals | None:
    """Orders, lines, customers and sales of the published versions; None before the first publication."""
    import pyarrow.compute as pc

    published = publications(settings)
    if not {"fct_orders", "fct_order_items", "dim_customers"} <= set(published):
        return None
    frames = {}
    for name, columns in (("fct_orders", ["sales_amount"]), ("fct_order_items", ["ordered_on"]), ("dim_customers", ["customer_id"])):
        table = _open(settings, Schema.GOLD_BUILD, name, published[name]["version"])
        if table is None:
            return None
        frames[name] = table.to_pyarrow_table(columns=columns)
    orders = frames["fct_orders"]
    sales = pc.sum(orders["sales_amount"]).as_py() or Decimal(0)
    return Totals(orders.num_rows, frames["fct_order_items"].num_rows, frames["dim_customers"].num_rows, sales)


def feed_quality(settings: Settings) -> list[FeedQuality]:
    """Rows in, valid and quarantined per feed, as they are now: a replay's entry moves rows from quarantined to valid."""
    feeds: dict[str, list[dict[str, Any]]] = {}
    for row in _rows(settings, "ingest_manifest"):
        if row["status"] in ("loaded", "replayed"):
            feeds.setdefault(f"{row['source']}.{row['feed']}", []).append(row)
    return [_quality(name, rows) for name, rows in sorted(feeds.items())]


def _quality(feed: str, rows: list[dict[str, Any]]) -> FeedQuality:
    files = [row for row in rows if row["status"] == "loaded"]
    rows_in, valid, quarantined = (sum(row[name] or 0 for row in rows) for name in ("rows_in", "rows_valid", "rows_quarantined"))
    newest = max((row["known_on"] for row in files if row["known_on"]), default=None)
    return FeedQuality(feed, len(files), rows_in, valid, quarantined, newest)


def schema_drift(settings: Settings) -> list[tuple[str, str, str, int]]:
    """What changed in the columns of the files of the last run that loaded any: class, feed, what, and how many files say so; worst first."""
    rows = [row for row in _rows(settings, "ingest_manifest") if row["status"] in ("loaded", "failed")]
    last = max((row["business_date"] for row in rows), default=None)
    found: dict[tuple[str, str, str], int] = {}
    for row in rows:
        if row["business_date"] != last or not row["message"]:
            continue
        notes = row["message"].split("; ") if row["status"] == "loaded" else [f"breaking: {row['message']}"]
        for note in notes:
            kind, _, what = note.partition(": ")
            if kind in DRIFT:
                key = (kind, f"{row['source']}.{row['feed']}", what)
                found[key] = found.get(key, 0) + 1
    return [(*key, files) for key, files in sorted(found.items(), key=lambda item: (DRIFT.index(item[0][0]), item[0]))]


def set_aside(settings: Settings) -> list[tuple[str, str, str]]:
    """Files that are set aside now: feed, file, and why with its remedy."""
    rows = [row for row in _rows(settings, "ingest_manifest") if row["status"] in ("set_aside", "loaded", "duplicate", "withdrawn")]
    found: dict[tuple[str, str], str] = {}
    for row in sorted(rows, key=lambda row: row["loaded_at"]):
        key = (f"{row['source']}.{row['feed']}", row["file"])
        if row["status"] == "set_aside":
            found[key] = row["message"] or ""
        else:
            found.pop(key, None)
    return [(*key, why) for key, why in sorted(found.items())]


def source_quality(settings: Settings) -> list[dict[str, Any]]:
    """Figures of the last night measured, `ops.data_quality`: validity of every source, and whatever is not as it should be."""
    rows = _rows(settings, "data_quality")
    last = max((row["business_date"] for row in rows), default=None)
    return [
        row
        for row in rows
        if row["business_date"] == last and (row["status"] != "ok" or (row["dimension"] == "validity" and row["feed"] is None))
    ]


def latest_steps(settings: Settings) -> list[StepRun]:
    """The latest run of each step, in the order in which they ran."""
    latest: dict[str, dict[str, Any]] = {}
    for row in sorted(_rows(settings, "runs"), key=lambda row: row["started_at"]):
        latest.pop(row["step"], None)
        latest[row["step"]] = row
    return [
        StepRun(row["step"], row["business_date"], row["status"], row["seconds"], row["started_at"], row["message"] or "")
        for row in latest.values()
    ]


def changed_documents(settings: Settings) -> int:
    """Documents that the latest conform found delivered again with other lines, whose earlier lines count too."""
    runs = [row for row in _rows(settings, "runs") if row["step"] == "silver" and row["status"] == "ok" and row["counts"]]
    newest = max(runs, key=lambda row: row["started_at"], default=None)
    return 0 if newest is None else int(json.loads(newest["counts"]).get("changed_documents", 0))


def champions(settings: Settings) -> dict[str, str]:
    """The champion version of each model, from the stored verdicts."""
    found = {}
    for row in sorted(_rows(settings, "model_verdicts"), key=lambda row: row["decided_at"]):
        found[row["model_name"]] = row["challenger_version"] if row["promoted"] else row["champion_version"] or "none: " + row["reason"]
    return found


def open_requests(settings: Settings) -> list[Request]:
    """Rights requests that somebody still waits for an answer to, the most urgent first."""
    return [request for request in newest(_rows(settings, "privacy_requests")) if request.is_open]


def as_json(settings: Settings) -> str:
    """Everything above as one JSON document."""
    sums = totals(settings)
    document = {
        "published_on": published_on(settings),
        "totals": asdict(sums) if sums else None,
        "feeds": [asdict(feed) | {"share_valid": feed.share_valid} for feed in feed_quality(settings)],
        "data_quality": source_quality(settings),
        "schema_drift": [dict(zip(("class", "feed", "what", "files"), found, strict=True)) for found in schema_drift(settings)],
        "set_aside": [dict(zip(("feed", "file", "why"), found, strict=True)) for found in set_aside(settings)],
        "steps": [asdict(step) for step in latest_steps(settings)],
        "champions": champions(settings),
        "open_requests": [asdict(request) for request in open_requests(settings)],
        "open_erasures": open_erasures(settings),
        "views_behind": views_behind(settings),
        "changed_documents": changed_documents(settings),
    }
    return json.dumps(document, default=str, indent=2)
