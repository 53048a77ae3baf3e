"""What a person sees of a night: one line per step while it runs, a table at the end, and everything else in a log file."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.status import Status
from rich.table import Table

from spark_jobs.nightly.night import NightResult, StepOutcome

SHOWN_COUNTS = 3


@contextmanager
def output_in_file(log_file: Path) -> Iterator[Console]:
    """Send everything that Airflow, dbt and Spark print to `log_file`; yields a console on the real terminal."""
    log_file.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    out, err = os.dup(1), os.dup(2)
    with log_file.open("a", encoding="utf-8") as log, os.fdopen(os.dup(out), "w", encoding="utf-8") as terminal:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        try:
            yield Console(file=terminal, highlight=False)
        finally:
            _flush_or_drop()
            os.dup2(out, 1)
            os.dup2(err, 2)
            os.close(out)
            os.close(err)


def _flush_or_drop() -> None:
    """Empty Python's buffers; what the log's disk does not take is dropped, so that it does not reach the terminal later."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
            stream.flush()


class Progress:
    """Prints a line per finished step; on a terminal also the running one."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None

    def started(self, task_id: str) -> None:
        """Show the running step."""
        self.waiting(f"{task_id} …")

    def waiting(self, text: str) -> None:
        """Show what is being waited for."""
        self.stop()
        self._status = self._console.status(text)
        self._status.start()

    def finished(self, outcome: StepOutcome) -> None:
        """Print what the step did."""
        self.stop()
        mark = {"ok": "[green]✓[/]", "skipped": "[yellow]–[/]", "will retry": "[yellow]↻[/]"}.get(outcome.state, "[red]✗[/]")
        said = outcome.reason or describe(outcome)
        self._console.print(f"  {mark} {outcome.task_id:<11} {outcome.seconds:6.1f} s  ", end="")
        self._console.print(said, markup=False, style="dim")

    def stop(self) -> None:
        """Take the running line away."""
        if self._status is not None:
            self._status.stop()
            self._status = None


def describe(outcome: StepOutcome) -> str:
    """The first counts of a step in words."""
    shown = [
        f"{name.replace('_', ' ')} {value:,}" if isinstance(value, int) else f"{name.replace('_', ' ')} {value}"
        for name, value in outcome.counts.items()
    ]
    return ", ".join(shown[:SHOWN_COUNTS]) + (" …" if len(shown) > SHOWN_COUNTS else "")


def night_heading(business_date: date) -> str:
    """The line above a night."""
    return f"[bold]Night of {business_date}[/]"


def time_table(nights: list[NightResult]) -> Table:
    """Where the time went: one row per step, one column per night."""
    table = Table(title="Where the time went (seconds)", title_justify="left")
    table.add_column("step")
    for night in nights:
        table.add_column(str(night.business_date), justify="right")
    for task_id in dict.fromkeys(step.task_id for night in nights for step in night.steps):
        table.add_row(task_id, *(f"{sum(s.seconds for s in night.steps if s.task_id == task_id):.1f}" for night in nights))
    table.add_row("orchestration", *(f"{night.seconds - night.step_seconds:.1f}" for night in nights), style="dim", end_section=True)
    table.add_row("total", *(f"{night.seconds:.1f}" for night in nights), style="bold")
    return table
