"""The requests in `ops.privacy_requests`: a row for each state, the newest speaks."""

import uuid
from dataclasses import asdict, replace
from datetime import date, timedelta

from conf.catalog import catalog
from conf.errors import Finding, InputError
from spark_jobs.common.audit.journal import actor, note
from spark_jobs.common.audit.records import Action
from spark_jobs.common.delta import append, ensure_table
from spark_jobs.common.job import StepContext
from spark_jobs.privacy.requests.states import Kind, Request, State, check_step, newest

REQUESTS = "ops.privacy_requests"


def all_requests(ctx: StepContext) -> list[Request]:
    """Every request in its newest state, the most urgent first."""
    table = catalog().table(REQUESTS)
    ensure_table(ctx.spark, ctx.settings, table)
    return newest(row.asDict() for row in ctx.spark.table(REQUESTS).select(*table.field_names).collect())


def request_of(ctx: StepContext, request_id: str) -> Request:
    """One request.

    Raises:
        InputError: there is none of this id.
    """
    found = next((each for each in all_requests(ctx) if each.request_id == request_id), None)
    if found is None:
        raise InputError("there is no such request", [Finding(request_id, "is not known", "cdp privacy request list")])
    return found


def receive(ctx: StepContext, kind: Kind, customer_id: str, received_on: date) -> Request:
    """Note a new request.

    Raises:
        InputError: the lake knows no such customer.
    """
    from pyspark.sql import functions as F

    if ctx.spark.table("identity.customer_ids").where(F.col("customer_id") == customer_id).isEmpty():
        raise InputError(
            "there is no such customer", [Finding(customer_id, "is not in identity.customer_ids", "see gold.dim_customer_ids")]
        )
    due = received_on + timedelta(days=ctx.settings.privacy.requests.due_days)
    return _write(ctx, Request(f"r{uuid.uuid4().hex[:12]}", 1, kind, customer_id, State.RECEIVED, received_on, due, actor()))


def advance(
    ctx: StepContext, request: Request, state: State, day: date, *, reason: str | None = None, result: str | None = None
) -> Request:
    """Bring a request into its next state.

    Raises:
        InputError: that state does not follow.
    """
    check_step(request, state)
    following = replace(
        request, position=request.position + 1, state=state, changed_on=day, actor=actor(), reason=reason, result=result or request.result
    )
    return _write(ctx, following)


def _write(ctx: StepContext, request: Request) -> Request:
    table = catalog().table(REQUESTS)
    ensure_table(ctx.spark, ctx.settings, table)
    values = asdict(request)
    row = tuple(str(values[name]) if name in ("kind", "state") else values[name] for name in table.field_names)
    append(ctx.spark, ctx.settings, table, ctx.spark.createDataFrame([row], table.ddl))
    note(ctx.settings, Action.DECIDED, f"request {request.request_id}", kind=request.kind, state=request.state)
    return request
