"""`cdp privacy`: erasure, the byte scan, the archive and the register."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from spark_jobs.privacy.requests.cli import app as request_app

app = typer.Typer(no_args_is_help=True, help="Erase customers with proof, look for personal data, keep delivered files encrypted.")
archive_app = typer.Typer(no_args_is_help=True, help="Delivered files after they were loaded: encrypted, until their time is over.")
app.add_typer(archive_app, name="archive")
app.add_typer(request_app, name="request")

Day = Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="Business date of the run.")]


@app.command()
def erase(
    customers: Annotated[list[str] | None, typer.Argument(help="Customer ids, as gold.dim_customers has them.")] = None,
    date: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Business date; default: the last published night.")] = None,
    from_file: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="A file with a customer id on each line; not in the lake, which is scanned for them."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on with erasures that were killed or not complete.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take customers out of everything: all layers, the vault, quarantine, archive, logs and old versions; then look for them and sign a certificate.

    Example: cdp privacy erase c_0f3a…
    """
    from rich.console import Console

    from conf.errors import Finding, InputError
    from conf.settings import settings
    from spark_jobs.privacy.erasure.command import erase_now, resume_all

    console, configured = Console(highlight=False, soft_wrap=True), settings()
    named = [*(customers or []), *([line.strip() for line in from_file.read_text().splitlines() if line.strip()] if from_file else [])]
    if not named and not resume:
        raise InputError("nobody is to be erased", [Finding("customers", "none is named", "give customer ids, --from-file or --resume")])
    if named and not yes:
        typer.confirm(f"Erase {len(set(named))} customer(s) for good?", abort=True)
    certificates = resume_all(configured) if resume else []
    certificates += [erase_now(configured, named, date.date() if date else None)] if named else []
    for certificate in certificates:
        rows = certificate.steps["03_rows"]["rows"]
        console.print(
            f"{certificate.erasure_id}: {len(certificate.marks)} key(s), {rows} row(s) of bronze; {certificate.scan['files']} files scanned, nothing found"
        )
        console.print(f"certificate: {certificate.path}")
    if not certificates:
        console.print("no erasure is open")


@app.command("check")
def check_file(
    certificate: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A certificate of an erasure.")],
    key: Annotated[Path | None, typer.Option(help="Your own copy of the public key; default: the one of this lake.")] = None,
) -> None:
    """Check the signature of a certificate and show what it says.

    Example: cdp privacy check lake/privacy/erasures/e0f3….json
    """
    from rich.console import Console

    from conf.settings import settings
    from spark_jobs.privacy.erasure.certificate import check_certificate

    console = Console(highlight=False, soft_wrap=True)
    found = check_certificate(settings(), certificate, key)
    console.print(f"{found.erasure_id}: signed, {'complete' if found.is_complete else 'NOT complete'}, business date {found.business_date}")
    console.print_json(data=found.scan)
    for sentence in found.stays:
        console.print(f"· {sentence}")


@app.command("scan")
def scan_folders(
    needles: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            allow_dash=True,
            help="File with a value on each line; - reads standard input, so that no value is in a command line.",
        ),
    ],
    folders: Annotated[list[Path] | None, typer.Argument(help="Folders or files to look into; default: the lake without its keys.")] = None,
) -> None:
    """Look for values in clear in every file, also inside of what is packed. Exit code 1 when one is found or a file cannot be looked into.

    Example: cdp privacy scan - < phones.txt
    """
    from rich.console import Console

    from conf.settings import settings
    from spark_jobs.privacy.erasure.traces import not_looked_into
    from spark_jobs.privacy.needles import Needles
    from spark_jobs.privacy.scan import scan

    console, configured = Console(highlight=False, soft_wrap=True), settings()
    text = sys.stdin.read() if str(needles) == "-" else needles.read_text(encoding="utf-8")
    values = [line for line in text.splitlines() if line]
    short = Needles(values).too_short
    result = scan(folders or [configured.lake.root], values, skip=not_looked_into(configured))
    for found in sorted(result.found):
        console.print(f"[red]found[/red]  value {found.needle + 1} in {found.file} ({found.where})")
    for file, reason in sorted(result.not_scanned.items()):
        console.print(f"[yellow]not scanned[/yellow]  {file}: {reason}")
    if short:
        console.print(f"[yellow]not sought[/yellow]  {len(short)} value(s) of fewer than six bytes")
    console.print(
        f"{result.files} files, {result.bytes / 1e6:.1f} MB looked at for {len(values) - len(short)} value(s): {len(result.found)} found"
    )
    if not result.is_clean:
        sys.exit(1)


