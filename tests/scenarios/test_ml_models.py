"""Two nights of the models on the real engine and a real registry: training, the gate, scores, and what must not move them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conf.models import Model, load_models, load_register
from conf.settings import Collect, Settings
from ml.datasets import Dataset, load_datasets
from ml.models.registry import CHALLENGER, CHAMPION, ModelRegistry
from ml.steps import features, retrain, score, train
from spark_jobs.common.job import StepContext, StepReport
from tests.scenarios.ml_shop import CUSTOMERS, FIRST, NIGHT, OVERLAY, put, small_shop
from tests.unit.ml.purchases import Order

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ctx(spark: "SparkSession", settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StepContext]:
    """The small shop on its night."""
    with small_shop(spark, tmp_path_factory.mktemp("shop")) as ctx:
        yield ctx


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
    tenths = {score: {row[2] for row in churn if row[1] == score} for score in {row[1] for row in churn}}
    assert {len(tenth) for tenth in tenths.values()} == {1}
    assert [tenths[score] for score in sorted(tenths, reverse=True)] == sorted(tenths.values(), key=min)


def test_equal_scores_share_a_tenth(ctx: StepContext) -> None:
    rows = [("a", 0.9), ("b", 0.9), ("c", 0.2), ("d", 0.2), ("e", 0.2), ("f", 0.2), ("g", 0.2), ("h", 0.2), ("i", 0.2), ("j", 0.1)]

    found = (
        ctx.spark.createDataFrame(rows, "customer_id string, score double").select("customer_id", score.decile().alias("tenth")).collect()
    )

    assert {row["customer_id"]: row["tenth"] for row in found} == {"a": 2, "b": 2, **dict.fromkeys("cdefghi", 6), "j": 10}


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

    # when absurd rows come: dated in the future, and dated long ago, before the first order even, but known only tomorrow
    tomorrow = NIGHT + timedelta(days=1)
    future = [Order(f"t_ml:f{n}", f"t_ml_customer_{n}", tomorrow + timedelta(days=n), amount="9999999.00") for n in range(50)]
    late = [Order(f"t_ml:l{n}", f"t_ml_customer_{n}", FIRST + timedelta(days=n), amount="8888888.00", known_on=tomorrow) for n in range(50)]
    long_ago = Order("t_ml:a", "t_ml_customer_1", FIRST - timedelta(days=400), known_on=tomorrow)
    put(ctx, [*future, *late, long_ago])
    after = a_dataset(ctx)

    # then not a byte of them has moved, nor any date
    assert after.dates == before.dates
    assert after.train.digest() == before.train.digest()
    assert after.evaluation.digest() == before.evaluation.digest()


def test_a_night_run_again_after_the_weekly_training_has_the_scores_it_had(
    ctx: StepContext, night: dict[str, StepReport], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given the scores of the night, and a training for the same day that promotes other champions after it
    before = scores(ctx)
    overlay = OVERLAY.replace("rounds: 60", "rounds: 70").replace("gates: {", "gates: {worse_than_champion_by: 0.05, ")
    (tmp_path / "models.yml").write_text(overlay, encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setenv("CDP_CONF", str(tmp_path))
        load_register.cache_clear()
        report = retrain.run(ctx)
    load_register.cache_clear()
    assert report.counts["promoted"] == 2

    # when that night is run again, and the one after it is run
    train.run(ctx)
    score.run(ctx)
    next_night = replace(ctx, business_date=NIGHT + timedelta(days=1))
    features.run(next_night)
    score.run(next_night)

    # then it has the scores it had, and the next one those of the new champion
    assert scores(ctx) == before
    assert ({row[3] for row in before}, {row[3] for row in scores(next_night)}) == ({"1"}, {"2"})


def test_a_worse_challenger_is_kept_back_and_the_champion_stays(ctx: StepContext, night: dict[str, StepReport]) -> None:
    # given a register entry that can learn nothing
    registry, churn = ModelRegistry(ctx.settings), load_models()["churn"]
    blunt: Model = churn.model_copy(update={"estimator": churn.estimator.model_copy(update={"rounds": 1, "params": {"max_depth": 1}})})
    champion = registry.by_alias("churn", CHAMPION)

    # when it is trained a week later
    later = replace(ctx, business_date=NIGHT + timedelta(days=7))
    train.train_models(later, registry, {"churn": blunt}, "retrain", champion_from=later.business_date + timedelta(days=1))

    # then it is challenger, the champion is the same, and the verdict says which gate did not hold
    challenger = registry.by_alias("churn", CHALLENGER)
    assert champion and challenger and challenger.version == "3"
    assert registry.by_alias("churn", CHAMPION) == champion
    kept_back = verdicts(later)["churn 3"]
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
