"""The business date of a run, and retries by kind of error."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conf.errors import ConfigError, EngineError, InputError
from conf.settings import settings


@pytest.fixture
def by_the_clock(airflow_ready: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`airflow.schedule` is on."""
    monkeypatch.setenv("CDP_AIRFLOW__SCHEDULE", "true")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def due(moment: str, **cron: int) -> SimpleNamespace:
    """The run that Airflow's own timetable makes when the clock on the wall shows `moment`."""
    from airflow.serialization.encoders import coerce_to_core_timetable
    from pendulum import instance

    from dagkit.defaults import ZONE, local_cron

    now = instance(datetime.fromisoformat(moment).replace(tzinfo=ZONE).astimezone(UTC))
    interval = coerce_to_core_timetable(local_cron(**cron)).infer_manual_data_interval(run_after=now)
    assert interval.end == now
    return SimpleNamespace(data_interval_start=interval.start, data_interval_end=interval.end, run_after=now)


def by_hand(moment: str, *, logical_date: bool) -> SimpleNamespace:
    """The run of a person's click: an interval without length at the logical date, or none."""
    from airflow.timetables.simple import NullTimetable
    from pendulum import instance

    from dagkit.defaults import ZONE

    now = instance(datetime.fromisoformat(moment).replace(tzinfo=ZONE))
    interval = NullTimetable().infer_manual_data_interval(run_after=now) if logical_date else None
    return SimpleNamespace(data_interval_start=interval and interval.start, data_interval_end=interval and interval.end, run_after=now)


# In New York, clocks go forward in the night to 12 March 2017, and back in the night to 5 November.
@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2017-12-31T04:00", "2017-12-30"),
        ("2018-01-01T04:00", "2017-12-31"),
        ("2017-03-12T04:00", "2017-03-11"),
        ("2017-03-13T04:00", "2017-03-12"),
        ("2017-11-05T04:00", "2017-11-04"),
        ("2017-11-06T04:00", "2017-11-05"),
    ],
)
def test_a_night_by_the_clock_is_for_the_day_that_just_ended(moment: str, day: str, by_the_clock: None) -> None:
    from dagkit.defaults import last_ended_day

    assert last_ended_day(due(moment, minute=0, hour=4), {"business_date": None}) == day


@pytest.mark.parametrize("logical_date", [True, False])
@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2017-12-31T14:00", "2017-12-30"),
        ("2017-12-31T04:00", "2017-12-30"),
        ("2017-12-31T03:59", "2017-12-29"),
        ("2017-03-12T05:00", "2017-03-11"),
    ],
)
def test_a_night_by_hand_without_a_date_is_for_the_last_day_that_ended(
    moment: str, day: str, logical_date: bool, airflow_ready: Path
) -> None:
    from dagkit.defaults import last_ended_day

    assert last_ended_day(by_hand(moment, logical_date=logical_date), {}) == day


@pytest.mark.parametrize(("sunday", "saturday"), [("2017-12-31", "2017-12-30"), ("2017-03-12", "2017-03-11"), ("2017-11-05", "2017-11-04")])
def test_sundays_training_is_as_of_saturday(sunday: str, saturday: str, by_the_clock: None) -> None:
    from dagkit.defaults import last_ended_day

    assert last_ended_day(due(f"{sunday}T06:00", minute=0, hour=6, weekday=0), {}) == saturday


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2017-12-31T15:05", "2017-12-31"),
        ("2017-12-31T00:05", "2017-12-30"),
        ("2017-12-31T04:05", "2017-12-30"),
        ("2017-12-31T05:05", "2017-12-31"),
        ("2017-03-12T05:05", "2017-03-12"),
        ("2017-11-05T04:05", "2017-11-04"),
        ("2017-11-05T05:05", "2017-11-05"),
    ],
)
def test_an_hour_by_the_clock_is_for_the_day_it_belongs_to(moment: str, day: str, by_the_clock: None) -> None:
    from dagkit.defaults import day_in_progress

    assert day_in_progress(due(moment, minute=5), {}) == day


@pytest.mark.parametrize("logical_date", [True, False])
def test_an_hour_by_hand_takes_the_files_of_today(logical_date: bool, airflow_ready: Path) -> None:
    from dagkit.defaults import day_in_progress

    assert day_in_progress(by_hand("2017-12-31T14:00", logical_date=logical_date), {}) == "2017-12-31"
    assert day_in_progress(by_hand("2017-12-31T03:00", logical_date=logical_date), {}) == "2017-12-30"


def test_a_chosen_business_date_always_wins(airflow_ready: Path) -> None:
    from dagkit.defaults import day_in_progress, last_ended_day

    run = by_hand("2026-01-02T12:00", logical_date=True)

    assert {last_ended_day(run, {"business_date": "2017-12-31"}), day_in_progress(run, {"business_date": "2017-12-31"})} == {"2017-12-31"}


def test_only_the_hourly_ingest_is_for_the_day_in_progress(dag_bag: Any) -> None:
    from dagkit.defaults import day_in_progress, last_ended_day

    assert {dag_id: dag.user_defined_macros["business_date"] for dag_id, dag in dag_bag.dags.items()} == {
        "cdp_hourly_ingest": day_in_progress,
        "cdp_nightly": last_ended_day,
        "cdp_privacy_requests": last_ended_day,
        "cdp_train_weekly": last_ended_day,
    }


MISTAKES = (InputError("bad file"), ConfigError("bad mapping"), TypeError("bug"), KeyError("bug"), RecursionError(), PermissionError())


def test_a_persons_mistake_is_not_tried_again(airflow_ready: Path) -> None:
    from dagkit.retries import RetryByKind

    decisions = [RetryByKind().evaluate(error, 1, 3) for error in MISTAKES]

    assert {decision.action.value for decision in decisions} == {"fail"}


def test_a_lost_engine_is_tried_again_and_waits_longer_each_time(airflow_ready: Path) -> None:
    from dagkit.retries import RetryByKind

    first, second = (RetryByKind().evaluate(error, number, 3) for number, error in ((1, EngineError("gone")), (2, ConnectionError())))

    assert (first.action.value, second.action.value) == ("retry", "retry")
    assert first.retry_delay is not None and second.retry_delay is not None
    assert first.retry_delay < second.retry_delay


def test_what_a_step_raises_is_tried_again_by_its_kind(airflow_ready: Path) -> None:
    from pyspark.errors.exceptions.connect import SparkConnectGrpcException

    from dagkit.retries import RetryByKind
    from spark_jobs.common.errors import readable
    from spark_jobs.common.writer import LakeBusyError

    def action(text: str) -> str:
        shown = readable(SparkConnectGrpcException(text))
        assert shown is not None
        return RetryByKind().evaluate(shown, 1, 3).action.value

    assert action("java.io.IOException: No space left on device") == "retry"
    assert action("status = StatusCode.UNAVAILABLE") == "retry"
    assert action("[DIVIDE_BY_ZERO] Division by zero. SQLSTATE: 22012") == "fail"
    assert RetryByKind().evaluate(LakeBusyError("another process is writing"), 1, 3).action.value == "retry"
