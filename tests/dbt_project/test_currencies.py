"""Amounts in several currencies: each is converted, or the night stops and says which rate is missing."""

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from conf.settings import load_settings
from spark_jobs.marts.runner import DbtError
from spark_jobs.marts.standing import Standing
from tests.dbt_project.grocer import Grocer, Row, a_line, a_product, an_identity, an_order, day

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow

SHOP = """\
source: shop
feeds:
  receipts:
    files: "receipts_{date}.csv"
    format: csv
    columns:
      - {name: receipt, type: string, required: true}
      - {name: at, type: timestamp, required: true}
      - {name: money, type: string}
    maps:
      - entity: orders
        fields: {order_id: receipt, ordered_at: at, ordered_on: at, currency_code: money}
"""
ON_THE_FIFTH = "(orders without lines), 2024-01-05 to 2024-01-05"
ON_THE_SIXTH = "(returns), 2024-01-06 to 2024-01-06"


@pytest.fixture(scope="module")
def border_shop(spark: "SparkSession", lake: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grocer]:
    """A grocer of the euro area whose receipts say their currency."""
    folder = tmp_path_factory.mktemp("border_shop")
    (folder / "sources").mkdir()
    (folder / "sources" / "ONLY_THESE").touch()
    (folder / "sources" / "shop.yml").write_text(SHOP)
    (folder / "settings.yml").write_text("retailer: {currency_code: EUR, time_zone: UTC}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CDP_CONF", str(folder))
        grocer = Grocer(spark, load_settings())
        grocer.has_nothing()
        yield grocer
        grocer.has_nothing()


@pytest.fixture
def shop(border_shop: Grocer) -> Grocer:
    """The grocer before the first night."""
    border_shop.has_nothing()
    return border_shop


def a_rate(code: str, on: int, rate: str, known: int | None = None, **more: Any) -> Row:
    """What one unit of a currency is in euros from a day of January on."""
    return {
        "exchange_rate_id": f"bank:{code.strip().upper()}|{on}",
        "currency_code": code,
        "rate_on": day(on),
        "rate": Decimal(rate),
        "_known_on": day(known or on),
        **more,
    }


def a_charge(order_id: str, code: str | None, amount: str, on: int = 5) -> Row:
    """An order without lines."""
    return an_order(order_id, "ann", on, currency_code=code, order_amount=Decimal(amount))


def a_refund(return_id: str, order_id: str, amount: str, on: int = 6, **more: Any) -> Row:
    """A refund."""
    return {
        "return_id": return_id,
        "order_id": order_id,
        "returned_on": day(on),
        "refund_amount": Decimal(amount),
        "_known_on": day(on),
        **more,
    }


def _sales(shop: Grocer) -> dict[str, Decimal]:
    return dict(shop.rows("select order_id, sales_amount from gold_build.fct_orders"))


def _facts(shop: Grocer) -> list[list[tuple[Any, ...]]]:
    return [shop.rows(f"select * from gold_build.{table} order by 1") for table in ("fct_orders", "fct_order_items", "fct_returns")]


def _refused(shop: Grocer, on: int) -> list[tuple[str, str, str]]:
    with pytest.raises(DbtError) as refused:
        shop.activity(on)
    return [(finding.where.split()[0], finding.problem, finding.remedy) for finding in refused.value.findings]


def test_a_charge_without_lines_is_converted_and_one_without_a_rate_stops_the_night(shop: Grocer) -> None:
    charges = [a_charge("c1", "eur", "10.00"), a_charge("c2", " EUR", "20.00"), a_charge("c3", "usd", "30.00"), a_charge("c4", "USD", "40")]
    shop.delivers(customer_ids=[an_identity("ann")], orders=charges)

    without_rates = _refused(shop, 6)
    shop.delivers(exchange_rates=[a_rate("usd ", 1, "0.90")], orders=[*charges, a_charge("c5", "GBP", "50.00")])
    without_pounds = _refused(shop, 6)
    shop.delivers(exchange_rates=[a_rate("usd ", 1, "0.90"), a_rate("GBP", 5, "1.20")])
    shop.activity(6)

    assert [finding[:2] for finding in without_rates] == [("gold_build.fct_orders", f"no exchange rate for USD in 2 rows {ON_THE_FIFTH}")]
    ((where, problem, remedy),) = without_pounds
    assert (where, problem) == ("gold_build.fct_orders", f"no exchange rate for GBP in 1 row {ON_THE_FIFTH}")
    assert remedy.startswith("deliver a rate for GBP on or before 2024-01-05 into exchange_rates, or correct currency_code")
    assert _sales(shop) == {"c1": 10, "c2": 20, "c3": 27, "c4": 36, "c5": 60}


