"""What follows an order: its delivery, what goes wrong, and the refunds, tickets and reviews that come of it, some of them days later."""

from dataclasses import dataclass

import numpy as np

from spark_jobs.demo.twin.behaviour.today import Today
from spark_jobs.demo.twin.codes import Channel, Issue
from spark_jobs.demo.twin.draws import Bools, Floats, Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.places import KM_PER_DEGREE

COURIERS_PER_STORE = 20
HOUR, DAY = 3600, 86_400


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Frames as in day.py; their rows belong to the day of `delivered_at`, `at` or `closed_at`, which may be a later one."""

    deliveries: Frame
    refunds: Frame
    tickets: Frame
    reviews: Frame
    late: Ints  # persons whose order came late
    wronged: Ints  # persons whose goods were bad, missing or wrong


def aftermath(today: Today, persons: Frame, orders: Frame, lines: Frame) -> Aftermath:
    """What follows the orders of a day (numbered, all persons); `lines` lie in the order of `orders`."""
    kept = orders.take(~orders["is_cancelled"])
    trouble = _store_trouble(today, kept)
    deliveries = _deliveries(today, persons, kept.take(kept["promised_at"] >= 0), trouble)
    is_late = np.isin(kept["order"], deliveries["order"][deliveries["is_late"]])
    ends_at = kept["at"].copy()
    ends_at[np.searchsorted(kept["order"], deliveries["order"])] = deliveries["delivered_at"]
    issue = _issues(today, kept, is_late, trouble)
    refunds = _refunds(today, kept, lines, issue, ends_at)
    tickets = _tickets(today, kept, issue, ends_at)
    reviews = _reviews(today, kept, issue, ends_at)
    bad = (issue == Issue.SPOILED) | (issue == Issue.MISSING) | (issue == Issue.WRONG_ITEM)
    return Aftermath(deliveries, refunds, tickets, reviews, kept["person"][is_late], kept["person"][bad])


def settled_well(tickets: Frame) -> Ints:
    """Persons of a day's closed tickets whose trouble was settled well."""
    persons: Ints = tickets["person"][(tickets["satisfaction"] >= 4) & (tickets["repeat_of"] < 0)]
    return persons


