"""Training of a night: models that have no champion yet. Trains, evaluates and promotes; a model that cannot be trained is skipped with the reason."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date, timedelta

from conf.models import Model, chosen_models
from ml.datasets import Dataset, NotEnoughDataError, load_datasets
from ml.models import estimator
from ml.models.registry import CHALLENGER, CHAMPION, ModelRegistry, Version
from ml.steps.evaluate import evaluate
from ml.steps.promote import Verdict, promote, skipped, store_verdicts
from spark_jobs.common.job import StepContext, StepReport


def run(ctx: StepContext) -> StepReport:
    """Train the models without a champion for their question, unless an attempt is recent."""
    if not ctx.settings.models.train:
        return StepReport("train", {"trained": 0}, "this run does not train")
    registry = ModelRegistry(ctx.settings)
    models = {name: model for name, model in chosen_models(ctx.settings).items() if not _has_champion(registry, name, model)}
    due = {name: model for name, model in models.items() if is_due(registry, name, model, ctx.business_date)}
    return train_models(ctx, registry, due, "train", champion_from=ctx.business_date)


def train_models(ctx: StepContext, registry: ModelRegistry, models: Mapping[str, Model], step: str, champion_from: date) -> StepReport:
    """Train, evaluate and promote the given models and store the verdicts.

    Args:
        ctx: the step's context.
        registry: the model registry.
        models: register entries by name.
        step: name in the report.
        champion_from: the first business date that is scored with what is promoted here.
    """
    if not models:
        return StepReport(step, {"trained": 0}, "no model is due")
    verdicts: list[Verdict] = []
    for name, dataset in load_datasets(ctx, models).items():
        if isinstance(dataset, NotEnoughDataError):
            verdicts.append(skipped(registry, name, dataset.message))
            store_verdicts(ctx, verdicts[-1:])
            continue
        challenger, is_new = train(ctx, registry, name, models[name], dataset)
        if not is_new and is_champion(registry, challenger):
            continue
        judged = evaluate(ctx, registry, models[name], dataset, challenger)
        verdicts.append(promote(ctx, registry, models[name], judged, champion_from=champion_from))
    counts: dict[str, int | float | str] = {
        "trained": sum(verdict.challenger_version is not None for verdict in verdicts),
        "promoted": sum(verdict.promoted for verdict in verdicts),
    }
    counts |= {verdict.model_name: verdict.reason for verdict in verdicts}
    reasons = [f"{verdict.model_name} {verdict.reason}" for verdict in verdicts if verdict.challenger_version is None]
    return StepReport(step, counts, "; ".join(reasons) if reasons and not counts["trained"] else None)


def train(ctx: StepContext, registry: ModelRegistry, name: str, model: Model, dataset: Dataset) -> tuple[Version, bool]:
    """The challenger for the dataset, and whether it is new: equal data and settings give the version that is there already."""
    fingerprint = training_fingerprint(model, dataset)
    for alias in (CHAMPION, CHALLENGER):
        known = registry.by_alias(name, alias)
        if known is not None and known.fingerprint == fingerprint:
            return known, False
    newest = registry.newest(name)
    if newest is not None and newest.fingerprint == fingerprint:  # a run was killed before `challenger` pointed to it
        registry.point(name, CHALLENGER, newest.version)
        return newest, True
    booster = estimator.fit(model, dataset.train)
    facts = {
        "business_date": ctx.business_date.isoformat(),
        "as_of": [day.isoformat() for day in dataset.dates.train],
        "rows": dataset.train.rows,
        "positives": dataset.train.positives,
        "features": list(dataset.train.features),
        "importance": estimator.importance(booster),
    }
    return registry.add_challenger(name, model, booster, trained_on=ctx.business_date, fingerprint=fingerprint, facts=facts), True


def training_fingerprint(model: Model, dataset: Dataset) -> str:
    """A hash of everything that decides the booster: the matrix, the register entry and the library."""
    import xgboost

    entry = model.model_dump_json(exclude={"gates", "title", "description", "retrain_after_days"})
    return hashlib.sha256(json.dumps([dataset.train.digest(), entry, xgboost.__version__]).encode()).hexdigest()


def _has_champion(registry: ModelRegistry, name: str, model: Model) -> bool:
    """A champion that was trained for another horizon answers another question."""
    champion = registry.by_alias(name, CHAMPION)
    return champion is not None and champion.answers(model)


def is_champion(registry: ModelRegistry, version: Version) -> bool:
    champion = registry.by_alias(version.name, CHAMPION)
    return champion is not None and champion.version == version.version


def is_due(registry: ModelRegistry, name: str, model: Model, on: date) -> bool:
    """Never trained, trained on this very date (nothing changes then), kept back by other gates, or `retrain_after_days` ago."""
    last = registry.by_alias(name, CHALLENGER)
    if last is None or not last.answers(model) or last.trained_on == on:
        return True
    if last.trained_on < on and last.judged_by != model.gates.digest and not is_champion(registry, last):
        return True
    return last.trained_on + timedelta(days=model.retrain_after_days) <= on
