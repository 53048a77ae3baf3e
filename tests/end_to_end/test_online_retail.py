"""The page "Bring your own data", done as it is printed, on the data set it is about; gold against figures computed with pandas alone.

The data set (UCI Online Retail, 541,909 lines) is not part of the repository: `CDP_ONLINE_RETAIL=<its parquet file>` says where it is.
"""

import json
import os
import re
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


def a_night(root: Path, files: dict[str, pd.DataFrame]) -> Path:
    """The warehouse after one night with the page's settings and mapping, over the given files."""
    texts = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    settings, mapping = (
        next(text for text in texts if text.startswith("retailer:")),
        next(text for text in texts if text.startswith("source:")),
    )
    sources, landing = root / "conf" / "sources", root / "lake" / "landing" / "online_retail" / "lines"
    sources.mkdir(parents=True)
    landing.mkdir(parents=True)
    (sources / "ONLY_THESE").touch()
    (root / "conf" / "settings.yml").write_text(settings, encoding="utf-8")
    (sources / "online_retail.yml").write_text(mapping, encoding="utf-8")
    for name, rows in files.items():
        rows.to_parquet(landing / name, index=False)
    environment = os.environ | {
        "CDP_CONF": str(root / "conf"),
        "CDP_LAKE__ROOT": str(root / "lake"),
        "CDP_SPARK__CONNECT_PORT": "0",
        "CDP_SPARK__THRIFT_PORT": "0",
        "PYTHONPATH": str(PROJECT_ROOT),
    }
    command = [str(Path(sys.executable).parent / "python"), str(PROJECT_ROOT / "cdp.py"), "run", "--date", NIGHT]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1700, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return root / "lake" / "warehouse"


@pytest.fixture(scope="module")
def delivered() -> pd.DataFrame:
    """The data set as it is."""
    return pd.read_parquet(str(FILE))


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, delivered: pd.DataFrame) -> Path:
    """A lake after one night with the whole file."""
    return a_night(tmp_path_factory.mktemp("online_retail"), {f"lines_{NIGHT}.parquet": delivered})


@pytest.fixture(scope="module")
def sales(delivered: pd.DataFrame) -> pd.DataFrame:
    """The delivered lines that are sales, with their amount to the penny."""
    return with_amount(delivered[~delivered.InvoiceNo.astype(str).str.startswith(("C", "A"))])


def with_amount(lines: pd.DataFrame) -> pd.DataFrame:
    """Lines with quantity × price, rounded half up."""
    lines = lines.copy()
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


def test_returns_are_no_sales_and_add_up_to_the_penny(lake: Path, delivered: pd.DataFrame) -> None:
    returned = with_amount(delivered[delivered.InvoiceNo.astype(str).str.startswith("C")])
    returns, profiles = gold(lake, "fct_returns"), gold(lake, "dim_customers")

    assert (len(returns), returns.refund_amount.sum()) == (len(returned), -returned.amount.sum())
    assert (profiles.refund_amount.sum(), profiles.return_count.sum()) == (
        -returned.dropna(subset=["CustomerID"]).amount.sum(),
        returned.CustomerID.notna().sum(),
    )


def test_rfm_scores_of_every_customer_equal_pandas(lake: Path, sales: pd.DataFrame) -> None:
    buyers = sales.dropna(subset=["CustomerID"])
    ids = gold(lake, "dim_customer_ids").set_index("source_customer_id").customer_id
    customer = buyers.CustomerID.map(lambda key: ids[f"online_retail:{int(key)}"]).rename("customer_id")
    figures = pd.DataFrame(
        {
            "last": pd.to_datetime(buyers.InvoiceDate).dt.date.groupby(customer).max().map(lambda on: on.toordinal()),
            "orders": buyers.groupby(customer).InvoiceNo.nunique(),
            "sales": buyers.groupby(customer).amount.sum().map(lambda amount: round(amount * 100)),
        }
    )

    def fifths(values: pd.Series) -> pd.Series:
        """Equal values share the fifth of their percentile rank."""
        twice = values.rank(method="min") - 1 + values.rank(method="max")
        return (1 + 5 * twice.astype("int64") // (2 * len(values))).astype("int64")

    expected = pd.DataFrame(
        {
            "recency_score": fifths(figures["last"]),
            "frequency_score": fifths(figures["orders"]),
            "monetary_score": fifths(figures["sales"]),
        }
    )
    profiles = gold(lake, "dim_customers").set_index("customer_id")
    pd.testing.assert_frame_equal(profiles.loc[expected.index, expected.columns].astype("int64"), expected, check_names=False)


def test_the_churn_model_is_as_good_as_the_reference_and_not_better_than_it_can_be(lake: Path) -> None:
    verdicts = read_delta(lake / "ops" / "model_verdicts")
    metrics = json.loads(verdicts[verdicts.model_name == "churn"].iloc[-1].metrics)

    assert 0.70 < metrics["challenger"]["roc_auc"] < 0.90, metrics
    assert metrics["challenger"]["roc_auc"] > metrics["baseline"]["roc_auc"]


def test_three_overlapping_shuffled_pieces_give_the_same_gold(lake: Path, delivered: pd.DataFrame, tmp_path: Path) -> None:
    # given pieces that overlap, in another order of rows, one of them twice and again under another name
    cuts = {"a": (0, 220_000), "b": (180_000, 400_000), "c": (390_000, len(delivered))}
    pieces = {name: delivered.iloc[slice(*cut)].sample(frac=1, random_state=7) for name, cut in cuts.items()}
    files = {f"lines_{NIGHT}_{name}.parquet": rows for name, rows in pieces.items()}
    files |= {f"lines_{NIGHT}_again.parquet": pieces["b"], f"lines_{NIGHT}_shuffled.parquet": pieces["a"].sample(frac=1, random_state=8)}

    # when
    pieced = a_night(tmp_path, files)

    # then
    for name, key in (("fct_orders", "order_id"), ("fct_order_items", "order_item_id"), ("fct_returns", "return_id"), ("dim_products", "product_id"),
                      ("dim_customers", "customer_id"), ("fct_customer_tags", ["customer_id", "tag_id"])):  # fmt: skip
        whole, parts = (gold(each, name).sort_values(key).reset_index(drop=True) for each in (lake, pieced))
        pd.testing.assert_frame_equal(parts, whole)
