"""The command line `cdp`: gathers the sub-commands of the packages and shows errors as messages, never as stack traces."""

import atexit
import contextlib
import importlib
import logging
import os
import sys
import threading
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from conf.errors import CdpError

STOPPED = 130  # the exit code of Ctrl-C

# command → (module, command inside its app or None for the whole app, one line for --help).
COMMANDS: dict[str, tuple[str, str | None, str]] = {
    "demo": ("spark_jobs.nightly.cli", "demo", "Land the demo data and run the nightly up to its last day."),
    "run": ("spark_jobs.nightly.cli", "run", "Run the nightly DAG for one business date."),
    "status": ("spark_jobs.nightly.cli", "status", "Last runs, freshness, data quality and what to look at."),
    "airflow": ("spark_jobs.nightly.cli", "airflow", "Open the DAGs in Airflow's own user interface."),
    "engine": ("spark_jobs.engine.cli", None, "Start, stop and inspect the Spark engine."),
    "sql": ("spark_jobs.engine.sql_cli", None, "Query the lake in SQL."),
    "quality": ("spark_jobs.publish.cli", "quality", "What the data of a night are worth, as tables or as a page."),
    "source": ("spark_jobs.maintenance.source_cli", None, "Draft, list, show and check source mappings; load a feed again."),
    "quarantine": ("spark_jobs.ingest.cli", "quarantine", "List, show and replay rejected rows."),
    "privacy": ("spark_jobs.privacy.cli", None, "Erase customers with proof, look for personal data, the archive of deliveries."),
    "keys": ("spark_jobs.privacy.keys_cli", None, "Keys of personal data: list, check, rotate."),
    "audit": ("spark_jobs.audit.cli", None, "Who did what, and whether the audit log is as it was written."),
    "upgrade": ("spark_jobs.maintenance.cli", None, "Upgrade a lake that an older release made."),
    "land": ("spark_jobs.demo.cli", "land", "Land the demo files only."),
    "simulate": ("spark_jobs.demo.twin.cli", None, "Simulate an omnichannel retailer: its files, and the truth beside them."),
    "evaluate": ("tests.evaluation.cli", None, "Score what the platform made of the simulated retailer against the truth."),
    "models": ("ml.cli", None, "Train, evaluate, promote and score the registered models."),
    "dbt": ("spark_jobs.marts.cli", "dbt", "Call dbt on the engine with the project's settings."),
    "docs": ("spark_jobs.marts.cli", "docs", "Build and serve the documentation of the marts."),
}


def _reach_tests(command: str) -> None:
    """What scores the platform lies with the tests, which are no installed package: it is there in a checkout only."""
    root = Path(__file__).resolve().parent
    if not (root / "tests" / "evaluation").is_dir():
        raise CdpError(f"cdp {command} needs the source checkout: clone the repository and run it there")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))


class LazyGroup(TyperGroup):
    """A group that knows its commands by name and imports one only when it is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order a person meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A stand-in with the one-line help; `resolve_command` loads the real one."""
        return TyperCommand(cmd_name, help=COMMANDS[cmd_name][2]) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that was called, loaded from its module."""
        name, _, rest = super().resolve_command(ctx, args)
        module_name, inner, _ = COMMANDS[str(name)]
        if module_name.startswith("tests."):
            _reach_tests(str(name))
        command: Any = get_command(importlib.import_module(module_name).app)
        if inner is not None:
            command = command.commands[inner]
        command.name = name
        return name, command, rest


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="A customer data platform on a lakehouse.\n\nStart with [bold]cdp demo[/bold]; then [bold]cdp sql 'select * from dim_customers limit 5'[/bold].",
)


@app.callback()
def options(
    conf: Annotated[
        Path | None, typer.Option("--conf", help="Overlay folder with your own sources and settings (or CDP_CONF).", metavar="DIR")
    ] = None,
) -> None:
    """Options that every command understands."""
    if conf is not None:
        os.environ["CDP_CONF"] = str(conf)


def main() -> None:
    """Run the command line; a CdpError, and what Spark, dbt or the disk raise, becomes a message and its exit code."""
    from spark_jobs.engine.stopping import stop_on_signals

    stop_on_signals()
    logging.raiseExceptions = False  # a log that cannot be written prints no stack trace between the messages
    _leave(_run())


def _run() -> int:
    """Run the command; its exit code."""
    try:
        app()
    except KeyboardInterrupt:
        return _stopped()
    except SystemExit as end:
        # Typer turns Ctrl-C into this code, without a word.
        return _stopped() if end.code == STOPPED else _exit_code(end.code)
    except BrokenPipeError:
        return 0
    except Exception as err:  # noqa: BLE001  # shown here, by kind
        return _failed(err)
    return 0


def _exit_code(code: str | int | None) -> int:
    """The exit code of a SystemExit; a text is a message, as for Python itself."""
    if isinstance(code, str):
        Console(stderr=True, highlight=False, soft_wrap=True).print(code, markup=False)
        return 1
    return code or 0


def _failed(err: Exception) -> int:
    """Show the error; its exit code. A bug keeps its stack trace."""
    from spark_jobs.engine.stopping import asked_to_stop

    if asked_to_stop():
        return _stopped()  # what fails while a command is cleaning up is no news
    short = _readable(err)
    if short is None:
        sys.excepthook(type(err), err, err.__traceback__)
        return 1
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    with contextlib.suppress(OSError):
        errors.print("error:", style="bold red", end=" ")
        errors.print(str(short), markup=False)
    return short.exit_code


def _stopped() -> int:
    """Say so; 130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP."""
    from spark_jobs.engine.stopping import asked_to_stop

    with contextlib.suppress(OSError):
        Console(stderr=True, highlight=False, soft_wrap=True).print("stopped", style="yellow")
    return 128 + asked_to_stop() if asked_to_stop() else STOPPED


def _leave(code: int) -> NoReturn:
    """End the process after what is registered for its end, without Python's own finalization.

    Arrow, DuckDB and gRPC keep threads that may call into the interpreter while it is being finalized, which aborts the process after
    its output is complete.
    """
    with contextlib.suppress(BaseException):
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001  # waits for threads, as Python does
        atexit._run_exitfuncs()  # noqa: SLF001
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        pass
    except OSError as err:
        code = code or _failed(err)  # output that a full disk did not take is not shown, and that is an error
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    os._exit(code)


def _readable(err: Exception) -> CdpError | None:
    """The error as a message; None for a bug, which keeps its stack trace."""
    if isinstance(err, CdpError):
        return err
    from spark_jobs.common.errors import readable

    return readable(err)


if __name__ == "__main__":
    main()
