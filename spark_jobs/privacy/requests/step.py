"""The requests step: answers what was verified, removes exports whose time is over, and brings deliveries into the archive.

Reads: ops.privacy_requests, the facts of the customers who ask. Grain: one answer per request; all erasures of a run are one batch.
Rerun: what is done stays done; an erasure that was killed is taken up where it was.
"""

import logging
from dataclasses import replace
from datetime import timedelta

from conf.errors import CdpError
from spark_jobs.common.errors import readable
from spark_jobs.common.job import StepContext, StepReport
from spark_jobs.privacy.archive import retain
from spark_jobs.privacy.erasure.certificate import check_certificate
from spark_jobs.privacy.erasure.job import erase, resume
from spark_jobs.privacy.erasure.subjects import known_customers
from spark_jobs.privacy.erasure.work import erasures_folder, open_erasures
from spark_jobs.privacy.requests.export import export, remove_old
from spark_jobs.privacy.requests.register import advance, all_requests
from spark_jobs.privacy.requests.states import Kind, Request, State

log = logging.getLogger(__name__)


def run(ctx: StepContext) -> StepReport:
    """Answer all verified requests of access and erasure as of the business date; corrections are answered when they are made.

    Raises:
        CdpError: a request could not be answered; the others are.
    """
    stuck = _resume_all(ctx)
    resumed = _close_answered(ctx)
    requests = all_requests(ctx)
    ready = [each for each in requests if each.state in (State.VERIFIED, State.FAILED)]
    failures = [each for each in ready if each.kind is Kind.ACCESS and not _give_access(ctx, each)]
    failures += _erase_all(ctx, [each for each in ready if each.kind is Kind.ERASURE and each.customer_id is not None])
    _close_answered(ctx)
    done = {each.request_id: each.changed_on for each in requests if not each.is_open}
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


def _resume_all(ctx: StepContext) -> list[CdpError]:
    """Go on with erasures that were begun; one that cannot be finished keeps nobody else waiting. Gives what went wrong."""
    stuck = []
    for erasure_id in open_erasures(ctx.settings):
        try:
            resume(ctx, erasure_id)
        except CdpError as err:
            stuck.append(err)
    return stuck


def _close_answered(ctx: StepContext) -> int:
    """Close the requests that a complete certificate answers, whoever made it; gives their number.

    An erased customer is not named any more, in the closing state neither.
    """
    waiting = {each.request_id: each for each in all_requests(ctx) if each.is_open and each.kind is Kind.ERASURE}
    closed = 0
    for file in sorted(erasures_folder(ctx.settings).glob("*.json")) if waiting else ():
        certificate = check_certificate(ctx.settings, file)
        for request_id in certificate.request_ids if certificate.is_complete else ():
            if request := waiting.pop(request_id, None):
                answer = str(file.relative_to(ctx.settings.lake.root))
                advance(ctx, replace(request, customer_id=None), State.DONE, ctx.business_date, result=answer)
                closed += 1
    return closed


def _give_access(ctx: StepContext, request: Request) -> bool:
    if request.customer_id is None:
        advance(ctx, request, State.REFUSED, ctx.business_date, reason="the customer was erased since")
        return True
    try:
        folder = export(ctx, request.request_id, request.customer_id)
    except Exception as err:  # noqa: BLE001  # whatever it is, the others are answered
        short = readable(err)
        advance(ctx, request, State.FAILED, ctx.business_date, reason=short.message if short else type(err).__name__)
        return False
    advance(ctx, request, State.DONE, ctx.business_date, result=str(folder.relative_to(ctx.settings.lake.root)))
    return True


def _erase_all(ctx: StepContext, requests: list[Request]) -> list[Request]:
    """One batch for all whom the lake knows; gives the requests that failed."""
    known = known_customers(ctx.spark, [str(each.customer_id) for each in requests]) if requests else set()
    failed = [each for each in requests if each.customer_id not in known]
    for each in failed:
        advance(ctx, each, State.FAILED, ctx.business_date, reason="the customer is not known, or not any more")
    asked = [each for each in requests if each.customer_id in known]
    if not asked:
        return failed
    before = open_erasures(ctx.settings)
    try:
        erase(ctx, [str(each.customer_id) for each in asked], request_ids=[each.request_id for each in asked])
    except CdpError as err:
        # A batch that was begun knows whom it is about; a row of ours that names them would be found in the end.
        is_begun = open_erasures(ctx.settings) != before
        for each in asked:
            named = replace(each, customer_id=None) if is_begun else each
            advance(ctx, named, State.FAILED, ctx.business_date, reason=err.message)
        return [*failed, *asked]
    return failed
