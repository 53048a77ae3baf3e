"""What every DAG has in common: owner, retries, the business date and when the retailer's day ends."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk import CronDataIntervalTimetable, Param

from conf.settings import settings
from dagkit.retries import FIRST_DELAY, RetryByKind

# The retailer's day ends when the night run starts: what arrives before that hour still belongs to the day before.
NIGHT_HOUR = settings().airflow.day_ends_at_hour
ZONE = ZoneInfo(settings().retailer.time_zone)

# Created by `cdp airflow`; its one slot keeps an hourly run from writing between two tasks of a night.
POOL = "cdp_lake"

BUSINESS_DATE = "{{ business_date(dag_run, params) }}"


def last_ended_day(dag_run: Any, params: Any) -> str:
    """The parameter `business_date`, else the last retailer's day that has ended when the run's data interval ends, as yyyy-mm-dd.

    A scheduled interval ends when the run is due. A run that a person starts has an interval without length, at its logical date, or
    none at all: then it counts from when it may start (`run_after`).
    """
    until: datetime = dag_run.data_interval_end or dag_run.run_after
    return _chosen(params) or (_day_of(until) - timedelta(days=1)).isoformat()


def day_in_progress(dag_run: Any, params: Any) -> str:
    """The parameter `business_date`, else the retailer's day in which the run's data interval begins: today's files are for today."""
    begins: datetime = dag_run.data_interval_start or dag_run.run_after
    return _chosen(params) or _day_of(begins).isoformat()


def _chosen(params: Any) -> str | None:
    chosen = params.get("business_date")
    return date.fromisoformat(str(chosen)).isoformat() if chosen else None


def _day_of(moment: datetime) -> date:
    """The retailer's day at a moment, read off the clock on the wall: a difference of hours would be wrong when clocks change."""
    local = moment.astimezone(ZONE)
    return date(local.year, local.month, local.day) - timedelta(days=local.hour < NIGHT_HOUR)


def local_cron(minute: int, hour: int | None = None, weekday: int | None = None) -> CronDataIntervalTimetable | None:
    """A schedule on the retailer's clock; None (only started by hand) unless the setting `airflow.schedule` is on."""
    if not settings().airflow.schedule:
        return None
    fields = [str(minute), "*" if hour is None else str(hour), "*", "*", "*" if weekday is None else str(weekday)]
    return CronDataIntervalTimetable(" ".join(fields), timezone=settings().retailer.time_zone)


def dag_arguments(business_date: Callable[[Any, Any], str] = last_ended_day) -> dict[str, Any]:
    """Arguments that all our DAGs pass on: one run at a time, no catch-up, the business date as the only parameter.

    Args:
        business_date: which day a run without the parameter is for.
    """
    empty = "the last day that ended" if business_date is last_ended_day else "the day in progress"
    return {
        "start_date": datetime(2017, 1, 1, tzinfo=ZONE),
        "catchup": False,
        "max_active_runs": 1,
        "dagrun_timeout": timedelta(hours=6),
        "params": {
            "business_date": Param(
                None,
                type=["null", "string"],
                format="date",
                title="Business date",
                description=f"Last day the run may know; empty = {empty}.",
            )
        },
        "user_defined_macros": {"business_date": business_date},
        "default_args": {"owner": "data-platform", "pool": POOL, "retries": 2, "retry_delay": FIRST_DELAY, "retry_policy": RetryByKind()},
        "tags": ["cdp"],
    }
