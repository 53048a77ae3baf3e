"""Promotion: what is judged, what is refused, and what a kill leaves behind."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conf.errors import CdpError
from conf.settings import Settings
from ml.models.registry import CHAMPION, ModelRegistry, Version
from ml.steps.evaluate import evaluate
from ml.steps.promote import Verdict, promote
from spark_jobs.common.job import StepContext
from tests.unit.ml.challengers import DAY, a_challenger, a_context, a_dataset, a_model

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TOMORROW = DAY + timedelta(days=1)


@pytest.fixture
def ctx(spark: "SparkSession", own: Settings) -> Iterator[StepContext]:
    yield replace(a_context(own), spark=spark)
    spark.sql(f"delete from ops.model_verdicts where business_date = date'{DAY}'")


def judged(registry: ModelRegistry, settings: Settings, name: str, seed: int = 1, day: date = DAY) -> Version:
    """A challenger with an evaluation."""
    challenger = a_challenger(registry, settings, name, day, seed)
    return evaluate(a_context(settings, day), registry, a_model(), a_dataset(a_model(), day, seed), challenger)


def promoted(ctx: StepContext, registry: ModelRegistry, challenger: Version, champion_from: date = TOMORROW) -> Verdict:
    return promote(ctx, registry, a_model(), challenger, champion_from=champion_from)


def stored(ctx: StepContext, name: str) -> list[tuple[Any, ...]]:
    rows = ctx.spark.table("ops.model_verdicts").where(f"model_name = '{name}'").collect()
    return [(row["challenger_version"], row["promoted"]) for row in rows]


@pytest.mark.slow
def test_the_champion_again_is_no_promotion_and_keeps_its_first_night(registry: ModelRegistry, own: Settings, ctx: StepContext) -> None:
    # given a champion since the night, to which `challenger` points too
    challenger = judged(registry, own, "again")
    promoted(ctx, registry, challenger, champion_from=DAY)

    # when it is promoted again a week later
    later = replace(ctx, business_date=DAY + timedelta(days=7))
    verdict = promoted(later, registry, registry.version("again", "1"), champion_from=DAY + timedelta(days=8))

    # then it is champion already, of the same nights as before, and the verdict on it is the one that promoted it
    assert not verdict.promoted and f"is champion already, from {DAY} on" in verdict.reason
    champion = registry.champion_on("again", DAY)
    assert champion and champion.promoted_on == DAY
    assert stored(ctx, "again") == [("1", True)]


def test_an_evaluation_beside_another_champion_is_not_enough(registry: ModelRegistry, own: Settings) -> None:
    # given a challenger evaluated when there was no champion, and a champion since
    challenger = judged(registry, own, "beside", seed=1)
    registry.promote(a_challenger(registry, own, "beside", seed=2), DAY)

    # when and then
    with pytest.raises(CdpError, match="evaluated beside champion none, and the champion is 2 now") as refused:
        promoted(a_context(own), registry, challenger)
    assert "cdp models evaluate --models beside" in str(refused.value)


def test_a_night_gets_no_champion_that_was_judged_after_it(registry: ModelRegistry, own: Settings) -> None:
    # given a challenger of the day
    challenger = judged(registry, own, "early")

    # when it is promoted for a night before, then it is refused
    with pytest.raises(CdpError, match=f"evaluated as of {DAY}"):
        promoted(a_context(own, DAY - timedelta(days=1)), registry, challenger)


def test_a_promotion_that_is_killed_half_way_has_its_verdict_and_is_finished_by_the_next_run(
    registry: ModelRegistry, own: Settings, ctx: StepContext, registry_file: Path
) -> None:
    # given a registry that fails when the champion is to be named
    challenger = judged(registry, own, "half_way")
    trigger = (
        "create trigger kill before insert on model_version_tags when new.key = 'promoted_on' begin select raise(abort, 'killed'); end"
    )
    with sqlite3.connect(registry_file) as database:
        database.execute(trigger)

    # when it is promoted
    try:
        with pytest.raises(Exception, match="killed"):
            promoted(ctx, registry, challenger)
    finally:
        with sqlite3.connect(registry_file) as database:
            database.execute("drop trigger kill")
    after_the_kill = stored(ctx, "half_way"), registry.by_alias("half_way", CHAMPION)
    promoted(ctx, registry, challenger)

    # then the verdict was there, no champion was, and both are after the next run
    assert after_the_kill == ([("1", True)], None)
    champion = registry.champion_on("half_way", TOMORROW)
    assert stored(ctx, "half_way") == [("1", True)] and champion and champion.version == "1"
