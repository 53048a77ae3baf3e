"""Exports that are easily loaded wrong, through whole nights: every total of gold is the one that a person would add up."""

from collections.abc import Iterator
from decimal import Decimal

import pandas as pd
import pytest

from tests.end_to_end import market_hall
from tests.end_to_end.corner_shop import CornerShop
from tests.end_to_end.market_hall import FIRST, SECOND, STALLS

pytestmark = [pytest.mark.slow, pytest.mark.proof]


class Hall(CornerShop):
    """The hall's lake after two nights."""

    def orders(self, source: str) -> dict[str, Decimal]:
        """Purchases of a stall: the order's own number and its amount."""
        return self._amounts("fct_orders", "order_id", "sales_amount", source)

    def refunds(self, source: str) -> dict[str, Decimal]:
        """Returns of a stall: the return's own number and what was paid back."""
        return self._amounts("fct_returns", "return_id", "refund_amount", source)

    def _amounts(self, mart: str, key: str, amount: str, source: str) -> dict[str, Decimal]:
        rows = self.gold(mart)
        mine = rows[rows[key].str.startswith(f"{source}:")]
        return {name.split(":", 1)[1]: Decimal(value) for name, value in zip(mine[key], mine[amount], strict=True)}

    def rejected(self, source: str, feed: str) -> dict[str, int]:
        """Rejected rows of a feed by rule."""
        rows: pd.DataFrame = self.table("quarantine", f"{source}__{feed}")
        return dict(rows.rules.map(lambda rules: rules[0]).value_counts())


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    shop = Hall(tmp_path_factory.mktemp("hall"))
    shop.open(mappings={name: mapping for name, (mapping, _) in STALLS.items()})
    (shop.root / "conf" / "settings.yml").write_text(market_hall.SETTINGS, encoding="utf-8")
    with shop.engine():
        for day in (FIRST, SECOND):
            market_hall.land(shop.lake / "landing", day)
            code, output = shop.run("run", "--date", day, "--no-train")
            assert code == 0, output
        yield shop


def test_an_order_exported_again_is_its_newest_export_and_its_status_holds_for_all_its_lines(hall: Hall) -> None:
    assert hall.orders("tea") == {"T1": Decimal("18.00"), "T3": Decimal("11.00")}  # T2 was refunded


def test_an_invoice_in_three_exports_with_other_column_names_counts_once(hall: Hall) -> None:
    assert hall.orders("bakery") == {"B1": Decimal("11.25")}


def test_an_inch_mark_swallows_no_row(hall: Hall) -> None:
    assert hall.orders("tools") == {f"R{n}": Decimal(f"1.0{n}") for n in range(1, 8)}


def test_what_a_shopper_types_becomes_no_order_and_a_damaged_code_is_rejected(hall: Hall) -> None:
    assert hall.orders("notes") == {"00017": Decimal(10), "00018": Decimal(20), "00021": Decimal(320)}
    assert hall.rejected("notes", "orders") == {"line:field_lines": 1, "phone:spreadsheet_damage": 1, "code:spreadsheet_damage": 1}


def test_spellings_of_one_telephone_number_are_one_customer(hall: Hall) -> None:
    orders = hall.gold("fct_orders").set_index("order_id").source_customer_id

    assert orders["notes:00017"] == orders["notes:00018"] != orders["notes:00021"]


def test_brackets_small_letters_and_months_of_another_language_are_read_as_meant(hall: Hall) -> None:
    assert hall.orders("express") == {"1": Decimal("1000.50"), "2": Decimal("100.00"), "4": Decimal("50.00")}
    assert hall.refunds("express") == {"3": Decimal("17.25")}
    days = hall.gold("fct_orders").set_index("order_id").ordered_on.astype(str)
    assert (days["express:2"], days["express:4"]) == ("2024-02-29", "2024-01-01")


def test_microseconds_and_days_of_a_spreadsheet_are_of_this_century(hall: Hall) -> None:
    orders = hall.gold("fct_orders").set_index("order_id")

    assert hall.orders("sensor") == {"1": Decimal(1), "2": Decimal(2)}
    assert str(orders.ordered_on["sensor:2"]) == "2024-02-29"
    assert str(orders.ordered_at["sensor:1"])[:19] == "2024-02-29 12:01:00"
    assert hall.rejected("sensor", "events") == {"at:implausible": 1}


def test_refunds_two_lists_deep_in_a_json_array_are_three(hall: Hall) -> None:
    assert hall.orders("api") == {"1": Decimal(100), "2": Decimal(50)}
    assert hall.refunds("api") == {"11": Decimal(5), "12": Decimal(7), "13": Decimal(11)}


def test_a_remark_in_the_name_of_a_product_does_not_rename_it(hall: Hall) -> None:
    names = hall.gold("dim_products").set_index("product_id").product_name

    assert (names["books:a1"], names["books:a2"]) == ("Atlas of the sea", "Bread at home, new edition")


def test_a_closed_and_a_refunded_payment_are_no_sale_and_a_tab_is_no_number(hall: Hall) -> None:
    assert hall.orders("wallet") == {"S1": Decimal(10), "7003": Decimal(40)}


def test_who_was_merged_away_or_deleted_is_no_customer_and_a_control_is_a_member_of_its_campaign(hall: Hall) -> None:
    customers, ids = hall.gold("dim_customers"), hall.gold("dim_customer_ids")
    mine = ids[ids.source_customer_id.str.startswith("club:")].set_index("customer_id").source_customer_id
    members = hall.gold("fct_campaign_members")

    assert sorted(mine[mine.index.isin(customers.customer_id)]) == ["club:m1", "club:m4"]
    assert dict(zip(members.customer_id.map(mine), members.is_control, strict=True)) == {"club:m1": False, "club:m4": True}


def test_a_broken_file_is_set_aside_and_named_and_the_night_goes_on(hall: Hall) -> None:
    code, status = hall.run("status")

    assert code == 0
    assert f"sales_{SECOND}.tsv.gz of tools.sales is set aside: is not a complete gzip file" in " ".join(status.split())


def test_every_delivered_row_is_valid_or_rejected(hall: Hall) -> None:
    manifest = hall.table("ops", "ingest_manifest")

    assert (manifest.rows_in == manifest.rows_valid + manifest.rows_quarantined).all()
    assert set(manifest[manifest.status == "loaded"].source) == set(STALLS)
