"""`cdp simulate`: an omnichannel retailer's files, with the truth beside them."""

import os
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from conf.settings import Lake


class Backbone(StrEnum):
    """Whose purchases the simulated persons make."""

    NONE = "none"
    COMPLETE_JOURNEY = "complete-journey"


app = typer.Typer(
    add_completion=False, help="Simulate an omnichannel fresh-grocery retailer: the files of its systems, and the truth beside them."
)


@app.command()
def simulate(
    customers: Annotated[int, typer.Option(min=1, max=5_000_000, help="Persons who buy, guests included.")] = 5_000,
    days: Annotated[int, typer.Option(min=1, max=3_660, help="Days to simulate.")] = 60,
    first_day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="First simulated day.")] = datetime(2024, 1, 1),  # noqa: DTZ001
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="The same seed gives the same files, byte by byte.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Landing folder; default: that of the twin's lake.")] = None,
    truth: Annotated[Path | None, typer.Option(help="Folder of the truth; default: truth in the twin's lake, needed with --out.")] = None,
    knobs: Annotated[Path | None, typer.Option(help="YAML file with knobs; default: conf/twin/simulator.yml.")] = None,
    backbone: Annotated[Backbone, typer.Option(help="Whose purchases: the twin's own, or those of Complete Journey.")] = Backbone.NONE,
    persons_at_once: Annotated[int, typer.Option(min=100, help="Persons in memory at once; changes no file.")] = 50_000,
) -> None:
    """Write the files of all systems of the twin, day by day, and the truth that no part of the platform reads.

    Without --conf the lake of conf/twin is used (twin_lake). Example: cdp simulate --customers 5000 --days 60
    """
    from conf.settings import CONF_DIR, settings
    from spark_jobs.demo.twin.cli_report import Report
    from spark_jobs.demo.twin.knobs import DEFAULT_KNOBS, Span, load_knobs
    from spark_jobs.demo.twin.simulate import Simulation
    from spark_jobs.demo.twin.simulate import simulate as run

    _check_days(first_day.date(), days)
    os.environ.setdefault("CDP_CONF", str(CONF_DIR / "twin"))
    turned = load_knobs(knobs or DEFAULT_KNOBS)
    span = Span(first_day=first_day.date(), days=days, time_zone=turned.calendar.time_zone)
    lake = settings().lake
    landing, told = _folders(out, truth, lake)
    what = Simulation(customers, span, seed, turned, persons_at_once, backbone is Backbone.COMPLETE_JOURNEY)
    report = Report(span.days)
    with report:
        summary = run(what, landing, told, report.advance)
    report.show(summary, landing, told)


def _check_days(first_day: date, days: int) -> None:
    """Moments are counted in 32 bits of seconds since 1970."""
    from conf.errors import Finding, InputError

    last = first_day + timedelta(days=days)
    if first_day < date(1970, 1, 2) or last > date(2037, 12, 31):
        raise InputError(
            "these days cannot be simulated", [Finding("--first-day", f"{first_day} to {last}", "stay between 1970-01-02 and 2037-12-31")]
        )


def _folders(out: Path | None, truth: Path | None, lake: "Lake") -> tuple[Path, Path]:
    """Where files and truth go: never one inside the other, and a truth of its own for a landing folder of its own."""
    from conf.errors import Finding, InputError

    if out is not None and truth is None:
        raise InputError(
            "where does the truth go?", [Finding("--truth", "is needed with --out", "name a folder beside it, outside of any lake")]
        )
    landing, told = (out or lake.landing).expanduser().resolve(), (truth or lake.root / "truth").expanduser().resolve()
    for option, folder in (("--out", landing), ("--truth", told)):
        if below := next((each for each in (folder, *folder.parents) if each.is_file()), None):
            raise InputError("files cannot go there", [Finding(option, f"{below} is a file", "name a folder")])
    kept = (lake.root, lake.warehouse, lake.keys)
    if told == landing or told in landing.parents or landing in told.parents or any(told == each or told in each.parents for each in kept):
        raise InputError(
            "the truth cannot lie there", [Finding(str(told), "holds the landing folder or a lake, or lies in it", "name another folder")]
        )
    return landing, told
