"""`cdp source` (but for `check`, which is onboarding's) and `cdp quarantine`: look at mappings, and after rejected rows."""

import json
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from conf.contracts import SourceContract, load_sources
from conf.documents import nearest
from conf.errors import ConfigError, Finding
from conf.settings import settings
from spark_jobs.ingest.draft.cli import new_source, write_schema

app = typer.Typer()
source = typer.Typer(
    no_args_is_help=True,
    help="Draft, list, show and check source mappings.\n\nExample: [bold]cdp source check conf/sources/shop.yml[/bold]",
)
quarantine = typer.Typer(no_args_is_help=True, help="List, show and replay rejected rows.\n\nExample: [bold]cdp quarantine list[/bold]")
app.add_typer(source, name="source")
app.add_typer(quarantine, name="quarantine")
source.command("new")(new_source)
source.command("schema")(write_schema)
notes = Console(stderr=True, highlight=False)
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)

AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]
Name = Annotated[str, typer.Argument(help="Table name: <source>__<feed>, or <source>.<feed>.")]


@source.command("list")
def list_sources(as_json: AsJson = False) -> None:
    """List the configured sources and their feeds."""
    rows = [
        {
            "source": name,
            "feed": feed_name,
            "format": feed.format,
            "files": feed.files,
            "columns": len(feed.columns),
            "fills": _fills(contract, feed_name),
        }
        for name, contract in load_sources().items()
        for feed_name, feed in contract.feeds.items()
    ]
    _show(rows, as_json)


@source.command("show")
def show_source(name: Annotated[str, typer.Argument(help="Source.")], as_json: AsJson = False) -> None:
    """Show the columns of a source with their types, rules and PII classes."""
    contract = source_contract(name)
    rows: list[dict[str, object]] = [
        {
            "feed": feed_name,
            "column": column.name,
            "delivered as": column.delivered_name,
            "type": column.type,
            "rules": ", ".join(
                rule
                for rule in ("required", "min", "max", "pattern", "allowed", "format")
                if getattr(column, rule) not in (None, False, ())
            ),
            "pii": str(column.pii),
            "description": column.description,
        }
        for feed_name, feed in contract.feeds.items()
        for column in feed.columns
    ]
    _show(rows, as_json)


@quarantine.command("list")
def list_quarantine(as_json: AsJson = False) -> None:
    """Count rejected rows by source, feed, rule and status."""
    from spark_jobs.ingest import quarantine as rejected

    with notes.status("reading quarantine"):
        rows = rejected.counts(settings())
    _show(rows, as_json, empty="no rejected rows")


@quarantine.command("show")
def show_quarantine(
    table: Name,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most rows to show.")] = 20,
    reveal: Annotated[bool, typer.Option("--reveal", help="Decrypt the raw rows: they may hold personal data. Needs --purpose.")] = False,
    purpose: Annotated[str, typer.Option(help="Why personal data is read; it is kept in the audit log.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show rejected rows: file, line, rules and kind of value; the row itself only with --reveal."""
    from spark_jobs.ingest import quarantine as rejected

    source_name, feed_name = feed_of(table)
    if reveal and not purpose.strip():
        raise ConfigError(
            "personal data is read for a purpose only", [Finding("--reveal", "has no --purpose", 'add --purpose "complaint 4711"')]
        )
    with notes.status("reading quarantine"):
        rows = rejected.rows(settings(), source_name, feed_name, limit, purpose=purpose.strip() if reveal else "")
    _show(rows, as_json, empty="no rejected rows")


@quarantine.command("replay")
def replay_quarantine(table: Name) -> None:
    """Run rejected rows through today's contract again; rows that now keep it go to bronze. Can be repeated."""
    from spark_jobs.ingest import quarantine as rejected

    source_name, feed_name = feed_of(table)
    with notes.status("replaying"):
        result = rejected.replay_feed(settings(), source_name, feed_name)
    out.print(
        f"{result.loaded} of {result.tried} rows replayed into bronze.{source_name}__{feed_name}; {result.still_open} still open", end=""
    )
    out.print(f", {result.not_replayable} of them must be delivered corrected" if result.not_replayable else "")


def _fills(contract: SourceContract, feed_name: str) -> str:
    return ", ".join(dict.fromkeys(entity_map.entity for entity_map in contract.feeds[feed_name].maps))


def source_contract(name: str) -> SourceContract:
    """The contract of a configured source.

    Raises:
        ConfigError: there is none of this name.
    """
    sources = load_sources()
    if name not in sources:
        raise ConfigError("no such source", [Finding(name, "is not configured", nearest(name, set(sources)))])
    return sources[name]


def feed_of(table: str) -> tuple[str, str]:
    """Source and feed of a table name or `<source>.<feed>`.

    Raises:
        ConfigError: no such feed is configured.
    """
    known = {f"{name}__{feed}": (name, feed) for name, contract in load_sources().items() for feed in contract.feeds}
    wanted = table.removeprefix("quarantine.").removeprefix("bronze.").replace(".", "__")
    if wanted not in known:
        raise ConfigError("no such feed", [Finding(table, "is not configured", nearest(wanted, set(known)))])
    return known[wanted]


def _show(rows: list[dict[str, object]], as_json: bool, empty: str = "nothing there") -> None:
    if as_json:
        out.print_json(json.dumps(rows, default=str))
    elif not rows:
        out.print(empty)
    else:
        table = Table(*rows[0].keys())
        for row in rows:
            table.add_row(*("" if value is None else str(value) for value in row.values()))
        out.print(table, markup=False)
