"""Promotion: the challenger becomes champion when every gate holds; the verdict is stored either way.

Reads: the evaluation stored with the challenger, ops.publications.
Grain: ops.model_verdicts has one row per business date, model and challenger version.
Flags: promoted; `reason` says which gate did not hold, or why nothing was judged.
Rerun: replaces the verdict on the same version and date.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from conf.catalog import catalog
from conf.errors import CdpError, Finding
from conf.models import Gates, Model
from ml.models.gates import Gate, judge
from ml.models.metrics import Metrics
from ml.models.registry import CHAMPION, ModelRegistry, Version
from spark_jobs.common.audit.journal import note
from spark_jobs.common.audit.records import Action
from spark_jobs.common.delta import ensure_table, overwrite
from spark_jobs.common.job import StepContext
from spark_jobs.common.logging import Event, log_event

log = logging.getLogger(__name__)

TABLE = "ops.model_verdicts"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about a challenger, and why."""

    model_name: str
    challenger_version: str | None
    champion_version: str | None
    promoted: bool
    gates: tuple[Gate, ...]
    metrics: dict[str, Metrics]
    reason: str


def promote(
    ctx: StepContext, registry: ModelRegistry, model: Model, challenger: Version, *, champion_from: date, is_forced: bool = False
) -> Verdict:
    """Judge an evaluated challenger, store the verdict, and move the champion alias if every gate holds.

    The alias moves last: a run that is killed before it has promoted nothing, and run again it comes to the same verdict.

    Args:
        ctx: the step's context.
        registry: the model registry.
        model: the register entry.
        challenger: the version to judge.
        champion_from: the first business date that is scored with it.
        is_forced: promote it although the champion cannot be compared.

    Raises:
        CdpError: the challenger has not been evaluated, or not beside the champion of now, or later than the business date.
    """
    champion = registry.by_alias(challenger.name, CHAMPION)
    if champion is not None and champion.version == challenger.version:
        reason = f"is champion already, from {champion.promoted_on} on"
        return Verdict(challenger.name, challenger.version, champion.version, promoted=False, gates=(), metrics={}, reason=reason)
    evaluation = _evaluation(challenger, champion, ctx.business_date, model.gates)
    gates = judge(model, evaluation["metrics"], has_champion=champion is not None, is_forced=is_forced)
    failed = [gate for gate in gates if not gate.holds]
    noted = [gate.note for gate in gates if gate.holds and gate.note]
    reason = f"kept back: {'; '.join(map(str, failed))}" if failed else "; ".join(["every gate held", *noted])
    verdict = Verdict(
        challenger.name, challenger.version, champion.version if champion else None, not failed, gates, evaluation["metrics"], reason
    )
    store_verdicts(ctx, [verdict])
    facts = {"promoted": verdict.promoted, "reason": reason, "gates": [gate.as_dict() for gate in gates]}
    registry.add_verdict(challenger, facts, model.gates.digest)
    if verdict.promoted:
        registry.promote(challenger, champion_from)
        note(
            ctx.settings, Action.MODEL_PROMOTED, f"{challenger.name} version {challenger.version}", champion_from=champion_from,
            before=champion.version if champion else None, forced=is_forced,
        )  # fmt: skip
        log_event(log, Event.PROMOTED, model=challenger.name, version=challenger.version, business_date=ctx.business_date)
    return verdict


def next_night(ctx: StepContext) -> date:
    """The first business date after this one that no night was published for: what is published is not scored anew."""
    published = catalog().table("ops.publications")
    ensure_table(ctx.spark, ctx.settings, published)
    newest = ctx.spark.table(published.full_name).agg({"business_date": "max"}).first()
    return max(ctx.business_date, (newest and newest[0]) or ctx.business_date) + timedelta(days=1)


def _evaluation(challenger: Version, champion: Version | None, on: date, gates: Gates) -> dict[str, Any]:
    """The stored evaluation, if it can be judged by on this date and beside this champion."""
    found, problem = challenger.evaluation, ""
    standing = champion.version if champion else None
    if found is None:
        problem = "it has not been evaluated"
    elif found["champion_version"] != standing:
        problem = f"it was evaluated beside champion {found['champion_version'] or 'none'}, and the champion is {standing or 'none'} now"
    elif on < date.fromisoformat(found["business_date"]):
        problem = f"it was evaluated as of {found['business_date']}, after {on}"
    elif missing := _unmeasured(found["metrics"], gates):
        problem = f"it was evaluated without {missing}, which the gates ask for now"
    if found is None or problem:
        remedy = f"cdp models evaluate --models {challenger.name}, and promote with the same --date"
        raise CdpError(f"{challenger.name} version {challenger.version} cannot be promoted", [Finding(challenger.name, problem, remedy)])
    return found


def _unmeasured(metrics: Mapping[str, Metrics], gates: Gates) -> str:
    """The metric of the gates that an earlier evaluation did not measure; empty when it measured all."""
    named = [gates.metric, *(["rank_correlation"] if gates.min_rank_correlation is not None else [])]
    return next((name for name in named if any(name not in measured for measured in metrics.values())), "")


def skipped(registry: ModelRegistry, name: str, reason: str) -> Verdict:
    """The verdict on a model that was not trained."""
    champion = registry.by_alias(name, CHAMPION)
    return Verdict(name, None, champion.version if champion else None, promoted=False, gates=(), metrics={}, reason=f"skipped: {reason}")


def store_verdicts(ctx: StepContext, verdicts: Sequence[Verdict]) -> None:
    """Write verdicts in one commit."""
    if not verdicts:
        return
    table, decided_at = catalog().table(TABLE), datetime.now(UTC)
    rows = [_row(ctx.business_date, verdict, decided_at) for verdict in verdicts]
    same = " or ".join(f"(model_name = '{v.model_name}' and challenger_version <=> {_literal(v.challenger_version)})" for v in verdicts)
    frame = ctx.spark.createDataFrame(rows, table.ddl)
    overwrite(ctx.spark, ctx.settings, table, frame, f"business_date = date'{ctx.business_date}' and ({same})")


def _literal(value: str | None) -> str:
    return "null" if value is None else f"'{value}'"


def _row(business_date: date, verdict: Verdict, decided_at: datetime) -> tuple[object, ...]:
    return (
        business_date,
        verdict.model_name,
        verdict.challenger_version,
        verdict.champion_version,
        verdict.promoted,
        json.dumps([gate.as_dict() for gate in verdict.gates]),
        json.dumps(verdict.metrics, sort_keys=True),
        verdict.reason,
        decided_at,
    )
