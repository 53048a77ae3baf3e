"""What a retailer does not have: nights end, gold holds what there is, and models say why they were skipped."""

import json
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
import yaml

from conf.settings import CONF_DIR
from tests.end_to_end.corner_shop import CornerShop

pytestmark = pytest.mark.slow

# Anonymous baskets: no customers, no products, no amounts, no order number, a day without its time.
KIOSK = """
source: kiosk
feeds:
  baskets:
    files: "baskets/*.csv"
    format: csv
    csv: {header: false, delimiter: "|"}
    columns:
      - {name: day, type: date, required: true, format: [dd.MM.yyyy, yyyyMMdd]}
      - {name: till, type: int, required: true}
      - {name: ticket, type: int, required: true}
      - {name: article, type: string}
    maps:
      - entity: orders
        fields: {order_id: {key: [day, till, ticket]}, store_id: till, ordered_at: day, ordered_on: day}
      - entity: order_items
        dedup: full_row_per_document
        document: [day, till, ticket]
        fields: {order_id: {key: [day, till, ticket]}, product_id: article, quantity: {const: 1}, sales_amount: {const: 0}}
"""
LAST_DAY = date(2024, 3, 31)


@pytest.fixture(scope="module")
def kiosk(tmp_path_factory: pytest.TempPathFactory) -> CornerShop:
    """Two weeks of baskets in two files that overlap by a week."""
    shop = CornerShop(tmp_path_factory.mktemp("kiosk"))
    shop.open(mappings={"kiosk": KIOSK})
    folder = shop.lake / "landing" / "kiosk" / "baskets"
    folder.mkdir(parents=True)
    for name, days, pattern in (("one", range(14, 5, -1), "%d.%m.%Y"), ("two", range(10, -1, -1), "%Y%m%d")):
        lines = []
        for back in days:
            day = LAST_DAY - timedelta(days=back)
            lines += [f"{day:{pattern}}|{ticket % 3}|{ticket}|a{ticket % 7}" for ticket in range(20) for _ in range(2)]
        (folder / f"{name}.csv").write_text("\n".join(lines), encoding="utf-8")
    code, output = shop.run("run", "--date", str(LAST_DAY))
    assert code == 0, output
    return shop


def test_anonymous_baskets_are_guests_visits_without_money(kiosk: CornerShop) -> None:
    orders, items = kiosk.gold("fct_orders"), kiosk.gold("fct_order_items")

    assert (len(orders), orders.customer_id.notna().sum(), orders.sales_amount.sum()) == (15 * 20, 0, 0)
    assert len(items) == 15 * 20 * 2, "equal lines of a ticket count, a ticket delivered twice counts once"
    assert orders.unit_count.sum() == len(items)
    assert len(kiosk.gold("dim_customers")) == len(kiosk.gold("fct_segment_members")) == 0
    metrics = kiosk.gold("metrics_daily")
    guests = metrics[(metrics.metric_id == "guest_order_count") & (metrics.dimension == "all")]
    assert guests.metric_value.sum() == 15 * 20


def test_models_without_customers_are_skipped_with_a_reason(kiosk: CornerShop) -> None:
    runs = kiosk.table("ops", "runs")

    counts = json.loads(runs[runs.step == "ml.steps.train"].iloc[-1].counts)
    assert all(counts[model].startswith("skipped") for model in ("churn", "propensity", "clv")), counts


def test_a_grocer_without_products_and_demographics_still_has_units_and_profiles(tmp_path: Path) -> None:
    # given the demo grocer's transactions of a month, and nothing else
    mapping = yaml.safe_load((CONF_DIR / "sources" / "complete_journey.yml").read_text(encoding="utf-8"))
    mapping["feeds"] = {"transactions": mapping["feeds"]["transactions"]}
    shop = CornerShop(tmp_path)
    shop.open(mappings={"complete_journey": yaml.safe_dump(mapping)})
    code, output = shop.run("land", "--until", "2017-01-31")
    assert code == 0, output

    # when
    code, output = shop.run("run", "--date", "2017-01-31")

    # then
    assert code == 0, output
    files = (shop.lake / "landing" / "complete_journey" / "transactions").glob("*.csv.gz")
    lines = pd.concat([pd.read_csv(file, dtype={"sales_value": str}) for file in files])
    orders, profiles = shop.gold("fct_orders"), shop.gold("dim_customers")
    assert len(orders) == lines.basket_id.nunique()
    assert orders.unit_count.sum() == int(lines.quantity.sum())
    assert float(orders.sales_amount.sum()) == pytest.approx(lines.sales_value.astype(float).sum(), abs=0.005)
    assert len(profiles) == lines.household_id.nunique()
    assert not profiles.has_demographics.any()
    assert profiles.preferred_department.isna().all()
