"""The register of models (conf/models.yml) and of features (conf/features.yml); an overlay's models.yml is merged over ours key by key."""

import hashlib
import re
from datetime import date, timedelta
from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from conf.documents import Document, Location, layered, nearest, read_document, validate
from conf.errors import ConfigError, Finding
from conf.settings import CONF_DIR, Settings, conf_dirs, settings
from conf.types import NAME

CLASSIFICATION_METRICS = ("roc_auc", "pr_auc")
REGRESSION_METRICS = ("rank_correlation", "mae", "rmse")
CHURN_HORIZON = "churn_horizon"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FeatureColumn(_Part):
    """A feature: name and meaning. Every feature is a double; null means that it cannot be said."""

    name: str = Field(pattern=NAME)
    description: str


class FeatureSet(_Part):
    """The columns of a feature table, in order."""

    table: str = Field(pattern=NAME)
    grain: str
    columns: tuple[FeatureColumn, ...] = Field(min_length=1)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


class Label(_Part):
    """What is forecast: something about the days (as_of + lead, as_of + lead + horizon].

    `horizon_days: churn_horizon` is the retailer's setting `retailer.churn_horizon_days`.
    """

    kind: Literal["no_purchase_within", "purchase_within", "spend_within"]
    horizon_days: int = Field(ge=1, le=730)
    lead_days: int = Field(default=0, ge=0, le=365)
    amount: Literal["sales_amount", "merchandise_amount"] = "sales_amount"

    @field_validator("horizon_days", mode="before")
    @classmethod
    def _of_the_retailer(cls, value: object) -> object:
        return settings().retailer.churn_horizon_days if value == CHURN_HORIZON else value

    @property
    def question(self) -> str:
        """What is forecast, as one text: scores of equal questions can be compared."""
        return self.model_dump_json()

    def window(self, as_of: date) -> tuple[date, date]:
        """First and last day of the window of a label."""
        start = as_of + timedelta(days=self.lead_days + 1)
        return start, as_of + timedelta(days=self.span_days)

    @property
    def span_days(self) -> int:
        """Days after the as-of date until the label is complete."""
        return self.lead_days + self.horizon_days


class Population(_Part):
    """Whom a model is trained and judged on: customers with an order in the last `active_within_days`, or with any order (null)."""

    active_within_days: int | None = Field(default=None, ge=1)


class Estimator(_Part):
    """XGBoost: boosting rounds and parameters beside the fixed ones (seed, threads, hist)."""

    rounds: int = Field(default=300, ge=1, le=10_000)
    params: dict[str, float | int | str] = {}

    @field_validator("params")
    @classmethod
    def _not_ours(cls, value: dict[str, float | int | str]) -> dict[str, float | int | str]:
        if fixed := sorted({"seed", "nthread", "tree_method", "device"} & set(value)):
            raise ValueError(f"{', '.join(fixed)} cannot be set: training is deterministic and on the processor")
        return value


class Baseline(_Part):
    """The one column a model has to beat, and whether a higher value means a higher score."""

    column: str
    direction: Literal["higher", "lower"] = "higher"


class Split(_Part):
    """As-of dates of training and evaluation.

    Evaluation stands at the last date whose label window is complete, training at dates whose label windows end on or before the first
    evaluation date: nothing learnt was unknown when the evaluated score would have been made.
    """

    train_windows: int = Field(default=8, ge=1, le=200)
    stride_days: int = Field(default=14, ge=1)
    evaluation_windows: int = Field(default=1, ge=1, le=20)
    min_history_days: int = Field(default=56, ge=0)
    max_rows: int = Field(default=1_000_000, ge=1)


