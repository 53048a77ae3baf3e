"""`cdp models`: the register, training, evaluation, promotion, scoring and the report, for any registered model."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from conf.errors import CdpError, Finding

if TYPE_CHECKING:
    from ml.models.registry import ModelRegistry, Version

app = typer.Typer(
    no_args_is_help=True,
    help="Train, evaluate, promote and score the registered models.\n\n"
    "Examples: [bold]cdp models list[/bold] · [bold]cdp models train --date 2017-12-28 --models churn[/bold] · [bold]cdp models report[/bold]",
)
console = Console()

Day = Annotated[
    datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="Business date; nothing after it is read.", metavar="YYYY-MM-DD")
]
Names = Annotated[str, typer.Option("--models", help="Names from conf/models.yml, separated by commas; all by default.")]
Json = Annotated[bool, typer.Option("--json", help="JSON for scripts.")]


def _chosen(names: str) -> dict[str, Any]:
    from conf.documents import nearest
    from conf.models import load_models

    models = load_models()
    wanted = [name.strip() for name in names.split(",") if name.strip()] or list(models)
    if unknown := [Finding("--models", f"no model {name!r}", nearest(name, set(models))) for name in wanted if name not in models]:
        raise CdpError("a model is not in the register", unknown)
    return {name: models[name] for name in wanted}


def _registry() -> "ModelRegistry":
    from conf.settings import settings
    from ml.models.registry import ModelRegistry

    return ModelRegistry(settings())


@contextmanager
def _context(day: date) -> Iterator[Any]:
    """What a step knows; nobody else writes to the lake inside the block."""
    import uuid

    from conf.settings import settings
    from spark_jobs.common.job import StepContext
    from spark_jobs.common.session import spark_session
    from spark_jobs.common.writer import one_writer

    with console.status("attaching to the engine"):
        ctx = StepContext(spark_session(settings()), settings(), day, uuid.uuid4().hex)
    with one_writer(settings(), "models"):
        yield ctx


def _show(rows: list[dict[str, Any]], as_json: bool, title: str = "") -> None:
    if as_json:
        typer.echo(json.dumps(rows, default=str, indent=2))
        return
    table = Table(title=title or None, title_justify="left")
    for name in rows[0] if rows else []:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    console.print(table)


@app.command("list")
def list_models(as_json: Json = False) -> None:
    """The register, and which version of each model is champion and challenger."""
    from conf.models import load_models
    from ml.models.registry import CHALLENGER, CHAMPION

    registry, rows = _registry(), []
    for name, model in load_models().items():
        champion, challenger = registry.by_alias(name, CHAMPION), registry.by_alias(name, CHALLENGER)
        rows.append({
            "model": name,
            "label": f"{model.label.kind} {model.label.horizon_days} d" + (f" after {model.label.lead_days} d" if model.label.lead_days else ""),
            "champion": champion and champion.version,
            "champion_from": champion and champion.promoted_on,
            "challenger": challenger and challenger.version,
            "trained_on": challenger and challenger.trained_on,
        })  # fmt: skip
    _show(rows, as_json)


@app.command()
def show(model: Annotated[str, typer.Argument(help="Name from conf/models.yml.")]) -> None:
    """A register entry with everything that is in force, overlay included."""
    entry = _chosen(model)[model]
    console.print_json(entry.model_dump_json())


@app.command()
def train(day: Day, models: Names = "", as_json: Json = False) -> None:
    """Train challengers; equal data and settings make no new version."""
    from ml.datasets import NotEnoughDataError, load_datasets
    from ml.steps.train import train as train_one

    chosen, registry = _chosen(models), _registry()
    rows: list[dict[str, Any]] = []
    with _context(day.date()) as ctx, console.status("reading history and training"):
        for name, dataset in load_datasets(ctx, chosen).items():
            if isinstance(dataset, NotEnoughDataError):
                rows.append({"model": name, "version": None, "rows": None, "result": f"skipped: {dataset.message}"})
                continue
            version, is_new = train_one(ctx, registry, name, chosen[name], dataset)
            rows.append(
                {"model": name, "version": version.version, "rows": dataset.train.rows, "result": "trained" if is_new else "unchanged"}
            )
    _show(rows, as_json)


@app.command()
def evaluate(day: Day, models: Names = "", as_json: Json = False) -> None:
    """Measure challenger, champion, baseline column and linear model on the latest complete window."""
    from ml.datasets import NotEnoughDataError, load_datasets
    from ml.report import figures
    from ml.steps.evaluate import evaluate as evaluate_one
    from ml.steps.evaluate import require_later

    chosen, registry = _chosen(models), _registry()
    challengers = _challengers(registry, chosen)
    for challenger in challengers.values():
        require_later(challenger, day.date())
    found: list[dict[str, Any]] = []
    with _context(day.date()) as ctx, console.status("reading history and evaluating"):
        for name, dataset in load_datasets(ctx, chosen).items():
            if isinstance(dataset, NotEnoughDataError):
                found.append({"model": name, "version": None, "skipped": dataset.message, "figures": []})
                continue
            judged = evaluate_one(ctx, registry, chosen[name], dataset, challengers[name])
            rows = figures((judged.evaluation or {})["metrics"])
            found.append({"model": name, "version": judged.version, "skipped": None, "figures": rows})
    if as_json:
        typer.echo(json.dumps(found, default=str, indent=2))
        return
    for each in found:
        if each["skipped"]:
            console.print(f"{each['model']} skipped: {each['skipped']}", markup=False)
        else:
            _show(each["figures"], as_json=False, title=f"{each['model']} version {each['version']}")


@app.command()
def promote(
    day: Day,
    models: Names = "",
    force: Annotated[
        bool, typer.Option("--force", help="Accept that the champion cannot be compared; every other gate has to hold all the same.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make evaluated challengers champions from the next night on, where every gate holds; the verdict is stored either way."""
    from ml.steps.promote import next_night
    from ml.steps.promote import promote as promote_one

    chosen, registry = _chosen(models), _registry()
    challengers = _challengers(registry, chosen)
    with _context(day.date()) as ctx:
        starts = next_night(ctx)
        verdicts = [
            promote_one(ctx, registry, chosen[name], challenger, champion_from=starts, is_forced=force)
            for name, challenger in challengers.items()
        ]
    rows: list[dict[str, Any]] = [
        {
            "model": verdict.model_name,
            "version": verdict.challenger_version,
            "promoted": verdict.promoted,
            "champion_from": starts if verdict.promoted else None,
            "reason": verdict.reason,
        }
        for verdict in verdicts
    ]
    _show(rows, as_json)


