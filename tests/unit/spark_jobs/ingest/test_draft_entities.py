"""Entities of drafts: orders, reviews, events, memberships and further ones where the columns show them, and keys that the sample confirms."""

from pathlib import Path
from typing import Any

import pytest

from conf.contracts import Feed, load_contract
from spark_jobs.ingest.draft.draft import draft_source


def _feed(folder: Path, name: str, lines: list[str]) -> Feed:
    file = folder / name
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    mapping = folder / "shop.yml"
    mapping.write_text(draft_source("shop", [file], folder).text, encoding="utf-8")
    return next(iter(load_contract(mapping).feeds.values()))


def _fields(feed: Feed, entity: str) -> dict[str, Any]:
    found = next(each for each in feed.maps if each.entity == entity)
    return {name: source.column or source.key or source.expr or source.local_date or source.const for name, source in found.fields.items()}


ORDERS = [
    "Order,Mail,Status,Total,Created,Item sku,Item price,Qty",
    "R1,a@mail.example,paid,12.00,2024-03-01 10:00:00,S1,5.00,2", "R1,a@mail.example,,,2024-03-01 10:00:00,S2,2.00,1",
    "R2,b@mail.example,refunded,3.00,2024-03-01 11:00:00,S3,3.00,1", "R3,a@mail.example,paid,4.00,2024-03-02 09:00:00,S1,2.00,1",
    "R3,a@mail.example,,,2024-03-02 09:00:00,S3,2.00,1",
]  # fmt: skip


def test_order_lines_replace_their_document_and_header_fields_are_filled_from_the_first_line(tmp_path: Path) -> None:
    feed = _feed(tmp_path, "export_2024-03-02.csv", ORDERS)

    assert feed.document == ("order",)
    assert [column.name for column in feed.columns if column.per_document == "first_filled"] == ["status", "total"]
    assert not feed.column("status").required and not feed.column("total").required
    items = next(each for each in feed.maps if each.entity == "order_items")
    assert (items.dedup, items.document) == ("document", ("order",))
    assert _fields(feed, "order_items")["sales_amount"] == "cast(qty * item_price as decimal(18,2))"
    assert _fields(feed, "orders")["status"] == "status"


def test_a_number_that_begins_again_for_each_customer_is_no_order_number(tmp_path: Path) -> None:
    lines = [f"u{row // 20},{row % 20 // 2 + 1},S{row % 13},1,2.50,2024-03-{row % 20 // 2 + 1:02d}" for row in range(200)]

    feed = _feed(tmp_path, "sales.csv", ["user_id,order_number,sku,qty,price,order_date", *lines])

    assert _fields(feed, "orders")["order_id"] == ("user_id", "order_number")
    assert _fields(feed, "order_items")["order_id"] == ("user_id", "order_number")


def test_half_empty_columns_are_not_required_and_rows_without_an_order_take_a_route(tmp_path: Path) -> None:
    lines = [f"{'' if row % 9 == 0 else f'T{row}'},{row % 4},{row}.50,2024-03-01" for row in range(1, 40)]

    feed = _feed(tmp_path, "settlement.csv", ["order id,customer id,amount,sold at", *lines])

    assert not feed.column("order_id").required
    assert [(route.name, route.where) for route in feed.routes] == [("without_order", "order_id is null")]


