"""Every command of docs/sql.md runs as it is printed; only ports differ."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conf.catalog import catalog
from conf.settings import PROJECT_ROOT, Settings
from spark_jobs.common.delta import append, table_version
from spark_jobs.engine.client import running_engine

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PAGE = PROJECT_ROOT / "docs" / "sql.md"
TABLES = {
    "fct_orders": "select 'o1' as order_id, 'pos' as channel, cast(12.5 as decimal(18,2)) as sales_amount",
    "dim_customers": "select 'c1' as customer_id, 'active' as lifecycle_stage",
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def thrift_port(spark: "SparkSession", settings: Settings) -> int:
    """A published lake of two tables, and the port of its SQL endpoint."""
    publications = catalog().table("ops.publications")
    for name, query in TABLES.items():
        path = settings.lake.warehouse / "gold_build" / name
        spark.sql(f"create or replace table gold_build.{name} using delta location '{path.as_uri()}' as {query}")
        version = table_version(spark, f"gold_build.{name}")
        spark.sql(f"create or replace view gold.{name} as select * from gold_build.{name} version as of {version}")
        row = spark.sql(
            f"select date'2017-12-31' as business_date, '{name}' as table_name, {version}L as version, '{path}' as path, "
            "timestamp'2018-01-01 03:00:00' as published_at"
        )
        append(spark, settings, publications, row)
    state = running_engine(settings)
    assert state is not None
    return state.thrift_port


def run(command: list[str], folder: Path) -> str:
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(PROJECT_ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd=folder, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("number", range(len(blocks("bash"))))
def test_commands_run_as_printed(thrift_port: int, number: int, tmp_path: Path) -> None:
    script = blocks("bash")[number].replace("localhost:10000", f"localhost:{thrift_port}")

    output = run(["bash", "-euo", "pipefail", "-c", script], tmp_path)

    assert "orders" in output


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_programs_run_as_printed(thrift_port: int, number: int, tmp_path: Path) -> None:
    program = blocks("python")[number].replace("port=10000", f"port={thrift_port}")

    output = run([sys.executable, "-c", program], tmp_path)

    assert "1" in output


def test_the_page_shows_both_kinds() -> None:
    assert len(blocks("bash")) >= 2
    assert len(blocks("python")) >= 4
