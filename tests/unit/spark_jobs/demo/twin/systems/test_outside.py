"""Campaigns, advertisements, partner events, sensors, weather, consents and companies: every fact is a row, and no key tells the truth."""

import re
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache

import numpy as np
import pyarrow as pa
import pytest

from conf.columns import Column
from conf.contracts import load_contract
from conf.settings import CONF_DIR
from spark_jobs.demo.twin.behaviour.days import Twin
from spark_jobs.demo.twin.codes import Channel
from spark_jobs.demo.twin.day import Day
from spark_jobs.demo.twin.draws import Draws
from spark_jobs.demo.twin.knobs import BehaviourKnobs, Knobs, PeopleKnobs, Span
from spark_jobs.demo.twin.people.people import People, build_people
from spark_jobs.demo.twin.people.render import member_text
from spark_jobs.demo.twin.people.wallet import member_codes
from spark_jobs.demo.twin.systems.base import SourceSystem
from spark_jobs.demo.twin.systems.business import Business
from spark_jobs.demo.twin.systems.consents import Consents
from spark_jobs.demo.twin.systems.marketing import Ads, Campaigns, Partners
from spark_jobs.demo.twin.systems.masters import Weather
from spark_jobs.demo.twin.systems.shelf import Shelf
from spark_jobs.demo.twin.world import World

SOURCES = ("twin_campaigns", "twin_ads", "twin_partners", "twin_shelf", "twin_weather", "twin_consents", "twin_b2b")
NUMBERS = {"decimal": r"-?\d+\.\d\d", "int": r"-?\d+", "bigint": r"-?\d+", "double": r"-?\d+(\.\d+)?"}
SPAN = Span(first_day=date(2024, 3, 1), days=40)
# Many companies, half of them bad payers: a small twin sees invoices in time, late and never paid.
KNOBS = Knobs(people=PeopleKnobs(company_share=0.1), behaviour=BehaviourKnobs(bad_debt_share=0.5))


class Told:
    """A small twin with all that some systems deliver of it: tables by feed, the days, and the truth of the systems."""

    def __init__(self) -> None:
        draws = Draws(3)
        self.people: People = build_people(KNOBS, draws, SPAN, 1_200)
        systems: tuple[SourceSystem, ...] = (Campaigns(), Ads(), Partners(), Shelf(), Weather(), Consents(), Business())
        self.days: list[Day] = []
        pieces: dict[str, list[pa.Table]] = {}
        for day in Twin(World(KNOBS, SPAN, draws), self.people).days():
            self.days.append(day)
            for rows in (rows for system in systems for rows in system.deliver(day)):
                pieces.setdefault(rows.feed.feed, []).append(rows.table)
        self.feeds = {name: pa.concat_tables(tables) for name, tables in pieces.items()}
        self.truth = {name: table for system in systems for name, table in system.truth().items()}

    def facts(self, frame: str, column: str) -> np.ndarray:
        """A column of a frame over all days."""
        return np.concatenate([getattr(day, frame)[column] for day in self.days])


@cache
def told() -> Told:
    """Made once."""
    return Told()


def column(feed: str, name: str) -> list[str]:
    return list(told().feeds[feed].column(name).to_pylist())


def test_the_control_group_is_selected_and_gets_nothing() -> None:
    touches = told().feeds["touches"].to_pylist()
    treated = told().facts("touches", "is_treated")
    assert Counter(row["group"] for row in touches) == {"treated": int(treated.sum()), "control": int((~treated).sum())}
    reactions = ("sent_at", "is_delivered", "opened_at", "clicked_at")
    assert not any(row[name] for row in touches for name in reactions if row["group"] == "control")
    assert all(row["sent_at"] for row in touches if row["group"] == "treated")
    assert all(row["opened_at"] and row["is_delivered"] == "Y" for row in touches if row["clicked_at"])


def test_redemptions_add_up_to_what_coupons_took_off() -> None:
    used = (told().facts("orders", "campaign") >= 0) & ~told().facts("orders", "is_cancelled")
    assert sum(map(Decimal, column("redemptions", "value"))) * 100 == int(told().facts("orders", "coupon_discount")[used].sum())
    assert used.sum() > 20 and set(column("redemptions", "campaign_no")) <= set(column("campaigns", "campaign_no"))


def test_platforms_bill_every_click_of_customers_and_more() -> None:
    own = Counter(
        (row["platform"], row["ad_campaign"], datetime.fromtimestamp(int(row["clicked_at"]) + SPAN.offset_seconds, UTC).date())
        for row in told().feeds["clicks"].to_pylist()
    )
    billed = {(row["platform"], row["ad_campaign"], row["stat_day"]): row for row in told().feeds["spend"].to_pylist()}
    assert all(billed[key]["clicks"] >= count for key, count in own.items())
    assert sum(row["clicks"] for row in billed.values()) > sum(own.values()) == len(told().facts("ad_clicks", "at"))
    assert all(row["impressions"] > row["clicks"] for row in billed.values())
    assert all((row["cookie"] is None) != (row["device"] is None) for row in told().feeds["clicks"].to_pylist())


