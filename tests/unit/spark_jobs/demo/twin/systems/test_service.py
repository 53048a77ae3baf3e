"""Calls, chats, deliveries, tickets and reviews: every true fact is a row, named once, as the contracts expect it."""

import re

import numpy as np
import pyarrow as pa
import pytest

from conf.contracts import SourceContract
from conf.documents import read_document, validate
from conf.settings import CONF_DIR
from spark_jobs.demo.twin.day import FeedFile
from tests.unit.spark_jobs.demo.twin.systems.days_of_s import SYSTEMS, days, delivered

FEEDS = [feed for system in SYSTEMS for feed in system.feeds]
OF_FRAME = {"deliveries": "deliveries", "tickets": "tickets", "reviews": "reviews"}


def table_of(feed: FeedFile) -> pa.Table:
    """All rows of a feed."""
    return pa.concat_tables([rows.table for _, delivery in delivered() for rows in delivery if rows.feed is feed])


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: f"{feed.source}.{feed.feed}")
def test_a_file_has_the_columns_of_its_contract_and_its_words(feed: FeedFile) -> None:
    contract = validate(SourceContract, read_document(CONF_DIR / "twin" / "sources" / f"{feed.source}.yml")).feeds[feed.feed]
    table = table_of(feed)
    assert [column.delivered_name.split(".")[0] for column in contract.columns] == [column.name for column in feed.columns]
    assert table.column_names == [column.name for column in feed.columns] and len(table) > 20
    assert {column.name for column in feed.columns if column.required} == {
        each.delivered_name for each in contract.columns if each.required
    }
    for column in contract.columns:
        values = [value for value in table.column(column.delivered_name).to_pylist() if value is not None]
        assert values, column.name
        assert not column.required or len(values) == len(table)
        assert column.allowed is None or set(values) <= set(column.allowed)
        assert column.pattern is None or all(re.fullmatch(column.pattern, value) for value in values)


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: f"{feed.source}.{feed.feed}")
def test_a_row_is_named_once(feed: FeedFile) -> None:
    keys = table_of(feed).column(0).to_pylist()
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("name", OF_FRAME)
def test_every_fact_is_a_row(name: str) -> None:
    for day, delivery in delivered():
        rows = [len(each.table) for each in delivery if each.feed.feed == name]
        assert sum(rows) == len(getattr(day, OF_FRAME[name]))


def test_every_text_of_a_customer_has_its_truth() -> None:
    for feed, column in (("tickets", "text"), ("reviews", "content"), ("calls", "note")):
        written = {
            key: text
            for _, delivery in delivered()
            for rows in delivery
            if rows.feed.feed == feed
            for key, text in zip(rows.table.column(0).to_pylist(), rows.table.column(column).to_pylist(), strict=True)
            if text is not None
        }
        told = [
            key
            for _, delivery in delivered()
            for rows in delivery
            if rows.feed.feed == feed
            for key in rows.truth["texts"]["key"].to_pylist()
        ]
        assert len(told) == len(set(told)) and set(written) <= set(told)


def test_the_same_seed_delivers_the_same() -> None:
    for (_, one), (_, other) in zip(delivered(), days(), strict=True):
        assert [rows.feed for rows in one] == [rows.feed for rows in other]
        assert all(left.table.equals(right.table) and np.array_equal(left.at, right.at) for left, right in zip(one, other, strict=True))
