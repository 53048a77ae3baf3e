"""Customers who are alike have the same scores, windows close at the end of their last day, and whoever left the source is no customer."""

from decimal import Decimal
from typing import Any

import pytest

from tests.dbt_project.grocer import Grocer, Row, an_identity, an_order, day

pytestmark = pytest.mark.slow

NIGHT = 31
TWINS = [f"twin_{number}" for number in range(10)]


def a_record(customer: str, **more: Any) -> Row:
    """A customer record known since the first day."""
    return {"source_customer_id": f"shop:{customer}", "_known_on": day(1), **more}


@pytest.fixture(scope="module")
def shop(grocer: Grocer) -> Grocer:
    """Ten buyers who are alike, one whose 30 days are over, one with a day left, and records that the shop merged or deleted."""
    names = [*TWINS, "never_back", "still_open", "kept", "merged", "merged_buyer", "deleted", "deleted_buyer"]
    grocer.delivers(
        customer_ids=[an_identity(name) for name in names],
        customers=[
            a_record("kept", gender="f"),
            a_record("merged", merged_into_customer_id="shop:kept", _known_on=day(5)),
            a_record("merged_buyer", merged_into_customer_id="shop:kept", _known_on=day(5)),
            a_record("deleted", _is_deleted=True, gender="m", _known_on=day(6)),
            a_record("deleted_buyer", _is_deleted=True, gender="m", _known_on=day(6)),
        ],
        orders=[
            *(an_order(f"{name}-15", name, 15, order_amount=Decimal(20)) for name in TWINS),
            an_order("never_back-1", "never_back", 1, order_amount=Decimal(10)),
            an_order("still_open-2", "still_open", 2, order_amount=Decimal(10)),
            an_order("merged_buyer-2", "merged_buyer", 2, order_amount=Decimal(50)),
            an_order("deleted_buyer-2", "deleted_buyer", 2, order_amount=Decimal(70)),
        ],
        consents=[
            {
                "consent_id": f"consent_{name}",
                "source_customer_id": f"shop:{name}",
                "purpose": "marketing",
                "is_granted": True,
                "decided_at": an_order("", None, 2)["ordered_at"],
                "_known_on": day(2),
            }
            for name in ("kept", "deleted", "deleted_buyer")
        ],
    )
    grocer.night(NIGHT)
    return grocer


def test_ten_identical_customers_have_one_score_and_one_tier(shop: Grocer) -> None:
    found = shop.rows(
        "select distinct rfm_cell, rfm_tier, recency_score, monetary_score from gold_build.dim_customers where customer_id like 'c_twin_%'"
    )

    # 12 current buyers: the ten are above two and equal to ten, so at rank (2 + 5) / 12 = 0.58; all have one order, so 0.5.
    assert found == [("333", "silver", 3, 3)]


def test_a_repurchase_window_closes_with_its_last_day(shop: Grocer) -> None:
    found = shop.rows(
        "select customer_id, has_repurchased_within_30d from gold_build.dim_customers where customer_id in ('c_never_back', 'c_still_open') order by 1"
    )

    assert found == [("c_never_back", False), ("c_still_open", None)]


def test_who_left_without_orders_has_no_profile_and_is_no_prospect(shop: Grocer) -> None:
    prospects = shop.rows("select customer_id from gold_build.fct_segment_members where segment_id = 'prospects'")
    profiles = shop.rows("select count(*), count_if(is_current) from gold_build.dim_customers")

    assert prospects == [("c_kept",)]
    assert profiles == [(15, 13)]


def test_who_left_with_orders_keeps_them_and_is_chosen_for_nothing(shop: Grocer) -> None:
    found = shop.rows(
        """
        select customer_id, lifecycle_stage, order_count, cast(sales_amount as int), rfm_tier, recency_score, size(tag_ids), size(consents), gender
        from gold_build.dim_customers where not is_current order by 1
        """
    )
    segments = shop.rows("select count(*) from gold_build.fct_segment_members where customer_id in ('c_merged_buyer', 'c_deleted_buyer')")

    assert found == [
        ("c_deleted_buyer", "former", 1, 70, None, None, 0, 0, None),
        ("c_merged_buyer", "former", 1, 50, None, None, 0, 0, None),
    ]
    assert segments == [(0,)]


def test_sales_of_who_left_count_and_the_customer_does_not(shop: Grocer) -> None:
    found = shop.rows(
        f"""
        select metric_id, cast(metric_value as int) from gold_build.metrics_daily
        where metric_on = date'{day(2)}' and dimension = 'all'
        and metric_id in ('order_count', 'customer_count', 'new_customer_count', 'guest_order_count', 'sales_amount') order by 1
        """
    )

    assert found == [("customer_count", 1), ("guest_order_count", 0), ("new_customer_count", 1), ("order_count", 3), ("sales_amount", 130)]


def test_a_record_that_is_restored_is_a_customer_again(shop: Grocer) -> None:
    shop.delivers(customers=[a_record("kept"), a_record("merged"), a_record("deleted")])

    shop.profiles(NIGHT)

    stages = shop.rows(
        "select customer_id, lifecycle_stage from gold_build.dim_customers where customer_id in ('c_merged', 'c_deleted') order by 1"
    )
    assert stages == [("c_deleted", "prospect"), ("c_merged", "prospect")]


def test_a_shop_without_amounts_has_no_monetary_score_and_no_tier(shop: Grocer) -> None:
    shop.has_nothing()
    shop.delivers(
        customer_ids=[an_identity("kept"), an_identity("merged")],
        orders=[an_order("kept-3", "kept", 3), an_order("kept-4", "kept", 4), an_order("merged-9", "merged", 9)],
    )

    shop.night(NIGHT)

    found = shop.rows(
        """
        select customer_id, recency_score, frequency_score, monetary_score, rfm_cell, rfm_score, rfm_tier, basket_amount
        from gold_build.dim_customers where order_count > 0 order by 1
        """
    )
    assert found == [("c_kept", 2, 4, None, None, None, None, None), ("c_merged", 4, 2, None, None, None, None, None)]
    assert shop.rows("select count(*) from gold_build.fct_customer_tags where tag_id in ('small_basket', 'top_spender')") == [(0,)]
