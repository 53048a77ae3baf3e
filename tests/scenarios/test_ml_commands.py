"""`cdp models`: what a person types to train, judge, promote and score, and what a script reads of it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from conf.errors import CdpError
from conf.settings import Settings
from ml.cli import app
from ml.report import BEGIN, END
from spark_jobs.common.job import StepContext
from tests.scenarios.ml_shop import NIGHT, small_shop

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow

BOTH = ("--models", "churn,propensity")
ON_THE_NIGHT = ("--date", NIGHT.isoformat())
NEXT = NIGHT + timedelta(days=1)


@pytest.fixture(scope="module")
def shop(spark: "SparkSession", settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StepContext]:
    """The small shop; the commands find it by the settings of the process."""
    with small_shop(spark, tmp_path_factory.mktemp("shop")) as ctx:
        yield ctx


def said(*words: str) -> str:
    """What a command prints on its standard output; an error of it is raised."""
    result = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def told(*words: str) -> list[dict[str, Any]]:
    """What a command tells a script: one JSON document."""
    rows: list[dict[str, Any]] = json.loads(said(*words, "--json"))
    return rows


def test_a_model_goes_from_training_to_scores_by_hand(shop: StepContext, tmp_path: Path) -> None:
    # given a lake without a model, where nothing can be judged or reported yet
    assert {row["champion"] for row in told("list")} == {None}
    with pytest.raises(CdpError, match="has no challenger"):
        said("evaluate", *ON_THE_NIGHT, *BOTH)
    with pytest.raises(CdpError, match="nothing to report"):
        said("report")

    # when two models are trained, evaluated and promoted, the first step twice
    trained = [[row["result"] for row in told("train", *ON_THE_NIGHT, *BOTH)] for _ in range(2)]
    evaluated = told("evaluate", *ON_THE_NIGHT, *BOTH)
    promoted = told("promote", *ON_THE_NIGHT, *BOTH)

    # then each step says what it did, as one document for both models
    assert trained == [["trained", "trained"], ["unchanged", "unchanged"]]
    assert [(row["model"], row["version"], row["figures"][0]["score"]) for row in evaluated] == [
        ("churn", "1", "challenger"),
        ("propensity", "1", "challenger"),
    ]
    assert [(row["promoted"], row["champion_from"]) for row in promoted] == [(True, NEXT.isoformat())] * 2
    assert "is champion already" in told("promote", *ON_THE_NIGHT, *BOTH)[0]["reason"]

    # and the next night is the first one that they score
    results = [[row["result"] for row in told("score", "--date", day.isoformat())] for day in (NIGHT, NEXT)]
    assert results == [["skipped: no champion"] * 3, ["version 1", "version 1", "skipped: no champion"]]
    assert [(row["champion"], row["champion_from"]) for row in told("list")][:2] == [("1", NEXT.isoformat())] * 2

    # and the report is there for a script, for a person, and for a file
    page = tmp_path / "models.md"
    page.write_text(f"{BEGIN}\n{END}\n", encoding="utf-8")
    assert [row["model"] for row in told("report")] == ["churn", "propensity"]
    assert "judged as of" in said("report", "--write", str(page))
    assert "### Purchase propensity (`propensity`)" in page.read_text(encoding="utf-8")


def test_a_mistake_is_answered_with_what_to_do(shop: StepContext) -> None:
    # given a challenger of the night
    said("train", *ON_THE_NIGHT, "--models", "churn")

    # when it is to be judged as of a month before, or a model is misspelt
    month_before = (NIGHT - timedelta(days=30)).isoformat()
    with pytest.raises(CdpError) as in_sample:
        said("evaluate", "--date", month_before, "--models", "churn")
    with pytest.raises(CdpError) as misspelt:
        said("show", "chrun")

    # then the answer names the remedy
    assert f"--date {NIGHT} or later" in str(in_sample.value)
    assert "churn" in str(misspelt.value)
    assert json.loads(said("show", "churn"))["label"]["horizon_days"] == 28
