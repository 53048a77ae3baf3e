"""Numbers of drafts: marks, currencies and minus signs that may mean two things are asked for and never guessed silently."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from conf.contracts import Feed, load_contract
from spark_jobs.ingest.draft.draft import draft_source


def _drafted(folder: Path, header: str, lines: list[str], name: str = "orders.csv", **options: Any) -> tuple[str, Feed]:
    file = folder / name
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    text = draft_source("shop", [file], folder, **options).text
    mapping = folder / "shop.yml"
    mapping.write_text(text, encoding="utf-8")
    return text, next(iter(load_contract(mapping).feeds.values()))


def _fields(feed: Feed, entity: str) -> Mapping[str, Any]:
    found = next(each for each in feed.maps if each.entity == entity)
    return {name: source.column or source.key or source.expr or source.const for name, source in found.fields.items()}


def _orders(folder: Path, amounts: list[str], delimiter: str = ",", **options: Any) -> tuple[str, Feed]:
    lines = [delimiter.join((f"A{at}", f"2024-03-{at + 1:02d}", text, f"c{at % 3}")) for at, text in enumerate(amounts)]
    return _drafted(folder, delimiter.join(("order_id", "order_date", "amount", "customer_id")), lines, **options)


@pytest.mark.parametrize(
    ("amounts", "delimiter", "currency"),
    [
        (["165.000", "220.000", "95.000"], ",", "VND"),
        (["830", "3.700", "1.250"], ";", None),
        (["Rp15.000", "Rp220.000", "Rp8.500"], ",", None),
        (["2.100", "1.234.500", "700"], ",", None),
        (["1390", "3.700", "830"], ";", None),
    ],
)
def test_points_that_group_thousands_are_no_decimal_points(
    tmp_path: Path, amounts: list[str], delimiter: str, currency: str | None
) -> None:
    _, feed = _orders(tmp_path, amounts, delimiter, currency=currency)

    numbers = feed.column("amount").numbers or feed.numbers
    assert (numbers.decimal, numbers.thousands) == (",", ".")
    assert _fields(feed, "orders")["order_amount"] == "amount"


@pytest.mark.parametrize("amounts", [["165.000", "220.000", "95.500"], ["$ 4.990", "$ 12.500", "$ 3.000"], ["1390", "3.700", "830"]])
def test_points_that_may_group_thousands_or_not_are_asked_for_and_not_mapped(tmp_path: Path, amounts: list[str]) -> None:
    text, feed = _orders(tmp_path, amounts)

    assert feed.column("amount").type == "string"
    assert "set numbers and a decimal type, then map it" in text
    assert "order_amount" not in _fields(feed, "orders")


def test_another_column_with_a_decimal_point_says_what_the_point_is(tmp_path: Path) -> None:
    lines = [f"A{at},2024-03-0{at + 1},c{at},S{at},1.{at + 1}50,{at}.5{at}" for at in range(6)]

    _, feed = _drafted(tmp_path, "order_id,order_date,customer_id,sku,quantity,amount", lines)

    assert feed.column("quantity").type == "decimal(18,2)"
    assert feed.numbers.thousands == "" and feed.column("quantity").numbers is None


@pytest.mark.parametrize("amounts", [["3.50 EUR", "14.50 USD", "2.00 EUR"], ["$3.50", "€14.50", "$2.00"], ["£3.50", "CA$14.50", "£2.00"]])
def test_amounts_of_several_currencies_are_not_mapped_as_one(tmp_path: Path, amounts: list[str]) -> None:
    text, feed = _orders(tmp_path, amounts)

    assert feed.column("amount").type == "string"
    assert "order_amount" not in _fields(feed, "orders")
    assert "the values name several" in text


@pytest.mark.parametrize(
    ("amounts", "code"),
    [
        (["PLN 14.50", "PLN 3.25"], "PLN"),
        (["R$ 14,50", "R$ 3,25"], "BRL"),
        (["3.50 EUR", "14.50 €"], "EUR"),
        (["$3.50", "14.50 USD"], "USD"),
    ],
)
def test_the_one_currency_beside_the_amounts_is_that_of_the_orders(tmp_path: Path, amounts: list[str], code: str) -> None:
    _, feed = _orders(tmp_path, amounts, "\t")

    assert feed.column("amount").type == "decimal(18,2)"
    assert (_fields(feed, "orders")["currency_code"], _fields(feed, "orders")["order_amount"]) == (code, "amount")


def test_two_written_decimals_are_money_also_when_they_are_zeros(tmp_path: Path) -> None:
    _, feed = _drafted(
        tmp_path, "order_id,order_date,shipping_total,customer_id", [f"A{at},2024-03-0{at + 1},{at}.00,c1" for at in range(5)]
    )

    assert feed.column("shipping_total").type == "decimal(18,2)"


def test_a_decimal_comma_elsewhere_in_the_file_decides_for_a_comma_before_three_digits(tmp_path: Path) -> None:
    lines = [f"{at // 2}|{at % 2}|M{at}|{at + 1},000|1.10{at},50|2024-03-01" for at in range(8)]

    _, feed = _drafted(tmp_path, "order no|line no|material|quantity|net amount|date", lines, "sap.csv")

    numbers = feed.column("quantity").numbers or feed.numbers
    assert (numbers.decimal, numbers.thousands) in ((",", ""), (",", "."))


@pytest.mark.parametrize(
    ("amounts", "way"),
    [
        (["(5.50)", "7.25", "3.10"], "parentheses"),
        (["5.50-", "7.25", "3.10"], "trailing_minus"),
        (["\u22125.50", "7.25", "3.10"], "unicode_minus"),
        (["5.50 CR", "7.25 DR", "3.10"], "credit_suffix"),
    ],
)
def test_ways_to_write_a_minus_are_proposed(tmp_path: Path, amounts: list[str], way: str) -> None:
    text, feed = _orders(tmp_path, amounts)

    numbers = feed.column("amount").numbers or feed.numbers
    assert numbers.negative == (way,)
    assert feed.column("amount").type == "decimal(18,2)" and f"check negative: {way}" in text


def test_numbers_of_json_have_a_decimal_point(tmp_path: Path) -> None:
    lines = [f'{{"order_id": "A{at}", "order_date": "2024-03-0{at + 1}", "amount": {at + 1}.125, "customer_id": "c"}}' for at in range(5)]

    _, feed = _drafted(tmp_path, lines[0], lines[1:], "orders.jsonl")

    assert feed.column("amount").type == "decimal(18,3)"
    assert _fields(feed, "orders")["order_amount"] == "amount"


def test_amounts_with_a_dash_in_place_of_cents_are_asked_for(tmp_path: Path) -> None:
    text, feed = _orders(tmp_path, ["14,-", "3,-", "20,-"], ";")

    assert feed.column("amount").type == "string"
    assert "ask the source for cents as digits" in text


@pytest.mark.parametrize(
    ("name", "rates", "kind"),
    [
        ("Rate HKD", ["1,0850", "1,0900", "1,0850"], "decimal(18,8)"),
        ("exchange_rate", ["7.8", "7.81", "7.79"], "decimal(18,8)"),
        ("fx", ["0.00640012", "0.00641", "0.00639"], "decimal(18,8)"),
        ("rate", ["0.0064001234", "0.0064", "0.0063"], "decimal(18,10)"),
        ("tax rate", ["19.0", "7.5", "19.0"], "decimal(18,2)"),
        ("rate", ["5", "4", "1"], "bigint"),
    ],
)
def test_exchange_rates_have_room_for_eight_digits(tmp_path: Path, name: str, rates: list[str], kind: str) -> None:
    _, feed = _drafted(tmp_path, f"Currency;Valid from;{name}", [f"CNY;2{at}.02.2026;{rate}" for at, rate in enumerate(rates)], "days.csv")

    assert feed.columns[2].type == kind
