"""Shows a person what is on the lake: totals that reconcile, freshness, quality, models, and what to do next."""

from datetime import date

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from conf.settings import Settings
from spark_jobs.common.lake_format import format_error
from spark_jobs.common.storage import fault_now
from spark_jobs.nightly import records
from spark_jobs.nightly.failure import last_failure
from spark_jobs.nightly.lock import is_night_running
from spark_jobs.privacy.erasure.work import open_erasures

EXAMPLES = (
    ("the best customers", "cdp sql \"select * from gold.dim_customers order by sales_amount desc limit 5\""),
    ("what every table holds", "cdp docs"),
    ("how the nights went", "cdp status"),
    ("the DAGs in Airflow", "make airflow"),
)  # fmt: skip


def show_totals(console: Console, settings: Settings) -> None:
    """Rows in = valid + quarantined per feed, and what gold shows."""
    _show_feeds(console, settings)
    totals = records.totals(settings)
    if totals is None:
        return
    console.print(
        f"Gold, as of {records.published_on(settings)}: {totals.orders:,} orders, {totals.lines:,} lines, "
        f"{totals.customers:,} customers, sales {totals.sales_amount:,.2f}",
        style="bold",
    )


def show_what_next(console: Console) -> None:
    """Commands worth trying."""
    console.print("Try next:")
    for what, command in EXAMPLES:
        console.print(f"  {what}: ", end="", style="dim")
        console.print(command, markup=False, soft_wrap=True)


