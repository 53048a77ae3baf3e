"""`cdp source new` and `cdp source schema`: a first mapping from sample files, and the JSON Schema that editors check it with."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from conf.errors import ConfigError, Finding
from conf.settings import overlay_dir, settings
from conf.types import check_time_zone

notes = Console(stderr=True, highlight=False, soft_wrap=True, width=None if sys.stderr.isatty() else 200)
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)


def new_source(
    name: Annotated[str, typer.Argument(help="Name of the source: small letters, digits, underscores.")],
    files: Annotated[list[Path], typer.Argument(help="Sample files, as the source delivers them.")],
    to: Annotated[str, typer.Option("--out", help="Mapping file, or - for the screen; default: sources/NAME.yml of the overlay.")] = "",
    time_zone: Annotated[
        str | None, typer.Option("--time-zone", help="IANA time zone of its local times; default: the retailer's.")
    ] = None,
    currency: Annotated[str | None, typer.Option("--currency", help="ISO 4217 code of its amounts; default: the retailer's.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the mapping.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The summary for scripts.")] = False,
) -> None:
    """Draft a mapping from sample files: formats, types, personal data, keys, entities. What was guessed has a comment."""
    from conf.contract_schema import SCHEMA_FILE
    from spark_jobs.ingest.draft.draft import draft_source

    target = None if to == "-" else Path(to) if to else (overlay_dir() or Path()) / "sources" / f"{name}.yml"
    _refuse(target, name, time_zone, currency, force)
    schema = SCHEMA_FILE if target is not None and (target.parent / SCHEMA_FILE).is_file() else None
    with notes.status("reading the samples"):
        draft = draft_source(name, files, settings().lake.landing, time_zone=time_zone, currency=currency, schema=schema)
    if target is None:
        sys.stdout.write(draft.text)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        part.write_text(draft.text, encoding="utf-8")
        part.replace(target)
    shown = notes if target is None else out
    path = str(target or f"{name}.yml")
    if as_json:
        shown.print_json(json.dumps({"mapping": path, "feeds": [asdict(feed) for feed in draft.feeds]}))
        return
    table = Table("feed", "files", "rows sampled", "columns", "fills", "guesses to check")
    for feed in draft.feeds:
        table.add_row(*map(str, asdict(feed).values()))
    shown.print(table)
    if not draft.is_landed:
        for folder in draft.folders:
            shown.print(f"Put its files into  {draft.landing / name / folder}/", markup=False)
    elsewhere = draft.is_landed and draft.landing.resolve() != settings().lake.landing.resolve()
    shown.print(f"Read {path}, then:  cdp source check {path}" + (f" --landing {draft.landing}" if elsewhere else ""), markup=False)


def _refuse(target: Path | None, name: str, time_zone: str | None, currency: str | None, force: bool) -> None:
    findings = []
    try:
        check_time_zone(time_zone)
    except ValueError as err:
        problem, _, remedy = str(err).partition("; ")
        findings.append(Finding("--time-zone", problem, remedy))
    if currency is not None and not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        findings.append(Finding("--currency", f"{currency!r} is no ISO 4217 code", "give three capital letters, such as EUR"))
    if target is not None and target.name != f"{name}.yml":
        findings.append(Finding("--out", f"{target.name} is not {name}.yml", "a mapping file has the name of its source"))
    if target is not None and target.exists() and not force:
        findings.append(Finding(str(target), "is there already", "give --force to overwrite it, or --out - to look first"))
    if findings:
        raise ConfigError("no draft was made", findings)


def write_schema(
    to: Annotated[Path | None, typer.Option("--out", help="File; default: the screen.")] = None,
) -> None:
    """Write the JSON Schema of mapping files, for editors that complete and check YAML."""
    from conf.contract_schema import contract_schema

    text = json.dumps(contract_schema(), indent=2, ensure_ascii=False) + "\n"
    if to is None:
        sys.stdout.write(text)
        return
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(text, encoding="utf-8")
    out.print(f"{to}: put  # yaml-language-server: $schema={to.name}  on the first line of a mapping beside it", markup=False)
