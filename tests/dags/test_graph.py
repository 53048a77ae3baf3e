"""The DAGs load, say what they are for, and run things in an order that cannot hurt."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

LINES_OF_A_DAG = 80


def test_every_dag_loads_without_an_error(dag_bag: Any) -> None:
    assert dag_bag.import_errors == {}
    assert set(dag_bag.dags) == {"cdp_hourly_ingest", "cdp_nightly", "cdp_privacy_requests", "cdp_train_weekly"}


def test_every_dag_says_purpose_time_tables_and_triage(dag_bag: Any) -> None:
    for dag in dag_bag.dags.values():
        for word in ("**Purpose.**", "**When.**", "**Reads and writes.**", "**Triage.**"):
            assert word in dag.doc_md, f"{dag.dag_id} lacks {word}"


def test_every_dag_runs_one_at_a_time_and_takes_only_a_business_date(dag_bag: Any) -> None:
    for dag in dag_bag.dags.values():
        assert dag.max_active_runs == 1
        assert dag.catchup is False
        assert list(dag.params) == ["business_date"]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("ingest", "silver"),
        ("silver", "identity"),
        ("identity", "activity"),
        ("activity", "features"),
        ("features", "score"),
        ("train", "score"),
        ("score", "customers"),
        ("customers", "metrics"),
        ("metrics", "publish"),
    ],
)
def test_a_step_of_the_night_waits_for_what_it_reads(dag_bag: Any, earlier: str, later: str) -> None:
    night = dag_bag.dags["cdp_nightly"]

    assert earlier in night.get_task(later).get_flat_relative_ids(upstream=True)


def test_publishing_is_the_last_thing_of_the_night_and_needs_everything(dag_bag: Any) -> None:
    night = dag_bag.dags["cdp_nightly"]
    publish = night.get_task("publish")

    assert publish.get_flat_relative_ids(upstream=True) == set(night.task_ids) - {"publish"}
    assert all(task.trigger_rule == "all_success" for task in night.tasks)


def test_hourly_work_stands_back_while_a_night_runs(dag_bag: Any) -> None:
    tasks = dag_bag.dags["cdp_hourly_ingest"].tasks

    assert all(task.op_args[2] == "cdp_nightly" for task in tasks)


def test_every_step_named_by_a_dag_is_there(dag_bag: Any) -> None:
    import importlib

    for dag in dag_bag.dags.values():
        for task in dag.tasks:
            assert callable(importlib.import_module(task.op_args[0]).run)


def test_parsing_a_dag_imports_conf_and_dagkit_only(airflow_ready: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import cdp_nightly, cdp_hourly_ingest, cdp_privacy_requests, cdp_train_weekly;"
        "heavy = [m for m in sys.modules if m.split('.')[0] in {'spark_jobs', 'ml', 'pyspark', 'dbt', 'mlflow', 'pandas'}];"
        "sys.exit(','.join(heavy) or 0)"
    )
    parsed = subprocess.run([sys.executable, "-c", code, str(airflow_ready)], capture_output=True, text=True, check=False)

    assert parsed.returncode == 0, parsed.stderr[-500:]


def test_a_dag_file_is_short(airflow_ready: Path) -> None:
    for file in airflow_ready.glob("*.py"):
        assert len(file.read_text(encoding="utf-8").splitlines()) <= LINES_OF_A_DAG
