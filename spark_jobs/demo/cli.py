"""`cdp land`: lands the demo grocer's files."""

from datetime import datetime
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Land the demo data: a real grocer's year as daily source files.")


@app.callback()
def demo() -> None:
    """Land the demo data: a real grocer's year as daily source files."""


@app.command()
def land(
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day of delivery to land; default: the whole year 2017.")
    ] = None,
) -> None:
    """Write the demo's source files into the landing folder. Files that are there already are left alone.

    Example: cdp land --until 2017-03-31
    """
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

    from conf.settings import settings
    from spark_jobs.demo import land as landing
    from spark_jobs.demo.feeds import FEEDS

    console = Console()
    with Progress(console=console, transient=True) as bar:
        tasks = {feed.name: bar.add_task(feed.name, total=None) for feed in FEEDS}

        def advance(feed: str, done: int, total: int) -> None:
            bar.update(tasks[feed], completed=done, total=total)

        landed = landing.land(settings(), until.date() if until else None, advance)
    table = Table("feed", "files written", "already there", "rows written", title="Landed demo files")
    for feed in landed:
        table.add_row(feed.feed, f"{feed.files_written:,}", f"{feed.files_there:,}", f"{feed.rows_written:,}")
    console.print(table)
