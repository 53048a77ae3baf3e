"""The requests step: answers what was verified, removes exports whose time is over, and brings deliveries into the archive.

Reads: ops.privacy_requests, the facts of the customers who ask. Grain: one answer per request; all erasures of a run are one batch.
Rerun: what is done stays done; an erasure that was killed is taken up where it was.
"""

import logging
from datetime import timedelta

from conf.errors import CdpError
from spark_jobs.common.job import StepContext, StepReport
from spark_jobs.privacy.archive import retain
from spark_jobs.privacy.erasure.job import erase, resume
from spark_jobs.privacy.erasure.work import open_erasures
from spark_jobs.privacy.requests.export import export, remove_old
from spark_jobs.privacy.requests.register import advance, all_requests
from spark_jobs.privacy.requests.states import Kind, Request, State

log = logging.getLogger(__name__)


def run(ctx: StepContext) -> StepReport:
    """Answer all verified requests of access and erasure as of the business date; corrections are answered when they are made.

    Raises:
        CdpError: a request could not be answered; the others are.
    """
    resumed = [resume(ctx, erasure_id) for erasure_id in open_erasures(ctx.settings)]
    requests = all_requests(ctx)
    for certificate in resumed:
        _close(
            ctx,
            [each for each in requests if each.request_id in certificate.request_ids],
            str(certificate.path.relative_to(ctx.settings.lake.root)),
        )
    requests = all_requests(ctx)
    ready = [each for each in requests if each.state in (State.VERIFIED, State.FAILED)]
    failures = [each for each in ready if each.kind is Kind.ACCESS and not _give_access(ctx, each)]
    failures += _erase_all(ctx, [each for each in ready if each.kind is Kind.ERASURE and each.customer_id is not None])
    done = {each.request_id: each.changed_on for each in requests if each.state is State.DONE}
    removed = remove_old(ctx, ctx.business_date - timedelta(days=ctx.settings.privacy.requests.keep_export_days), done)
    kept = retain(ctx.settings, ctx.spark, ctx.business_date)
    overdue = [each for each in all_requests(ctx) if each.is_overdue(ctx.business_date)]
    for each in overdue:
        log.warning("request_overdue request_id=%s kind=%s state=%s due_on=%s", each.request_id, each.kind, each.state, each.due_on)
    if failures:
        raise CdpError(f"{len(failures)} request(s) could not be answered: see cdp privacy request list")
    answered = len([each for each in ready if each.kind is not Kind.CORRECTION]) + len(resumed)
    counts: dict[str, int | float | str] = {"answered": answered, "overdue": len(overdue), "exports_removed": removed, **kept}
    return StepReport("requests", counts, None if answered or removed or any(kept.values()) else "nothing is asked of us")


def _give_access(ctx: StepContext, request: Request) -> bool:
    try:
        folder = export(ctx, request.request_id, request.customer_id or "")
    except CdpError as err:
        advance(ctx, request, State.FAILED, ctx.business_date, reason=err.message)
        return False
    advance(ctx, request, State.DONE, ctx.business_date, result=str(folder.relative_to(ctx.settings.lake.root)))
    return True


def _erase_all(ctx: StepContext, requests: list[Request]) -> list[Request]:
    """One batch for all of them; gives those that failed."""
    if not requests:
        return []
    try:
        certificate = erase(ctx, [str(each.customer_id) for each in requests], request_ids=[each.request_id for each in requests])
    except CdpError as err:
        for each in requests:
            advance(ctx, each, State.FAILED, ctx.business_date, reason=err.message)
        return requests
    _close(ctx, requests, str(certificate.path.relative_to(ctx.settings.lake.root)))
    return []


def _close(ctx: StepContext, requests: list[Request], result: str) -> None:
    """An erased customer is not named any more, in the closing state neither."""
    from dataclasses import replace

    for each in requests:
        advance(ctx, replace(each, customer_id=None), State.DONE, ctx.business_date, result=result)
