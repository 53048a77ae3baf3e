"""Evaluation: on days that the challenger has not learnt from, beside every champion that can still be read."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from conf.errors import CdpError
from conf.models import load_features
from conf.settings import Settings
from ml.datasets import Matrix
from ml.models.registry import ModelRegistry
from ml.steps.evaluate import evaluate
from tests.unit.ml.challengers import DAY, a_challenger, a_context, a_dataset, a_model


@pytest.mark.parametrize("days", [1, 28])
def test_a_challenger_is_not_judged_on_days_it_has_learnt_from(registry: ModelRegistry, own: Settings, days: int) -> None:
    # given a challenger, and a business date before that of its training
    challenger, before = a_challenger(registry, own, "in_sample"), DAY - timedelta(days=days)

    # when it is evaluated for that date, then it is refused, with the date from which it can be
    with pytest.raises(CdpError, match=f"trained as of {DAY}") as refused:
        evaluate(a_context(own, before), registry, a_model(), a_dataset(a_model(), before), challenger)
    assert f"--date {DAY} or later" in str(refused.value)


def test_a_label_that_became_longer_does_not_make_learnt_days_new(registry: ModelRegistry, own: Settings) -> None:
    # given a challenger trained on windows of 28 days, and a register that now asks for 90
    challenger, model = a_challenger(registry, own, "longer"), a_model()
    longer = model.model_copy(update={"label": model.label.model_copy(update={"horizon_days": 90})})

    # when and then
    with pytest.raises(CdpError, match="training labels end on"):
        evaluate(a_context(own), registry, longer, a_dataset(longer), challenger)


def test_an_evaluation_says_what_the_version_itself_was_trained_on(registry: ModelRegistry, own: Settings) -> None:
    # given a challenger, and a dataset of two weeks later
    challenger, later = a_challenger(registry, own, "facts"), DAY + timedelta(days=14)

    # when it is evaluated then
    found = evaluate(a_context(own, later), registry, a_model(), a_dataset(a_model(), later, seed=5), challenger).evaluation

    # then it stands on the later window, and its training where it was
    assert found is not None
    assert date.fromisoformat(found["evaluated_as_of"][0]) == later - timedelta(days=28)
    assert found["trained_as_of"] == [(DAY - timedelta(days=days)).isoformat() for days in (70, 56)]
    assert found["train_rows"] == 300


def test_a_champion_trained_on_fewer_or_other_features_is_compared(registry: ModelRegistry, own: Settings) -> None:
    # given champions that knew a feature less, or one that the model does not use any more
    fewer, others = a_model("spend_7d"), a_model().model_copy(update={"exclude_features": ()})
    compared = []
    for name, champions_entry in (("fewer", fewer), ("others", others)):
        registry.promote(a_challenger(registry, own, name, seed=1, model=champions_entry), DAY)

        # when a challenger with today's features is evaluated
        challenger = a_challenger(registry, own, name, seed=2)
        found = evaluate(a_context(own), registry, a_model(), a_dataset(a_model(), seed=2), challenger).evaluation
        compared.append(found and found["metrics"].get("champion"))

    # then the champion has figures beside it
    assert all(compared)


def test_a_champion_whose_feature_is_gone_has_no_figures(registry: ModelRegistry, own: Settings) -> None:
    # given a champion with a feature that is no longer computed
    registry.promote(a_challenger(registry, own, "gone", seed=1), DAY)
    dataset, without = a_dataset(a_model("spend_7d"), seed=2), tuple(name for name in load_features().names if name != "spend_7d")
    shrunk: Matrix = dataset.judged.pick(without)

    # when a challenger without it is evaluated
    challenger = a_challenger(registry, own, "gone", seed=2, model=a_model("spend_7d"))
    found = evaluate(a_context(own), registry, a_model("spend_7d"), replace(dataset, judged=shrunk), challenger).evaluation

    # then the evaluation says who was champion, and has no figures of it
    assert found and found["champion_version"] == "1" and "champion" not in found["metrics"]
