"""Tills, order system, loyalty and masters tell one story: members, points, tiers, refunds and prices fit each other and what happened."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from spark_jobs.demo.twin.behaviour.days import Twin
from spark_jobs.demo.twin.codes import Channel
from spark_jobs.demo.twin.day import Day
from spark_jobs.demo.twin.draws import Draws
from spark_jobs.demo.twin.knobs import Span, load_knobs
from spark_jobs.demo.twin.people.people import build_people
from spark_jobs.demo.twin.people.render import member_text
from spark_jobs.demo.twin.systems.base import SourceSystem
from spark_jobs.demo.twin.systems.loyalty import Loyalty
from spark_jobs.demo.twin.systems.masters import Products, Stores
from spark_jobs.demo.twin.systems.oms import Oms
from spark_jobs.demo.twin.systems.pos import Pos
from spark_jobs.demo.twin.world import World

FIRST, DAYS, PERSONS = date(2024, 1, 26), 8, 1_500
Delivered = dict[str, list[tuple[Day, pa.Table]]]


@pytest.fixture(scope="module")
def story() -> tuple[Delivered, pa.Table, list[Day]]:
    """What the systems delivered of each feed by day, the tiers of the truth, and the days."""
    knobs, span, draws = load_knobs(), Span(first_day=FIRST, days=DAYS), Draws(9)
    knobs = knobs.model_copy(update={"people": knobs.people.model_copy(update={"duplicate_registration_share": 0.3})})
    twin, loyalty, days = Twin(World(knobs, span, draws), build_people(knobs, draws, span, PERSONS)), Loyalty(), []
    systems: tuple[SourceSystem, ...] = (Stores(), Products(), loyalty, Pos(), Oms())
    delivered: Delivered = {}
    for day in twin.days():
        days.append(day)
        for rows in (rows for system in systems for rows in system.deliver(day)):
            delivered.setdefault(rows.feed.feed, []).append((day, rows.table))
    return delivered, loyalty.truth()["tiers"], days


def rows_of(delivered: Delivered, feed: str) -> Iterator[dict[str, str]]:
    yield from pa.concat_tables([table for _, table in delivered[feed]]).to_pylist()


def test_points_go_to_the_member_that_the_order_names(story: tuple[Delivered, pa.Table, list[Day]]) -> None:
    delivered, _, _ = story
    member_of = {row["order_no"]: row["member_no"] for row in rows_of(delivered, "orders")}
    booked = [row for row in rows_of(delivered, "points") if (row["document_no"] or "").startswith("O")]
    assert len(booked) > 300
    assert all(member_of[row["document_no"]] == row["member_no"] for row in booked)
    first = {row["member_no"] for row in rows_of(delivered, "members") if row["card_no"]}
    assert sum(row["member_no"] not in first for row in booked) > 10  # second memberships do order


def test_points_in_stores_go_to_the_member_of_the_card(story: tuple[Delivered, pa.Table, list[Day]]) -> None:
    delivered, _, _ = story
    member_of = {row["card_no"]: row["member_no"] for row in rows_of(delivered, "members")}
    card_of = {row["小票号"]: row["会员卡号"] for row in rows_of(delivered, "receipts")}
    booked = [row for row in rows_of(delivered, "points") if (row["document_no"] or "").startswith("P")]
    assert len(booked) > 200
    assert all(member_of[card_of[row["document_no"]]] == row["member_no"] for row in booked)


def test_the_tiers_that_are_delivered_are_those_of_the_truth(story: tuple[Delivered, pa.Table, list[Day]]) -> None:
    delivered, truth, days = story
    wallet = days[-1].wallet
    member_of = member_text(wallet["member_id"]).to_pylist()
    true = {(member_of[row["person_id"]], row["tier"], str(row["valid_from"])) for row in truth.to_pylist()}
    told = {(row["member_no"], row["tier"], row["valid_from"]) for row in rows_of(delivered, "tiers")}
    second = set(member_text(wallet["second_member_id"]).drop_null().to_pylist())
    assert {row for row in told if row[0] not in second} == true
    assert {row["member_no"] for row in rows_of(delivered, "tiers")} == {row["member_no"] for row in rows_of(delivered, "members")}
    assert sum(tier != "basic" for _, tier, _ in true) > 20
    ended = pc.sum(pc.is_valid(truth.column("valid_to"))).as_py()
    assert ended == sum(tier != "basic" for _, tier, _ in true)  # each change ends one tier and begins another


def test_a_tier_is_what_was_paid_before_the_month(story: tuple[Delivered, pa.Table, list[Day]]) -> None:
    delivered, _, days = story
    member_of = {row["card_no"]: row["member_no"] for row in rows_of(delivered, "members")}
    paid: dict[str, float] = {}
    for row in rows_of(delivered, "orders"):
        if row["member_no"] and row["status"] == "completed" and row["created_at"] < "2024-02-01":
            paid[row["member_no"]] = paid.get(row["member_no"], 0) + float(row["paid_amount"])
    for row in rows_of(delivered, "receipts"):
        if row["类型"] == "S" and row["会员卡号"] and row["交易时间"] < "20240201":
            member = member_of[row["会员卡号"]]
            paid[member] = paid.get(member, 0) + float(row["实收金额"])
    tier = {row["member_no"]: row["tier"] for row in rows_of(delivered, "tiers") if row["valid_from"] == "2024-02-01"}
    expected = {member: next(name for limit, name in ((4500, "diamond"), (1800, "gold"), (600, "silver")) if amount >= limit - 0.001)
                for member, amount in paid.items() if amount >= 599.999}  # fmt: skip
    assert {member: name for member, name in tier.items() if name != "basic"} == expected
    assert len(days) == DAYS


def test_refunds_are_delivered_once_and_whole(story: tuple[Delivered, pa.Table, list[Day]]) -> None:
    delivered, _, days = story
    in_store = sum(int(day.refunds["amount"][day.refunds["channel"] == Channel.STORE].sum()) for day in days)
    online = sum(int(day.refunds["amount"][day.refunds["channel"] != Channel.STORE].sum()) for day in days)
    back = [row for row in rows_of(delivered, "receipts") if row["类型"] == "R"]
    assert back and round(-100 * sum(float(row["实收金额"]) for row in back)) == in_store
    assert round(100 * sum(float(row["amount"]) for row in rows_of(delivered, "refunds"))) == online
    receipts = {row["小票号"] for row in rows_of(delivered, "receipts") if row["类型"] == "S"}
    assert all(row["原小票号"] in receipts for row in back)


def test_lines_have_the_prices_of_the_product_master(story: tuple[Delivered, pa.Table, list[Day]]) -> None:
    delivered, _, _ = story
    shelf, promoted = {}, {}
    prices = {day.number: table for day, table in delivered["prices"]}
    for day, receipts in delivered["receipts"]:
        for row in prices[day.number].to_pylist() if day.number in prices else []:
            shelf[row["sku"]], promoted[row["sku"]] = row["shelf_price"], row["promo_price"] is not None
        for row in receipts.to_pylist():
            if row["类型"] == "S":
                assert row["单价"] == shelf[row["商品编码"]]
                assert (float(row["促销优惠"]) > 0) == promoted[row["商品编码"]]


def test_who_is_not_known_at_the_till_has_no_card(story: tuple[Delivered, pa.Table, list[Day]]) -> None:
    delivered, _, days = story
    orders = [day.orders.take(day.orders["channel"] == Channel.STORE) for day in days]
    known = np.concatenate([each["is_identified"] for each in orders])
    sales = [row for row in rows_of(delivered, "receipts") if row["类型"] == "S" and row["行号"] == "1"]
    assert [row["会员卡号"] is not None for row in sorted(sales, key=lambda row: row["小票号"])] == known.tolist()


def test_an_online_order_names_one_customer(story: tuple[Delivered, pa.Table, list[Day]]) -> None:
    delivered, _, _ = story
    orders = list(rows_of(delivered, "orders"))
    assert not any(row["member_no"] and row["account_no"] for row in orders)
    assert all((row["channel"] == "b2b") == (row["account_no"] is not None) for row in orders)
    assert all(row["receiver_phone"] for row in orders if not row["member_no"] and not row["account_no"])
