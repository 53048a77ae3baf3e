"""Nested JSON in drafts: a page around a list says nothing of its elements, and lists of lists keep their own keys."""

import json
from pathlib import Path
from typing import Any

import pytest

from conf.contracts import Feed, load_contract
from spark_jobs.ingest.draft.draft import draft_source


def _drafted(folder: Path, name: str, content: Any) -> dict[str, Feed]:
    file = folder / name
    file.write_text(json.dumps(content), encoding="utf-8")
    mapping = folder / "shop.yml"
    mapping.write_text(draft_source("shop", [file], folder).text, encoding="utf-8")
    return dict(load_contract(mapping).feeds)


def _fields(feed: Feed, entity: str) -> dict[str, Any]:
    found = next(each for each in feed.maps if each.entity == entity)
    return {name: source.column or source.key or source.expr or source.local_date or source.const for name, source in found.fields.items()}


def _order(at: int, refunds: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {
        "id": 70000 + at,
        "state": ("completed", "shipped", "canceled", "paid")[at % 4],
        "created_at": 1772330400000 + at * 1000,
        "customer": {"id": f"V{at % 5}"},
        "lines": [{"line_id": 9000 + at * 10 + n, "sku": f"S{n}", "qty": n, "price": f"{n + at}.50"} for n in (1, 2)],
        "refunds": refunds or [],
    }


@pytest.mark.parametrize(("count", "number"), [("total", "id"), ("amount", "order_id"), ("value", "order_no"), ("quantity", "id")])
def test_what_a_page_says_of_itself_is_no_amount_and_no_id_of_its_elements(tmp_path: Path, count: str, number: str) -> None:
    refunded = [{"refunded_at": 1772354760000, "reason": "broken"}]

    feeds = _drafted(
        tmp_path, "orders.json", {number: 4711, count: 12, "orders": [_order(at, refunded if at % 3 else None) for at in range(12)]}
    )

    used = {
        name
        for feed in feeds.values()
        for each in feed.maps
        for source in each.fields.values()
        for name in (source.column, *(source.key or ()))
    }
    assert not used & {"id", "order_id", "order_no", count}
    assert "order_amount" not in _fields(feeds["orders_orders"], "orders")
    assert _fields(feeds["orders_orders"], "orders")["order_id"] == "orders_id"
    lines = _fields(feeds["orders_orders_lines"], "order_items")
    assert (lines["order_id"], lines["quantity"]) == ("orders_id", "orders_lines_qty")


def test_the_amount_of_an_order_is_no_amount_of_the_elements_in_it(tmp_path: Path) -> None:
    orders = [{"id": at, "total": f"{at}.50", "payments": [{"id": at * 10, "method": "card", "paid_at": "2026-03-02"}]} for at in range(9)]

    feeds = _drafted(tmp_path, "orders.json", orders)

    assert "payments" not in {each.entity for each in feeds["orders_payments"].maps}


def test_a_store_around_a_list_of_orders_is_the_store_of_all_of_them(tmp_path: Path) -> None:
    feeds = _drafted(tmp_path, "day.json", {"store_id": "HK01", "count": 9, "orders": [_order(at) for at in range(9)]})

    assert _fields(feeds["day_orders"], "orders")["store_id"] == "store_id"


def test_states_of_orders_are_their_status_and_no_region(tmp_path: Path) -> None:
    feeds = _drafted(tmp_path, "shop.json", {"orders": [_order(at) for at in range(12)]})

    assert _fields(feeds["shop_orders"], "orders")["status"] == "orders_state"
    assert "region" not in {name for each in feeds["shop_orders"].maps for name in each.fields}


def test_states_of_a_country_stay_regions(tmp_path: Path) -> None:
    people = [{"customer_id": f"C{at}", "state": ("NY", "CA", "TX")[at % 3], "signup_date": "2026-03-02"} for at in range(12)]

    feeds = _drafted(tmp_path, "customers.json", people)

    assert _fields(feeds["customers"], "customers")["region"] == "state"


def _refund(at: int, **more: Any) -> dict[str, Any]:
    return {"refunded_at": 1772354760000 + at * 1000, **more}


def test_refunds_in_a_list_of_orders_are_told_apart_by_more_than_their_order(tmp_path: Path) -> None:
    orders = [_order(at, [_refund(at, amount=f"{at}.50")] if at % 3 == 0 else None) for at in range(12)]

    feeds = _drafted(tmp_path, "shop.json", {"page": 1, "orders": orders})

    fields = _fields(feeds["shop_orders_refunds"], "returns")
    assert fields["return_id"] == ("orders_id", "orders_refunds_refunded_at")
    assert (fields["order_id"], fields["refund_amount"]) == ("orders_id", "orders_refunds_amount")


@pytest.mark.parametrize("items", ["items", "lines", "positions"])
def test_lines_of_refunds_of_orders_of_a_page_are_the_returns(tmp_path: Path, items: str) -> None:
    def refund(at: int) -> dict[str, Any]:
        return _refund(
            at, amount="4.00", **{items: [{"refund_line": at * 10 + n, "sku": f"S{n}", "qty": 1, "amount": "2.00"} for n in (1, 2)]}
        )

    orders = [_order(at, [refund(at), refund(at + 50)] if at % 3 == 0 else None) for at in range(12)]

    feeds = _drafted(tmp_path, "shop.json", {"page": 1, "total": 12, "orders": orders})

    lines = next(feed for feed in feeds.values() if feed.each == f"orders[].refunds[].{items}[]")
    found = _fields(lines, "returns")
    assert found["return_id"].startswith("orders_refunds_") and found["return_id"].endswith("refund_line")
    assert (found["order_id"], found["returned_at"]) == ("orders_id", "orders_refunds_refunded_at")
    assert {lines.column(found[name]).source_name for name in ("quantity", "refund_amount", "product_id")} == {
        f"orders[].refunds[].{items}[].{name}" for name in ("qty", "amount", "sku")
    }
    assert "returns" not in {each.entity for each in feeds["shop_orders_refunds"].maps}
