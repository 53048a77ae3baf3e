"""Orders of drafts: totals on every line, lines without number, nested lists, cents in whole numbers, and customers that are nobody."""

import json
from pathlib import Path
from typing import Any

import pytest

from conf.contracts import Feed, load_contract
from spark_jobs.ingest.draft.draft import draft_source


def _drafted(folder: Path, name: str, lines: list[str]) -> tuple[str, dict[str, Feed]]:
    file = folder / name
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = draft_source("shop", [file], folder).text
    mapping = folder / "shop.yml"
    mapping.write_text(text, encoding="utf-8")
    return text, dict(load_contract(mapping).feeds)


def _fields(feed: Feed, entity: str) -> dict[str, Any]:
    found = next(each for each in feed.maps if each.entity == entity)
    return {name: source.column or source.key or source.expr or source.local_date or source.const for name, source in found.fields.items()}


@pytest.mark.parametrize(
    ("header", "total"),
    [
        ("order_id,order_date,customer_id,sku,qty,order_total", "order_total"),
        ("订单编号,下单时间,客户编号,商品编码,数量,订单金额", "order_amount"),
    ],
)
def test_a_total_that_is_the_same_on_all_lines_of_an_order_is_no_amount_of_a_line(tmp_path: Path, header: str, total: str) -> None:
    lines = [f"A{at // 2},2024-03-0{at // 2 % 9 + 1},c{at // 2 % 4},S{at % 7},{1 + at % 3},{50 + at // 2}.90" for at in range(20)]

    text, feeds = _drafted(tmp_path, "lines.csv", [header, *lines])

    feed = feeds["lines"]
    assert (feed.document, feed.column(total).per_document) == (("order_id",), "first_filled")
    assert _fields(feed, "orders")["order_amount"] == total
    assert "order_items" not in {each.entity for each in feed.maps}
    assert "sales_amount: ???" in text and "it is the amount of the whole order" in text


def test_an_amount_that_differs_between_the_lines_of_an_order_stays_the_amount_of_the_line(tmp_path: Path) -> None:
    lines = [f"A{at // 2},2024-03-0{at // 2 % 9 + 1},c{at // 2 % 4},S{at % 7},{1 + at % 3},{50 + at}.90" for at in range(20)]

    _, feeds = _drafted(tmp_path, "lines.csv", ["order_id,order_date,customer_id,sku,qty,line_total", *lines])

    assert _fields(feeds["lines"], "order_items")["sales_amount"] == "line_total"
    assert "order_amount" not in _fields(feeds["lines"], "orders")


def _payment(at: int, currency: str) -> str:
    money = {"amount": 2100 + at, "currency": currency}
    return json.dumps({"id": f"o{at}", "created_at": f"2024-03-01T10:{at:02d}:00Z", "customer_id": f"c{at % 7}", "total_money": money})


def test_whole_amounts_of_money_beside_a_currency_are_cents(tmp_path: Path) -> None:
    text, feeds = _drafted(tmp_path, "orders.jsonl", [_payment(at, "USD") for at in range(20)])

    fields = _fields(feeds["orders"], "orders")
    assert fields["order_amount"] == "cast(total_money_amount / 100 as decimal(18,2))"
    assert fields["currency_code"] == "total_money_currency"
    assert "check the unit" in text


def test_whole_amounts_of_a_currency_without_cents_are_what_they_say_and_a_mixture_is_not_mapped(tmp_path: Path) -> None:
    _, yen = _drafted(tmp_path, "orders.jsonl", [_payment(at, "JPY") for at in range(20)])
    _, mixed = _drafted(tmp_path, "orders.jsonl", [_payment(at, "JPY" if at % 2 else "USD") for at in range(20)])

    assert _fields(yen["orders"], "orders")["order_amount"] == "total_money_amount"
    assert "order_amount" not in _fields(mixed["orders"], "orders")


