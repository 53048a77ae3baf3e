"""Gates: one that does not hold is enough to keep a challenger back."""

import pytest

from conf.models import Gates, Model, load_models
from ml.models.gates import judge

GOOD = {"roc_auc": 0.85, "calibration_error": 0.01}
LINEAR = {"roc_auc": 0.85, "calibration_error": 0.01}


def a_classifier() -> Model:
    gates = Gates(metric="roc_auc", beat_baseline_by=0.02, worse_than_linear_by=0.01, worse_than_champion_by=0.01, leak_ceiling=0.98)
    return load_models()["churn"].model_copy(update={"gates": gates})


def failed(challenger: dict[str, float], **rivals: dict[str, float]) -> set[str]:
    metrics = {"challenger": challenger, "baseline": {"roc_auc": 0.80}, "linear": LINEAR, **rivals}
    return {gate.name for gate in judge(a_classifier(), metrics) if not gate.holds}


def test_a_good_challenger_passes_with_and_without_a_champion() -> None:
    assert failed(GOOD) == set()
    assert failed(GOOD, champion={"roc_auc": 0.855}) == set()


@pytest.mark.parametrize(
    ("challenger", "rivals", "gate"),
    [
        ({"roc_auc": 0.81}, {"linear": LINEAR | {"roc_auc": 0.81}}, "beats_baseline"),
        ({"roc_auc": 0.83}, {}, "not_behind_linear"),
        ({}, {"champion": {"roc_auc": 0.87}}, "not_behind_champion"),
        ({"calibration_error": 0.06}, {}, "calibrated"),
        ({"calibration_error": 0.16}, {"linear": LINEAR | {"calibration_error": 0.16}}, "calibrated"),
        ({"roc_auc": 0.99}, {}, "below_leak_ceiling"),
    ],
)
def test_each_gate_keeps_back_what_it_is_there_for(challenger: dict[str, float], rivals: dict[str, dict[str, float]], gate: str) -> None:
    assert failed(GOOD | challenger, **rivals) == {gate}


def test_a_base_rate_that_moved_for_every_model_keeps_nobody_back() -> None:
    assert failed(GOOD | {"calibration_error": 0.08}, linear=LINEAR | {"calibration_error": 0.075}) == set()


def test_a_champion_that_cannot_be_measured_keeps_the_challenger_back_unless_forced() -> None:
    # given a champion without figures
    metrics = {"challenger": GOOD, "baseline": {"roc_auc": 0.80}, "linear": LINEAR}

    # when
    kept_back, forced = (
        [gate for gate in judge(a_classifier(), metrics, has_champion=True, is_forced=is_forced) if "champion" in gate.name]
        for is_forced in (False, True)
    )

    # then
    assert [(gate.name, gate.holds) for gate in (*kept_back, *forced)] == [
        ("compared_with_champion", False),
        ("compared_with_champion", True),
    ]
    assert "no longer in features.yml" in str(kept_back[0])


def test_an_error_has_to_be_lower_by_a_share() -> None:
    # given a regressor that must be 2 % better than its baseline of 100
    model = load_models()["clv"]
    gates = Gates(metric="mae", beat_baseline_by=0.02, max_calibration_error=0.2)
    others = {"baseline": {"mae": 100.0}, "linear": {"mae": 100.0}}

    # when
    verdicts = [
        judge(model.model_copy(update={"gates": gates}), {"challenger": {"mae": mae, "r2": 0.5, "total_error": -0.1}, **others})[0].holds
        for mae in (98.0, 98.1)
    ]

    # then
    assert verdicts == [True, False]


def _value_judged(total_error: float, ranks: float, mae: float = 100.0) -> dict[str, bool]:
    """The gates of the registered value model for a challenger, beside a baseline and a linear model with rank correlation 0.6 and MAE 100."""
    others = {"mae": 100.0, "rank_correlation": 0.6, "total_error": 0.0}
    challenger = {"mae": mae, "rank_correlation": ranks, "total_error": total_error, "r2": 0.5}
    found = judge(load_models()["clv"], {"challenger": challenger, "baseline": others, "linear": others})
    return {gate.name: gate.holds for gate in found}


def test_a_value_model_is_judged_by_its_total_and_by_the_order_of_customers() -> None:
    # a higher mean error alone keeps nothing back
    assert all(_value_judged(-0.19, 0.65, mae=110.0).values())
    # a total that is 21 % too high or too low does
    assert [_value_judged(error, 0.65)["calibrated"] for error in (-0.21, 0.21)] == [False, False]
    # and so does an order of customers that is worse than the baseline's, or next to chance
    assert not _value_judged(0.0, 0.59)["beats_baseline"]
    assert not _value_judged(0.0, 0.29)["ranks_customers"]
