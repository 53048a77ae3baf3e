"""`make bench`: measures the bars, prints a table, writes build/bench.json and the table of docs/benchmarks.md.

Choose with `python -m tests.bench attach night`; without names it runs every module here that has `measure(settings)`. What was
measured before and is not measured now stays in the table. Everything happens on a lake of its own, which is removed at the end.
"""

import importlib
import json
import os
import platform
import shutil
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

import psutil
from rich.console import Console
from rich.table import Table

from conf.settings import PROJECT_ROOT, Settings, settings
from tests.bench.result import Result

NOT_MEASURES = {"__init__", "__main__", "draft_facts", "result"}
BUILD = PROJECT_ROOT / "build"
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
        with own_lake() as lake:
            found = _measured(name, lake)
        results += found
        _write(found)
    console.print(_table(results))
    return 0 if all(result.ok for result in results) else 1


@contextmanager
def own_lake() -> Iterator[Settings]:
    """Settings of an empty lake on free ports, for this process and those it starts."""
    root = mkdtemp(prefix="cdp-bench-", dir=BUILD if BUILD.is_dir() else None)
    os.environ |= {"CDP_LAKE__ROOT": root, "CDP_SPARK__CONNECT_PORT": "0", "CDP_SPARK__THRIFT_PORT": "0"}
    settings.cache_clear()
    try:
        yield settings()
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _measured(name: str, lake: Settings) -> list[Result]:
    """What a module measures; a failure is a result too, so that it does not cost what was measured before."""
    try:
        measured: list[Result] = importlib.import_module(f"tests.bench.{name}").measure(lake)
    except Exception as err:  # noqa: BLE001  # whatever it is, it is told
        traceback.print_exc()
        said = err.stderr if isinstance(err, subprocess.CalledProcessError) else str(err)
        text = said.decode(errors="replace") if isinstance(said, bytes) else said or ""
        return [Result(f"{name} failed", "measures", float("nan"), "", ok=False, detail=(text.strip().splitlines() or [repr(err)])[-1])]
    return measured


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
    """Put results in the place of earlier ones of the same name, in build/bench.json and in the document."""
    BUILD.mkdir(exist_ok=True)
    file = BUILD / "bench.json"
    known = {row["name"]: row for row in json.loads(file.read_text(encoding="utf-8"))["results"]} if file.is_file() else {}
    for result in results:
        known[result.name] = asdict(result) | {"measured_on": datetime.now(UTC).date().isoformat(), "load": round(os.getloadavg()[2], 1)}
    machine = f"{os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GB, {platform.system()} {platform.machine()}"
    rows = sorted(known.values(), key=lambda row: _number(row["name"]))
    file.write_text(json.dumps({"machine": machine, "results": rows}, indent=2), encoding="utf-8")
    cells = [
        f"| {row['name']} | {row['bar']} | {row['value']:.3g} {row['unit']} | {'yes' if row['ok'] else '**no**'} | {row['detail']} "
        f"| {row['measured_on']}, {row['load']} |"
        for row in rows
    ]
    head = ["| what | bar | measured | holds | detail | day, load average of 15 minutes |", "|---|---|---|---|---|---|"]
    lines = [MARKER, "", f"Machine: {machine}.", "", *head, *cells, ""]
    kept = DOCUMENT.read_text(encoding="utf-8").partition(MARKER)[0]
    DOCUMENT.write_text(kept + "\n".join(lines), encoding="utf-8")


def _number(name: str) -> tuple[int, str]:
    digits = name.split(maxsplit=1)[0].removeprefix("P")
    return (int(digits) if digits.isdigit() else 99, name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
