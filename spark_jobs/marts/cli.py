"""`cdp dbt …` and `cdp docs`: dbt's own command line on the engine, and the documentation of the marts in a browser."""

from datetime import date
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)

# Commands that render models and therefore need the business date.
_DATED = frozenset({"build", "compile", "run", "test", "show", "seed", "docs", "run-operation"})


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def dbt(ctx: typer.Context) -> None:
    """Call dbt with the project's settings: `cdp dbt --date 2017-12-31 run --select dim_customers`.

    `--date` comes first and is the business date (the last one published when it is left out); the rest is dbt's.
    """
    arguments = list(ctx.args)
    if arguments in ([], ["--help"]):
        typer.echo(ctx.get_help())
        return
    day = _date(arguments.pop(1), arguments.pop(0)) if arguments[0] == "--date" and len(arguments) > 1 else None
    from conf.settings import settings
    from spark_jobs.marts.docs import call

    if not call(settings(), arguments, day, dated=bool(arguments) and arguments[0] in _DATED):
        raise typer.Exit(1)


@app.command()
def docs(
    port: Annotated[int, typer.Option(help="Port to serve on; 0 takes a free one.", min=0, max=65535)] = 8081,
    date: Annotated[str | None, typer.Option(help="Business date; the last one published by default.", metavar="YYYY-MM-DD")] = None,
    serve: Annotated[bool, typer.Option(help="Serve the pages; otherwise only write them.")] = True,
) -> None:
    """Write the documentation of the marts and serve it on this machine only.

    Example: `cdp docs --port 0`
    """
    from conf.settings import settings
    from spark_jobs.marts.docs import serve_docs, write_docs

    folder = write_docs(settings(), _date(date, "--date") if date else None)
    typer.echo(f"written to {folder}")
    if serve:
        serve_docs(folder, port, lambda address: typer.echo(f"serving {address} — stop with Ctrl-C"))


def _date(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date such as 2017-12-31", param_hint=option) from None
