"""Tables of the truth that come straight from what happened, and from what the persons are like."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.behaviour.days import Twin
from spark_jobs.demo.twin.behaviour.state import State
from spark_jobs.demo.twin.behaviour.traits import Traits
from spark_jobs.demo.twin.codes import Channel, ChurnCause, Platform, Scene, TouchChannel
from spark_jobs.demo.twin.day import Day
from spark_jobs.demo.twin.draws import Floats
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.knobs import Knobs, Span
from spark_jobs.demo.twin.places import store_numbers
from spark_jobs.demo.twin.systems.numbers import campaign_numbers, order_numbers, receipt_numbers
from spark_jobs.demo.twin.truth.columns import FAR, dates, moments, words, yuan

BANDS = (("low", 0.35), ("medium", 0.65), ("high", 1.01))  # of sensitivities and preferences, with their upper bounds


def orders(day: Day) -> pa.Table:
    """All orders of a day, those of guests and the cancelled ones too."""
    frame = day.orders
    is_store = frame["channel"] == Channel.STORE
    numbers = pa.compute.if_else(pa.array(is_store), receipt_numbers(frame["order"]), order_numbers(frame["order"]))
    stores = store_numbers(day.world.stores["store"])
    return pa.table({
        "order_number": numbers, "person_id": frame["person"], "channel": words(Channel, frame["channel"]),
        "store": stores.take(pa.array(frame["store"])), "ordered_at": moments(frame["at"]),
        "ordered_on": dates(day.world.span, np.full(len(frame), day.number)), "line_count": frame["line_count"].astype(np.int32),
        "amount": yuan(frame["amount"]), "delivery_fee": yuan(frame["delivery_fee"]), "scene": words(Scene, frame["scene"]), "campaign_id": campaign_numbers(frame["campaign"]),
        "is_cancelled": frame["is_cancelled"], "is_fraud": frame["is_fraud"], "is_identified": frame["is_identified"],
    })  # fmt: skip


def churn(span: Span, state: State) -> pa.Table:
    """Who left, on which day for the first time not a customer any more, and why."""
    churned, cause = state.churn_day.astype(np.int64), state.churn_cause
    return pa.table({
        "person_id": np.arange(len(churned)), "churned_on": dates(span, churned),
        "cause": words(ChurnCause, np.where(churned < FAR, cause, -1)),
    })  # fmt: skip


def tags(span: Span, persons: Frame, traits: Traits, state: State) -> Iterator[pa.Table]:
    """True tags of a run of persons, with the interval in which they hold; a table for each tag."""
    joined = persons["joined_day"]
    for name in ("price", "promo", "health", "organic", "imported", "rain"):
        yield _tag(
            span,
            persons,
            f"{name}_{'sensitivity' if name in ('price', 'promo', 'rain') else 'preference'}",
            _bands(getattr(traits, name)),
            joined,
        )
    night = pa.array(["false", "true"]).take(pa.array(traits.night.astype(np.int8)))
    yield _tag(span, persons, "night_shopper", night, joined)
    kinds = pa.array(["unmoved", "persuadable", "annoyed"]).take(
        pa.array(np.where(traits.uplift > 0, 1, np.where(traits.uplift < 0, 2, 0)))
    )
    yield _tag(span, persons, "coupon_response", kinds, joined)
    yield _tag(span, persons, "favourite_channel", words(Channel, np.argmax(traits.channels, axis=1)), joined)
    yield _tag(span, persons, "cheats", pa.array(["false", "true"]).take(pa.array(traits.fraud.astype(np.int8))), joined)
    churned = state.churn_day[persons["person"]].astype(np.int64)
    yield _tag(span, persons, "lifecycle", _repeat("customer", len(persons)), joined, churned)
    gone = churned < FAR
    yield _tag(span, persons.take(gone), "lifecycle", _repeat("churned", int(gone.sum())), churned[gone])
    registered = np.where(persons["registers_day"] < span.days, persons["registers_day"], FAR)  # later than the simulation is never
    member = registered < FAR
    yield _tag(span, persons.take(member), "membership", _repeat("member", int(member.sum())), registered[member])
    guest = registered > joined
    yield _tag(span, persons.take(guest), "membership", _repeat("guest", int(guest.sum())), joined[guest], registered[guest])


def treatment_effects(twin: Twin) -> pa.Table:
    """What each campaign does to each person of its audience: the chance to buy while it runs, with and without it."""
    effects = twin.effects.of_persons()
    if not len(effects):
        effects = Frame({name: np.zeros(0) for name in ("campaign", "person", "is_treated", "without", "with_it")})
    return pa.table({
        "campaign_id": campaign_numbers(effects["campaign"]), "person_id": effects["person"].astype(np.int64),
        "is_treated": effects["is_treated"].astype(np.bool_), "chance_with": effects["with_it"], "chance_without": effects["without"],
        "effect": np.round(effects["with_it"] - effects["without"], 6),
    })  # fmt: skip


def channel_contribution(span: Span, twin: Twin) -> pa.Table:
    """Orders and money that messages and advertisements brought each day beyond what would have come without them (expected values).

    Of the day alone: an order that was brought forward is missing on a later day, which is not taken off.
    """
    rows = sorted(twin.effects.caused.items())
    return pa.table({
        "channel": pa.array([_driver(driver) for (_, driver), _ in rows], pa.string()),
        "day": dates(span, np.array([number for (number, _), _ in rows], np.int64)),
        "orders": pa.array([orders_ / 1e6 for _, (orders_, _) in rows], pa.float64()),
        "amount": pa.array([fen / 1e8 for _, (_, fen) in rows], pa.float64()),
    })  # fmt: skip


def shocks(span: Span, knobs: Knobs) -> pa.Table:
    """Regions in shock, those of the simulated days."""
    rows = [shock for shock in knobs.world.shocks if shock.first_day < span.days]
    return pa.table({
        "region": pa.array([row.region for row in rows], pa.string()),
        "first_date": dates(span, np.array([row.first_day for row in rows], np.int64)),
        "last_date": dates(span, np.array([row.last_day for row in rows], np.int64)),
        "factor": pa.array([row.factor for row in rows], pa.float64()),
    })  # fmt: skip


def _driver(name: str) -> str:
    kind, _, code = name.partition("_")
    return f"{kind}_{(TouchChannel if kind == 'touch' else Platform)(int(code)).name.lower()}"


def _bands(values: Floats) -> pa.Array:
    names = pa.array([name for name, _ in BANDS], pa.string())
    return names.take(pa.array(np.searchsorted([bound for _, bound in BANDS], values, side="right")))


def _repeat(text: str, count: int) -> pa.Array:
    return pa.array([text], pa.string()).take(pa.array(np.zeros(count, np.int8)))


def _tag(span: Span, persons: Frame, name: str, values: pa.Array, first: np.ndarray, last: np.ndarray | None = None) -> pa.Table:
    until = np.full(len(persons), FAR) if last is None else last
    return pa.table({
        "person_id": persons["person"].astype(np.int64), "tag": _repeat(name, len(persons)), "value": values.cast(pa.string()),
        "valid_from": dates(span, first), "valid_to": dates(span, until),
    })  # fmt: skip
