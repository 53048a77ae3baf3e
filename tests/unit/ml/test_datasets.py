"""Split dates: nothing learnt was unknown when the evaluated score would have been made."""

from datetime import date, timedelta

import pytest

from conf.models import Model, load_models
from ml.datasets import NotEnoughDataError, split_dates

DAY = date(2024, 12, 31)


def a_model(**split: int) -> Model:
    churn = load_models()["churn"]
    return churn.model_copy(update={"split": churn.split.model_copy(update={"evaluation_windows": 1, **split})})


def test_the_evaluation_is_the_last_complete_window_and_training_ends_before_it() -> None:
    # given a label of 28 days
    model = a_model(train_windows=3, stride_days=14)

    # when
    dates = split_dates(model, DAY, date(2020, 1, 1))

    # then
    evaluation = DAY - timedelta(days=28)
    assert dates.evaluation == (evaluation,)
    assert dates.train == tuple(evaluation - timedelta(days=28 + 14 * n) for n in (2, 1, 0))


def test_training_labels_are_complete_on_the_first_of_several_evaluation_dates() -> None:
    # given
    model = a_model(train_windows=2, stride_days=7, evaluation_windows=3)

    # when
    dates = split_dates(model, DAY, date(2020, 1, 1))

    # then
    assert len(dates.evaluation) == 3
    assert model.label.window(dates.train[-1])[1] <= dates.evaluation[0]


def test_a_short_history_gives_fewer_windows_and_then_none_with_the_day_it_becomes_possible() -> None:
    # given
    model = a_model(train_windows=8, stride_days=14, min_history_days=91)

    # when the history is short, and then too short
    fewer = split_dates(model, DAY, DAY - timedelta(days=56 + 91 + 14))
    with pytest.raises(NotEnoughDataError) as too_short:
        split_dates(model, DAY, DAY - timedelta(days=56 + 90))

    # then
    assert len(fewer.train) == 2
    assert f"possible from {DAY + timedelta(days=1)}" in str(too_short.value)


def test_without_an_order_there_is_nothing_to_train_on() -> None:
    with pytest.raises(NotEnoughDataError, match="no customer has an order"):
        split_dates(a_model(), DAY, None)


def test_a_horizon_beyond_half_of_the_history_says_which_one_is_possible_now() -> None:
    # given 400 days of history, a horizon of 180 days and 56 days of it that features look back on
    model = load_models()["clv"]
    label = model.label.model_copy(update={"horizon_days": 180})
    model = model.model_copy(update={"label": label})

    # when
    with pytest.raises(NotEnoughDataError) as too_long:
        split_dates(model, DAY, DAY - timedelta(days=400))
    possible = model.model_copy(update={"label": label.model_copy(update={"horizon_days": 172})})

    # then two windows of 172 days fit into the other 344 days, and two of 180 days will in 16 days
    assert f"possible from {DAY + timedelta(days=16)}; the longest horizon that is possible now is 172 days" in str(too_long.value)
    assert len(split_dates(possible, DAY, DAY - timedelta(days=400)).train) == 1


def test_a_history_shorter_than_the_features_look_back_has_no_horizon() -> None:
    with pytest.raises(NotEnoughDataError, match="no horizon is possible now"):
        split_dates(load_models()["clv"], DAY, DAY - timedelta(days=57))