class Gates(_Part):
    """What a challenger must show before it becomes champion.

    Margins are differences of a ranking metric (roc_auc, pr_auc, rank_correlation) and shares of the other's value for an error (mae, rmse). The
    calibration error is that of probabilities by tenths (classification) or of the total amount (regression). The leak ceiling bounds
    roc_auc (classification) or r2 (regression) from above: a forecast that good has usually seen the answer. The rank correlation
    (Spearman's, of forecast and outcome; regression only) says whether customers are in the right order.
    """

    metric: str
    min_rows: int = Field(default=500, ge=1)
    min_positives: int = Field(default=50, ge=0)
    beat_baseline_by: float = 0.0
    worse_than_linear_by: float | None = None
    worse_than_champion_by: float = Field(default=0.0, ge=0)
    max_calibration_error: float = Field(default=0.05, gt=0)
    leak_ceiling: float = Field(default=0.99, gt=0, le=1)
    min_rank_correlation: float | None = Field(default=None, ge=0, le=1)

    @property
    def digest(self) -> str:
        """A hash of the gates: a model that was kept back is judged again when it changes."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


class Model(_Part):
    """One registered model."""

    title: str
    description: str
    task: Literal["classification", "regression"]
    entity: Literal["customer"] = "customer"
    label: Label
    population: Population = Population()
    exclude_features: tuple[str, ...] = ()
    estimator: Estimator = Estimator()
    baseline: Baseline
    split: Split = Split()
    gates: Gates
    retrain_after_days: int = Field(default=7, ge=1)

    @model_validator(mode="after")
    def _consistent(self) -> "Model":
        is_amount = self.label.kind == "spend_within"
        if is_amount != (self.task == "regression"):
            raise ValueError(
                f"label {self.label.kind} does not fit task {self.task}: spend_within is regression, the others are classification"
            )
        metrics = REGRESSION_METRICS if is_amount else CLASSIFICATION_METRICS
        if self.gates.metric not in metrics:
            raise ValueError(f"gates.metric {self.gates.metric!r} does not fit task {self.task}: use {' or '.join(metrics)}")
        if self.gates.min_rank_correlation is not None and not is_amount:
            raise ValueError("gates.min_rank_correlation is for task regression; a classification is ranked by roc_auc")
        return self

    def features(self, feature_set: FeatureSet) -> tuple[str, ...]:
        """Names of the features the model is trained on."""
        return tuple(name for name in feature_set.names if name not in self.exclude_features)


class Register(_Part):
    """All models by name, and how history that came with the first load is treated."""

    initial_load: Literal["event_time", "strict"] = "event_time"
    models: dict[str, Model]

    @field_validator("models")
    @classmethod
    def _names(cls, value: dict[str, Model]) -> dict[str, Model]:
        if bad := [name for name in value if not re.fullmatch(NAME, name)]:
            raise ValueError(f"{', '.join(bad)}: a model is named in lower case with underscores, as its table is")
        return value


def _unknown_features(document: Document, register: Register, feature_set: FeatureSet) -> list[Finding]:
    findings = []
    for name, model in register.models.items():
        named: list[tuple[Location, str]] = [(("models", name, "baseline", "column"), model.baseline.column)]
        named += [(("models", name, "exclude_features", i), column) for i, column in enumerate(model.exclude_features)]
        findings += [
            Finding(document.where(location), f"{column!r} is not a feature", nearest(column, set(feature_set.names)))
            for location, column in named
            if column not in feature_set.names
        ]
    return findings


@cache
def load_features() -> FeatureSet:
    """The columns of features.customer_daily.

    Raises:
        ConfigError: every mistake in the file at once.
    """
    return validate(FeatureSet, read_document(CONF_DIR / "features.yml"))


@cache
def load_register() -> Register:
    """The whole register: conf/models.yml with the overlay's merged over it.

    Raises:
        ConfigError: every mistake at once, with file and line.
    """
    document = layered([folder / "models.yml" for folder in conf_dirs() if (folder / "models.yml").is_file()])
    register = validate(Register, document)
    if findings := _unknown_features(document, register, load_features()):
        raise ConfigError("models.yml is not valid", findings)
    return register


def load_models() -> dict[str, Model]:
    """Registered models by name."""
    return load_register().models


def chosen_models(settings: Settings) -> dict[str, Model]:
    """Registered models that this run works with: all, or those that `models.only` names.

    Raises:
        ConfigError: it names a model that is not registered.
    """
    models, only = load_models(), settings.models.only
    if only is None:
        return models
    if unknown := [name for name in only if name not in models]:
        raise ConfigError(
            "no such model", [Finding("models.only", f"{name!r} is not registered", nearest(name, set(models))) for name in unknown]
        )
    return {name: model for name, model in models.items() if name in only}
