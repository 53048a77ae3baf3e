"""What the marts say about a handful of people after a night."""

from decimal import Decimal

import pandas as pd
import pytest

from spark_jobs.marts.runner import DbtError
from tests.dbt_project.grocer import Grocer, a_line, a_product, an_identity, an_order, day
from tests.dbt_project.rfm_reference import rfm_scores

pytestmark = [pytest.mark.slow, pytest.mark.proof]

NIGHT = 31
BUYERS = {"ann": [1, 9, 30], "bob": [2], "cem": [29, 30, 31], "dan": [5, 31], "eve": [1, 20], "flo": [3, 4], "gus": [28]}


@pytest.fixture(scope="module")
def after_the_night(grocer: Grocer) -> Grocer:
    """Seven buyers, a guest, a person who never bought, and facts that lie in the future."""
    bought = [(name, on) for name, days in BUYERS.items() for on in days]
    orders = [an_order(f"{name}-{on}", name, on) for name, on in bought]
    lines = [a_line(f"{name}-{on}-milk", f"{name}-{on}", "milk", f"{on}.25", on) for name, on in bought]
    grocer.delivers(
        customer_ids=[an_identity(name) for name in [*BUYERS, "pia"]],
        customers=[
            {"source_customer_id": "shop:ann", "kids_count": "2", "age_band": "35-44", "email_token": "k1:aa", "_known_on": day(1)},
            {"source_customer_id": "shop:bob", "_known_on": day(2)},
        ],
        products=[a_product("milk"), a_product("petrol", "fuel"), a_product("voucher", "coupon")],
        stores=[{"store_id": "shop:s1", "region": "north", "_known_on": day(1)}],
        orders=[
            *orders,
            an_order("guest", None, 31, channel="app"),
            an_order("tomorrow", "ann", 31, ordered_on=day(31).replace(month=2, day=1)),
        ],
        order_items=[
            *lines,
            a_line("g1", "guest", "milk", "10.00", 31, retail_discount_amount=Decimal("2.50")),
            a_line("g2", "guest", "petrol", "30.00", 31, quantity=Decimal(9500)),
            a_line("g3", "guest", "voucher", "1.00", 31),
            a_line("t1", "tomorrow", "milk", "1000.00", 31),
        ],
        coupon_redemptions=[
            {
                "coupon_redemption_id": "r1",
                "coupon_id": "k",
                "source_customer_id": "shop:eve",
                "redeemed_on": day(20),
                "_known_on": day(20),
            },
            {"coupon_redemption_id": "r2", "coupon_id": "k", "redeemed_on": day(31).replace(month=3), "_known_on": day(31)},
        ],
        churn=[
            {"as_of_on": day(NIGHT), "customer_id": "c_ann", "score": 0.9, "score_decile": 1, "model_name": "churn", "model_version": "7"},
            {"as_of_on": day(30), "customer_id": "c_bob", "score": 0.8, "score_decile": 1, "model_name": "churn", "model_version": "6"},
        ],
    )
    grocer.night(NIGHT)
    return grocer


def test_guests_count_in_facts_and_metrics_and_nothing_of_tomorrow_does(after_the_night: Grocer) -> None:
    totals = after_the_night.rows("select count(*), count(customer_id), sum(unit_count) from gold_build.fct_orders")
    guest = after_the_night.rows(
        "select order_type, sales_amount, fuel_amount, unit_count, discount_amount from gold_build.fct_orders where order_id = 'guest'"
    )
    metrics = after_the_night.rows(
        f"""
        select metric_id, cast(metric_value as double) from gold_build.metrics_daily
        where metric_on = date'{day(NIGHT)}' and dimension = 'all' and metric_id in ('order_count', 'guest_order_count', 'sales_amount')
        order by metric_id
        """
    )
    latest = after_the_night.rows("select max(ordered_on) from gold_build.fct_order_items")

    assert totals == [(15, 14, Decimal(15))]
    assert guest == [("mixed", Decimal("41.00"), Decimal("30.00"), Decimal(1), Decimal("2.50"))]
    assert metrics == [("guest_order_count", 1.0), ("order_count", 3.0), ("sales_amount", 41.0 + 31.25 * 2)]
    assert latest == [(day(NIGHT),)]


def test_every_dimension_of_a_metric_adds_up_to_the_same(after_the_night: Grocer) -> None:
    sums = after_the_night.rows(
        "select dimension, sum(metric_value) from gold_build.metrics_daily where metric_id = 'sales_amount' group by dimension order by dimension"
    )
    regions = after_the_night.rows("select distinct dimension_value from gold_build.metrics_daily where dimension = 'region'")

    assert [name for name, _ in sums] == ["all", "channel", "region", "tier"]
    assert len({value for _, value in sums}) == 1
    assert regions == [("north",)]


