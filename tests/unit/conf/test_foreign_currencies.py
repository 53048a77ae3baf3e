"""Which sources may have amounts in another currency than the retailer's."""

from typing import Any

import pytest

from conf.contracts import SourceContract, foreign_currencies, may_mix_currencies
from conf.entities import load_entities
from conf.settings import Retailer
from spark_jobs.conform.contributions import contributions


def source(name: str, currency: str | None = None, **maps: dict[str, Any]) -> SourceContract:
    """A source with one feed that fills entities by these fields."""
    columns = sorted({column for fields in maps.values() for column in fields.values()})
    feed = {
        "files": "feed/{date}.csv",
        "format": "csv",
        "columns": [{"name": column, "type": "string"} for column in columns],
        "maps": [{"entity": entity, "fields": fields} for entity, fields in maps.items()],
    }
    return SourceContract.model_validate({"source": name, "currency_code": currency, "feeds": {"feed": feed}})


ORDERS = {"order_id": "no", "ordered_at": "at", "ordered_on": "at"}
LINES = {"order_item_id": "line", "order_id": "no", "sales_amount": "paid"}


@pytest.mark.parametrize(
    ("contract", "foreign", "may_mix"),
    [
        (source("till", orders=ORDERS), {}, False),
        (source("till", "EUR", orders=ORDERS), {}, False),
        (source("till", "CHF", orders=ORDERS), {"till": "CHF"}, True),
        (source("till", orders={**ORDERS, "currency_code": "money"}), {}, True),
        (source("till", returns={"return_id": "no", "currency_code": "money"}), {}, True),
        (source("bank", exchange_rates={"exchange_rate_id": "id", "currency_code": "money", "rate_on": "on", "rate": "rate"}), {}, False),
    ],
)
def test_amounts_may_be_foreign_when_a_source_declares_a_currency_or_its_rows_do(
    contract: SourceContract, foreign: dict[str, str], may_mix: bool
) -> None:
    sources = {contract.source: contract}

    assert foreign_currencies(sources, "EUR") == foreign
    assert may_mix_currencies(sources, "EUR") is may_mix


@pytest.mark.parametrize(
    ("contract", "orders", "lines"),
    [
        (source("till", orders=ORDERS, order_items=LINES), "EUR", "EUR"),
        (source("till", "CHF", orders=ORDERS, order_items=LINES), "CHF", "CHF"),
        # the lines of an order in dollars are in dollars, whatever the source usually has
        (source("till", "CHF", orders={**ORDERS, "currency_code": "money"}, order_items=LINES), "CHF", None),
    ],
)
def test_lines_that_state_no_currency_leave_it_to_their_order_when_orders_state_it(
    contract: SourceContract, orders: str, lines: str | None
) -> None:
    found = contributions({"till": contract}, load_entities(), Retailer(currency_code="EUR"))

    assert [part.currency_code for part in found["orders"]] == [orders]
    assert [part.currency_code for part in found["order_items"]] == [lines]
