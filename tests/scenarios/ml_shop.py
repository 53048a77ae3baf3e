"""A small shop of half a year for the models: its activity marts, its register, and a model registry of its own."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conf.models import load_models, load_register
from conf.settings import settings as cached_settings
from spark_jobs.common.job import StepContext
from tests.unit.ml.purchases import ITEMS, ORDERS, Order

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FIRST = date(2032, 1, 1)
NIGHT = FIRST + timedelta(days=160)
CUSTOMERS = 520

# A small shop: quick estimators, and gates as wide as the noise of 520 customers asks for.
OVERLAY = """
models:
  churn: &small
    estimator: {rounds: 60, params: {learning_rate: 0.1}}
    gates: {beat_baseline_by: 0.0, worse_than_linear_by: 0.05, max_calibration_error: 0.15}
    split: {train_windows: 3}
  propensity: *small
"""


def purchases() -> list[Order]:
    """Customers who shop at their own pace; some of them stop, slowing down before they do."""
    chance = random.Random(11)
    orders: list[Order] = []
    for number in range(CUSTOMERS):
        gap, day = chance.choice((3, 7, 14, 30)), float(chance.randrange(30))
        stops = chance.choice((60, 400, 400, 400))
        while day < 160 and day < stops:
            when = FIRST + timedelta(days=int(day))
            orders.append(Order(f"t_ml:{len(orders)}", f"t_ml_customer_{number}", when, amount=f"{chance.randrange(5, 60)}.50"))
            day += chance.expovariate(1 / gap) + 0.5
    return orders


def put(ctx: StepContext, orders: list[Order]) -> None:
    """The activity marts, as dbt leaves them."""
    marts = {"fct_orders": ([o.order_row() for o in orders], ORDERS), "fct_order_items": ([o.item_row() for o in orders], ITEMS)}
    for name, (rows, ddl) in marts.items():
        location = (ctx.settings.lake.warehouse / "gold_build" / name).as_uri()
        ctx.spark.sql(f"create table if not exists gold_build.{name} ({ddl}) using delta location '{location}'")
        ctx.spark.createDataFrame(rows, ddl).writeTo(f"gold_build.{name}").append()


@contextmanager
def small_shop(spark: "SparkSession", folder: Path) -> Iterator[StepContext]:
    """The shop in the lake, its overlay and registry in force for this process; taken away afterwards."""
    (folder / "models.yml").write_text(OVERLAY, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CDP_CONF", str(folder))
        patch.setenv("CDP_MLFLOW__TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
        _read_anew()
        ctx = StepContext(spark, cached_settings(), NIGHT, "test")
        _drop_facts(spark)
        put(ctx, purchases())
        yield ctx
        _drop_facts(spark)
        for name in ("features.customer_daily", *(f"predictions.{model}" for model in load_models())):
            spark.sql(f"delete from {name} where as_of_on >= date'{FIRST}'")
        spark.sql(f"delete from ops.model_verdicts where business_date >= date'{FIRST}'")
    _read_anew()


def _read_anew() -> None:
    load_register.cache_clear()
    cached_settings.cache_clear()


def _drop_facts(spark: "SparkSession") -> None:
    for name in ("fct_orders", "fct_order_items"):
        spark.sql(f"drop table if exists gold_build.{name}")
