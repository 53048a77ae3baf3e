"""Two nights of the models on the real engine and a real registry: training, the gate, scores, and what must not move them."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conf.models import Model, load_models, load_register
from conf.settings import Collect, Mlflow, Settings
from ml.datasets import Dataset, load_datasets
from ml.models.registry import CHALLENGER, CHAMPION, ModelRegistry
from ml.steps import features, retrain, score, train
from spark_jobs.common.job import StepContext, StepReport
from tests.unit.ml.purchases import ITEMS, ORDERS, Order

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow

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
    orders = []
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


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The small shop's overlay is in force."""
    folder = tmp_path_factory.mktemp("overlay")
    (folder / "models.yml").write_text(OVERLAY, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CDP_CONF", str(folder))
        load_register.cache_clear()
        yield
    load_register.cache_clear()


@pytest.fixture(scope="module")
def ctx(spark: "SparkSession", settings: Settings, register: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StepContext]:
    """A shop of half a year with a registry of its own; taken away afterwards."""
    registry = tmp_path_factory.mktemp("registry") / "mlflow.db"
    own = settings.model_copy(update={"mlflow": Mlflow(tracking_uri=f"sqlite:///{registry}")})
    ctx = StepContext(spark, own, NIGHT, "test")
    for name in ("fct_orders", "fct_order_items"):
        spark.sql(f"drop table if exists gold_build.{name}")
    put(ctx, purchases())
    yield ctx
    for name in ("fct_orders", "fct_order_items"):
        spark.sql(f"drop table if exists gold_build.{name}")
    for name in ("features.customer_daily", *(f"predictions.{model}" for model in load_models())):
        spark.sql(f"delete from {name} where as_of_on >= date'{FIRST}'")
    spark.sql(f"delete from ops.model_verdicts where business_date >= date'{FIRST}'")


@pytest.fixture(scope="module")
def night(ctx: StepContext) -> dict[str, StepReport]:
    """The steps of a night, on a lake that has no champion yet."""
    return {"features": features.run(ctx), "train": train.run(ctx), "score": score.run(ctx)}


def scores(ctx: StepContext, model: str = "churn") -> list[tuple[Any, ...]]:
    rows = ctx.spark.table(f"predictions.{model}").where(f"as_of_on = date'{ctx.business_date}'").orderBy("customer_id").collect()
    return [(row["customer_id"], row["score"], row["score_decile"], row["model_version"]) for row in rows]


def verdicts(ctx: StepContext) -> dict[str, Any]:
    rows = ctx.spark.table("ops.model_verdicts").where(f"business_date = date'{ctx.business_date}'").collect()
    return {f"{row['model_name']} {row['challenger_version']}": row for row in rows}


def a_dataset(ctx: StepContext, name: str = "churn") -> Dataset:
    found = load_datasets(ctx, {name: load_models()[name]})[name]
    assert isinstance(found, Dataset)
    return found


def test_the_first_night_trains_promotes_and_scores_everybody(ctx: StepContext, night: dict[str, StepReport]) -> None:
    # given the first night

    # then the classifiers went through the gate and scored every customer with an order
    found = verdicts(ctx)
    assert found["churn 1"]["promoted"] and found["propensity 1"]["promoted"]
    assert '"beats_baseline"' in found["churn 1"]["gates"] and '"linear"' in found["churn 1"]["metrics"]
    churn = scores(ctx)
    assert len(churn) == night["features"].counts["customers"] == CUSTOMERS
    assert all(0 <= probability <= 1 for _, probability, _, _ in churn)
    assert [sum(row[2] == decile for row in churn) for decile in (1, 10)] == [CUSTOMERS // 10] * 2


def test_a_model_without_enough_data_is_skipped_with_the_reason_and_the_night_goes_on(
    ctx: StepContext, night: dict[str, StepReport]
) -> None:
    # given half a year: too little for a label of 90 days and another one to be judged on

    # then the verdict says so, the report says so, and there are no scores
    skipped = verdicts(ctx)["clv None"]
    assert not skipped["promoted"] and "training needs 56 days" in skipped["reason"]
    assert night["score"].counts["clv"] == "skipped: no champion"
    assert scores(ctx, "clv") == []


def test_the_same_night_again_changes_nothing(ctx: StepContext, night: dict[str, StepReport]) -> None:
    # given what the night left
    before = scores(ctx), scores(ctx, "propensity"), set(verdicts(ctx))

    # when it runs again, and the weekly training too
    features.run(ctx)
    train.run(ctx)
    retrain.run(ctx)
    score.run(ctx)

    # then there is no new version, verdict or score
    assert (scores(ctx), scores(ctx, "propensity"), set(verdicts(ctx))) == before


def test_scores_are_equal_on_the_driver_and_distributed(ctx: StepContext, night: dict[str, StepReport]) -> None:
    # given the scores of the driver
    on_driver = scores(ctx)

    # when nothing but ten rows may come to the driver
    score.run(replace(ctx, settings=ctx.settings.model_copy(update={"collect": Collect(max_rows=10)})))

    # then the engine's own workers give the same
    assert scores(ctx) == on_driver


def test_rows_dated_or_known_after_the_business_date_leave_the_matrix_as_it_is(ctx: StepContext, night: dict[str, StepReport]) -> None:
    # given the matrices of the night
    before = a_dataset(ctx)

    # when absurd rows come: dated in the future, and dated long ago but known only tomorrow
    tomorrow = NIGHT + timedelta(days=1)
    future = [Order(f"t_ml:f{n}", f"t_ml_customer_{n}", tomorrow + timedelta(days=n), amount="9999999.00") for n in range(50)]
    late = [Order(f"t_ml:l{n}", f"t_ml_customer_{n}", FIRST + timedelta(days=n), amount="8888888.00", known_on=tomorrow) for n in range(50)]
    put(ctx, future + late)
    after = a_dataset(ctx)

    # then not a byte of them has moved
    assert after.train.digest() == before.train.digest()
    assert after.evaluation.digest() == before.evaluation.digest()


def test_a_worse_challenger_is_kept_back_and_the_champion_stays(ctx: StepContext, night: dict[str, StepReport]) -> None:
    # given a register entry that can learn nothing
    registry, churn = ModelRegistry(ctx.settings), load_models()["churn"]
    blunt: Model = churn.model_copy(update={"estimator": churn.estimator.model_copy(update={"rounds": 1, "params": {"max_depth": 1}})})
    champion = registry.by_alias("churn", CHAMPION)

    # when it is trained a week later
    later = replace(ctx, business_date=NIGHT + timedelta(days=7))
    train.train_models(later, registry, {"churn": blunt}, "retrain")

    # then it is challenger, the champion is the same, and the verdict says which gate did not hold
    challenger = registry.by_alias("churn", CHALLENGER)
    assert champion and challenger and challenger.version == "2"
    assert registry.by_alias("churn", CHAMPION) == champion
    kept_back = verdicts(later)["churn 2"]
    assert not kept_back["promoted"] and "beats_baseline" in kept_back["reason"]
    assert kept_back["champion_version"] == champion.version


def test_a_night_before_the_first_promotion_has_no_champion(ctx: StepContext, night: dict[str, StepReport]) -> None:
    # given a night that is run for a date before anything was promoted
    earlier = replace(ctx, business_date=NIGHT - timedelta(days=1))

    # when
    features.run(earlier)
    report = score.run(earlier)

    # then a model that had not been trained by then scores nothing
    assert report.skipped_reason == "no model has a champion"
    assert scores(earlier) == []


def test_no_customer_is_named_in_the_registry_or_its_artifacts(ctx: StepContext, night: dict[str, StepReport]) -> None:
    # given everything MLflow has stored
    files = [Path(ctx.settings.mlflow_uri.removeprefix("sqlite:///")), *(ctx.settings.lake.mlflow / "artifacts").rglob("*")]

    # when it is searched for a customer's id
    holding = [file for file in files if file.is_file() and b"t_ml_customer" in file.read_bytes()]

    # then there is none
    assert len(files) > 5
    assert holding == []
