"""What every DAG has in common: owner, retries, the business date and when the retailer's day ends."""

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


def business_date(dag_run: Any, params: Any) -> str:
    """The parameter `business_date`, else the retailer's day in which the run's data interval begins, as yyyy-mm-dd.

    A run without a data interval (triggered without a logical date) takes the last day that has ended.
    """
    chosen = params.get("business_date")
    if chosen:
        return date.fromisoformat(str(chosen)).isoformat()
    begins: datetime = dag_run.data_interval_start or dag_run.run_after - timedelta(days=1)
    return (begins.astimezone(ZONE) - timedelta(hours=NIGHT_HOUR)).date().isoformat()


def local_cron(minute: int, hour: int | None = None, weekday: int | None = None) -> CronDataIntervalTimetable | None:
    """A schedule on the retailer's clock; None (only started by hand) unless the setting `airflow.schedule` is on."""
    if not settings().airflow.schedule:
        return None
    fields = [str(minute), "*" if hour is None else str(hour), "*", "*", "*" if weekday is None else str(weekday)]
    return CronDataIntervalTimetable(" ".join(fields), timezone=settings().retailer.time_zone)


def dag_arguments() -> dict[str, Any]:
    """Arguments that all our DAGs pass on: one run at a time, no catch-up, the business date as the only parameter."""
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
                description="Last day the run may know; empty = the last day that ended.",
            )
        },
        "user_defined_macros": {"business_date": business_date},
        "default_args": {"owner": "data-platform", "pool": POOL, "retries": 2, "retry_delay": FIRST_DELAY, "retry_policy": RetryByKind()},
        "tags": ["cdp"],
    }
