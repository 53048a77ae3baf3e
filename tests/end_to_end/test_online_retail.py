"""The page "Bring your own data", done as it is printed, on the data set it is about; gold against figures computed with pandas alone.

The data set (UCI Online Retail, 541,909 lines) is not part of the repository: `CDP_ONLINE_RETAIL=<its parquet file>` says where it is.
"""

import os
import re
import shutil
import subprocess
import sys
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pandas as pd
import pytest

from conf.settings import PROJECT_ROOT
from tests.end_to_end.delta_files import read_delta, read_published

FILE = os.environ.get("CDP_ONLINE_RETAIL")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(FILE is None, reason="CDP_ONLINE_RETAIL names no file")]

PAGE = PROJECT_ROOT / "docs" / "bring-your-own-data.md"
NIGHT = "2011-12-09"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake after one night with the page's settings and mapping."""
    root = tmp_path_factory.mktemp("online_retail")
    settings, mapping = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    sources, landing = root / "conf" / "sources", root / "lake" / "landing" / "online_retail" / "lines"
    sources.mkdir(parents=True)
    landing.mkdir(parents=True)
    (sources / "ONLY_THESE").touch()
    (root / "conf" / "settings.yml").write_text(settings, encoding="utf-8")
    (sources / "online_retail.yml").write_text(mapping, encoding="utf-8")
    shutil.copy(str(FILE), landing / f"lines_{NIGHT}.parquet")
    environment = os.environ | {
        "CDP_CONF": str(root / "conf"),
        "CDP_LAKE__ROOT": str(root / "lake"),
        "CDP_SPARK__CONNECT_PORT": "0",
        "CDP_SPARK__THRIFT_PORT": "0",
        "PYTHONPATH": str(PROJECT_ROOT),
    }
    command = [str(Path(sys.executable).parent / "cdp"), "run", "--date", NIGHT]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1500, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return root / "lake" / "warehouse"


@pytest.fixture(scope="module")
def sales() -> pd.DataFrame:
    """The delivered lines that are sales, with their amount to the penny."""
    lines = pd.read_parquet(str(FILE))
    lines = lines[~lines.InvoiceNo.astype(str).str.startswith(("C", "A"))].copy()
    price = lines.UnitPrice.map(lambda value: Decimal(str(value)).quantize(Decimal("0.001"), ROUND_HALF_UP))
    lines["amount"] = [
        (Decimal(int(n)) * each).quantize(Decimal("0.01"), ROUND_HALF_UP) for n, each in zip(lines.Quantity, price, strict=True)
    ]
    return lines


def gold(warehouse: Path, name: str) -> pd.DataFrame:
    publications = read_delta(warehouse / "ops" / "publications")
    return read_published(publications[publications.table_name == name].iloc[-1])


def test_every_line_is_valid_or_quarantined(lake: Path) -> None:
    manifest = read_delta(lake / "ops" / "ingest_manifest")

    assert manifest[["rows_in", "rows_valid", "rows_quarantined"]].sum().tolist() == [541_909, 541_907, 2]


def test_orders_lines_guests_and_sales_equal_pandas_to_the_penny(lake: Path, sales: pd.DataFrame) -> None:
    orders, items = gold(lake, "fct_orders"), gold(lake, "fct_order_items")

    assert (len(orders), len(items)) == (sales.InvoiceNo.nunique(), len(sales))
    assert orders.customer_id.isna().sum() == sales[sales.CustomerID.isna()].InvoiceNo.nunique()
    assert items.sales_amount.sum() == orders.sales_amount.sum() == sales.amount.sum()


def test_orders_and_sales_of_every_customer_equal_pandas(lake: Path, sales: pd.DataFrame) -> None:
    by_customer = sales.dropna(subset=["CustomerID"]).groupby("CustomerID").agg(orders=("InvoiceNo", "nunique"), sales=("amount", "sum"))
    by_customer.index = pd.Index([f"online_retail:{int(key)}" for key in by_customer.index], name="source_customer_id")

    profiles = gold(lake, "dim_customer_ids").merge(gold(lake, "dim_customers"), on="customer_id").set_index("source_customer_id")
    buyers = profiles[profiles.order_count > 0].loc[by_customer.index]

    assert len(buyers) == (profiles.order_count > 0).sum() == 4_339
    assert (buyers.order_count == by_customer.orders).all()
    assert (buyers.sales_amount == by_customer.sales).all()
