"""`cdp source reload`, beside the other commands of `cdp source`: it reads the archive, which ingest knows nothing of."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from spark_jobs.ingest.cli import Name, feed_of
from spark_jobs.ingest.cli import source as app
from spark_jobs.onboarding import cli as _check  # noqa: F401  # adds `cdp source check`

if TYPE_CHECKING:
    from spark_jobs.maintenance.reload import FeedReload

out = Console(highlight=False, soft_wrap=True)
notes = Console(stderr=True, highlight=False)


@app.command("reload")
def reload_feed(
    feed: Name,
    preview: Annotated[bool, typer.Option("--preview", help="Show what would change; change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Skip the preview and the confirmation.")] = False,
    drop_gone: Annotated[
        bool, typer.Option("--drop-gone", help="Give up the rows of files that lie neither in landing nor in the archive.")
    ] = False,
) -> None:
    """Load a feed again with today's contract, after a type, a PII class or a rule of it has changed. Run it again when it was killed.

    Example: cdp source reload shop.till --preview
    """
    from conf.contracts import load_sources
    from conf.settings import settings
    from spark_jobs.common.job import StepContext
    from spark_jobs.common.session import engine_session
    from spark_jobs.common.writer import one_writer
    from spark_jobs.ingest.manifest import last_ingest
    from spark_jobs.maintenance import reload as reloads

    source_name, feed_name = feed_of(feed)
    configured, contract = settings(), load_sources()[source_name]
    with (
        notes.status("reading the deliveries") as status,
        engine_session(configured, status.update) as spark,
        one_writer(configured, "reload"),
    ):
        ctx = StepContext(spark, configured, last_ingest(spark), "reload")
        if preview or not yes:
            _show(found := reloads.preview(ctx, contract, feed_name))
            status.stop()
            if preview or (found.gone and not drop_gone):
                return
            typer.confirm(f"Load {feed} again?", abort=True)
            status.start()
        status.update("loading again")
        done = reloads.reload(ctx, contract, feed_name, drop_gone=drop_gone)
        published = spark.sql("select max(business_date) from ops.publications").first()
    rows = sum(each.valid_after for each in done.files)
    out.print(f"{done.table} has {rows:,} rows of {len(done.files) - len(done.gone)} file(s), loaded with today's contract.")
    if published is not None and published[0] is not None:
        out.print(f"Build what follows from it: cdp run --date {published[0]}")
    if any(each.after == reloads.TOKEN_TYPE for each in done.columns):
        out.print("Older versions of silver and gold hold the plain values until they are vacuumed; the delivered files do, too.")


def _show(found: "FeedReload") -> None:
    columns = Table("column", "before", "after", title="columns that change")
    for column in found.columns:
        columns.add_row(column.column, column.before or "–", column.after or "–")
    if found.columns:
        out.print(columns, markup=False)
    files = Table("file", "lies in", "rows in", "valid before", "valid after", "rejected before", "rejected after")
    for each in found.files:
        counts = (each.rows_in, each.valid_before, each.valid_after, each.rejected_before, each.rejected_after)
        files.add_row(each.file, each.place, *(f"{count:,}" for count in counts))
    out.print(files, markup=False)
    for finding in found.findings:
        out.print(f"  {finding}", markup=False)
    if found.gone:
        out.print(f"{len(found.gone)} file(s) are gone: put them back into landing, or give up their rows with --drop-gone", markup=False)
