"""The result of a dry run for a person: a table of feeds, of maps and of entities, then what was found."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from spark_jobs.onboarding.results import CurrencyTotal, EntityCheck, SourceCheck


def show(checked: SourceCheck, out: Console) -> None:
    """Print the tables, findings, warnings, notes and examples."""
    out.print(_feeds(checked))
    if any(feed.maps for feed in checked.feeds):
        out.print(_maps(checked))
    if checked.entities:
        out.print(_entities(checked))
    for entity in (entity for entity in checked.entities if entity.statuses):
        out.print(f"{entity.entity} by status: {_statuses(entity)}", markup=False)
    _listed(out, "Would stop a run or lose rows:", map(str, checked.all_findings))
    _listed(out, "To look at:", map(str, checked.all_warnings))
    _listed(out, "Notes:", (f"{feed.feed}: {note}" for feed in checked.feeds for note in feed.notes))
    _listed(
        out,
        "Examples of rejected rows; letters are shown as x, digits as 9, personal data by kind and length:",
        (str(example) for feed in checked.feeds for example in feed.examples),
    )
    if not checked.all_findings:
        out.print("\nNothing was found that would stop a run or lose rows.")


def _listed(out: Console, title: str, lines: Iterable[str]) -> None:
    found = list(lines)
    if found:
        out.print(f"\n{title}")
    for line in found:
        out.print(f"  {line}", markup=False)


def _feeds(checked: SourceCheck) -> Table:
    table = Table("feed", "files", "rows in", "valid", "rejected", "without a map")
    for feed in checked.feeds:
        table.add_row(feed.feed, *map(str, (feed.files, feed.rows_in, feed.rows_valid, feed.rows_rejected, feed.rows_without_map)))
    return table


def _maps(checked: SourceCheck) -> Table:
    table = Table("feed", "map", "fills", "rows", "rejected", "keys", "keys with several rows in a file")
    for found in (found for feed in checked.feeds for found in feed.maps):
        counts = (found.rows, found.rows_rejected, found.keys, found.repeated_keys)
        table.add_row(found.feed, str(found.number), found.entity, *map(str, counts))
    return table


def _entities(checked: SourceCheck) -> Table:
    """One row per entity and currency; the row without a currency is the entity as a whole."""
    table = Table("entity", "rows", "deleted", "currency", "amounts", "from … to")
    for entity in checked.entities:
        spans = "\n".join(f"{span.column}: {span.first or 'never filled'} … {span.last or ''}".rstrip(" …") for span in entity.spans)
        only = entity.currencies[0] if len(entity.currencies) == 1 else None
        table.add_row(
            entity.entity, str(entity.rows), str(entity.deleted), *((only.currency or "none", _amounts(only)) if only else ("", "")), spans
        )
        for total in entity.currencies if only is None else ():
            table.add_row("", str(total.rows), "", total.currency or "none", _amounts(total), "")
    return table


def _amounts(total: CurrencyTotal) -> str:
    return "\n".join(f"{name} {value}" for name, value in total.amounts.items())


def _statuses(entity: EntityCheck) -> str:
    return ", ".join(f"{'no status' if status.word is None else status.word} {status.rows}" for status in entity.statuses)