@app.command()
def score(day: Day, as_json: Json = False) -> None:
    """Features and scores of a business date, by the champions of that date."""
    from ml.steps import features
    from ml.steps import score as scoring

    with _context(day.date()) as ctx:
        with console.status("features"):
            features.run(ctx)
        with console.status("scores"):
            report = scoring.run(ctx)
    _show([{"model": name, "result": result} for name, result in report.counts.items()], as_json)


@app.command()
def report(
    as_json: Json = False,
    write: Annotated[Path | None, typer.Option(help="Replace the figures in this Markdown file, such as docs/models.md.")] = None,
) -> None:
    """How good the champions are, beside the baseline column and the linear model."""
    from conf.models import load_models
    from ml.report import figures, markdown, replace_figures, summary

    rows = summary(_registry(), load_models())
    if not rows:
        raise CdpError(
            "there is nothing to report", [Finding("registry", "no model has a champion", "cdp run, or cdp models train/evaluate/promote")]
        )
    if write is not None:
        replace_figures(write, markdown(rows))
        console.print(f"figures written to {write}")
    for row in rows:
        if not as_json:
            title = f"{row['model']} version {row['version']}, judged as of {row['judged_as_of']} on {row['rows']} customers"
            _show(figures(row["metrics"]), as_json=False, title=title)
    if as_json:
        typer.echo(json.dumps(rows, default=str, indent=2))


def _challengers(registry: "ModelRegistry", chosen: dict[str, Any]) -> "dict[str, Version]":
    from ml.models.registry import CHALLENGER

    found = {name: version for name in chosen if (version := registry.by_alias(name, CHALLENGER))}
    missing = [Finding(name, "has no challenger", f"cdp models train --models {name}") for name in chosen if name not in found]
    if missing:
        raise CdpError("a model has no challenger", missing)
    return found
