"""P7: scoring 1 M customers from the features table into the predictions table, against the same on one node without an engine."""

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from conf.catalog import catalog
from conf.models import load_features, load_models
from conf.settings import Settings
from ml.datasets import Matrix
from ml.models import estimator
from ml.models.registry import Version
from ml.steps.features import TABLE as FEATURES
from ml.steps.score import Champion, features_at, score_all, write_scores
from spark_jobs.common.delta import overwrite
from spark_jobs.common.job import StepContext
from spark_jobs.common.session import engine_session
from tests.bench.result import Result

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CUSTOMERS = 1_000_000
DAY = date(2040, 1, 1)
MODEL = "churn"


def measure(settings: Settings) -> list[Result]:
    """Scores as the night makes them (read, score, decile, Delta commit) beside reading, `inplace_predict` and writing Parquet on one node."""
    features, booster = _customers(), _booster()
    champion = Champion(Version(MODEL, "bench", "", DAY, "", DAY, None), booster)
    with TemporaryDirectory() as folder, engine_session(settings) as spark:
        source, target = Path(folder) / "features.parquet", Path(folder) / "scores.parquet"
        pq.write_table(features, source)
        ctx = StepContext(spark, settings, DAY, "bench")
        _load(ctx, source)
        night, bare = lambda: _night(ctx, champion), lambda: _bare(source, target, champion)
        ours, theirs = _best(night), _best(bare)
        difference = _difference(spark, target)
    ratio = ours / theirs
    detail = (
        f"{ours:.2f} s with decile and Delta commit against {theirs:.2f} s of Parquet, inplace_predict, Parquet; {CUSTOMERS:,} customers"
    )
    return [
        Result("P7 scoring", "≤ 2 × single node", round(ratio, 2), "×", ratio <= 2, detail),
        Result("P7 equal scores", "≤ 1e-6", difference, "largest difference", difference <= 1e-6, "engine against single node"),
    ]


def _customers() -> pa.Table:
    random = np.random.default_rng(1)
    columns = {name: random.gamma(2.0, 20.0, CUSTOMERS) for name in load_features().names}
    return pa.table({"customer_id": [f"c_{number:020x}" for number in range(CUSTOMERS)], **columns})


def _booster() -> Any:
    model = load_models()[MODEL]
    names = model.features(load_features())
    random = np.random.default_rng(2)
    x = random.gamma(2.0, 20.0, (20_000, len(names))).astype(np.float32)
    return estimator.fit(model, Matrix(names, x, (x[:, 0] + random.normal(0, 20, len(x)) > 50).astype(np.float64)))


def _load(ctx: StepContext, source: Path) -> None:
    from pyspark.sql import functions as F

    frame = ctx.spark.read.parquet(str(source)).withColumn("as_of_on", F.lit(DAY))
    overwrite(ctx.spark, ctx.settings, catalog().table(FEATURES), frame, f"as_of_on = date'{DAY}'")


def _night(ctx: StepContext, champion: Champion) -> None:
    write_scores(ctx, champion, score_all(ctx, features_at(ctx), [champion])[MODEL])


def _bare(source: Path, target: Path, champion: Champion) -> None:
    table = pq.read_table(source)
    x = np.column_stack([table[name].to_numpy().astype(np.float32) for name in champion.features])
    pq.write_table(
        pa.table({"customer_id": table["customer_id"], "score": champion.booster.inplace_predict(x)}), target, compression="zstd"
    )


def _difference(spark: "SparkSession", target: Path) -> float:
    from pyspark.sql import functions as F

    ours = spark.table(f"predictions.{MODEL}").where(f"as_of_on = date'{DAY}'").select("customer_id", F.col("score").alias("ours"))
    both = ours.join(spark.read.parquet(str(target)), "customer_id", "full")
    row = both.agg(F.max(F.coalesce(F.abs(F.col("ours") - F.col("score")), F.lit(1.0))).alias("difference")).collect()[0]
    return float(row["difference"])


def _best(run: Callable[[], None], times: int = 3) -> float:
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - started)
    return min(seconds)
