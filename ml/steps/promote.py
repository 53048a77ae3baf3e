"""Promotion: the challenger becomes champion when every gate holds; the verdict is stored either way.

Reads: the evaluation stored with the challenger.
Grain: ops.model_verdicts has one row per business date, model and challenger version.
Flags: promoted; `reason` says which gate did not hold, or why nothing was judged.
Rerun: replaces the verdict on the same version and date.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from conf.catalog import catalog
from conf.errors import CdpError, Finding
from conf.models import Model
from ml.models.gates import Gate, judge
from ml.models.metrics import Metrics
from ml.models.registry import CHAMPION, ModelRegistry, Version
from spark_jobs.common.delta import overwrite
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


def promote(ctx: StepContext, registry: ModelRegistry, model: Model, challenger: Version) -> Verdict:
    """Judge an evaluated challenger and move the champion alias if every gate holds.

    Raises:
        CdpError: the challenger has not been evaluated.
    """
    evaluation = challenger.evaluation
    if evaluation is None:
        raise CdpError(
            f"{challenger.name} version {challenger.version} cannot be promoted",
            [Finding(challenger.name, "it has not been evaluated", f"cdp models evaluate --models {challenger.name}")],
        )
    champion = registry.by_alias(challenger.name, CHAMPION)
    gates = judge(model, evaluation["metrics"])
    failed = [gate for gate in gates if not gate.holds]
    reason = f"kept back: {'; '.join(map(str, failed))}" if failed else "every gate held"
    verdict = Verdict(
        challenger.name, challenger.version, champion.version if champion else None, not failed, gates, evaluation["metrics"], reason
    )
    if verdict.promoted:
        registry.promote(challenger, ctx.business_date)
        log_event(log, Event.PROMOTED, model=challenger.name, version=challenger.version, business_date=ctx.business_date)
    registry.add_verdict(challenger, {"promoted": verdict.promoted, "reason": reason, "gates": [gate.as_dict() for gate in gates]})
    return verdict


def skipped(registry: ModelRegistry, name: str, reason: str) -> Verdict:
    """The verdict on a model that was not trained."""
    champion = registry.by_alias(name, CHAMPION)
    return Verdict(name, None, champion.version if champion else None, promoted=False, gates=(), metrics={}, reason=f"skipped: {reason}")


def store_verdicts(ctx: StepContext, verdicts: Sequence[Verdict]) -> None:
    """Write the verdicts of one step in one commit."""
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
