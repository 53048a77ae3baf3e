"""Another retailer's nights, as its people run them: `cdp run` on an overlay, against pandas on the delivered files."""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from tests.end_to_end.corner_shop import CornerShop, day

pytestmark = pytest.mark.slow

LAST = 31


@dataclass(frozen=True)
class Nights:
    """A shop after two nights, the second of which delivered a line that breaks its contract."""

    shop: CornerShop
    bad_line: int


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """30 days in one go, and the night after them."""
    shop = CornerShop(tmp_path_factory.mktemp("corner_shop"))
    shop.open()
    shop.land(0, LAST)
    file = shop.file(LAST)
    text = file.read_text(encoding="utf-8") + f"999999,1,1,p1,1.000,minus five,0.00,{day(LAST)} 20:00:00\n"
    file.write_text(text, encoding="utf-8")
    shop.night(LAST - 1)
    shop.night(LAST)
    return Nights(shop, text.count("\n"))


@pytest.fixture(scope="module")
def delivered(nights: Nights) -> pd.DataFrame:
    """The good lines as pandas has them: the last delivery of a line counts."""
    files = [nights.shop.file(number) for number in range(LAST + 1)]
    lines = pd.concat([pd.read_csv(file, dtype={"amount": str}) for file in files], ignore_index=True)
    lines = lines[lines.receipt != 999999]
    lines["amount"] = lines.amount.astype(float)
    return lines.drop_duplicates(["receipt", "line"], keep="last")


def test_gold_equals_the_delivered_files(nights: Nights, delivered: pd.DataFrame) -> None:
    orders, items = nights.shop.gold("fct_orders"), nights.shop.gold("fct_order_items")

    assert len(orders) == delivered.receipt.nunique()
    assert len(items) == len(delivered)
    by_order = orders.assign(receipt=orders.order_id.str.rpartition(":")[2].astype(int)).set_index("receipt").sales_amount.astype(float)
    pd.testing.assert_series_equal(
        by_order.sort_index(), delivered.groupby("receipt").amount.sum().sort_index(), check_names=False, rtol=0, atol=0.001
    )


def test_guests_buy_without_becoming_customers(nights: Nights, delivered: pd.DataFrame) -> None:
    orders, customers = nights.shop.gold("fct_orders"), nights.shop.gold("dim_customers")

    guests = delivered[delivered.member.isna()].receipt.nunique()
    assert guests > 0
    assert orders.customer_id.isna().sum() == guests
    assert len(customers) == 300


def test_a_bad_line_is_found_by_file_and_line(nights: Nights) -> None:
    code, output = nights.shop.run("quarantine", "list")
    assert code == 0, output
    assert "corner_shop" in output

    code, output = nights.shop.run("quarantine", "show", "corner_shop.till", "--json")

    assert code == 0, output
    (row,) = json.loads(output)
    assert row["file"].endswith(nights.shop.file(LAST).name)
    assert row["line"] == nights.bad_line
    assert "minus five" not in output


def test_the_quality_of_every_night_is_measured_and_shown(nights: Nights, tmp_path: Path) -> None:
    figures = nights.shop.table("ops", "data_quality")
    first, last = (figures[figures.business_date == day(number)] for number in (LAST - 1, LAST))

    caught = last[(last.dimension == "validity") & (last.rule == "type")].iloc[0]
    assert (caught.source, caught.feed, caught.column_name, caught.rows_failed) == ("corner_shop", "till", "amount", 1)
    unknown = first[(first.dimension == "consistency") & (first.rule == "product_id_is_in_products")].iloc[0]
    warned = first[first.rule == "known_product"]
    assert unknown.rows_failed == warned.rows_failed.sum(), "what ingest warns of is what silver has"
    phones = first[(first.dimension == "completeness") & (first.column_name == "phone_token")].iloc[0]
    assert phones.rows_checked == 300
    assert set(first.dimension) == {"validity", "completeness", "uniqueness", "consistency", "freshness"}

    page = tmp_path / "quality.html"
    code, output = nights.shop.run("quality", "--html", str(page))
    assert code == 0, output
    assert "corner_shop.till.amount" in page.read_text(encoding="utf-8")


def test_models_without_data_are_skipped_with_a_reason(nights: Nights) -> None:
    runs = nights.shop.table("ops", "runs")

    trained = runs[runs.step == "ml.steps.train"].iloc[-1]
    assert json.loads(trained.counts)["churn"].startswith("skipped")


def test_a_night_run_again_changes_nothing(nights: Nights) -> None:
    before = nights.shop.results()

    nights.shop.night(LAST)

    assert nights.shop.results() == before


def test_a_failing_night_leaves_gold_and_tells_what_to_do(nights: Nights) -> None:
    shop = nights.shop
    before = shop.gold("dim_customers"), shop.table("ops", "publications")
    shop.land(LAST + 1, LAST + 1)
    known = shop.file(3)
    original = known.read_bytes()
    known.write_bytes(original + original.splitlines(keepends=True)[-1])

    code, output = shop.run("run", "--date", str(day(LAST + 1)))

    known.write_bytes(original)
    assert code != 0
    assert known.name in output
    assert "content changed" in output
    assert "Traceback" not in output
    assert "Exception" not in output
    pd.testing.assert_frame_equal(shop.gold("dim_customers"), before[0])
    assert len(shop.table("ops", "publications")) == len(before[1])
    shop.night(LAST + 1)
    assert shop.gold("dim_customers").as_of_on.max() == day(LAST + 1)


def test_phone_numbers_are_in_no_table_and_no_log(nights: Nights) -> None:
    shop = nights.shop
    digits = ("861380000", "86 138 0000", "1380000")

    tables = "\n".join(row for rows in shop.results().values() for row in rows)
    files = [
        file
        for file in shop.lake.rglob("*")
        if file.is_file() and "landing" not in file.parts and file.suffix in (".log", ".json", ".jsonl")
    ]
    logs = "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)

    assert files
    assert not [text for text in digits if text in tables or text in logs]
