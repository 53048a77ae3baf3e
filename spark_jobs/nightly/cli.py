"""`cdp run`, `cdp demo`, `cdp status`, `cdp airflow`."""

import json
import os
import time
from datetime import date, datetime, timedelta
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)

LAST_DEMO_DAY = "2017-12-31"
SINGLE_NIGHTS = 3


@app.command()
def run(
    business_date: Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="Business date: the last day the run may know.")],
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Run every night from --date to this one; default: that one night.")
    ] = None,
    models: Annotated[
        str | None, typer.Option(help="Models to train and score, with commas between; 'none' for none. Default: all.")
    ] = None,
    no_train: Annotated[bool, typer.Option("--no-train", help="Score with the champions that are there.")] = False,
    churn_horizon: Annotated[
        int | None, typer.Option(min=1, max=730, help="Days without a purchase that mean churn; default: retailer.churn_horizon_days.")
    ] = None,
    allow_empty_gold: Annotated[
        bool, typer.Option("--allow-empty-gold", help="Publish marts that have become empty, in this run only.")
    ] = False,
) -> None:
    """Run the nightly DAG in this process for one business date, or for a range of them. Running a date again gives the same tables.

    Example: cdp run --date 2017-12-31
    """
    from conf.errors import ConfigError, Finding
    from conf.models import chosen_models
    from conf.settings import settings
    from spark_jobs.nightly.nights import run_nights

    first, last = business_date.date(), (until or business_date).date()
    if last < first:
        raise ConfigError(
            "there is no night to run", [Finding("--until", f"{last} is before {first}", "give a later day, or leave it out")]
        )
    _set_for_this_run(models, no_train, churn_horizon, allow_empty_gold)
    chosen_models(settings())  # a name that is not registered is said before the engine starts
    run_nights(settings(), [first + timedelta(days=number) for number in range((last - first).days + 1)])


def _set_for_this_run(models: str | None, no_train: bool, churn_horizon: int | None, allow_empty_gold: bool = False) -> None:
    """Options of a run are settings, which the steps read: as environment variables of this process they outrank every file."""
    if models is not None:
        names = [name.strip() for name in models.split(",") if name.strip() not in ("", "none")]
        os.environ["CDP_MODELS__ONLY"] = json.dumps(names)
    if no_train:
        os.environ["CDP_MODELS__TRAIN"] = "false"
    if allow_empty_gold:
        os.environ["CDP_QUALITY__ALLOW_EMPTY_GOLD"] = "true"
    if churn_horizon is not None:
        os.environ["CDP_RETAILER__CHURN_HORIZON_DAYS"] = str(churn_horizon)


@app.command()
def demo(
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last business date.")] = LAST_DEMO_DAY,  # type: ignore[assignment]
    keep_engine: Annotated[bool, typer.Option("--keep-engine", help="Leave the engine running, so that queries answer at once.")] = False,
) -> None:
    """Land a real grocer's year and run the nights up to its last day. What is there already is not done again.

    Example: cdp demo --until 2017-03-31
    """
    from rich.console import Console

    from conf.settings import settings
    from spark_jobs.demo.cli import land
    from spark_jobs.nightly import records, summary
    from spark_jobs.nightly.nights import run_nights

    console, configured, last = Console(highlight=False), settings(), until.date()
    published = records.published_on(configured)
    if published is None or published < last:
        land(until=until)
        if keep_engine:
            from spark_jobs.engine import server
            from spark_jobs.engine.client import running_engine

            if running_engine(configured) is None:
                server.start(configured)
        began = time.monotonic()
        run_nights(configured, demo_dates(last, published))
        console.print(f"All nights together: {time.monotonic() - began:.0f} s")
    else:
        console.print(f"The demo is there already, published up to {published}. To start over, delete {configured.lake.root}.")
    summary.show_totals(console, configured)
    summary.show_what_next(console)


def demo_dates(last: date, published: date | None) -> list[date]:
    """One night for the whole past, then the last days as single nights; only what is not published yet."""
    dates = [last - timedelta(days=back) for back in range(SINGLE_NIGHTS, -1, -1)]
    return [day for day in dates if published is None or day > published]


@app.command()
def status(
    json_output: Annotated[bool, typer.Option("--json", help="One JSON document for scripts.")] = False,
) -> None:
    """Last runs, freshness, data quality, champion models and what to look at. Needs no engine."""
    from rich.console import Console

    from conf.settings import settings
    from spark_jobs.nightly import records, summary

    if json_output:
        typer.echo(records.as_json(settings()))
        return
    summary.show_status(Console(highlight=False), settings())


@app.command()
def airflow(
    port: Annotated[int, typer.Option(help="Port of the user interface, on loopback.")] = 8080,
    schedule: Annotated[bool, typer.Option("--schedule", help="Let the DAGs run on the retailer's clock too.")] = False,
) -> None:
    """Open the DAGs in Airflow's own user interface; Ctrl-C stops it.

    Example: cdp airflow --port 8081
    """
    from contextlib import nullcontext

    from rich.console import Console

    from conf.settings import settings
    from spark_jobs.engine.client import engine
    from spark_jobs.nightly import standalone
    from spark_jobs.nightly.airflow_home import prepare_airflow

    console, configured = Console(highlight=False), settings()
    log_file = configured.lake.logs / "airflow.log"
    with console.status("starting the engine and Airflow …") as line:
        prepare_airflow(configured)
        with (
            nullcontext() if configured.spark.remote else engine(configured, lambda text: line.update(f"{text} …")),
            standalone.airflow_standalone(configured, port, schedule, log_file) as process,
        ):
            standalone.wait_until_ready(process, port, log_file)
            line.stop()
            console.print(f"Airflow is at [bold]http://localhost:{port}[/] (log: {log_file})")
            console.print("Open “The night”, press Trigger and choose a business date. Ctrl-C stops it.")
            try:
                process.wait()
            except KeyboardInterrupt:
                console.print("stopping …")
