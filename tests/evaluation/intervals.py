"""Confidence intervals of 95 %, without chance: the same data give the same bounds."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

CONFIDENCE = 0.95
_Z = float(stats.norm.ppf(0.5 + CONFIDENCE / 2))


def share(hits: int, n: int) -> tuple[float | None, float | None, float | None]:
    """A share with Wilson's interval (Wilson, "Probable inference, the law of succession, and statistical inference", 1927)."""
    if not n:
        return None, None, None
    bounds = stats.binomtest(hits, n).proportion_ci(CONFIDENCE, method="wilson")
    return hits / n, float(bounds.low), float(bounds.high)


def mean(values: ArrayLike) -> tuple[float | None, float | None, float | None]:
    """A mean with the interval of the central limit theorem."""
    values = np.asarray(values, np.float64)
    if not len(values):
        return None, None, None
    if len(values) == 1:
        return float(values[0]), None, None
    half = _Z * float(values.std(ddof=1)) / np.sqrt(len(values))
    return float(values.mean()), float(values.mean() - half), float(values.mean() + half)


def ratio(hits: ArrayLike, of: ArrayLike) -> tuple[float | None, float | None, float | None]:
    """Sum of `hits` over sum of `of`, where each element is a cluster within which nothing is independent.

    The interval is that of the linearised ratio over clusters (Cochran, "Sampling Techniques", 1977, 6.3), within [0, 1]; where no cluster differs from the
    ratio, Wilson's with as many trials as there are clusters.
    """
    hits, of = np.asarray(hits, np.float64), np.asarray(of, np.float64)
    hits, of = hits[of > 0], of[of > 0]
    n, total = len(of), float(of.sum())
    if not n:
        return None, None, None
    value = float(hits.sum()) / total
    rest = hits - value * of
    if n < 2 or not np.any(np.abs(rest) > 1e-12):
        bounds = stats.binomtest(round(value * n), n).proportion_ci(CONFIDENCE, method="wilson")
        return value, min(float(bounds.low), value), max(float(bounds.high), value)
    half = _Z * float(np.sqrt(n / (n - 1) * np.square(rest).sum())) / total
    return value, max(0.0, value - half), min(1.0, value + half)


def auc(scores: ArrayLike, labels: ArrayLike) -> tuple[float | None, float | None, float | None]:
    """The area under the ROC curve with DeLong's interval.

    By mid-ranks: Sun and Xu, "Fast implementation of DeLong's algorithm for comparing the areas under correlated ROC curves", 2014.
    """
    scores, labels = np.asarray(scores, np.float64), np.asarray(labels, np.bool_)
    positives, negatives = scores[labels], scores[~labels]
    m, n = len(positives), len(negatives)
    if not m or not n:
        return None, None, None
    all_ranks = stats.rankdata(np.concatenate([positives, negatives]))
    area = (all_ranks[:m].sum() - m * (m + 1) / 2) / (m * n)
    if m < 2 or n < 2:
        return float(area), None, None
    of_positives = (all_ranks[:m] - stats.rankdata(positives)) / n
    of_negatives = 1 - (all_ranks[m:] - stats.rankdata(negatives)) / m
    half = _Z * np.sqrt(of_positives.var(ddof=1) / m + of_negatives.var(ddof=1) / n)
    return float(area), float(max(0.0, area - half)), float(min(1.0, area + half))