def show_status(console: Console, settings: Settings) -> None:
    """The state of the lake, and what to look at."""
    published = records.published_on(settings)
    steps = records.latest_steps(settings)
    if not steps:
        if not _show_lake(console, settings, set()):
            console.print("Nothing ran on this lake yet. Start with: cdp demo")
        return
    console.print(f"Published up to [bold]{published or 'nothing yet'}[/]")
    table = Table(title="Latest run of each step", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("step", "business date", "status", "seconds", "started (UTC)", "message"):
        table.add_column(column, justify="right" if column == "seconds" else "left")
    for step in steps:
        style = {"failed": "red", "skipped": "yellow"}.get(step.status)
        table.add_row(
            step.step.removesuffix(".step").rpartition(".")[2],
            str(step.business_date),
            step.status,
            f"{step.seconds:.1f}",
            f"{step.started_at:%m-%d %H:%M}",
            step.message,
            style=style,
        )
    console.print(table)
    _show_feeds(console, settings)
    _show_quality(console, settings)
    _show_drift(console, settings)
    for model, version in records.champions(settings).items():
        console.print(f"champion of {model}: {version}", markup=False)
    _show_what_to_look_at(console, settings, steps)


def _show_feeds(console: Console, settings: Settings) -> None:
    table = Table(title="Rows in = valid + quarantined", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("feed", overflow="fold")
    for column in ("files", "rows in", "valid", "quarantined", "newest file"):
        table.add_column(column, justify="right")
    feeds = records.feed_quality(settings)
    is_one_source = len({feed.feed.partition(".")[0] for feed in feeds}) == 1
    for feed in feeds:
        figures = (f"{figure:,}" for figure in (feed.files, feed.rows_in, feed.rows_valid, feed.rows_quarantined))
        table.add_row(feed.feed.partition(".")[2] if is_one_source else feed.feed, *figures, str(feed.newest_file_on or ""))
    console.print(table)


def _show_quality(console: Console, settings: Settings) -> None:
    figures = records.source_quality(settings)
    if not figures:
        return
    table = Table(
        title="Data quality of the last night (all of it: cdp quality)", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    for column in ("about", "what", "rows", "pass rate", "needed"):
        table.add_column(column, justify="left" if column in ("about", "what") else "right", overflow="fold")
    for row in sorted(figures, key=lambda each: (each["status"] == "ok", each["dimension"])):
        about = ".".join(str(row[name]) for name in ("source", "feed", "entity", "column_name") if row[name])
        # Earlier releases stored shares below 0 where more rows were tolerated than delivered.
        shares = (f"{max(0.0, row[name]):.2%}" if row[name] is not None else "" for name in ("pass_rate", "threshold"))
        rows = f"{row['rows_checked']:,}" if row["rows_checked"] is not None else ""
        style = {"failed": "red", "warn": "yellow"}.get(row["status"])
        table.add_row(about, f"{row['dimension']}: {row['rule']}", rows, *shares, style=style)
    console.print(table)


def _show_drift(console: Console, settings: Settings) -> None:
    drift = records.schema_drift(settings)
    if not drift:
        return
    table = Table(title="Schema drift in the last files", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("class", "feed", "what", "files"):
        table.add_column(column, justify="right" if column == "files" else "left", overflow="fold")
    for kind, feed, what, files in drift:
        table.add_row(kind, feed, what, f"{files:,}", style={"breaking": "red", "moderate": "yellow"}.get(kind))
    console.print(table)


def _show_what_to_look_at(console: Console, settings: Settings, steps: list[records.StepRun]) -> None:
    failed = [step for step in steps if step.status == "failed"]
    is_lake_due = _show_lake(console, settings, {step.business_date for step in failed})
    for step in failed:
        console.print(f"look at: {step.step} failed; mend the cause, then: cdp run --date {step.business_date}", style="red", markup=False)
    concerns = _concerns(settings)
    for concern in concerns:
        console.print(f"look at: {concern}", style="yellow", markup=False, soft_wrap=True)
    is_privacy_due = _show_privacy(console, settings)
    if not failed and not concerns and not is_privacy_due and not is_lake_due:
        console.print("Nothing to look at.", style="green")


def _concerns(settings: Settings) -> list[str]:
    """What was loaded in another way than a person may expect: each with the command or the remedy."""
    rejected = [feed for feed in records.feed_quality(settings) if feed.rows_quarantined]
    concerns = [f"{feed.rows_quarantined:,} rejected rows of {feed.feed}: cdp quarantine list" for feed in rejected]
    concerns += [f"{file} of {feed_name} is set aside: {why}" for feed_name, file, why in records.set_aside(settings)]
    unclear = [row for row in records.source_quality(settings) if row["dimension"] in ("emptiness", "statuses") and row["status"] != "ok"]
    if unclear:
        concerns.append(f"{len(unclear)} figures about empty results and unknown statuses: cdp quality")
    if changed := records.changed_documents(settings):
        remedy = "the lines of both deliveries count; use dedup: document when exports hold whole documents"
        concerns.append(f"{changed:,} documents were delivered again with other lines: {remedy}")
    return concerns


def _show_lake(console: Console, settings: Settings, told: set[date]) -> bool:
    """A disk that refuses writing, a run whose failure is not in `ops.runs`, and views that lag behind; whether there is one to look at."""
    lines = []
    if fault := fault_now(settings):
        lines.append(str(fault.error()).replace("\n  - ", "; "))
    if error := format_error(settings):
        lines.append(str(error).replace("\n  - ", "; "))
    failure = None if is_night_running(settings) else last_failure(settings)
    if failure and failure.business_date not in told:
        day = failure.business_date
        lines.append(f"the run of {day} did not end well: {failure.message}; correct the cause, then: cdp run --date {day}")
    if behind := records.views_behind(settings):
        lines.append(f"{len(behind)} views of gold show an earlier night than the last publication: run the same date again")
    for line in lines:
        console.print(f"look at: {line}", style="red", markup=False, soft_wrap=True)
    return bool(lines)


def _show_privacy(console: Console, settings: Settings) -> bool:
    """Erasures that were begun, and requests that wait; whether there is one to look at."""
    today = date.today()  # noqa: DTZ011  # the day of the person who looks
    requests, erasures = records.open_requests(settings), open_erasures(settings)
    for erasure_id in erasures:
        console.print(f"look at: erasure {erasure_id} is not finished: cdp privacy erase --resume", style="red", markup=False)
    for request in requests:
        late, style = ("is late", "red") if request.is_overdue(today) else ("is open", "yellow")
        told = f"{request.kind} request {request.request_id} {late}, {request.state}, to be answered by {request.due_on}"
        console.print(f"look at: {told}: cdp privacy request list", style=style, markup=False)
    return bool(requests or erasures)
