"""`cdp privacy request`: what people ask of us, and the answers."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from spark_jobs.common.job import StepContext

app = typer.Typer(no_args_is_help=True, help="Rights requests: access, correction, erasure, with states and deadlines.")
Day = Annotated[datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="Day on which it happens; default: today.")]
Id = Annotated[str, typer.Argument(help="Id of the request.")]


@contextmanager
def _context(day: datetime | None, *, writes: bool = True) -> Iterator["StepContext"]:
    from conf.settings import settings
    from spark_jobs.common.job import StepContext
    from spark_jobs.common.session import engine_session
    from spark_jobs.common.writer import one_writer

    configured = settings()
    with engine_session(configured) as spark, one_writer(configured, "requests") if writes else nullcontext():
        yield StepContext(spark, configured, day.date() if day else date.today(), "requests")  # noqa: DTZ011  # the day of the person who asks


@app.command()
def add(
    kind: Annotated[str, typer.Option(help="access, correction or erasure.")],
    customer: Annotated[
        str, typer.Option(help="Customer id, as gold.dim_customers has it; - with a telephone number or e-mail address on standard input.")
    ],
    date_: Day = None,
) -> None:
    """Note a request. Who asks must be verified before it is answered: cdp privacy request verify.

    Example: echo 13800138000 | cdp privacy request add --kind access --customer -
    """
    from conf.errors import Finding, InputError
    from spark_jobs.privacy.requests.find import customer_of
    from spark_jobs.privacy.requests.register import receive
    from spark_jobs.privacy.requests.states import Kind

    if kind not in list(Kind):
        raise InputError(f"there is no kind {kind!r}", [Finding("--kind", "unknown", f"use one of {', '.join(Kind)}")])
    with _context(date_) as ctx:
        who = customer_of(ctx, sys.stdin.readline()) if customer == "-" else customer
        request = receive(ctx, Kind(kind), who, ctx.business_date)
    typer.echo(f"{request.request_id}: {request.kind} for {request.customer_id}, to be answered by {request.due_on}")


@app.command("list")
def list_requests(
    date_: Day = None,
    overdue: Annotated[bool, typer.Option(help="Only those whose day is over; exit code 1 when there are any.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Show all requests, the open and urgent ones first."""
    import json
    from dataclasses import asdict

    from rich.console import Console
    from rich.table import Column, Table

    from spark_jobs.privacy.requests.register import all_requests

    with _context(date_, writes=False) as ctx:
        found = [each for each in all_requests(ctx) if not overdue or each.is_overdue(ctx.business_date)]
        day = ctx.business_date
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], default=str, indent=2))
        if overdue and found:
            sys.exit(1)
        return
    table = Table(
        Column("request", no_wrap=True), "kind", "state", "since", "due", "days left", Column("result or reason", overflow="fold")
    )
    for each in found:
        left = str((each.due_on - day).days) if each.is_open else ""
        table.add_row(
            each.request_id, each.kind, each.state, str(each.changed_on), str(each.due_on), left, each.result or each.reason or ""
        )
    Console(highlight=False).print(table)
    if overdue and found:
        sys.exit(1)


def _advance(request_id: str, state: str, day: datetime | None, reason: str | None = None) -> None:
    from spark_jobs.privacy.requests.register import advance, request_of
    from spark_jobs.privacy.requests.states import State

    with _context(day) as ctx:
        request = advance(ctx, request_of(ctx, request_id), State(state), ctx.business_date, reason=reason)
    typer.echo(f"{request.request_id}: {request.state}")


@app.command()
def verify(request: Id, date_: Day = None) -> None:
    """Say that the person who asks is who they say: the request may be answered."""
    _advance(request, "verified", date_)


@app.command()
def refuse(request: Id, reason: Annotated[str, typer.Option(help="Why; the person has a right to know.")], date_: Day = None) -> None:
    """Refuse a request, with a reason."""
    _advance(request, "refused", date_, reason)


@app.command()
def withdraw(request: Id, date_: Day = None) -> None:
    """The person does not ask any more; too late for an erasure that was begun."""
    from conf.errors import Finding, InputError
    from conf.settings import settings
    from spark_jobs.privacy.erasure.work import open_erasures

    if found := open_erasures(settings()):
        finding = Finding(
            found[0], "is not finished, and may be this person's", "cdp privacy erase --resume, then look at the request again"
        )
        raise InputError("an erasure is under way", [finding])
    _advance(request, "withdrawn", date_)


@app.command()
def run(date_: Day = None) -> None:
    """Answer all verified requests of access and erasure now; the DAG cdp_privacy_requests does it every day."""
    from spark_jobs.privacy.requests.step import run as run_step

    with _context(date_) as ctx:
        report = run_step(ctx)
    typer.echo(", ".join(f"{name.replace('_', ' ')} {count}" for name, count in report.counts.items()))


@app.command()
def correct(
    request: Id,
    field: Annotated[str, typer.Option(help="Field of the customer, such as birth_year or phone_token.")],
    value: Annotated[
        str | None, typer.Option(help="The right value; - reads standard input (telephone numbers, e-mail addresses).")
    ] = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="In place of --value: what the sources say is wrong, and nothing is known.")
    ] = False,
    date_: Day = None,
) -> None:
    """Answer a verified request of correction: from this day on the value goes over what the sources say. Correct the source system too.

    Example: echo 13800138000 | cdp privacy request correct r12 --field phone_token --value -
    """
    from conf.errors import Finding, InputError
    from spark_jobs.privacy.requests.corrections import TOKENS
    from spark_jobs.privacy.requests.corrections import correct as correct_field
    from spark_jobs.privacy.requests.register import advance, request_of
    from spark_jobs.privacy.requests.states import Kind, State, check_step

    if (value is None) is not remove:
        raise InputError("what is right?", [Finding("--value", "is needed, or --remove", "give one of the two")])
    if field in TOKENS and value not in (None, "-"):
        raise InputError(
            "a personal value is in no command line",
            [Finding("--value", "would be seen by others", "give - and write it to standard input")],
        )
    with _context(date_) as ctx:
        asked = request_of(ctx, request)
        check_step(asked, State.DONE)
        if asked.kind is not Kind.CORRECTION or asked.customer_id is None:
            raise InputError(
                "this is no request of correction", [Finding(request, f"is one of {asked.kind}", "add one: --kind correction")]
            )
        count = correct_field(
            ctx, asked.customer_id, field, sys.stdin.readline().strip() if value == "-" else value, ctx.business_date, request
        )
        advance(ctx, asked, State.DONE, ctx.business_date, result=f"{field} of {count} record(s)")
    typer.echo(f"{count} record(s) corrected; the next night shows it")