def test_lines_and_refunds_have_the_currency_of_their_order_and_a_refund_alone_can_lack_its_rate(shop: Grocer) -> None:
    shop.delivers(
        customer_ids=[an_identity("ann")],
        products=[a_product("tea")],
        orders=[an_order("o1", "ann", 5, currency_code="sek")],
        order_items=[a_line("l1", "o1", "tea", "100.005", 5), a_line("l2", "o1", "tea", "100.005", 5, currency_code="EUR")],
        returns=[
            a_refund("r1", "o1", "50"),
            a_refund("r2", "o1", "1", currency_code="<b>nok"),
            a_refund("r3", "o1", "2", currency_code="NOK"),
        ],
        exchange_rates=[a_rate("SEK", 1, "0.09")],
    )

    refused = _refused(shop, 6)
    lines = shop.rows("select order_item_id, sales_amount, currency_code, exchange_rate from gold_build.fct_order_items order by 1")
    refunds = shop.rows("select return_id, refund_amount from gold_build.fct_returns order by 1")

    assert [finding[:2] for finding in refused] == [
        ("gold_build.fct_returns", f"no exchange rate for codes that are not ISO 4217 in 1 row {ON_THE_SIXTH}"),
        ("gold_build.fct_returns", f"no exchange rate for NOK in 1 row {ON_THE_SIXTH}"),
    ]
    assert lines == [("l1", Decimal("9.00045"), "SEK", Decimal("0.09")), ("l2", Decimal("100.005"), "EUR", Decimal(1))]
    assert _sales(shop) == {"o1": Decimal("109.01")}
    assert refunds == [("r1", Decimal("4.5")), ("r2", None), ("r3", None)]


def test_third_decimals_of_many_lines_are_not_lost_and_totals_are_those_of_the_lines(shop: Grocer) -> None:
    lines = [a_line(f"l{number}", "o1", "tea", "1000000.004", 5, retail_discount_amount=Decimal("0.0005")) for number in range(18)]
    shop.delivers(customer_ids=[an_identity("ann")], products=[a_product("tea")], orders=[an_order("o1", "ann", 5)], order_items=lines)

    shop.night(6)

    assert _sales(shop) == {"o1": Decimal("18000000.07")}
    assert shop.rows("select sales_amount, discount_amount from gold_build.dim_customers") == [(Decimal("18000000.07"), Decimal("0.01"))]
    assert shop.rows("select sum(sales_amount) from gold_build.fct_order_items") == [(Decimal("18000000.072"),)]


def test_a_line_that_goes_missing_after_the_build_is_found(shop: Grocer) -> None:
    shop.delivers(
        customer_ids=[an_identity("ann")],
        products=[a_product("tea")],
        orders=[an_order("o1", "ann", 5), an_order("o2", "ann", 5)],
        order_items=[a_line("l1", "o1", "tea", "1", 5), a_line("l2", "o1", "tea", "2", 5), a_line("l3", "o2", "tea", "2", 5)],
    )
    shop.night(6)
    # the sums over all orders are as before
    shop.spark.sql("update gold_build.fct_order_items set sales_amount = 3 where order_item_id = 'l1'")
    shop.spark.sql("update gold_build.fct_order_items set sales_amount = 0 where order_item_id = 'l3'")

    with pytest.raises(DbtError) as refused:
        shop.check(6)

    assert [finding.where.split("_fct")[0] for finding in refused.value.findings] == ["totals_of_parts"]


def test_a_rate_told_late_corrected_or_deleted_gives_what_a_rebuild_gives(shop: Grocer) -> None:
    shop.delivers(
        customer_ids=[an_identity("ann")],
        products=[a_product("tea")],
        orders=[a_charge("old", "USD", "10", 2), a_charge("new", "USD", "10", 8), an_order("lined", "ann", 8, currency_code="USD")],
        order_items=[a_line("l1", "lined", "tea", "100", 8)],
        returns=[a_refund("r1", "lined", "10", 9)],
        exchange_rates=[a_rate("USD", 1, "0.9"), a_rate("USD", 7, "0.5")],
    )
    shop.activity(10)
    first = _sales(shop)
    found = []
    for on, rates in [
        (11, [a_rate("USD", 1, "0.9"), a_rate("USD", 7, "0.5", known=11, _is_deleted=True)]),
        (12, [a_rate("USD", 1, "0.9"), a_rate("USD", 7, "0.8", known=12)]),
        (13, [a_rate("USD", 1, "0.9"), a_rate("USD", 7, "0.8", known=13, rate_on=day(9))]),
        (14, [a_rate("USD", 1, "0.9"), a_rate("USD", 7, "0.8", known=13, rate_on=day(9)), a_rate("USD", 2, "0.7", known=14)]),
    ]:
        shop.delivers(exchange_rates=rates)
        assert shop.activity(on).counts["full_refresh"] == 0
        incremental = _facts(shop)
        found.append(_sales(shop))
        Standing(shop.spark, shop.settings).forget()
        assert shop.activity(on).counts["full_refresh"] == 1
        assert _facts(shop) == incremental

    assert first == {"old": 9, "new": 5, "lined": 50}
    assert found == [
        {"old": 9, "new": 9, "lined": 90},
        {"old": 9, "new": 8, "lined": 80},
        {"old": 9, "new": 9, "lined": 90},
        {"old": 7, "new": 7, "lined": 70},
    ]
