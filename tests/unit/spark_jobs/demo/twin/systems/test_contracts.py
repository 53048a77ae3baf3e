"""The twin's files and the contracts of conf/twin say the same; and what its systems deliver adds up to what happened."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from conf.contracts import Feed, load_contract
from conf.settings import CONF_DIR
from spark_jobs.demo.twin.behaviour.days import Twin
from spark_jobs.demo.twin.codes import Channel
from spark_jobs.demo.twin.day import Day, FeedFile, Rows
from spark_jobs.demo.twin.draws import Draws
from spark_jobs.demo.twin.files.writing import file_name
from spark_jobs.demo.twin.knobs import Knobs, Span, load_knobs
from spark_jobs.demo.twin.people.people import build_people
from spark_jobs.demo.twin.systems import Systems, all_feeds
from spark_jobs.demo.twin.world import World

DAYS, PERSONS = 6, 900
FEEDS = {f"{feed.source}.{feed.feed}": feed for feed in all_feeds()}


@pytest.fixture(scope="module")
def days() -> list[tuple[Day, list[Rows]]]:
    """Some days of 1,500 persons with all that the systems deliver of them."""
    knobs, span, draws = load_knobs(), Span(first_day=date(2024, 1, 27), days=DAYS), Draws(5)
    twin, systems = Twin(World(knobs, span, draws), build_people(knobs, draws, span, PERSONS)), Systems()
    return [(day, list(systems.deliver(day))) for day in twin.days()]


def rows_of(days: list[tuple[Day, list[Rows]]], name: str) -> Iterator[pa.Table]:
    for _, delivered in days:
        yield from (rows.table for rows in delivered if f"{rows.feed.source}.{rows.feed.feed}" == name)


@cache
def feeds_of(file: Path) -> dict[str, Feed]:
    return load_contract(file).feeds


def contract_of(feed: FeedFile) -> Feed:
    return feeds_of(CONF_DIR / "twin/sources" / f"{feed.source}.yml")[feed.feed]


def test_every_feed_of_the_contracts_is_delivered_and_the_other_way_round() -> None:
    contracted = {f"{file.stem}.{name}" for file in (CONF_DIR / "twin/sources").glob("*.yml") for name in feeds_of(file)}
    assert contracted == set(FEEDS)


@pytest.mark.parametrize("name", sorted(FEEDS))
def test_a_file_has_the_contract_s_columns(name: str) -> None:
    feed, contract = FEEDS[name], contract_of(FEEDS[name])
    declared = list(dict.fromkeys(column.delivered_name.partition(".")[0] for column in contract.columns))
    assert declared == [column.name for column in feed.columns]
    assert (contract.format, contract.csv.delimiter, contract.csv.encoding, contract.csv.header) == (
        feed.format, feed.delimiter, feed.encoding, feed.has_header,
    )  # fmt: skip
    assert Path(file_name(feed, "20240105")).match(contract.files.replace("{date}", "20240105"))


@pytest.mark.parametrize("name", sorted(FEEDS))
def test_an_error_that_should_be_caught_breaks_a_rule_of_the_contract(name: str) -> None:
    feed, contract = FEEDS[name], contract_of(FEEDS[name])
    by_name = {column.delivered_name: column for column in contract.columns}
    for column in feed.columns:
        if not feed.may_be_dirty or column.name not in by_name:
            continue
        declared = by_name[column.name]
        assert declared.required or not column.required, f"{column.name} may be blank"
        if column.kind in ("code", "flag"):
            assert declared.allowed or declared.pattern, f"{column.name} takes any word"
        if column.kind in ("number", "money", "moment", "date"):
            assert declared.type != "string" or declared.valid, f"{column.name} takes any text"
        if column.kind in ("phone", "email"):
            assert declared.kind == column.kind, f"{column.name} is not normalised as {column.kind}"


def test_every_system_delivers(days: list[tuple[Day, list[Rows]]]) -> None:
    seen = {f"{rows.feed.source}.{rows.feed.feed}" for _, delivered in days for rows in delivered}
    assert set(FEEDS) - seen <= {"twin_b2b.payments"}


def test_keys_are_there_once(days: list[tuple[Day, list[Rows]]]) -> None:
    full_lists = {"twin_products.products", "twin_stores.stores"}
    several = {
        "twin_pos.receipts": 2,
        "twin_oms.order_items": 2,
        "twin_products.prices": 2,
        "twin_loyalty.tiers": 3,
        "twin_weather.daily": 3,
    }
    for name in sorted(set(FEEDS) - full_lists):
        keys = [
            tuple(row)
            for table in rows_of(days, name)
            for row in zip(*(table.column(at).to_pylist() for at in range(several.get(name, 1))), strict=True)
        ]
        assert [key for key, count in Counter(keys).items() if count > 1][:3] == [], name


def test_required_columns_are_full(days: list[tuple[Day, list[Rows]]]) -> None:
    for _, delivered in days:
        for rows in delivered:
            empty = [column.name for at, column in enumerate(rows.feed.columns) if column.required and rows.table.column(at).null_count]
            assert not empty, f"{rows.feed.source}.{rows.feed.feed}"


def test_tills_and_order_system_add_up_to_what_was_paid(days: list[tuple[Day, list[Rows]]]) -> None:
    def fen(table: pa.Table, column: str) -> int:
        return int(pc.sum(table.column(column).cast(pa.decimal128(18, 2)), min_count=0).as_py() * 100)

    sold = sum(fen(table.filter(pc.equal(table.column("类型"), "S")), "实收金额") for table in rows_of(days, "twin_pos.receipts"))
    items = sum(fen(table, "line_amount") for table in rows_of(days, "twin_oms.order_items"))
    paid = sum(fen(table, "paid_amount") for table in rows_of(days, "twin_oms.orders"))
    in_store = [day.orders["channel"] == Channel.STORE for day, _ in days]
    amount = [day.orders["amount"] for day, _ in days]
    fees = sum(int(day.orders["delivery_fee"].sum()) for day, _ in days)
    assert sold == sum(int(fen_[mask].sum()) for fen_, mask in zip(amount, in_store, strict=True))
    assert paid == sum(int(fen_[~mask].sum()) for fen_, mask in zip(amount, in_store, strict=True))
    assert items == paid - fees


def test_no_text_breaks_a_line_or_holds_a_delimiter_that_is_not_quoted(days: list[tuple[Day, list[Rows]]]) -> None:
    for _, delivered in days:
        for rows in delivered:
            for column in rows.table.columns:
                if pa.types.is_string(column.type):
                    assert not pc.any(pc.match_substring_regex(column, "[\n\r]")).as_py(), rows.feed
            if not rows.feed.has_header:
                texts = [text for column in rows.table.columns for text in column.to_pylist() if text]
                assert not any(rows.feed.delimiter in text for text in texts)


def test_an_app_event_is_known_by_what_its_system_knows(days: list[tuple[Day, list[Rows]]]) -> None:
    apps = pa.concat_tables(rows_of(days, "twin_app.events"))
    assert apps.column("device").combine_chunks().field("id").null_count == 0
    members = apps.column("user").combine_chunks().field("memberId")
    assert 0.2 < members.null_count / len(members) < 0.6


def test_persons_in_other_runs_deliver_the_same(days: list[tuple[Day, list[Rows]]]) -> None:
    knobs, span, draws = load_knobs(), Span(first_day=date(2024, 1, 27), days=DAYS), Draws(5)
    twin, systems = Twin(World(knobs, span, draws), build_people(knobs, draws, span, PERSONS), persons_at_once=211), Systems()
    for (_, before), day in zip(days, twin.days(), strict=True):
        for left, right in zip(before, systems.deliver(day), strict=True):
            assert left.table.equals(right.table), f"{left.feed.source}.{left.feed.feed}"
            assert np.array_equal(left.at, right.at)


def test_default_knobs_are_those_of_the_file() -> None:
    written = load_knobs().model_dump()
    assert {name: written[name] for name in ("people", "behaviour", "files")} == {
        name: Knobs().model_dump()[name] for name in ("people", "behaviour", "files")
    }
