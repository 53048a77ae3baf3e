"""Sales to companies: accounts, an invoice for every order, and payments that come in time, late, or never."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.codes import Channel
from spark_jobs.demo.twin.day import Day, FeedFile, FileColumn, Rows
from spark_jobs.demo.twin.draws import Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.people.names import company_names, company_sizes, tax_ids
from spark_jobs.demo.twin.people.render import phone_text
from spark_jobs.demo.twin.places import CITY_NAMES
from spark_jobs.demo.twin.systems.base import SourceSystem, rows_of
from spark_jobs.demo.twin.systems.notation import DAY, digits, joined, moment, money, number, pick
from spark_jobs.demo.twin.systems.numbers import order_numbers
from spark_jobs.demo.twin.systems.oms import account_numbers
from spark_jobs.demo.twin.truth.columns import dates

ACCOUNTS = FeedFile(
    "twin_b2b", "accounts",
    (
        FileColumn("account_no", "id", required=True), FileColumn("company_name", required=True), FileColumn("tax_id", "id"),
        FileColumn("size_class", "code"), FileColumn("city", "code"), FileColumn("credit_days", "number", required=True),
        FileColumn("contact_name"), FileColumn("contact_phone", "phone"),
    ),
)  # fmt: skip
INVOICES = FeedFile(
    "twin_b2b", "invoices",
    (
        FileColumn("invoice_no", "id", required=True), FileColumn("account_no", "id", required=True), FileColumn("order_no", "id"),
        FileColumn("invoiced_on", "date", required=True), FileColumn("due_on", "date", required=True), FileColumn("amount", "money", required=True),
    ),
)  # fmt: skip
PAYMENTS = FeedFile(
    "twin_b2b", "payments",
    (
        FileColumn("payment_no", "id", required=True), FileColumn("invoice_no", "id", required=True), FileColumn("paid_on", "date", required=True),
        FileColumn("amount", "money", required=True),
    ),
)  # fmt: skip
NEVER_PAID = -1


class Business(SourceSystem):
    """Remembers which invoices are paid on which day."""

    feeds = (ACCOUNTS, INVOICES, PAYMENTS)

    def __init__(self) -> None:
        self._due: dict[int, list[Frame]] = defaultdict(list)
        self._bad: list[pa.Table] = []

    def deliver(self, day: Day) -> Iterator[Rows]:
        """All accounts on the first day; the invoices and payments of the day."""
        companies = day.people.companies
        if day.number == 0 and len(companies):
            yield self._accounts(day, companies)
        orders = day.orders.take((day.orders["channel"] == Channel.B2B) & ~day.orders["is_cancelled"])
        if len(orders):
            yield self._invoices(day, orders)
        paid = self._due.pop(day.number, [])
        if paid:
            yield self._payments(day, Frame.concat(paid).sorted_by("order"))

    def _accounts(self, day: Day, companies: Frame) -> Rows:
        persons = day.people.persons
        buyers = persons["person"][persons["company"] >= 0]
        _, first = np.unique(persons["company"][buyers], return_index=True)
        contact = buyers[first]
        return rows_of(ACCOUNTS, [
            account_numbers(companies["company"]), company_names(companies), tax_ids(companies), company_sizes(companies),
            pick(CITY_NAMES, companies["city"]), number(companies["credit_days"]), day.people.names(contact),
            phone_text(day.wallet["phone"][contact]),
        ], companies["company"])  # fmt: skip

    def _invoices(self, day: Day, orders: Frame) -> Rows:
        companies, draws = day.people.companies, day.draws
        of = companies.take(np.searchsorted(companies["company"], orders["company"]))
        credit, clock = of["credit_days"], day.world.span.offset_seconds
        late = draws.exponential(np.where(of["is_bad_payer"], 40, 3), "pays late", orders["order"]).astype(np.int64)
        never = of["is_bad_payer"] & draws.happens(0.45, "never pays", orders["order"])
        pays = np.where(never, NEVER_PAID, day.number + np.maximum(credit + late - 4, 1))
        invoices = Frame({"order": orders["order"], "amount": orders["amount"], "pays": pays})
        for due in np.unique(pays[(pays >= 0) & (pays < day.world.span.days)]).tolist():
            self._due[due].append(invoices.take(pays == due))
        self._bad.append(_bad_debts(day, orders.take(never)))
        days = np.full(len(orders), day.midnight)
        return rows_of(INVOICES, [
            invoice_numbers(orders["order"]), account_numbers(orders["company"]), order_numbers(orders["order"]), moment(days, DAY, clock),
            moment(days + credit * 86_400, DAY, clock), money(orders["amount"]),
        ], orders["at"])  # fmt: skip

    def _payments(self, day: Day, paid: Frame) -> Rows:
        days = np.full(len(paid), day.midnight)
        return rows_of(PAYMENTS, [
            joined("Z", digits(paid["order"], 14)), invoice_numbers(paid["order"]), moment(days, DAY, day.world.span.offset_seconds), money(paid["amount"]),
        ], paid["order"])  # fmt: skip

    def truth(self) -> dict[str, pa.Table]:
        """Invoices that are never paid."""
        return {"bad_debts": pa.concat_tables(self._bad)} if self._bad else {}


def invoice_numbers(orders: Ints) -> pa.StringArray:
    """Invoices: I and fourteen digits."""
    return joined("I", digits(orders, 14))


def _bad_debts(day: Day, orders: Frame) -> pa.Table:
    return pa.table({
        "company_id": orders["company"].astype(np.int64), "invoice_no": invoice_numbers(orders["order"]),
        "invoiced_on": dates(day.world.span, np.full(len(orders), day.number)),
    })  # fmt: skip
