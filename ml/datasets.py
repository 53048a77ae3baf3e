"""Training and evaluation matrices: which as-of dates, and the features and labels that stand at them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from conf.errors import CdpError
from conf.models import Model, load_features, load_register
from ml.features.customer_daily import customer_daily
from ml.features.history import History, begins_on, read_history, sample_customers
from ml.labels import label_value, observed
from spark_jobs.common.job import StepContext

Floats = npt.NDArray[np.float64]


class NotEnoughDataError(CdpError):
    """There is too little history or too few rows to train a model; the message is the reason shown to a person."""


@dataclass(frozen=True, slots=True)
class SplitDates:
    """As-of dates, ascending; every training label is complete on the first evaluation date."""

    train: tuple[date, ...]
    evaluation: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows in order of as-of date and customer; features as float32 with NaN for null. Knows no customer."""

    features: tuple[str, ...]
    x: npt.NDArray[np.float32]
    y: Floats

    @property
    def rows(self) -> int:
        return len(self.y)

    @property
    def positives(self) -> int:
        """Rows whose label is above zero."""
        return int((self.y > 0).sum())

    def column(self, name: str) -> Floats:
        return self.x[:, self.features.index(name)].astype(np.float64)

    def pick(self, features: Sequence[str]) -> "Matrix":
        """The same rows with these features only, in this order."""
        return Matrix(tuple(features), self.x[:, [self.features.index(name) for name in features]], self.y)

    def digest(self) -> str:
        """A hash of names, values and order: equal exactly when the matrix is equal to the byte."""
        content = hashlib.sha256("\n".join(self.features).encode())
        content.update(np.ascontiguousarray(self.x).tobytes())
        content.update(np.ascontiguousarray(self.y).tobytes())
        return content.hexdigest()


@dataclass(frozen=True, slots=True)
class Dataset:
    """What one model is trained and judged on.

    Attributes:
        dates: where training and evaluation stand.
        train: training rows with the model's features.
        judged: evaluation rows with every feature there is, so that a version trained on others of them can be judged too.
    """

    dates: SplitDates
    train: Matrix
    judged: Matrix

    @property
    def evaluation(self) -> Matrix:
        """Evaluation rows with the model's features."""
        return self.judged.pick(self.train.features)


def split_dates(model: Model, business_date: date, begins: date | None) -> SplitDates:
    """The as-of dates of a model on a business date, for a history that begins on a date.

    Raises:
        NotEnoughDataError: no training window fits between the beginning and the evaluation.
    """
    split, span = model.split, timedelta(days=model.label.span_days)
    stride = timedelta(days=split.stride_days)
    evaluation = sorted(business_date - span - stride * window for window in range(split.evaluation_windows))
    newest = evaluation[0] - span
    if begins is None:
        raise NotEnoughDataError("no customer has an order yet")
    earliest = begins + timedelta(days=split.min_history_days)
    train = sorted(day for day in (newest - stride * window for window in range(split.train_windows)) if day >= earliest)
    if not train:
        ready_on = business_date + (earliest - newest)
        raise NotEnoughDataError(
            f"known orders go back to {begins}; training needs {split.min_history_days} days before a label window of {span.days} days "
            f"and another one to be judged on: possible from {ready_on}{_longest_horizon(model, business_date, earliest)}"
        )
    return SplitDates(tuple(train), tuple(evaluation))


def _longest_horizon(model: Model, business_date: date, earliest: date) -> str:
    """The longest horizon with one training and all evaluation windows in today's history, as the end of a sentence."""
    between = (business_date - earliest).days - model.split.stride_days * (model.split.evaluation_windows - 1)
    longest = between // 2 - model.label.lead_days
    return f"; the longest horizon that is possible now is {longest} days" if longest >= 1 else "; no horizon is possible now"


