"""The requests step: answers what was verified, removes exports whose time is over, and brings deliveries into the archive.

Reads: ops.privacy_requests, the facts of the customers who ask. Grain: one answer per request; all erasures of a run are one batch.
Rerun: what is done stays done; an erasure that was killed is taken up where it was.
"""

import logging
from dataclasses import replace
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
    resumed, stuck = _resume_all(ctx)
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
    if failures or stuck:
        findings = [finding for err in stuck for finding in err.findings]
        raise CdpError(f"{len(failures)} request(s) and {len(stuck)} erasure(s) could not be done: see cdp privacy request list", findings)
    answered = len([each for each in ready if each.kind is not Kind.CORRECTION]) + resumed
    counts: dict[str, int | float | str] = {"answered": answered, "overdue": len(overdue), "exports_removed": removed, **kept}
    return StepReport("requests", counts, None if answered or removed or any(kept.values()) else "nothing is asked of us")


def _resume_all(ctx: StepContext) -> tuple[int, list[CdpError]]:
    """Go on with erasures that were begun; one that cannot be finished keeps nobody else waiting."""
    done, stuck = 0, []
    for erasure_id in open_erasures(ctx.settings):
        try:
            certificate = resume(ctx, erasure_id)
        except CdpError as err:
            stuck.append(err)
            continue
        asked = [each for each in all_requests(ctx) if each.request_id in certificate.request_ids]
        _close(ctx, asked, str(certificate.path.relative_to(ctx.settings.lake.root)))
        done += 1
    return done, stuck


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
    before = open_erasures(ctx.settings)
    try:
        certificate = erase(ctx, [str(each.customer_id) for each in requests], request_ids=[each.request_id for each in requests])
    except CdpError as err:
        # A batch that was begun knows whom it is about; a row of ours that names them would be found in the end.
        is_begun = open_erasures(ctx.settings) != before
        for each in requests:
            named = replace(each, customer_id=None) if is_begun else each
            advance(ctx, named, State.FAILED, ctx.business_date, reason=err.message)
        return requests
    _close(ctx, requests, str(certificate.path.relative_to(ctx.settings.lake.root)))
    return []


def _close(ctx: StepContext, requests: list[Request], result: str) -> None:
    """An erased customer is not named any more, in the closing state neither."""
    for each in requests:
        advance(ctx, replace(each, customer_id=None), State.DONE, ctx.business_date, result=result)
