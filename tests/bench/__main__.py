"""`make bench`: measures the bars, prints a table, writes build/bench.json and the table of docs/benchmarks.md.

Choose with `python -m tests.bench attach night`; without names it runs every module here that has `measure(settings)`.
"""

import importlib
import json
import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from conf.settings import PROJECT_ROOT, settings
from tests.bench.result import Result

NOT_MEASURES = {"__init__", "__main__", "result"}
DOCUMENT = PROJECT_ROOT / "docs" / "benchmarks.md"
MARKER = "<!-- the table below is written by make bench -->"


def main(names: list[str]) -> int:
    """Measure, show and write; the exit code says whether every bar holds."""
    folder = Path(__file__).parent
    known = sorted(file.stem for file in folder.glob("*.py") if file.stem not in NOT_MEASURES)
    console = Console()
    if unknown := set(names) - set(known):
        console.print(f"unknown: {', '.join(sorted(unknown))}; choose from {', '.join(known)}", style="red")
        return 2
    results: list[Result] = []
    for name in names or known:
        console.print(f"measuring {name} …", style="dim")
        results += importlib.import_module(f"tests.bench.{name}").measure(settings())
    console.print(_table(results))
    _write(results)
    return 0 if all(result.ok for result in results) else 1


def _table(results: list[Result]) -> Table:
    table = Table("what", "bar", "measured", "holds", "detail")
    for result in results:
        table.add_row(
            result.name,
            result.bar,
            f"{result.value:.3g} {result.unit}",
            "yes" if result.ok else "no",
            result.detail,
            style="" if result.ok else "red",
        )
    return table


def _write(results: list[Result]) -> None:
    build = PROJECT_ROOT / "build"
    build.mkdir(exist_ok=True)
    load = f"{os.getloadavg()[2]:.1f}"
    machine = f"{os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GB, {platform.system()} {platform.machine()}; load average over 15 minutes {load}"
    document = {"machine": machine, "results": [asdict(result) for result in results]}
    (build / "bench.json").write_text(json.dumps(document, indent=2), encoding="utf-8")
    rows = [f"| {r.name} | {r.bar} | {r.value:.3g} {r.unit} | {'yes' if r.ok else '**no**'} | {r.detail} |" for r in results]
    lines = [MARKER, "", f"Machine: {machine}.", "", "| what | bar | measured | holds | detail |", "|---|---|---|---|---|", *rows, ""]
    kept = DOCUMENT.read_text(encoding="utf-8").partition(MARKER)[0]
    DOCUMENT.write_text(kept + "\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