@app.command("register")
def show_register(
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="For a spreadsheet.")] = False,
    strict: Annotated[bool, typer.Option(help="Exit code 2 with file and line when the processing of a column is not declared.")] = False,
) -> None:
    """Show the processing register: every personal column of the contracts, what becomes of it, why, on what ground, how long, for whom.

    Example: cdp privacy register --csv > register.csv
    """
    import csv
    import json
    from dataclasses import asdict

    from rich.console import Console
    from rich.table import Column as TableColumn
    from rich.table import Table

    from conf.contracts import load_sources
    from conf.errors import ConfigError
    from spark_jobs.privacy.register import entries, undeclared

    sources = load_sources()
    if strict and (findings := undeclared(sources)):
        raise ConfigError("the processing of personal columns is not declared", findings)
    rows = [asdict(each) for each in entries(sources)]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    elif as_csv and rows:
        writer = csv.DictWriter(sys.stdout, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    else:
        names = ("column", "class", "kind", "becomes", "goes to", "purpose", "ground", "days")
        table = Table(*(TableColumn(name, overflow="fold") for name in names))
        for row in rows:
            name = f"{row['source']}.{row['feed']}.{row['column']}"
            table.add_row(name, *(row[key] for key in ("pii", "kind", "becomes", "goes_to", "purpose", "legal_basis", "retention_days")))
        Console(highlight=False).print(table)


@app.command("show")
def show_values(
    tokens: Annotated[list[str], typer.Argument(help="Tokens, such as k1:0f3a…")],
    role: Annotated[str, typer.Option(help="As whom: a role of access.yml.")],
    purpose: Annotated[str, typer.Option(help="Why; it goes into the audit log before anything is shown.")],
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Show the values behind tokens, as far as a role may see them. Each call is in the audit log.

    Example: cdp privacy show --role marketer --purpose "call back ticket 17" k1:0f3a…
    """
    import json
    from dataclasses import asdict

    from rich.console import Console
    from rich.table import Table

    from conf.settings import settings
    from spark_jobs.privacy.access.vault_reader import show

    found = show(settings(), tokens, role=role, purpose=purpose)
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], ensure_ascii=False, indent=2))
        return
    table = Table("token", "kind", "value")
    for each in found:
        table.add_row(f"{each.token[:12]}…", each.kind or "not in the vault", each.value or "–")
    Console(highlight=False).print(table)


@archive_app.command("run")
def archive_run(date: Day) -> None:
    """Bring landing and archive to what the settings say for a date: encrypt what was loaded, remove what is too old."""
    from rich.console import Console

    from conf.settings import settings
    from spark_jobs.common.session import engine_session
    from spark_jobs.common.writer import one_writer
    from spark_jobs.privacy.archive import retain

    configured = settings()
    with engine_session(configured) as spark, one_writer(configured, "archive"):
        counts = retain(configured, spark, date.date())
    Console(highlight=False).print(
        f"{counts['archived']} file(s) archived, {counts['removed']} removed, {counts['redacted']} without lines about people who were erased"
    )


@archive_app.command("show")
def archive_show(
    file: Annotated[str, typer.Argument(help="Name of the delivered file, as in ops.ingest_manifest.")],
    purpose: Annotated[str, typer.Option(help="Why; it goes into the audit log.")],
    out: Annotated[Path, typer.Option(help="Where to write it (mode 0600).")],
) -> None:
    """Decrypt an archived file, for a purpose that is audited."""
    import os

    from rich.console import Console

    from conf.errors import Finding, InputError
    from conf.settings import settings
    from spark_jobs.common.audit.journal import note
    from spark_jobs.common.audit.records import Action
    from spark_jobs.common.crypto import key_reference
    from spark_jobs.privacy.access.vault_reader import check_may_open_files
    from spark_jobs.privacy.archive import archived
    from spark_jobs.privacy.sealed_files import open_sealed

    configured = settings()
    sealed = archived(configured, file)
    if not sealed.is_file():
        raise InputError(
            "the file is not archived",
            [Finding(file, "is not in the archive", "see its name: cdp sql 'select file from ops.ingest_manifest'")],
        )
    if out.exists() or not out.parent.is_dir():
        raise InputError("the file cannot be written", [Finding(str(out), "is there already, or its folder is not", "name another place")])
    check_may_open_files(configured, f"archive/{file}", purpose)
    note(configured, Action.PII_READ, f"archive/{file}", purpose=purpose)
    ring = key_reference(configured).open()
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        for piece in open_sealed(ring, sealed):
            target.write(piece)
    Console(highlight=False).print(f"written to {out}")
