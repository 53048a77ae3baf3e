"""A registry of its own, and challengers that are trained in no time on rows out of a random generator."""

from datetime import date, timedelta

import numpy as np

from conf.models import Gates, Model, load_features, load_models
from conf.settings import Settings
from ml.datasets import Dataset, Matrix, SplitDates
from ml.models.registry import ModelRegistry, Version
from ml.steps.train import train
from spark_jobs.common.job import StepContext

DAY = date(2033, 6, 30)


def a_context(settings: Settings, day: date = DAY) -> StepContext:
    """Of a step that needs no engine."""
    return StepContext(None, settings, day, "test")  # type: ignore[arg-type]


def a_model(*excluded: str) -> Model:
    """The churn model, quick to train and easy to please, without some of the features."""
    churn = load_models()["churn"]
    estimator = churn.estimator.model_copy(update={"rounds": 5})
    gates = Gates(metric="roc_auc", beat_baseline_by=-1, worse_than_champion_by=1, max_calibration_error=1, leak_ceiling=1)
    return churn.model_copy(update={"estimator": estimator, "gates": gates, "exclude_features": ("tenure_days", *excluded)})


def a_matrix(features: tuple[str, ...], seed: int, rows: int = 300) -> Matrix:
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, len(features))).astype(np.float32)
    return Matrix(features, x, (x[:, 0] + random.normal(size=rows) > 0).astype(np.float64))


def a_dataset(model: Model, day: date = DAY, seed: int = 1) -> Dataset:
    """What the model would be trained and judged on, as of a business date."""
    evaluation = day - timedelta(days=28)
    dates = SplitDates((evaluation - timedelta(days=42), evaluation - timedelta(days=28)), (evaluation,))
    everything = load_features()
    return Dataset(dates, a_matrix(model.features(everything), seed), a_matrix(everything.names, seed + 1000))


def a_challenger(
    registry: ModelRegistry, settings: Settings, name: str, day: date = DAY, seed: int = 1, model: Model | None = None
) -> Version:
    """A version trained as of a date; another seed makes another one."""
    entry = model or a_model()
    version, _ = train(a_context(settings, day), registry, name, entry, a_dataset(entry, day, seed))
    return version
