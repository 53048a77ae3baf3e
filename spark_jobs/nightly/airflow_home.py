"""Airflow's home inside the lake: its environment, its SQLite database, and the runs that a killed process left behind."""

import os
import sys
from pathlib import Path

from conf.settings import PROJECT_ROOT, Settings

DAGS_FOLDER = PROJECT_ROOT / "dags"
POOL = "cdp_lake"


def airflow_environment(settings: Settings) -> dict[str, str]:
    """The variables that make Airflow use the lake's own home, our DAGs, and no network service.

    A variable that the person already set wins, so an Airflow of their own (PostgreSQL, another executor) can be used.
    """
    home = settings.lake.airflow
    ours = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS_FOLDER),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": "utc",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(settings.lake.logs / "airflow"),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": settings.logging.level,
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        "SCARF_ANALYTICS": "false",
    }
    return {name: os.environ.get(name, value) for name, value in ours.items()}


def prepare_airflow(settings: Settings) -> None:
    """Set the environment, create or upgrade the database once per Airflow version, and close runs of dead processes.

    Must be called before the first import of `airflow` in a process.
    """
    home = settings.lake.airflow
    home.mkdir(parents=True, exist_ok=True)
    os.environ.update(airflow_environment(settings))
    # A real Airflow worker puts the DAG folder on the path; so do we, for `dagkit`.
    if str(DAGS_FOLDER) not in sys.path:
        sys.path.insert(0, str(DAGS_FOLDER))
    import airflow

    marker = home / f"database-{airflow.__version__}"
    if not marker.exists():
        _migrate(home)
        marker.touch()


def _migrate(home: Path) -> None:
    from airflow.models.pool import Pool
    from airflow.utils import db

    for old in home.glob("database-*"):
        old.unlink()
    db.upgradedb()
    Pool.create_or_update_pool(POOL, slots=1, description="One writer of the lake at a time", include_deferred=False)


def fail_abandoned_runs() -> int:
    """Mark in-process runs that a killed process left `running` as failed, so that no scheduler picks them up; returns how many.

    Call it only while holding the night lock: then no in-process run can be alive.
    """
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState, TaskInstanceState
    from airflow.utils.types import DagRunTriggeredByType
    from sqlalchemy import select

    with create_session() as session:
        abandoned = session.scalars(
            select(DagRun).where(DagRun.state == DagRunState.RUNNING, DagRun.triggered_by == DagRunTriggeredByType.TEST)
        ).all()
        for run in abandoned:
            for task_instance in run.get_task_instances(session=session):
                if task_instance.state in {TaskInstanceState.RUNNING, TaskInstanceState.QUEUED, TaskInstanceState.SCHEDULED}:
                    task_instance.state = TaskInstanceState.FAILED
            run.state = DagRunState.FAILED
        return len(abandoned)
