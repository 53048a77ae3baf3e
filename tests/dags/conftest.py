"""Airflow on the suite's temporary lake, with the real DAG folder."""

from pathlib import Path
from typing import Any

import pytest

from conf.settings import Settings


@pytest.fixture(scope="session")
def airflow_ready(settings: Settings) -> Path:
    """Airflow's home and database on the lake; gives the DAG folder."""
    from spark_jobs.nightly.airflow_home import DAGS_FOLDER, prepare_airflow

    prepare_airflow(settings)
    return DAGS_FOLDER


@pytest.fixture(scope="session")
def dag_bag(airflow_ready: Path) -> Any:
    """All our DAGs, parsed as Airflow parses them."""
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(dag_folder=str(airflow_ready))
