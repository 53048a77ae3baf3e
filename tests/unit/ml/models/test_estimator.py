"""The estimator: deterministic, finite and never below zero."""

import numpy as np

from conf.models import load_models
from ml.datasets import Matrix
from ml.models import estimator


def a_matrix(rows: int = 800) -> Matrix:
    random = np.random.default_rng(7)
    x = random.normal(size=(rows, 3)).astype(np.float32)
    x[::7, 2] = np.nan
    return Matrix(("recency_days", "spend_91d", "gap_mean_days"), x, np.maximum(x[:, 1].astype(np.float64) * 50, 0.0))


def test_training_twice_gives_the_same_bytes() -> None:
    # given
    model, matrix = load_models()["clv"], a_matrix()

    # when
    first, second = (estimator.fit(model, matrix).save_raw("ubj") for _ in range(2))

    # then
    assert first == second


def test_forecasts_of_amounts_are_finite_and_not_negative() -> None:
    # given a model, and rows far outside of what it was trained on
    matrix = a_matrix()
    booster = estimator.fit(load_models()["clv"], matrix)
    absurd = np.array([[1e30, -1e30, np.nan], [np.nan, np.nan, np.nan], [-1e9, 1e9, 0]], dtype=np.float32)

    # when
    forecasts = estimator.predict(booster, absurd)

    # then
    assert np.isfinite(forecasts).all()
    assert (forecasts >= 0).all()
    assert sum(estimator.importance(booster).values()) > 0.99
