"""The incremental marts after several nights are what a rebuild from scratch gives."""

from decimal import Decimal
from typing import Any

import pytest

from spark_jobs.marts.runner import run_dbt
from spark_jobs.marts.standing import Standing
from tests.dbt_project.grocer import Grocer, a_line, a_product, an_identity, an_order, day

pytestmark = [pytest.mark.slow, pytest.mark.proof]

FACTS = {"fct_orders": "order_id", "fct_order_items": "order_item_id"}
PEOPLE = [an_identity("ann"), an_identity("bob")]


def _facts(grocer: Grocer) -> dict[str, list[tuple[Any, ...]]]:
    return {table: grocer.rows(f"select * from gold_build.{table} order by {key}") for table, key in FACTS.items()}


def _first_night(grocer: Grocer) -> None:
    grocer.delivers(
        customer_ids=PEOPLE,
        products=[a_product("milk"), a_product("petrol"), a_product("beer", department="DRINKS")],
        orders=[
            an_order("o1", "ann", 2),
            an_order("o2", None, 2),
            an_order("o3", "bob", 3),
            an_order("o4", "ann", 3),
            an_order("later", "ann", 5, known=3),
            an_order("moves_away", "bob", 3),
        ],
        order_items=[
            a_line("l1", "o1", "milk", "1.10", 2),
            a_line("l2", "o1", "petrol", "20.00", 2),
            a_line("retired", "o1", "beer", "7.00", 2),
            a_line("l3", "o2", "beer", "5.00", 2),
            a_line("l4", "o3", "not_listed_yet", "3.00", 3),
            a_line("l5", "o4", "milk", "1.20", 3),
            a_line("l6", "later", "milk", "9.00", 3),
            a_line("l7", "moves_away", "milk", "2.00", 3),
        ],
    )


def _second_night(grocer: Grocer) -> None:
    """Late, repeated and corrected rows of every kind, known on day 5."""
    grocer.delivers(
        customer_ids=[*PEOPLE, an_identity("zoe", known=5)],
        products=[
            a_product("milk"),
            a_product("petrol", "fuel", "FUEL", known=5),  # was taken for merchandise
            a_product("beer", department="BEVERAGES", known=5),  # another place in the tree
            a_product("not_listed_yet", known=5),  # the master comes after the sale
        ],
        orders=[
            an_order("o1", "ann", 2),
            an_order("o2", "zoe", 2, known=5),  # the guest turns out to be a customer
            an_order("o3", "bob", 3),
            an_order("o4", "ann", 3, known=5, status="交易关闭\t"),  # closed
            an_order("later", "ann", 5, known=3),  # known before it happened
            an_order("moves_away", "bob", 9, known=5),  # corrected to a day after the business date
            an_order("late", "bob", 1, known=5),
            an_order("today", "bob", 5),
        ],
        order_items=[
            a_line("l1", "o1", "milk", "1.10", 2),
            a_line("l2", "o3", "petrol", "21.00", 5),  # corrected: price, and the order it belongs to
            a_line("l3", "o2", "beer", "5.00", 2),
            a_line("l4", "o3", "not_listed_yet", "3.00", 3),
            a_line("l5", "o4", "milk", "1.20", 3),
            a_line("l6", "later", "milk", "9.00", 3),
            a_line("l7", "moves_away", "milk", "2.00", 3),
            a_line("l8", "late", "milk", "4.00", 5, retail_discount_amount=Decimal("0.50")),
            a_line("l9", "today", "milk", "1.00", 5),
            a_line("orphan", "never_delivered", "milk", "1.00", 5),
            # A later delivery of o1 did not have it: its row is empty but for the key.
            {"order_item_id": "retired", "_is_deleted": True, "_known_on": day(5)},
        ],
    )


def test_late_corrected_and_cancelled_rows_give_what_a_rebuild_gives(grocer: Grocer) -> None:
    _first_night(grocer)
    assert grocer.activity(3).counts["full_refresh"] == 1
    first = _facts(grocer)
    assert {row[0] for row in first["fct_orders"]} == {"o1", "o2", "o3", "o4", "moves_away"}

    _second_night(grocer)
    assert grocer.activity(5).counts["full_refresh"] == 0
    incremental = _facts(grocer)
    assert grocer.activity(5).counts["full_refresh"] == 0
    repeated = _facts(grocer)
    Standing(grocer.spark, grocer.settings).forget()
    assert grocer.activity(5).counts["full_refresh"] == 1
    full = _facts(grocer)

    assert incremental == full
    assert repeated == full
    assert {row[0] for row in full["fct_orders"]} == {"o1", "o2", "o3", "later", "late", "today"}
    assert {row[0] for row in full["fct_order_items"]} == {"l1", "l2", "l3", "l4", "l6", "l8", "l9"}
    found = grocer.rows(
        "select order_id, customer_id, order_type, sales_amount from gold_build.fct_orders where order_id in ('o2', 'o3') order by 1"
    )
    assert found == [("o2", "c_zoe", "merchandise", Decimal("5.00")), ("o3", "c_bob", "mixed", Decimal("24.00"))]


def test_a_build_killed_between_the_two_facts_is_made_good_by_the_next(grocer: Grocer) -> None:
    _first_night(grocer)
    grocer.activity(3)
    _second_night(grocer)
    for model in ("int_orders__changed", "fct_orders"):
        run_dbt(grocer.settings, "run", day(5), "--select", model)

    assert grocer.activity(5).counts["full_refresh"] == 0
    continued = _facts(grocer)
    Standing(grocer.spark, grocer.settings).forget()
    grocer.activity(5)

    assert continued == _facts(grocer)


def test_rows_that_silver_got_in_the_past_are_not_overlooked(grocer: Grocer) -> None:
    _first_night(grocer)
    grocer.has_taken({2: "map of yesterday", 3: "map of yesterday"})
    grocer.activity(3)
    _second_night(grocer)
    grocer.has_taken({2: "map of yesterday", 3: "map of yesterday", 5: "map of yesterday"})
    assert grocer.activity(5).counts["full_refresh"] == 0

    # a map is corrected: silver's rows change, their known dates do not
    grocer.delivers(products=[a_product("milk", "service")])
    grocer.has_taken({2: "map of today", 3: "map of today", 5: "map of today"})
    assert grocer.activity(5).counts["full_refresh"] == 1

    assert grocer.rows("select distinct line_type from gold_build.fct_order_items where product_id = 'milk'") == [("service",)]
    assert grocer.activity(5).counts["full_refresh"] == 0


def test_an_earlier_date_is_rebuilt_as_of_that_date(grocer: Grocer) -> None:
    _first_night(grocer)

    report = grocer.activity(2)

    assert report.counts["full_refresh"] == 1
    assert grocer.rows("select order_id from gold_build.fct_orders order by 1") == [("o1",), ("o2",)]
    assert grocer.rows("select max(ordered_on), max(known_on) from gold_build.fct_order_items") == [(day(2), day(2))]