@pytest.mark.parametrize(
    ("name", "lines", "entity", "fields"),
    [
        ("reviews.csv", ["评价编号,订单号,用户ID,星级,评价内容,评价时间", *(f"V{n},O{n},u{n % 3},{n % 5 + 1},很好吃下次再来,2024-03-0{n % 9 + 1} 10:00:00" for n in range(20))],
         "reviews", {"review_id": "review_id", "order_id": "order_id", "stars": "stars"}),
        ("clicks_log.csv", ["user_id,item_id,behavior_type,time", *(f"u{n % 4},i{n % 7},{'buy' if n % 5 == 0 else 'pv'},2024-03-01 10:{n:02d}:00" for n in range(40))],
         "events", {"event_type": "behavior_type", "product_id": "item_id", "occurred_at": "time"}),
        ("memberships.csv", ["customer_id,level,start_date", *(f"c{n},{'gold' if n % 2 else 'basic'},2024-01-{n + 1:02d}" for n in range(20))],
         "loyalty_tiers", {"loyalty_tier_id": ("customer_id", "start_date"), "tier": "level"}),
        ("payments.csv", ["order_id,payment_sequential,payment_type,payment_value", *(f"o{n // 2},{n % 2 + 1},card,{n}.10" for n in range(20))],
         "payments", {"payment_id": ("order_id", "payment_sequential"), "method": "payment_type"}),
        ("fx.csv", ["currency,date,rate", "USD,2024-01-01,0.90"], "exchange_rates", {"exchange_rate_id": ("currency", "date")}),
        ("refunds.csv", ["refund_no,order_no,amount,reason,refunded_at", *(f"F{n},O{n % 9},{n}.00,late,2024-03-01 10:00:00" for n in range(20))],
         "returns", {"return_id": "refund_no", "refund_amount": "amount"}),
    ],
)  # fmt: skip
def test_further_entities_are_recognised_by_their_columns(
    tmp_path: Path, name: str, lines: list[str], entity: str, fields: dict[str, Any]
) -> None:
    feed = _feed(tmp_path, name, lines)

    assert "orders" not in {each.entity for each in feed.maps}
    assert fields.items() <= _fields(feed, entity).items()


def test_reviews_keep_their_words_scrubbed_and_no_score_is_a_text(tmp_path: Path) -> None:
    lines = [f"V{row},{row % 5 + 1},great soap and quick,2024-03-01 10:00:00" for row in range(20)]

    feed = _feed(tmp_path, "order_reviews.csv", ["review_id,review_score,review_comment_message,review_date", *lines])

    assert [(column.name, column.coarse) for column in feed.columns if column.is_tokenised] == [("review_comment_message", "scrubbed")]
    assert _fields(feed, "reviews")["text"] == "review_comment_message_scrubbed"


def test_refunds_of_one_kind_take_a_route(tmp_path: Path) -> None:
    lines = [
        f"N{row // 2},{row % 2 + 1},{'R' if row % 10 == 0 else 'S'},K{row % 5},{'-' if row % 10 == 0 else ''}{row + 1}.00,2024-03-01"
        for row in range(100)
    ]

    feed = _feed(tmp_path, "till.csv", ["receipt no,line no,kind,sku,amount,sold at", *lines])

    assert [(route.name, route.where) for route in feed.routes] == [("return", "kind = 'R'")]
    assert next(each for each in feed.maps if each.entity == "returns").routes == ("return",)


def test_microseconds_are_read_by_the_map(tmp_path: Path) -> None:
    lines = [f"{row},c{row % 3},1.50,{1709208060000000 + row * 1_000_000}" for row in range(9)]

    feed = _feed(tmp_path, "orders.csv", ["id,customer,amount,created_at", *lines])

    assert feed.column("created_at").type == "bigint"
    assert _fields(feed, "orders") | {"ordered_on": ""} == {
        "order_id": "id", "source_customer_id": "customer", "ordered_at": "timestamp_micros(created_at)", "ordered_on": "", "order_amount": "amount",
    }  # fmt: skip


def test_every_comment_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "export_2024-03-02.csv"
    file.write_text("\n".join(ORDERS) + "\n", encoding="utf-8")

    text = draft_source("shop", [file], tmp_path).text

    comments = [part for line in text.splitlines() if "   # " in line for part in line.split("   # ", 1)[1].split("; ")]
    verbs = (
        "add",
        "check",
        "leave",
        "map",
        "set",
        "take",
        "key",
        "joins",
        "name",
        "put",
        "look",
        "complete",
        "ask",
        "make",
        "run",
        "or map",
        "to have",
    )
    assert comments and not [comment for comment in comments if not comment.strip().startswith(verbs)]
