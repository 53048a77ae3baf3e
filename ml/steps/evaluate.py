"""Evaluation: challenger, champion, the baseline column and a linear model on the same later window."""

from typing import Any

from conf.models import Model
from ml.datasets import Dataset
from ml.models import estimator
from ml.models.metrics import Metrics, calibration_table, measure
from ml.models.registry import CHAMPION, ModelRegistry, Version
from ml.models.yardsticks import baseline_scores, linear_scores
from spark_jobs.common.job import StepContext


def evaluate(ctx: StepContext, registry: ModelRegistry, model: Model, dataset: Dataset, challenger: Version) -> Version:
    """Measure the challenger beside its rivals and store the figures with its version."""
    window, train = dataset.evaluation, dataset.train
    scores = estimator.predict(registry.load(challenger), window.x)
    ranking = measure(model.task, window.y, baseline_scores(model, train, window), is_probability=model.task == "regression")
    metrics: dict[str, Metrics] = {
        "challenger": measure(model.task, window.y, scores),
        "baseline": ranking,
        "linear": measure(model.task, window.y, linear_scores(model, train, window)),
    }
    champion = registry.by_alias(challenger.name, CHAMPION)
    if champion is not None and _is_comparable(registry, champion, dataset):
        metrics["champion"] = measure(model.task, window.y, estimator.predict(registry.load(champion), window.x))
    evaluation: dict[str, Any] = {
        "business_date": ctx.business_date.isoformat(),
        "evaluated_as_of": [day.isoformat() for day in dataset.dates.evaluation],
        "trained_as_of": [day.isoformat() for day in dataset.dates.train],
        "rows": window.rows,
        "outcome_mean": round(float(window.y.mean()), 6),
        "train_rows": train.rows,
        "champion_version": champion.version if champion else None,
        "metrics": metrics,
        "calibration": calibration_table(window.y, scores),
    }
    registry.add_evaluation(challenger, evaluation)
    return registry.version(challenger.name, challenger.version)


def _is_comparable(registry: ModelRegistry, champion: Version, dataset: Dataset) -> bool:
    """A champion trained on other features cannot read this matrix; the challenger is then judged without it."""
    return tuple(registry.load(champion).feature_names) == dataset.evaluation.features
