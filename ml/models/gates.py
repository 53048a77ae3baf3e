"""The gate between evaluation and promotion: what a challenger must show before it becomes champion."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from conf.models import Model
from ml.models.metrics import HIGHER_IS_BETTER, Metrics

UNSEEN = "not compared with the champion, which reads features that are no longer in features.yml"
DRIFT_MARGIN, DRIFT_LIMIT = 0.01, 3
FORCE = "cdp models promote --force accepts that"


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition: the value seen, the bound it must keep, and whether it does; `note` says what figures cannot."""

    name: str
    value: float
    bound: float
    holds: bool
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        return self.note or f"{self.name} {self.value:.4g} ({'within' if self.holds else 'beyond'} {self.bound:.4g})"


def judge(model: Model, metrics: Mapping[str, Metrics], *, has_champion: bool = False, is_forced: bool = False) -> tuple[Gate, ...]:
    """All gates of a challenger.

    Args:
        model: its register entry.
        metrics: of `challenger`, `baseline`, `linear` and, where it can be measured, `champion`, on the same evaluation rows.
        has_champion: there is a champion; without its metrics nobody knows whether the challenger is worse.
        is_forced: a person accepts that the champion is not measured; every other gate has to hold all the same.
    """
    gates, challenger = model.gates, metrics["challenger"]
    found = [_at_least("beats_baseline", gates.metric, challenger, metrics["baseline"], gates.beat_baseline_by)]
    if gates.worse_than_linear_by is not None:
        found.append(_at_least("not_behind_linear", gates.metric, challenger, metrics["linear"], -gates.worse_than_linear_by))
    if "champion" in metrics:
        found.append(_at_least("not_behind_champion", gates.metric, challenger, metrics["champion"], -gates.worse_than_champion_by))
    elif has_champion:
        found.append(Gate("compared_with_champion", 0.0, 1.0, is_forced, f"{UNSEEN} ({'forced' if is_forced else FORCE})"))
    found.append(_calibrated(model, challenger, metrics["linear"]))
    if gates.min_rank_correlation is not None:
        ranks = challenger["rank_correlation"]
        found.append(Gate("ranks_customers", ranks, gates.min_rank_correlation, ranks >= gates.min_rank_correlation))
    ceiling = challenger["r2" if model.task == "regression" else "roc_auc"]
    found.append(Gate("below_leak_ceiling", ceiling, gates.leak_ceiling, ceiling <= gates.leak_ceiling))
    return tuple(found)


def _calibrated(model: Model, challenger: Metrics, linear: Metrics) -> Gate:
    """Within the bound. Probabilities may also err as the linear model's do: a base rate that moved with the season moved both."""
    bound = model.gates.max_calibration_error
    if model.task == "regression":
        error = abs(challenger["total_error"])
        return Gate("calibrated", error, bound, error <= bound)
    error = challenger["calibration_error"]
    drifted = min(linear["calibration_error"] + DRIFT_MARGIN, DRIFT_LIMIT * bound)
    return Gate("calibrated", error, max(bound, drifted), error <= max(bound, drifted))


def _at_least(name: str, metric: str, challenger: Metrics, other: Metrics, margin: float) -> Gate:
    """The challenger's metric is better than the other's by the margin (a share of it for errors)."""
    value, rival = challenger[metric], other[metric]
    if HIGHER_IS_BETTER[metric]:
        return Gate(name, value, rival + margin, value >= rival + margin)
    return Gate(name, value, rival * (1 - margin), value <= rival * (1 - margin))
