"""Metrics on numbers that can be checked by hand."""

import numpy as np
import pytest

from ml.models.metrics import calibration_table, expected_calibration_error, lift_at, measure


def test_lift_compares_the_top_of_the_scores_with_everybody() -> None:
    # given ten customers of whom two are positive, one of them on top
    y = np.array([1, 0, 0, 0, 0, 0, 0, 0, 0, 1], dtype=float)
    scores = np.linspace(1, 0, 10)

    # when and then the top tenth has five times the rate of all
    assert lift_at(y, scores, 0.1) == pytest.approx(5.0)


def test_tied_scores_share_their_positives() -> None:
    # given scores that say nothing
    y = np.array([1, 0, 0, 1], dtype=float)

    # when and then nothing is lifted, whatever the order of rows
    assert lift_at(y, np.zeros(4), 0.25) == pytest.approx(1.0)


def test_a_forecast_equal_to_the_rate_is_calibrated() -> None:
    # given
    y = np.tile([0.0, 1.0], 50)

    # when and then
    assert expected_calibration_error(y, np.full(100, 0.5)) == pytest.approx(0.0)
    assert expected_calibration_error(y, np.full(100, 0.8)) == pytest.approx(0.3)
    assert [tenth["observed"] for tenth in calibration_table(y, np.full(100, 0.5))] == [0.5] * 10


def test_a_total_error_is_signed_and_a_ranking_has_no_calibration() -> None:
    # given
    y = np.array([0.0, 10.0, 20.0])

    # when
    amounts = measure("regression", y, y * 0.9)
    ranking = measure("classification", np.array([0.0, 1.0]), np.array([-5.0, 3.0]), is_probability=False)

    # then
    assert amounts["total_error"] == pytest.approx(-0.1)
    assert amounts["mae"] == pytest.approx(1.0)
    assert ranking["roc_auc"] == 1.0
    assert "brier" not in ranking


def test_the_rank_correlation_sees_the_order_only() -> None:
    # given outcomes with a tie
    y = np.array([0.0, 0.0, 10.0, 1000.0])

    # when
    found = [
        measure("regression", y, np.array(scores))["rank_correlation"] for scores in ([1.0, 1.0, 2.0, 3.0], [3.0, 3.0, 2.0, 1.0], [5.0] * 4)
    ]

    # then
    assert found == [1.0, -1.0, 0.0]
