"""`cdp source check`: try a mapping on real files; the other commands of `cdp source` are ingest's."""

import json
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from conf.contracts import load_contract
from conf.settings import settings
from spark_jobs.ingest.cli import AsJson, out, source, source_contract

app = typer.Typer()
app.add_typer(source, name="source")
notes = Console(stderr=True, highlight=False)


@source.command("check")
def check_source(
    mapping: Annotated[str, typer.Argument(help="Mapping file (.yml), or the name of a configured source.")],
    landing: Annotated[
        Path | None, typer.Option("--landing", help="Folder that holds <source>/…; default: the lake's landing folder.")
    ] = None,
    until: Annotated[datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="Last delivery date to look at.")] = None,
    as_json: AsJson = False,
) -> None:
    """Try a mapping on real files: what would load, what would be rejected and why, and what the entities would hold.

    Changes nothing in the lake. The exit code is 1 when something was found that would stop a run or lose rows.
    """
    is_file = mapping.endswith((".yml", ".yaml"))
    contract = load_contract(Path(mapping).expanduser().resolve()) if is_file else source_contract(mapping)
    configured = settings()
    folder = landing.expanduser().resolve() if landing else configured.lake.landing
    with notes.status("checking the files") as status:
        from spark_jobs.common.crypto import trial_key
        from spark_jobs.common.job import StepContext
        from spark_jobs.common.session import engine_session
        from spark_jobs.onboarding import dry_run

        with engine_session(configured, status.update) as spark, trial_key(configured) as key:
            ctx = StepContext(spark, configured, until.date() if until else date.max, "check")
            checked = dry_run.check_source(ctx, contract, folder, key)
    if as_json:
        lists = {"findings": checked.all_findings, "warnings": checked.all_warnings}
        out.print_json(json.dumps(asdict(checked) | {name: [asdict(each) for each in found] for name, found in lists.items()}))
    else:
        from spark_jobs.onboarding.report import show

        show(checked, out)
    if checked.all_findings:
        raise typer.Exit(1)
