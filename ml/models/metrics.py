"""How good scores are, on one evaluation window."""

from typing import Literal

import numpy as np

from ml.datasets import Floats

Metrics = dict[str, float]
HIGHER_IS_BETTER = {"roc_auc": True, "pr_auc": True, "rank_correlation": True, "mae": False, "rmse": False}


def measure(task: Literal["classification", "regression"], y: Floats, scores: Floats, *, is_probability: bool = True) -> Metrics:
    """All metrics of a task; a score that is no probability is judged by its ranking only."""
    metrics = _regression(y, scores) if task == "regression" else _classification(y, scores, is_probability=is_probability)
    return {name: round(float(value), 6) for name, value in metrics.items()}


def lift_at(y: Floats, scores: Floats, share: float) -> float:
    """Rate of positives among the top `share` of scores over the rate among all; ties share their positives evenly."""
    top = max(1, int(np.ceil(len(y) * share)))
    threshold = np.sort(scores)[::-1][top - 1]
    above, tied = scores > threshold, scores == threshold
    positives = y[above].sum() + y[tied].mean() * (top - above.sum())
    return float(positives / top / y.mean())


def expected_calibration_error(y: Floats, scores: Floats, bins: int = 10) -> float:
    """Mean distance of forecast and observed rate over bins of equal size, by rank of score."""
    order = np.argsort(scores, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return float(sum(abs(y[part].mean() - scores[part].mean()) * len(part) for part in parts) / len(y))


def calibration_table(y: Floats, scores: Floats, bins: int = 10) -> list[dict[str, float]]:
    """Mean forecast, mean outcome and rows per tenth of the scores, lowest first."""
    order = np.argsort(scores, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return [{"forecast": round(float(scores[p].mean()), 4), "observed": round(float(y[p].mean()), 4), "rows": len(p)} for p in parts]


def _classification(y: Floats, scores: Floats, *, is_probability: bool) -> Metrics:
    from sklearn.metrics import average_precision_score, roc_auc_score

    ranking = {"roc_auc": roc_auc_score(y, scores), "pr_auc": average_precision_score(y, scores), "lift_at_10pct": lift_at(y, scores, 0.1)}
    if not is_probability:
        return ranking
    return ranking | {"brier": float(np.mean((scores - y) ** 2)), "calibration_error": expected_calibration_error(y, scores)}


def _regression(y: Floats, scores: Floats) -> Metrics:
    from scipy.stats import rankdata

    errors = scores - y
    ranks, right = rankdata(scores), rankdata(y)
    is_flat = ranks.std() == 0 or right.std() == 0  # equal forecasts order nobody
    spread = float(((y - y.mean()) ** 2).sum())
    total = float(y.sum())
    return {
        "mae": float(np.abs(errors).mean()),
        "rmse": float(np.sqrt((errors**2).mean())),
        "r2": 1 - float((errors**2).sum()) / spread if spread > 0 else 0.0,
        "rank_correlation": 0.0 if is_flat else float(np.corrcoef(ranks, right)[0, 1]),
        "total_error": float(scores.sum()) / total - 1 if total > 0 else 0.0,
    }