def _store_trouble(today: Today, orders: Frame) -> Floats:
    """How badly each order's store runs this week: mostly near 0, sometimes an incident near 1."""
    store, week = orders["store"], (today.midnight // DAY) // 7
    incident = today.draws.happens(0.03, "incident", store, week)
    trouble: Floats = 0.25 * today.draws.uniform("store quality", store) + incident * 0.9
    return trouble


def _deliveries(today: Today, persons: Frame, orders: Frame, trouble_of_kept: Floats) -> Frame:
    draws, order, person, store = today.draws, orders["order"], orders["person"], orders["store"]
    trouble = _store_trouble(today, orders) if len(trouble_of_kept) != len(orders) else trouble_of_kept
    rain = today.now.rain[persons["city"][person]]
    chance = 0.025 + 0.09 * (rain >= 8) + 0.06 * today.now.mood.gift_rush + 0.22 * trouble
    is_late = draws.happens(np.minimum(chance, 0.9), "late", order)
    delay = np.where(is_late, 300 + draws.exponential(1500, "delay", order), -draws.uniform("early", order) * 1200).astype(np.int64)
    stores = today.world.stores
    north = (persons["latitude"][person] - stores["latitude"][store]) * KM_PER_DEGREE
    east = (persons["longitude"][person] - stores["longitude"][store]) * KM_PER_DEGREE * 0.85
    metres = np.round(1000 * 1.3 * np.hypot(north, east)).astype(np.int64) + 120
    delivered = np.maximum(orders["promised_at"] + delay, orders["at"] + 600)
    picked = np.maximum(delivered - draws.integers(600, 2400, "ride", order), orders["at"] + 240)
    return Frame({
        "order": order, "person": person, "store": store, "courier": store * COURIERS_PER_STORE + draws.integers(0, COURIERS_PER_STORE, "courier", order),
        "distance": metres, "promised_at": orders["promised_at"], "picked_at": picked, "delivered_at": delivered,
        "is_late": delivered > orders["promised_at"],
    })  # fmt: skip


def _issues(today: Today, orders: Frame, is_late: Bools, trouble: Floats) -> Ints:
    """What went wrong with each order, at most one thing; heat spoils, and late orders are complained about first."""
    heat = max(0.0, (float(np.mean(today.world.weather(today.number)["temperature"])) - 18) / 12)
    comes = orders["promised_at"] >= 0
    weights = np.zeros((len(orders), len(Issue)))
    weights[:, Issue.NONE] = 1.0
    weights[:, Issue.LATE] = 0.9 * is_late
    weights[:, Issue.SPOILED] = 0.008 * (1 + 1.2 * heat) + 0.05 * (trouble > 0.9)
    weights[:, Issue.MISSING] = 0.007 * comes + 0.02 * comes * (trouble > 0.9)
    weights[:, Issue.WRONG_ITEM] = 0.004 * comes
    weights[:, Issue.PRICE_DIFFERENCE] = 0.004
    weights[:, Issue.SERVICE] = 0.003
    return today.draws.choice(weights, "issue", orders["order"])


def _refunds(today: Today, orders: Frame, lines: Frame, issue: Ints, ends_at: Ints) -> Frame:
    """Refunds of one line, of part of the price, of the delivery fee; of whole orders for those who cheat."""
    draws, order = today.draws, orders["order"]
    chance = np.array([0, 0.15, 0.75, 0.85, 0.7, 0.9, 0.1, 0])[issue]
    cheats = orders["is_fraud"] & draws.happens(0.35, "cheats", order)
    is_refunded = draws.happens(chance, "refunded", order) | cheats
    rows = np.flatnonzero(is_refunded & (orders["amount"] > 0))
    place = draws.integers(0, orders["line_count"][rows], "refunded line", order[rows])
    first = np.searchsorted(lines["order"], order[rows])
    line = lines.take(first + place)
    kind = np.where(cheats[rows], Issue.SPOILED, issue[rows])
    whole = cheats[rows] | (kind == Issue.LATE) | (kind == Issue.SERVICE)
    paid = orders["amount"][rows]
    amount = np.where(
        cheats[rows], paid, np.where(whole, 500, np.where(kind == Issue.PRICE_DIFFERENCE, line["amount"] // 5, line["amount"]))
    )
    wait = HOUR + draws.exponential(20 * HOUR, "refund wait", order[rows]).astype(np.int64)
    at = _at_the_desk(today, orders["channel"][rows] == Channel.STORE, ends_at[rows] + wait)
    refunds = Frame({
        "refund": order[rows], "order": order[rows], "person": orders["person"][rows], "line": np.where(whole, 0, line["line"]),
        "product": np.where(whole, -1, line["product"]), "quantity": np.where(whole, 0.0, line["quantity"]),
        "amount": np.minimum(amount, paid), "issue": kind, "at": at, "channel": orders["channel"][rows],
        "store": orders["store"][rows], "company": orders["company"][rows],
    })  # fmt: skip
    return refunds.take(refunds["amount"] > 0)


def _at_the_desk(today: Today, is_store: Bools, at: Ints) -> Ints:
    """Moments at which stores are open (7 to 22): who comes later comes the next morning."""
    second = (at - today.midnight) % DAY
    is_closed = is_store & ((second < 7 * HOUR) | (second >= 22 * HOUR))
    return np.where(is_closed, at + (9 * HOUR + second % HOUR - second) % DAY, at)


def _tickets(today: Today, orders: Frame, issue: Ints, ends_at: Ints) -> Frame:
    """Tickets about orders; one in eight comes back unsolved, more of those that waited long."""
    draws, order = today.draws, orders["order"]
    asks = draws.happens(0.005, "question", order) & (issue == Issue.NONE)
    about = np.where(asks, Issue.QUESTION, issue)
    chance = np.array([0, 0.5, 0.45, 0.5, 0.5, 0.35, 0.6, 1.0])[about]
    rows = np.flatnonzero(draws.happens(chance, "complains", order) & (orders["company"] < 0))
    first = _ticket_frame(today, orders.take(rows), about[rows], ends_at[rows], np.full(len(rows), -1))
    waited = (first["resolved_at"] - first["opened_at"]) / HOUR
    returns = draws.happens(np.minimum(0.06 + waited / 250, 0.6), "complains again", first["ticket"])
    again = first.take(returns)
    chosen = rows[np.flatnonzero(returns)]
    later = again["closed_at"] + draws.integers(4 * HOUR, 4 * DAY, "again after", again["ticket"])
    return Frame.concat([first, _ticket_frame(today, orders.take(chosen), about[chosen], later, again["ticket"])])


def _ticket_frame(today: Today, orders: Frame, issue: Ints, after: Ints, repeat_of: Ints) -> Frame:
    draws, order = today.draws, orders["order"]
    key = (order, repeat_of)
    ticket = order + np.where(repeat_of >= 0, 5_000_000, 0)
    opened = after + 300 + draws.exponential(5 * HOUR, "opens ticket", *key).astype(np.int64)
    replied = opened + 60 + draws.exponential(1500, "first reply", *key).astype(np.int64)
    resolved = replied + 300 + draws.exponential(14 * HOUR, "resolved", *key).astype(np.int64)
    closed = resolved + draws.integers(HOUR, 24 * HOUR, "closed", *key)
    calm = 4.4 - (resolved - opened) / (18 * HOUR) - 0.9 * (repeat_of >= 0) + 0.8 * draws.normal("calm", *key)
    answered = draws.happens(0.55, "answers survey", *key)
    channel = np.array([Channel.CALL, Channel.APP, Channel.WECOM])[draws.choice([4, 4, 2], "ticket channel", *key)]
    return Frame({
        "ticket": ticket, "person": orders["person"], "order": order, "channel": channel, "issue": issue, "opened_at": opened,
        "first_reply_at": replied, "resolved_at": resolved, "closed_at": closed,
        "satisfaction": np.where(answered, np.clip(np.round(calm), 1, 5), -1).astype(np.int64), "repeat_of": repeat_of,
        "order_channel": orders["channel"],
    })  # fmt: skip


def _reviews(today: Today, orders: Frame, issue: Ints, ends_at: Ints) -> Frame:
    """Reviews, more often of orders with trouble; the stars follow the sentiment with noise."""
    draws, order = today.draws, orders["order"]
    is_bad = (issue != Issue.NONE) & (issue != Issue.QUESTION)
    writes = draws.happens(np.where(is_bad, 0.25, 0.07), "reviews", order) & (orders["company"] < 0) & orders["is_identified"]
    rows = np.flatnonzero(writes & orders["is_registered"])
    key = order[rows]
    sentiment = np.clip(np.where(is_bad[rows], -0.55, 0.6) + 0.32 * draws.normal("sentiment", key), -1, 1)
    stars = np.clip(np.round(3.1 + 1.9 * sentiment + 0.5 * draws.normal("stars", key)), 1, 5).astype(np.int64)
    nps = np.clip(np.round(6.2 + 3.6 * sentiment + 1.1 * draws.normal("nps", key)), 0, 10).astype(np.int64)
    return Frame({
        "order": key, "person": orders["person"][rows], "at": ends_at[rows] + 2 * HOUR + draws.exponential(26 * HOUR, "review wait", key).astype(np.int64),
        "stars": stars, "nps": nps, "issue": np.where(is_bad[rows], issue[rows], Issue.NONE), "sentiment": np.round(sentiment, 3),
        "order_channel": orders["channel"][rows],
    })  # fmt: skip
