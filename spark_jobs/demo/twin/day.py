"""What happened on one day, before any system wrote it down; and what a system delivers of it.

Frames of a day (all integers unless said otherwise; `at`-columns are seconds since 1970-01-01 UTC, money is in fen, −1 is none):

sessions       session, person, channel, at, seconds, pages, product (looked at longest), order, campaign, is_logged_in (bool)
orders         order, person, channel, store, at, is_identified (bool: the shop knows who buys), scene, line_count, gross, discount,
               coupon_discount, delivery_fee, amount (paid), payment, campaign (whose coupon was used), session, promised_at (−1: taken along),
               is_cancelled (bool), company, is_fraud (bool)
lines          order, line (from 1), product, quantity (float: kg or pieces), unit_price (fen), discount, amount
deliveries     order, person, store, courier, distance (m), promised_at, picked_at, delivered_at, is_late (bool); on the day it is delivered
refunds        refund, order, person, line (0: the whole order), product (−1: the whole order), quantity (float), amount, issue, at,
               channel, store and company (of the order)
tickets        ticket, person, order, channel, issue, opened_at, first_reply_at, resolved_at, closed_at, satisfaction (1 to 5, −1: not asked),
               repeat_of, order_channel (where the order was placed);
               on the day it is closed: a ticket system exports closed tickets
reviews        order, person, at, stars (1 to 5), nps (0 to 10), issue (the cause when bad), sentiment (float −1 to 1), order_channel
touches        campaign, person, touch_channel, sent_at (−1: control group), delivered (bool), opened_at, clicked_at, is_treated (bool)
ad_clicks      person, platform, campaign, at, session
registrations  see people/registrations.py
consents       see people/consents.py
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.draws import Draws
from spark_jobs.demo.twin.frame import Frame

if TYPE_CHECKING:
    from spark_jobs.demo.twin.people.people import People
    from spark_jobs.demo.twin.world import World


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the twin."""

    number: int
    date: date
    midnight: int  # seconds since 1970-01-01 UTC
    draws: Draws
    world: World
    people: People
    wallet: Frame  # a row for each person: the identifiers held today (people/wallet.py)
    sessions: Frame
    orders: Frame
    lines: Frame
    deliveries: Frame
    refunds: Frame
    tickets: Frame
    reviews: Frame
    touches: Frame
    ad_clicks: Frame
    registrations: Frame
    consents: Frame


@dataclass(frozen=True, slots=True)
class FileColumn:
    """A column of a delivered file.

    `kind` says which errors can happen to it: text, id, number, money, moment, date, code (one of a few words), phone, email, flag.
    """

    name: str
    kind: str = "text"
    required: bool = False


@dataclass(frozen=True, slots=True)
class FeedFile:
    """How a system writes one feed: `<source>/<feed>/<feed>_<date>.<suffix>`, one file a day on which it has rows."""

    source: str
    feed: str
    columns: tuple[FileColumn, ...]
    format: str = "csv"  # csv, jsonl, parquet
    delimiter: str = ","
    encoding: str = "utf-8"
    compression: str = "gz"  # gz, zst or none
    has_header: bool = True
    may_be_dirty: bool = True
    may_be_late: bool = True


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that a system delivers of one day.

    `table` has the feed's columns in order (strings for csv; typed, lists and structs too, for jsonl and parquet). `at` sorts the file.
    `truth` names further truth tables and their rows, such as `texts`.
    """

    feed: FeedFile
    table: pa.Table
    at: np.ndarray
    truth: dict[str, pa.Table] = field(default_factory=dict)
