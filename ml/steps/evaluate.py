"""Evaluation: challenger, champion, the baseline column and a linear model on the same later window."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from conf.errors import CdpError, Finding
from conf.models import Model
from ml.datasets import Dataset, Floats
from ml.models import estimator
from ml.models.metrics import Metrics, calibration_table, measure
from ml.models.registry import CHAMPION, ModelRegistry, Version
from ml.models.yardsticks import baseline_scores, linear_scores
from spark_jobs.common.job import StepContext


def evaluate(ctx: StepContext, registry: ModelRegistry, model: Model, dataset: Dataset, challenger: Version) -> Version:
    """Measure the challenger beside its rivals and store the figures with its version.

    Raises:
        CdpError: the challenger has learnt from the days it would be judged on, or reads features that are no more.
    """
    facts = registry.facts(challenger)
    require_later(challenger, ctx.business_date)
    _require_unseen(model, dataset, challenger, facts)
    window, train = dataset.evaluation, dataset.train
    scores = _scores(registry, challenger, dataset)
    if scores is None:
        raise _cannot_judge(challenger, "it reads features that are no longer in features.yml", ctx.business_date)
    ranking = measure(model.task, window.y, baseline_scores(model, train, window), is_probability=model.task == "regression")
    metrics: dict[str, Metrics] = {
        "challenger": measure(model.task, window.y, scores),
        "baseline": ranking,
        "linear": measure(model.task, window.y, linear_scores(model, train, window)),
    }
    champion = registry.by_alias(challenger.name, CHAMPION)
    if champion is not None and (its_scores := _scores(registry, champion, dataset)) is not None:
        metrics["champion"] = measure(model.task, window.y, its_scores)
    evaluation: dict[str, Any] = {
        "business_date": ctx.business_date.isoformat(),
        "evaluated_as_of": [day.isoformat() for day in dataset.dates.evaluation],
        "trained_as_of": facts["as_of"],
        "rows": window.rows,
        "outcome_mean": round(float(window.y.mean()), 6),
        "train_rows": facts["rows"],
        "champion_version": champion.version if champion else None,
        "metrics": metrics,
        "calibration": calibration_table(window.y, scores),
    }
    registry.add_evaluation(challenger, evaluation)
    return registry.version(challenger.name, challenger.version)


def require_later(challenger: Version, on: date) -> None:
    """A challenger is judged on days after those it has learnt from.

    Raises:
        CdpError: the business date is before that of the training.
    """
    if on < challenger.trained_on:
        raise _cannot_judge(
            challenger, f"it was trained as of {challenger.trained_on} and has seen what followed {on}", challenger.trained_on
        )


def _require_unseen(model: Model, dataset: Dataset, challenger: Version, facts: Mapping[str, Any]) -> None:
    """The same by the dates themselves: `label` or `split` may have changed since the training."""
    learnt_until = date.fromisoformat(facts["as_of"][-1]) + timedelta(days=model.label.span_days)
    if dataset.dates.evaluation[0] < learnt_until:
        problem = f"its training labels end on {learnt_until}, after {dataset.dates.evaluation[0]} on which it would be judged"
        raise _cannot_judge(challenger, problem, challenger.trained_on)


def _cannot_judge(challenger: Version, problem: str, on: date) -> CdpError:
    remedy = f"use --date {on} or later, or train one for this date: cdp models train --models {challenger.name}"
    return CdpError(
        f"{challenger.name} version {challenger.version} cannot be evaluated for this date", [Finding(challenger.name, problem, remedy)]
    )


def _scores(registry: ModelRegistry, version: Version, dataset: Dataset) -> Floats | None:
    """A version's scores of the evaluation rows; None when it reads features that are no longer in features.yml."""
    booster = registry.load(version)
    if not set(booster.feature_names) <= set(dataset.judged.features):
        return None
    return estimator.predict(booster, dataset.judged.pick(booster.feature_names).x)
