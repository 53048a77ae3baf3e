"""What a model is measured against: one column on its own, and a linear model on the same features."""

import warnings

import numpy as np

from conf.models import Model
from ml.datasets import Floats, Matrix


def baseline_scores(model: Model, train: Matrix, evaluation: Matrix) -> Floats:
    """The baseline column as a score; an amount is scaled by the ratio of totals seen in training, a ranking only gets its sign."""
    column = np.nan_to_num(evaluation.column(model.baseline.column))
    if model.task == "regression":
        seen = np.nan_to_num(train.column(model.baseline.column)).sum()
        return np.maximum(column * (train.y.sum() / seen if seen > 0 else 0.0), 0.0)
    return column if model.baseline.direction == "higher" else -column


def linear_scores(model: Model, train: Matrix, evaluation: Matrix) -> Floats:
    """Logistic or ridge regression on medians-imputed, standardised features."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    is_classifier = model.task == "classification"
    estimator = LogisticRegression(C=0.1, max_iter=500) if is_classifier else Ridge(alpha=10.0)
    pipeline = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler(), estimator)
    with warnings.catch_warnings(action="ignore"):
        pipeline.fit(train.x.astype(np.float64), train.y)
    x = evaluation.x.astype(np.float64)
    scores: Floats = pipeline.predict_proba(x)[:, 1] if is_classifier else np.maximum(pipeline.predict(x), 0.0)
    return scores
