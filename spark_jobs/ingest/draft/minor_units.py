"""Amounts of JSON in the smallest unit of their currency: `{"total_money": {"amount": 2100, "currency": "USD"}}` is 21.00."""

import re
from collections.abc import Sequence
from dataclasses import replace

from spark_jobs.ingest.draft.columns import ColumnDraft
from spark_jobs.ingest.draft.currencies import NO_MINOR_UNIT

OF_MONEY = re.compile(r"(.*money)\.amount", re.IGNORECASE)


def find_minor_units(columns: Sequence[ColumnDraft]) -> None:
    """Divide whole amounts beside a currency by 100, or leave them out where currencies differ in their units."""
    beside = {column.delivered: column for column in columns}
    for column in columns:
        match = OF_MONEY.fullmatch(column.delivered)
        currency = next(
            (beside[name] for end in ("currency", "currency_code", "currencyCode") if match and (name := f"{match[1]}.{end}") in beside),
            None,
        )
        if currency is None or not column.distinct or not all(re.fullmatch(r"-?\d+", text.strip()) for text in column.distinct):
            continue
        without = {code.strip().upper() in NO_MINOR_UNIT for code in currency.distinct}
        if without == {True}:
            continue
        column.guess = replace(column.guess, type="bigint")
        if without == {True, False}:
            column.role, column.roles = None, ()
            column.guess = replace(column.guess, type="string")
            column.notes.append("map it by currency: it counts cents, but some of the currencies have none")
            continue
        column.value_reading = "cast({} / 100 as decimal(18,2))"
        column.notes.append("check the unit: a whole amount beside a currency is taken for cents, and the map divides it by 100")