def load_datasets(ctx: StepContext, models: Mapping[str, Model]) -> dict[str, Dataset | NotEnoughDataError]:
    """The datasets of several models from one pass over the history; for a model without enough data the reason stands in its place."""
    history = read_history(ctx.spark, ctx.business_date, load_register().initial_load)
    found: dict[str, Dataset | NotEnoughDataError] = {}
    splits: dict[str, SplitDates] = {}
    begins = begins_on(history)
    for name, model in models.items():
        try:
            splits[name] = split_dates(model, ctx.business_date, begins)
        except NotEnoughDataError as reason:
            found[name] = reason
    if splits:
        sampled = sample_customers(history, _share_of_customers(ctx, history, models, splits))
        rows = _collect_features(ctx, sampled, splits.values())
        for name, dates in splits.items():
            found[name] = _dataset(sampled, models[name], dates, rows)
    return {name: found[name] for name in models}


def _share_of_customers(ctx: StepContext, history: History, models: Mapping[str, Model], splits: Mapping[str, SplitDates]) -> float:
    """The share of customers that keeps every training matrix and the rows brought to the driver within their limits."""
    customers = max(1, history.orders.select("customer_id").distinct().count())
    shares = [models[name].split.max_rows / (customers * len(dates.train)) for name, dates in splits.items()]
    shares.append(ctx.settings.collect.max_rows / (customers * len(_all_dates(splits.values()))))
    return min(1.0, *shares)


def _all_dates(splits: Iterable[SplitDates]) -> list[date]:
    return sorted({day for dates in splits for day in (*dates.train, *dates.evaluation)})


def _collect_features(ctx: StepContext, history: History, splits: Iterable[SplitDates]) -> pd.DataFrame:
    frame = customer_daily(history, _all_dates(splits), ctx.settings.retailer.time_zone)
    rows: pd.DataFrame = frame.toArrow().to_pandas()
    return rows.sort_values(["as_of_on", "customer_id"], ignore_index=True)


def _dataset(history: History, model: Model, dates: SplitDates, rows: pd.DataFrame) -> Dataset | NotEnoughDataError:
    days = (*dates.train, *dates.evaluation)
    labels = observed(history.orders, model.label, days)
    values = labels.select("as_of_on", "customer_id", label_value(model.label).alias("label")).toArrow().to_pandas()
    labelled = rows[rows["as_of_on"].isin(days)].merge(
        values, on=["as_of_on", "customer_id"], how="left", sort=False, validate="one_to_one"
    )
    labelled["label"] = labelled["label"].fillna(_label_without_purchase(model))
    everything = load_features()
    train = _matrix(labelled[labelled["as_of_on"].isin(dates.train)], model, model.features(everything))
    judged = _matrix(labelled[labelled["as_of_on"].isin(dates.evaluation)], model, everything.names)
    reason = _too_little(model, train, "training") or _too_little(model, judged, "evaluation")
    return NotEnoughDataError(reason) if reason else Dataset(dates, train, judged)


def _label_without_purchase(model: Model) -> float:
    return 1.0 if model.label.kind == "no_purchase_within" else 0.0


def _matrix(rows: pd.DataFrame, model: Model, features: tuple[str, ...]) -> Matrix:
    """Rows of the model's population as a matrix."""
    if model.population.active_within_days is not None:
        rows = rows[rows["recency_days"] < model.population.active_within_days]
    return Matrix(features, to_floats(rows, features), rows["label"].to_numpy(np.float64))


def to_floats(rows: Any, features: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """Feature columns of a pandas frame as the float32 matrix that XGBoost reads."""
    matrix: npt.NDArray[np.float32] = rows.loc[:, list(features)].to_numpy(np.float32)
    return matrix


def _too_little(model: Model, matrix: Matrix, part: str) -> str:
    """Why a matrix is too small, or nothing."""
    gates = model.gates
    if matrix.rows < gates.min_rows:
        return f"{matrix.rows} rows for {part}, {gates.min_rows} are needed"
    rarer = matrix.positives if model.task == "regression" else min(matrix.positives, matrix.rows - matrix.positives)
    if rarer < gates.min_positives:
        return f"{rarer} rows of the rarer outcome for {part}, {gates.min_positives} are needed"
    return ""
