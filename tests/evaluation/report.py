"""The figures of promises for people and scripts: tables in the terminal, JSON, one HTML page that needs nothing else."""

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, select_autoescape
from rich.console import Console
from rich.table import Table

from tests.evaluation.promise import Figure, Promise, Unit

NOTHING = "–"


def text(value: float | None, unit: Unit) -> str:
    """A figure as people read it."""
    if value is None:
        return NOTHING
    return {"share": f"{value:.2%}", "number": f"{value:,.3f}", "money": f"{value:,.2f}", "days": f"{value:,.1f}"}[unit]


def interval(figure: Figure) -> str:
    """The confidence interval."""
    return NOTHING if figure.low is None else f"{text(figure.low, figure.unit)} to {text(figure.high, figure.unit)}"


def show(console: Console, promises: list[Promise], as_of: date | None, *, with_details: bool) -> None:
    """A table for each promise."""
    console.print(f"Night of {as_of}, against the truth of the twin. Intervals of 95 %.", highlight=False)
    for promise in promises:
        table = Table(
            "figure", title=f"{promise.title} · {promise.title_zh}", title_justify="left", caption=promise.note, caption_justify="left"
        )
        for name in ("platform", "95 %", "baseline", "of"):
            table.add_column(name, justify="right")
        for figure in promise.figures:
            of = NOTHING if figure.n is None else f"{figure.n:,}"
            table.add_row(figure.name, text(figure.value, figure.unit), interval(figure), text(figure.baseline, figure.unit), of)
        console.print(table if promise.figures else f"\n[bold]{promise.title} · {promise.title_zh}[/bold]\n{promise.note}")
        for detail in promise.details if with_details else ():
            inner = Table(*detail.columns, title=detail.title, title_justify="left")
            for row in detail.rows:
                inner.add_row(*(NOTHING if cell is None else f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
            console.print(inner)


def as_json(promises: list[Promise], as_of: date | None) -> str:
    """The figures for scripts."""
    return json.dumps(
        {"as_of": str(as_of), "promises": [asdict(promise) for promise in promises]}, ensure_ascii=False, indent=2, default=float
    )


def page(promises: list[Promise], as_of: date | None, retailer: str) -> str:
    """The figures as one HTML page."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=select_autoescape(default=True), trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(text=text, interval=interval)
    return environment.get_template("report.html.j2").render(promises=promises, as_of=as_of, retailer=retailer)
