"""The business date of a run, and retries by kind of error."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

from conf.errors import ConfigError, EngineError, InputError


def test_the_business_date_is_the_parameter_when_there_is_one(airflow_ready: Path) -> None:
    from dagkit.defaults import business_date

    run = SimpleNamespace(data_interval_start=None, run_after=datetime(2026, 1, 2, tzinfo=UTC))

    assert business_date(run, {"business_date": "2017-12-31"}) == "2017-12-31"


def test_a_night_that_starts_at_four_is_for_the_day_that_just_ended(airflow_ready: Path) -> None:
    from dagkit.defaults import ZONE, business_date

    run = SimpleNamespace(data_interval_start=datetime(2017, 12, 30, 4, tzinfo=ZONE), run_after=datetime(2017, 12, 31, 4, tzinfo=ZONE))

    assert business_date(run, {"business_date": None}) == "2017-12-30"


def test_what_arrives_after_midnight_and_before_the_night_belongs_to_the_day_before(airflow_ready: Path) -> None:
    from dagkit.defaults import ZONE, business_date

    run = SimpleNamespace(
        data_interval_start=datetime(2017, 12, 31, 3, 5, tzinfo=ZONE), run_after=datetime(2017, 12, 31, 4, 5, tzinfo=ZONE)
    )

    assert business_date(run, {"business_date": None}) == "2017-12-30"


def test_a_persons_mistake_is_not_tried_again(airflow_ready: Path) -> None:
    from dagkit.retries import RetryByKind

    decisions = [RetryByKind().evaluate(error, 1, 3) for error in (InputError("bad file"), ConfigError("bad mapping"), TypeError("bug"))]

    assert {decision.action.value for decision in decisions} == {"fail"}


def test_a_lost_engine_is_tried_again_and_waits_longer_each_time(airflow_ready: Path) -> None:
    from dagkit.retries import RetryByKind

    first, second = (RetryByKind().evaluate(error, number, 3) for number, error in ((1, EngineError("gone")), (2, ConnectionError())))

    assert (first.action.value, second.action.value) == ("retry", "retry")
    assert first.retry_delay is not None and second.retry_delay is not None
    assert first.retry_delay < second.retry_delay