def test_an_invoice_is_paid_once_in_full_and_a_bad_debt_never() -> None:
    invoices = {row["invoice_no"]: row for row in told().feeds["invoices"].to_pylist()}
    payments = told().feeds["payments"].to_pylist()
    bad = set(told().truth["bad_debts"].column("invoice_no").to_pylist())
    paid = [row["invoice_no"] for row in payments]
    assert len(paid) == len(set(paid)) > 10 and bad and bad <= set(invoices) and not bad & set(paid)
    assert all(row["amount"] == invoices[row["invoice_no"]]["amount"] for row in payments)
    assert all(row["paid_on"] > invoices[row["invoice_no"]]["invoiced_on"] for row in payments)
    late = [row["paid_on"] > invoices[row["invoice_no"]]["due_on"] for row in payments]
    assert any(late) and not all(late)
    of_companies = (told().facts("orders", "channel") == Channel.B2B) & ~told().facts("orders", "is_cancelled")
    assert sum(Decimal(row["amount"]) for row in invoices.values()) * 100 == int(told().facts("orders", "amount")[of_companies].sum())
    assert {row["account_no"] for row in invoices.values()} <= set(column("accounts", "account_no"))


def test_every_answer_is_in_the_register() -> None:
    answers = told().people.truth_tables()["consents"].select(["purpose", "is_granted", "decided_at"]).to_pylist()
    truth = Counter((row["purpose"], row["is_granted"], f"{row['decided_at']:%Y-%m-%dT%H:%M:%SZ}") for row in answers)
    rows = told().feeds["consents"].to_pylist()
    assert Counter((row["purpose"], row["answer"] == "yes", row["answered_at"]) for row in rows) == truth
    assert any(row["answer"] == "no" and row["asked_in"] is None for row in rows)


def test_every_city_has_one_weather_a_day() -> None:
    places = Counter(zip(column("daily", "adcode"), column("daily", "observed_on"), strict=True))
    assert set(places.values()) == {1} and len(places) == 8 * SPAN.days


def test_neither_number_nor_place_of_a_reading_tells_who_bought() -> None:
    readings = sorted(told().feeds["dwell"].to_pylist(), key=lambda row: int(row["reading"][1:]))
    starts, seconds = (np.array([row[name] for row in readings]) for name in ("start_ms", "dwell_s"))
    assert len(set(column("dwell", "reading"))) == len(readings) > 2_000
    assert (np.diff(starts) >= 0).all(), "numbers follow the clock"
    assert abs(seconds[::2].mean() - seconds[1::2].mean()) < 1.2
    hours = (starts // 1000 + SPAN.offset_seconds) % 86_400 / 3600
    assert hours.min() >= 7 and hours.max() < 22


def test_numbers_of_touches_and_tickets_are_not_those_of_persons() -> None:
    persons = told().people.persons["person"]
    of_member = dict(zip(member_text(member_codes(persons, 0)).to_pylist(), persons.tolist(), strict=True))
    touches = told().feeds["touches"].to_pylist()
    number, person = np.array(
        [(int(row["touch_no"][6:]), of_member[row["member_no"]]) for row in touches if row["campaign_no"] == "C00000"]
    ).T
    assert len(number) > 100 and abs(np.corrcoef(number, person)[0, 1]) < 0.25 and set(number) == set(range(len(number)))
    named = dict(zip(told().people.names(persons).to_pylist(), persons.tolist(), strict=True))
    guests = told().feeds["event_attendance"].to_pylist()
    assert guests and not any(row["ticket"].endswith(f"{named[row['guest_name']]:08d}") for row in guests)


@pytest.mark.parametrize("source", SOURCES)
def test_every_value_keeps_the_rules_of_its_contract(source: str) -> None:
    feeds = load_contract(CONF_DIR / f"twin/sources/{source}.yml").feeds
    for name, feed in feeds.items():
        table = told().feeds[name]
        for each in feed.columns:
            texts = table.column(each.delivered_name).cast(pa.string())
            assert not (each.required and texts.null_count), f"{name}.{each.name} is required"
            wrong = [text for text in texts.drop_null().unique().to_pylist() if not _fits(each, text)]
            assert not wrong, f"{name}.{each.name}"
        for key in feed.foreign_keys:
            there, known = (set(column(*of)) for of in ((name, key.columns[0]), (key.feed, (key.to or key.columns)[0])))
            assert there <= known, f"{name}: {key.name}"


def _fits(rules: Column, text: str) -> bool:
    """Whether a text is a value of a contract's column."""
    kind = rules.type.partition("(")[0]
    if rules.allowed and text not in map(str, rules.allowed):
        return False
    if rules.pattern and not re.fullmatch(rules.pattern, text):
        return False
    (pattern,) = rules.format or ("yyyy-MM-dd",)
    if kind in ("date", "timestamp") and not pattern.startswith("epoch"):
        for spark, python in (("yyyy", "%Y"), ("MM", "%m"), ("dd", "%d"), ("HH", "%H"), ("mm", "%M"), ("ss", "%S"), ("'", ""), ("X", "%z")):
            pattern = pattern.replace(spark, python)
        return bool(datetime.strptime(text, pattern))  # noqa: DTZ007 raises for a text that does not fit
    if kind in NUMBERS:
        in_bounds = all(
            bound is None or sign * Decimal(text) >= sign * Decimal(str(bound)) for bound, sign in ((rules.min, 1), (rules.max, -1))
        )
        return bool(re.fullmatch(NUMBERS[kind], text)) and in_bounds
    return True
