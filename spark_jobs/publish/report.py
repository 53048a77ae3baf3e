"""The figures of `ops.data_quality` for people: tables in the terminal, and one HTML page that needs nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conf.errors import ConfigError, Finding
from conf.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

Row = dict[str, Any]
TEMPLATE = Path(__file__).with_name("quality.html.j2")
TREND_NIGHTS = 30
DIMENSIONS = {
    "validity": "rows that keep their contract",
    "completeness": "fields that have a value",
    "uniqueness": "keys that are there once",
    "consistency": "rows that agree with what belongs to them",
    "freshness": "days since the last delivery",
    "accounting": "rows by route",
    "emptiness": "what gave nothing",
    "statuses": "orders whose status the vocabulary knows",
}


@dataclass(frozen=True)
class Figures:
    """The figures of one night, and the pass rates of validity by source over the nights until then."""

    day: date
    rows: list[Row]
    trend: dict[str, list[tuple[date, float]]]

    def of(self, dimension: str) -> list[Row]:
        """Figures of a dimension, the worst first."""
        found = [row for row in self.rows if row["dimension"] == dimension]
        return sorted(found, key=lambda row: (1.0 if row["pass_rate"] is None else row["pass_rate"], subject(row), row["rule"]))

    @property
    def to_look_at(self) -> list[Row]:
        """Figures that stopped the night, or that somebody should look at."""
        return sorted((row for row in self.rows if row["status"] != "ok"), key=lambda row: (row["status"] != "failed", subject(row)))


def subject(row: Row) -> str:
    """What a figure is about, in one word: source, feed, entity or field."""
    parts = [row["source"], row["feed"], row["entity"], row["column_name"]]
    return ".".join(part for part in parts if part)


def read_figures(settings: Settings, day: date | None) -> Figures:
    """The figures of a business date, the last one measured by default.

    Raises:
        ConfigError: nothing was measured for that date.
    """
    from deltalake import DeltaTable

    path = str(settings.lake.warehouse / "ops" / "data_quality")
    rows: list[Row] = DeltaTable(path).to_pyarrow_table().to_pylist() if DeltaTable.is_deltatable(path) else []
    days = sorted({row["business_date"] for row in rows})
    wanted = day or (days[-1] if days else None)
    if wanted is None or wanted not in days:
        there = f"there are figures of {days[0]} to {days[-1]}" if days else "run a night first: cdp run --date …"
        raise ConfigError("nothing was measured", [Finding(str(wanted or "ops.data_quality"), "has no figures", there)])
    trend: dict[str, list[tuple[date, float]]] = {}
    for row in sorted(rows, key=lambda each: each["business_date"]):
        is_whole = row["dimension"] == "validity" and row["feed"] is None and row["pass_rate"] is not None
        if is_whole and row["business_date"] <= wanted:
            trend.setdefault(row["source"], []).append((row["business_date"], row["pass_rate"]))
    return Figures(
        wanted, [row for row in rows if row["business_date"] == wanted], {name: found[-TREND_NIGHTS:] for name, found in trend.items()}
    )


def show(console: "Console", figures: Figures) -> None:
    """Tables by dimension; fields that are always filled are only counted."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    console.print(f"Data quality of {figures.day}: what became known since the night before", style="bold")
    for dimension, meaning in DIMENSIONS.items():
        rows = figures.of(dimension)
        shown = [row for row in rows if dimension != "completeness" or row["rows_failed"]]
        if not rows:
            continue
        table = Table(title=f"{dimension}: {meaning}", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for name in ("about", "rule", "rows", "failed", "pass rate", "observed"):
            table.add_column(name, justify="left" if name in ("about", "rule") else "right")
        for row in shown:
            style = {"failed": "red", "warn": "yellow"}.get(row["status"])
            table.add_row(
                subject(row),
                row["rule"],
                *(_number(row[name]) for name in ("rows_checked", "rows_failed")),
                _share(row),
                _number(row["observed"]),
                style=style,
            )
        if more := len(rows) - len(shown):
            table.caption = f"{more} more are never empty"
        console.print(table)


def page(figures: Figures, retailer: str) -> str:
    """One HTML page, self-contained."""
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"share": _share, "number": _number, "subject": subject, "points": _points}
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(figures=figures, retailer=retailer, dimensions=DIMENSIONS)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _share(row: Row) -> str:
    return "" if row["pass_rate"] is None else f"{row['pass_rate']:.2%}"


def _points(trend: Sequence[tuple[date, float]], width: int = 220, height: int = 36) -> str:
    """Points of a line over the nights; the bottom is the lowest pass rate, or 95 % when all are above."""
    low = min(0.95, *(rate for _, rate in trend))
    step = width / max(1, len(trend) - 1)
    return " ".join(
        f"{number * step:.1f},{height - 2 - (rate - low) / (1 - low or 1) * (height - 4):.1f}" for number, (_, rate) in enumerate(trend)
    )