def test_lines_in_a_list_of_a_list_carry_the_key_of_their_order(tmp_path: Path) -> None:
    def order(at: int) -> dict[str, Any]:
        lines = [
            {"item_id": at * 10 + n, "order_id": at, "sku": f"s{n}", "product_id": 50 + n, "qty_ordered": n, "row_total": 10.5 * n}
            for n in (1, 2)
        ]
        head = {
            "entity_id": at,
            "increment_id": f"{100000000 + at}",
            "created_at": f"2024-03-01 10:00:{at:02d}",
            "customer_id": 20 + at % 7,
        }
        return {**head, "grand_total": 12.5 + at, "items": lines}

    _, feeds = _drafted(tmp_path, "magento.json", [json.dumps({"items": [order(at) for at in range(30)]})])

    orders, lines = feeds["magento_items"], feeds["magento_items_items"]
    assert _fields(orders, "orders")["order_id"] == "items_entity_id"
    assert "orders" not in {each.entity for each in lines.maps}
    assert lines.column(_fields(lines, "order_items")["order_id"]).source_name == "items[].entity_id"
    assert _fields(lines, "order_items") | {"order_id": ""} == {
        "order_item_id": "items_item_id", "order_id": "", "product_id": "items_product_id", "quantity": "items_qty_ordered",
        "sales_amount": "items_row_total",
    }  # fmt: skip


def test_the_number_of_an_order_is_no_customer_where_money_stands_beside_it(tmp_path: Path) -> None:
    lines = [f'{1000 + at},"Mar {at % 28 + 1}, 2024, {at % 12 + 1}:05:00 PM",A B,{at}.50,complete' for at in range(40)]

    _, feeds = _drafted(tmp_path, "grid.csv", ["ID,Purchase Date,Bill-to Name,Grand Total,Status", *lines])

    assert feeds["grid"].column("purchase_date").format == ("MMM d, yyyy, h:mm:ss a",)
    assert (_fields(feeds["grid"], "orders")["order_id"], _fields(feeds["grid"], "orders")["order_amount"]) == ("id", "grand_total")
    assert "customers" not in {each.entity for each in feeds["grid"].maps}


@pytest.mark.parametrize("nobody", ["0", "GUEST", "5999"])
def test_an_id_on_many_rows_that_is_nobody_s_is_a_guest(tmp_path: Path, nobody: str) -> None:
    lines = [f"{100 + at},2024-03-{at % 28 + 1:02d},{nobody if at % 2 else 10 + at % 18},u{at}@mail.example,{at}.90" for at in range(60)]

    text, feeds = _drafted(tmp_path, "orders.csv", ["order_id,date_created,customer_id,billing_email,total", *lines])

    feed = feeds["orders"]
    assert _fields(feed, "orders")["source_customer_id"] == f"case when customer_id in ('{nobody}') then null else customer_id end"
    assert next(each for each in feed.maps if each.entity == "customers").where == f"customer_id not in ('{nobody}')"
    assert "50% of the sampled rows" in text


def test_few_customers_with_many_orders_each_are_customers(tmp_path: Path) -> None:
    lines = [f"{100 + at},2024-03-{at % 28 + 1:02d},{at % 4},{at}.90" for at in range(60)]

    _, feeds = _drafted(tmp_path, "orders.csv", ["order_id,date_created,customer_id,total", *lines])

    assert _fields(feeds["orders"], "orders")["source_customer_id"] == "customer_id"


def test_lines_below_an_order_number_that_stands_once_are_no_totals(tmp_path: Path) -> None:
    lines = [f"{f'{1000 + at // 2},2024-03-0{at % 9 + 1},c{at % 7}' if at % 2 == 0 else ',,'},S{at % 7},1,{at}.50" for at in range(40)]

    text, feeds = _drafted(tmp_path, "typed.csv", ["order_no,date,customer_no,sku,qty,amount", *lines])

    assert feeds["typed"].routes == ()
    assert feeds["typed"].column("order_no").required
    assert "ask the source for the order number on every line: 50% of the lines have none" in text


def test_payments_of_a_mixture_of_currencies_with_and_without_cents_have_no_amount(tmp_path: Path) -> None:
    lines = [
        json.dumps({"id": f"p{at}", "order_id": f"o{at}", "amount_money": {"amount": 900 + at, "currency": "JPY" if at % 2 else "USD"}})
        for at in range(20)
    ]

    text, feeds = _drafted(tmp_path, "payments.jsonl", lines)

    assert feeds["payments"].column("amount_money_amount").type == "string"
    assert "amount_money_amount" not in {source.column for each in feeds["payments"].maps for source in each.fields.values()}
    assert "map it by currency" in text


def test_payments_in_cents_are_divided(tmp_path: Path) -> None:
    lines = [
        json.dumps({"id": f"p{at}", "order_id": f"o{at}", "amount_money": {"amount": 900 + at, "currency": "EUR"}}) for at in range(20)
    ]

    _, feeds = _drafted(tmp_path, "payments.jsonl", lines)

    assert _fields(feeds["payments"], "payments")["amount"] == "cast(amount_money_amount / 100 as decimal(18,2))"
