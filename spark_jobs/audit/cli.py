"""`cdp audit`: look at the audit log, and find out whether somebody changed it. Needs no engine."""

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="The audit log: who did what, and whether the log is as it was written.")


@app.command("verify")
def verify_log(
    key: Annotated[Path | None, typer.Option(help="The auditor's own copy of the public key; default: the one beside the heads.")] = None,
    head: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The auditor's own copy of heads: lines of heads.jsonl, such as its last one."),
    ] = None,
) -> None:
    """Compare ops.audit with its signed heads, its chains and the journals. Exit code 1 when something was changed.

    Example: cdp audit verify --key audit.a1.pub --head head.jsonl
    """
    from rich.console import Console

    from conf.settings import settings
    from spark_jobs.audit.log import read_log
    from spark_jobs.audit.verify import verify
    from spark_jobs.common.audit.heads import heads_file, read_heads
    from spark_jobs.common.audit.journal import read_journals
    from spark_jobs.common.audit.signing import public_key

    console = Console(highlight=False, soft_wrap=True)
    configured = settings()
    heads, kept = read_heads(heads_file(configured)), read_heads(head) if head else []
    found = verify(read_log(configured), list(read_journals(configured)), heads, public_key(configured, key), kept)
    for finding in found.findings:
        console.print(f"[red]changed[/red]  {finding.where}: {finding.problem} ({finding.remedy})")
    console.print(f"{found.records} records, {found.sealed} of them sealed; {found.waiting} wait in journals for the next night")
    if found.findings:
        sys.exit(1)
    console.print("the log is as it was written")


@app.command("list")
def list_log(
    action: Annotated[str, typer.Option(help="Only this action, such as pii_read.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="Most records to show.")] = 30,
) -> None:
    """Show the newest records, those that wait for sealing too."""
    from rich.console import Console
    from rich.table import Table

    from conf.settings import settings
    from spark_jobs.audit.log import newest

    table = Table("at (UTC)", "actor", "action", "subject", "purpose", "details")
    for record in newest(settings(), action, limit):
        table.add_row(record.at[:19], record.actor, record.action, record.subject, record.purpose, record.details[:120])
    Console(highlight=False).print(table)
