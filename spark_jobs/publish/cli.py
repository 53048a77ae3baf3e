"""`cdp quality`: what the data of a night are worth, as tables in the terminal, JSON or one HTML page. Needs no engine."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.callback()
def commands() -> None:
    """Keeps the app a group, though it has one command."""


@app.command()
def quality(
    day: Annotated[
        datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="Business date; default: the last one measured.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write one page for a browser, with the last nights beside it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Show the data quality of a night: validity, completeness, uniqueness, consistency, freshness, and rows by route.

    Example: cdp quality --html quality.html
    """
    from rich.console import Console

    from conf.settings import settings
    from spark_jobs.publish.report import page, read_figures, show

    figures = read_figures(settings(), day.date() if day else None)
    if as_json:
        typer.echo(json.dumps(figures.rows, default=str, indent=2))
    elif html is not None:
        html.write_text(page(figures, settings().retailer.name), encoding="utf-8")
        typer.echo(f"written to {html}")
    else:
        show(Console(highlight=False), figures)
