"""predictions.<model>: every customer's score by the champion, for each registered model.

Reads: features.customer_daily at the business date, the registry.
Grain: one row per business date and customer with at least one order up to it.
Flags: score_decile 1 is the highest tenth, and equal scores share a tenth; a model without a champion is skipped and leaves an empty partition.
Rerun: replaces the partition of the business date, with the champion of that date.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from conf.catalog import catalog
from conf.models import chosen_models, load_models
from ml.models import estimator
from ml.models.registry import ModelRegistry, Version
from ml.steps.features import TABLE as FEATURES
from spark_jobs.common.delta import ensure_table, overwrite
from spark_jobs.common.job import StepContext, StepReport

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import Column

# Up to here bringing the features to the driver is quicker than starting Python workers; above it rows are scored where they are.
DRIVER_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Champion:
    """A model that scores: its version and its booster."""

    version: Version
    booster: Any

    @property
    def features(self) -> list[str]:
        return list(self.booster.feature_names)


def run(ctx: StepContext) -> StepReport:
    """Score the business date with every champion."""
    registry = ModelRegistry(ctx.settings)
    versions = {name: registry.champion_on(name, ctx.business_date) for name in chosen_models(ctx.settings)}
    answering = {name: version for name, version in versions.items() if version is not None and version.answers(load_models()[name])}
    champions = [Champion(version, registry.load(version)) for version in answering.values()]
    ready = features_at(ctx)
    scored = score_all(ctx, ready, champions)
    for champion in champions:
        write_scores(ctx, champion, scored[champion.version.name])
    missing = {name: _why_not(name, versions) for name in load_models() if name not in answering}
    for name in missing:
        _leave_empty(ctx, name)
    counts: dict[str, int | float | str] = {champion.version.name: f"version {champion.version.version}" for champion in champions}
    counts |= missing
    return StepReport("score", counts, None if champions else "no model has a champion")


def _why_not(name: str, versions: Mapping[str, Version | None]) -> str:
    if name not in versions:
        return "skipped: not asked for"
    return "skipped: no champion" if versions[name] is None else "skipped: the champion was trained for another horizon"


def features_at(ctx: StepContext) -> DataFrame:
    """The features of the business date."""
    return ctx.spark.table(FEATURES).where(F.col("as_of_on") == F.lit(ctx.business_date)).drop("as_of_on")


def score_all(ctx: StepContext, features: DataFrame, champions: Sequence[Champion]) -> dict[str, DataFrame]:
    """Frames of customer_id and score by model; on the driver for few rows, distributed for many, with equal scores."""
    if not champions:
        return {}
    ceiling = min(ctx.settings.collect.max_rows, DRIVER_ROWS)
    needed = sorted({name for champion in champions for name in champion.features})
    sample = features.select("customer_id", *needed).limit(ceiling + 1).toArrow()
    if sample.num_rows > ceiling:
        return {champion.version.name: score_distributed(features, champion) for champion in champions}
    return {champion.version.name: ctx.spark.createDataFrame(score_on_driver(sample, champion)) for champion in champions}


def score_on_driver(features: "pa.Table", champion: Champion) -> "pa.Table":
    """Scores of an Arrow table of features."""
    import pyarrow as pa

    scores = estimator.predict(champion.booster, _matrix(features, champion.features))
    return pa.table({"customer_id": features["customer_id"].cast(pa.string()), "score": pa.array(scores, pa.float64())})


def score_distributed(features: DataFrame, champion: Champion) -> DataFrame:
    """The same scores, computed by the engine's Python workers."""
    model, names = bytes(champion.booster.save_raw("ubj")), champion.features

    def score(batches: "Iterator[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
        # Self-contained: workers of a cluster have xgboost and pyarrow, but not necessarily this project.
        import numpy as np
        import pyarrow as pa
        import xgboost as xgb

        booster = xgb.Booster(model_file=bytearray(model))
        booster.set_param({"nthread": 1})
        for batch in batches:
            columns = [batch.column(name).to_numpy(zero_copy_only=False).astype(np.float32) for name in names]
            scores = booster.inplace_predict(np.column_stack(columns), validate_features=False).astype(np.float64)
            yield pa.RecordBatch.from_arrays(
                [batch.column("customer_id"), pa.array(np.maximum(scores, 0.0))], names=["customer_id", "score"]
            )

    return features.select("customer_id", *names).mapInArrow(score, "customer_id string, score double")


def write_scores(ctx: StepContext, champion: Champion, scored: DataFrame) -> None:
    """Replace the business date's partition of the model's predictions."""
    version = champion.version
    rows = scored.select(
        F.lit(ctx.business_date).alias("as_of_on"),
        "customer_id",
        "score",
        decile().alias("score_decile"),
        F.lit(version.name).alias("model_name"),
        F.lit(version.version).alias("model_version"),
    )
    overwrite(ctx.spark, ctx.settings, catalog().table(f"predictions.{version.name}"), rows, f"as_of_on = date'{ctx.business_date}'")


def decile() -> "Column":
    """The tenth of the percentile rank of `score`, 1 the highest; equal scores share a tenth (docs/marts.md, RFM)."""
    from_highest = Window.orderBy(F.col("score").desc())
    above = F.rank().over(from_highest) - 1
    above_or_equal = F.count("score").over(from_highest.rangeBetween(Window.unboundedPreceding, Window.currentRow))
    everybody = F.count("score").over(Window.partitionBy())
    return (F.floor(10 * (above + above_or_equal) / (2 * everybody)) + 1).cast("int")


def _leave_empty(ctx: StepContext, name: str) -> None:
    """The table exists even without a champion, and holds no score of this date that a removed champion left."""
    table = catalog().table(f"predictions.{name}")
    ensure_table(ctx.spark, ctx.settings, table)
    ctx.spark.sql(f"delete from {table.full_name} where as_of_on = date'{ctx.business_date}'")


def _matrix(features: "pa.Table", names: Sequence[str]) -> Any:
    import numpy as np

    return np.column_stack([features[name].to_numpy().astype(np.float32) for name in names])
