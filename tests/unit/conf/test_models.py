"""The register of models: one setting of an overlay is enough, and a mistake is named with file, line and remedy."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from conf.errors import ConfigError
from conf.models import chosen_models, load_features, load_models, load_register
from conf.settings import Models, settings
from spark_jobs.marts.runner import dbt_vars


@pytest.fixture
def overlay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("CDP_CONF", str(tmp_path))
    for cached in (settings, load_register):
        cached.cache_clear()
    yield tmp_path / "models.yml"
    for cached in (settings, load_register):
        cached.cache_clear()


def test_an_overlay_changes_one_setting_and_keeps_the_rest(overlay: Path) -> None:
    # given a retailer whose customers come once a quarter
    overlay.write_text("models: {churn: {label: {horizon_days: 90}}}\n")

    # when
    models = load_models()

    # then
    assert models["churn"].label.horizon_days == 90
    assert models["churn"].label.kind == "no_purchase_within"
    assert set(models) == {"churn", "propensity", "clv"}


def test_the_churn_horizon_is_one_setting_of_the_retailer(overlay: Path) -> None:
    # given
    overlay.with_name("settings.yml").write_text("retailer: {churn_horizon_days: 90}\n")
    settings.cache_clear()

    # when
    models, found = load_models(), settings()

    # then the model and the lifecycle follow, and other models stay as they are
    assert models["churn"].label.horizon_days == 90
    assert models["propensity"].label.horizon_days == 7
    assert dbt_vars(found, date(2024, 1, 31))["lifecycle_dormant_days"] == 90
    assert dbt_vars(found, date(2024, 1, 31))["lifecycle_lost_days"] == 180


def test_a_run_names_the_models_that_it_works_with(overlay: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    chosen = settings().model_copy(update={"models": Models(only=("clv",))})
    wrong = settings().model_copy(update={"models": Models(only=("chrun",))})

    # when and then
    assert list(chosen_models(chosen)) == ["clv"]
    with pytest.raises(ConfigError, match="did you mean 'churn'"):
        chosen_models(wrong)


def test_an_overlay_adds_a_model(overlay: Path) -> None:
    # given
    overlay.write_text(
        "models:\n  big_spender:\n    title: Spend\n    description: Spend in 30 days.\n    task: regression\n"
        "    label: {kind: spend_within, horizon_days: 30}\n    baseline: {column: spend_28d}\n    gates: {metric: mae}\n"
    )

    # when and then
    assert load_models()["big_spender"].split.train_windows == 8


def test_mistakes_are_listed_with_their_line_and_a_remedy(overlay: Path) -> None:
    # given a setting that does not exist and one that does not fit
    overlay.write_text("models:\n  churn:\n    gates: {metric: mae}\n    lable: {}\n")

    # when
    with pytest.raises(ConfigError) as mistakes:
        load_models()

    # then
    assert f"{overlay}:4" in str(mistakes.value)
    assert "did you mean 'label'?" in str(mistakes.value)


def test_a_column_that_is_no_feature_is_named_where_it_stands(overlay: Path) -> None:
    # given
    overlay.write_text("models:\n  churn:\n    baseline:\n      column: recencydays\n")

    # when
    with pytest.raises(ConfigError) as mistakes:
        load_models()

    # then
    assert f"{overlay}:4: 'recencydays' is not a feature → did you mean 'recency_days'?" in str(mistakes.value)


def test_every_feature_says_what_it_is() -> None:
    features = load_features()

    assert len(set(features.names)) == len(features.names)
    assert all(column.description for column in features.columns)
