"""The XGBoost estimator: fit and predict, deterministic to the bit."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from conf.models import Model

if TYPE_CHECKING:
    from ml.datasets import Matrix

SEED = 20170101
THREADS = 2
OBJECTIVES = {"classification": "binary:logistic", "regression": "reg:tweedie"}


def fit(model: Model, train: "Matrix") -> Any:
    """A booster trained on the matrix; the same matrix gives the same booster."""
    import xgboost as xgb

    fixed = {"seed": SEED, "nthread": THREADS, "tree_method": "hist", "device": "cpu"}
    params = {"objective": OBJECTIVES[model.task], **model.estimator.params, **fixed}
    data = xgb.DMatrix(train.x, train.y, feature_names=list(train.features), nthread=THREADS)
    return xgb.train(params, data, model.estimator.rounds)


def predict(booster: Any, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Probabilities or amounts, never below zero."""
    scores: npt.NDArray[np.float64] = np.maximum(booster.inplace_predict(x, validate_features=False).astype(np.float64), 0.0)
    return scores


def importance(booster: Any) -> dict[str, float]:
    """Share of the total gain by feature, largest first."""
    gains = booster.get_score(importance_type="total_gain")
    total = sum(gains.values()) or 1.0
    return {name: round(gain / total, 4) for name, gain in sorted(gains.items(), key=lambda item: (-item[1], item[0]))}