def test_a_profile_exists_without_demographics_and_without_orders(after_the_night: Grocer) -> None:
    rows = after_the_night.rows(
        """
        select customer_id, lifecycle_stage, has_demographics, has_email, order_count, rfm_tier is null, churn_score, churn_model_version
        from gold_build.dim_customers where customer_id in ('c_ann', 'c_bob', 'c_pia') order by 1
        """
    )

    assert rows == [
        ("c_ann", "active", True, True, 3, False, 0.9, "7"),
        ("c_bob", "dormant", False, False, 1, False, None, None),
        ("c_pia", "prospect", False, False, 0, True, None, None),
    ]


def test_rfm_is_what_pandas_computes_from_the_lines(after_the_night: Grocer) -> None:
    lines = pd.DataFrame(
        [
            {"customer_id": f"c_{name}", "order_id": f"{name}-{on}", "ordered_at": f"2024-01-{on:02} 12:00", "sales_amount": on + 0.25}
            for name, days in BUYERS.items()
            for on in days
        ]
    )

    expected = rfm_scores(lines, day(NIGHT), "UTC")
    found = after_the_night.rows(
        """
        select customer_id, recency_days, order_count, cast(sales_amount * 100 as bigint), recency_score, frequency_score, monetary_score
        from gold_build.dim_customers where order_count > 0 order by customer_id
        """
    )

    assert found == [tuple(row) for row in expected.reset_index().itertuples(index=False)]


def test_tags_and_segments_say_why(after_the_night: Grocer) -> None:
    tags = after_the_night.rows(
        "select customer_id, tag_id, evidence from gold_build.fct_customer_tags where tag_id in ('coupon_user', 'family_with_kids')"
    )
    segments = after_the_night.rows(
        "select segment_id, customer_id, evidence from gold_build.fct_segment_members where segment_id in ('prospects', 'deal_seekers')"
    )
    profile = after_the_night.rows(
        "select array_contains(tag_ids, 'coupon_user') from gold_build.dim_customers where customer_id = 'c_eve'"
    )

    assert sorted(tags) == [("c_ann", "family_with_kids", "kids_count=2"), ("c_eve", "coupon_user", "coupon_redemption_count=1.0")]
    assert sorted(segments) == [("deal_seekers", "c_eve", "tag=coupon_user"), ("prospects", "c_pia", "lifecycle_stage=prospect")]
    assert profile == [(True,)]


def test_without_a_register_of_consent_nobody_agrees_and_only_audiences_are_empty(after_the_night: Grocer) -> None:
    agreeing = after_the_night.rows(
        """
        select count(*) from gold_build.dim_customers
        where consents_to_service or consents_to_marketing or is_personalised or size(consents) + size(marketing_channels) > 0
        """
    )
    segments = after_the_night.rows(
        """
        select s.purpose, count(m.customer_id) > 0, count(m.is_personalised)
        from gold_build.segment_definitions s left join gold_build.fct_segment_members m on s.segment_id = m.segment_id
        group by s.purpose order by 1
        """
    )

    assert agreeing == [(0,)]
    assert segments == [("marketing", False, 0), ("none", True, 0)]


def test_dbt_leaves_the_session_of_others_as_it_was(after_the_night: Grocer) -> None:
    assert after_the_night.spark.conf.get("spark.sql.ansi.enabled") == "true"
    assert after_the_night.rows("select current_database()") == [("default",)]


def test_a_tag_without_a_rule_and_a_rule_without_a_tag_stop_the_night(after_the_night: Grocer) -> None:
    grocer = after_the_night
    definitions = grocer.rows("select count(*) from gold_build.tag_definitions")
    grocer.spark.sql("delete from gold_build.tag_rules where tag_id = 'coupon_user'")
    grocer.spark.sql(
        "insert into gold_build.tag_rules values ('no_such_tag', 'order_count', 1, null, 'any'), ('fuel_buyer', 'shoe_size', 1, null, 'any')"
    )

    with pytest.raises(DbtError) as refused:
        grocer.check(NIGHT)

    assert definitions[0][0] >= 12
    assert [finding.where for finding in refused.value.findings] == ["rules_are_complete"]
    assert "Got 3 results" in refused.value.findings[0].problem


def test_a_retailer_with_no_data_at_all_gets_empty_marts(grocer: Grocer) -> None:
    grocer.has_nothing()

    grocer.night(5)

    tables = [
        "fct_orders",
        "fct_order_items",
        "dim_customers",
        "fct_consents",
        "fct_customer_tags",
        "fct_segment_members",
        "metrics_daily",
        "fct_campaign_members",
    ]
    counts = grocer.rows(" union all ".join(f"select count(*) from gold_build.{table}" for table in tables))
    assert counts == [(0,)] * len(tables)
