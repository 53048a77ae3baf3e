"""`cdp sql`: a statement in, a table, JSON or CSV out. Speaks Thrift, because importing pyspark takes longer than the query."""

import io
import itertools
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from conf.errors import CdpError, Finding
from conf.settings import Settings, settings
from spark_jobs.common.errors import SqlError, readable_errors
from spark_jobs.engine import thrift
from spark_jobs.engine.client import engine, running_engine
from spark_jobs.engine.engine_cursor import EngineCursor
from spark_jobs.engine.rows import Result, print_csv, print_json, print_table
from spark_jobs.engine.statements import split

app = typer.Typer()
notes = Console(stderr=True, highlight=False, soft_wrap=True)

SHOWN_ROWS = 100


@app.command()
def sql(
    query: Annotated[str | None, typer.Argument(help="One statement, or several with ; between them; - reads standard input.")] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="Read the statements from a file.", exists=True, dir_okay=False)] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help=f"Most rows to show (a table: {SHOWN_ROWS}; JSON and CSV: all).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON array of objects.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV with a header line.")] = False,
    schema: Annotated[str, typer.Option("--schema", "-s", help="Schema that unqualified names mean.")] = "gold",
) -> None:
    """Query the lake in SQL.

    For example:

    cdp sql "select lifecycle_stage, count(*) from dim_customers group by 1"

    cdp sql "show tables"

    cdp sql --csv "select * from dim_customers" > customers.csv

    cdp sql --file report.sql --json | jq .
    """
    if as_json and as_csv:
        raise CdpError("one format at a time", [Finding("--json, --csv", "both given", "leave one out")])
    statements = split(_text(query, file))
    if not statements:
        raise CdpError("there is nothing to run", [Finding("cdp sql", "the statement is empty", "try: cdp sql 'show tables'")])
    _print_any_character()
    show = print_json if as_json else print_csv if as_csv else print_table
    most = limit if limit is not None or as_json or as_csv else SHOWN_ROWS
    with _cursor(settings(), schema) as cursor:
        for statement in statements:
            result = _run(cursor, statement, schema)
            if result is not None:
                with _cancelled_on_interrupt(cursor), readable_errors():
                    show(result, most)


def _print_any_character() -> None:
    """A character that the terminal's encoding does not have is escaped instead of ending the output."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _text(query: str | None, file: Path | None) -> str:
    try:
        if file is not None and query is None:
            return file.read_text(encoding="utf-8")
        if file is None and query is not None and query != "-":
            return query
        if file is None and (query == "-" or not sys.stdin.isatty()):
            return sys.stdin.read()
    except (OSError, UnicodeDecodeError) as err:
        problem = "is no UTF-8 text" if isinstance(err, UnicodeDecodeError) else f"cannot be read ({type(err).__name__})"
        finding = Finding(str(file or "standard input"), problem, "give a text file that you may read, saved as UTF-8")
        raise CdpError("the statements cannot be read", [finding]) from None
    problem = "a statement and a file" if file else "neither a statement nor a file"
    raise CdpError("what shall be run?", [Finding("cdp sql", problem, "give one statement in quotes, or --file FILE, or pipe it in")])


@contextmanager
def _cursor(configured: Settings, schema: str) -> Iterator[Any]:
    """A cursor on the engine; one is started when none runs."""
    if configured.spark.remote:
        from spark_jobs.engine.remote_sql import remote_cursor

        with remote_cursor(configured, schema) as cursor:
            yield cursor
        return
    if running_engine(configured) is None:
        notes.print("no engine is running: one is started for this command (keep one with: cdp engine up)", style="dim")
    with engine(configured) as state, readable_errors():
        connection = thrift.connect(state.thrift_port, schema=schema)
        is_usable = True
        try:
            yield EngineCursor(connection, state.thrift_port)
        except KeyboardInterrupt:
            is_usable = False  # it may stand in the middle of an answer; the end of this process closes it
            raise
        finally:
            if is_usable:
                connection.close()


def _run(cursor: Any, statement: str, schema: str) -> Result | None:
    """Execute; None when the statement has no rows to show."""
    try:
        with _cancelled_on_interrupt(cursor), readable_errors():
            cursor.execute(statement)
            columns = cursor.description or []
    except SqlError as err:
        raise _with_suggestion(err, cursor, schema) from err
    names = [column[0] for column in columns]
    rows: Iterator[Any] = iter(cursor.fetchone, None)
    if names in ([], ["Result"]):  # the endpoint answers a command that returns nothing with an empty column of this name
        first = next(rows, None) if names else None
        if first is None:
            return None
        rows = itertools.chain([first], rows)
    return Result(names, [str(column[1]) for column in columns], rows)


def _with_suggestion(err: SqlError, cursor: Any, schema: str) -> SqlError:
    """Names of tables that look like the one that was not found."""
    if err.condition != "TABLE_OR_VIEW_NOT_FOUND":
        return err
    import difflib
    import re

    quoted = re.search(r"`([^`]+)` cannot be found", err.message)
    with readable_errors():
        cursor.execute("show tables")
        names = [row[1] for row in cursor.fetchall()]
    close = difflib.get_close_matches(quoted[1], names, n=3, cutoff=0.5) if quoted else []
    remedy = f"did you mean {' or '.join(close)}?" if close else "cdp sql 'show tables' lists what there is"
    better = SqlError(err.message.partition(" Verify the spelling")[0], err.condition)
    better.findings = (Finding(f"schema {schema}", f"{len(names)} tables", remedy),)
    return better


@contextmanager
def _cancelled_on_interrupt(cursor: Any) -> Iterator[None]:
    """Ctrl-C stops the query in the engine too."""
    try:
        yield
    except KeyboardInterrupt:
        with suppress(Exception):  # the engine may be gone; what the person asked for is to stop
            cursor.cancel()
        raise
