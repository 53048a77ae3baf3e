"""The orders of a run of persons on a day: when, through which channel, for which occasion, with which coupon; and their visits."""

from dataclasses import dataclass

import numpy as np

from spark_jobs.demo.twin.behaviour import baskets
from spark_jobs.demo.twin.behaviour.backbone import Backbone
from spark_jobs.demo.twin.behaviour.purchases import Pull, is_first_day, orders_today
from spark_jobs.demo.twin.behaviour.state import State
from spark_jobs.demo.twin.behaviour.today import Today
from spark_jobs.demo.twin.behaviour.traits import Traits
from spark_jobs.demo.twin.codes import Channel, Payment, Scene
from spark_jobs.demo.twin.draws import Bools, Floats, Ints
from spark_jobs.demo.twin.frame import Frame

FREE_DELIVERY_FROM, DELIVERY_FEE = 3900, 600
COUPON_USE = 0.65
# Chance of each hour of the day by kind of order: daytime, evening and weekend meal, night.
_HOURS = np.array([
    [0, 0, 0, 0, 0, 0, 2, 5, 8, 10, 10, 8, 6, 4, 4, 5, 7, 10, 9, 6, 4, 2, 1, 0],
    [0, 0, 0, 0, 0, 0, 1, 3, 7, 12, 14, 9, 4, 3, 5, 9, 13, 10, 5, 3, 1, 1, 0, 0],
    [12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 8, 20, 28, 22],
])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bought:
    """What a run of persons did: orders (without number), their lines (by position in the orders), visits, and clicks on advertisements."""

    orders: Frame
    lines: Frame
    sessions: Frame
    ad_clicks: Frame


def buy(today: Today, state: State, traits: Traits, persons: Frame, drawn: Pull, backbone: Backbone | None = None) -> Bought:
    """The orders and visits of a run of persons; with a backbone their orders and lines are the real ones of its households."""
    if backbone is None:
        counts = orders_today(today.world, persons, drawn, today.number)
        rows = np.repeat(np.arange(len(persons)), counts)
        orders = _circumstances(today, traits, persons, rows, _turns(counts))
        lines = baskets.fill(today, state, traits, orders, rows)
    else:
        rows, basket = backbone.baskets_on(persons, today.number)
        comes = drawn.is_active[rows]
        rows, basket = rows[comes], basket[comes]
        turn = _turns(np.bincount(rows, minlength=len(persons)))
        orders = _circumstances(today, traits, persons, rows, turn, backbone.baskets["second"][basket])
        lines = backbone.lines_of(basket, today.assortment)
        category = lines["product"] // today.assortment.per_category
        state.last_category_day[orders["person"][lines["at_order"]], category] = today.number
    orders = _amounts(today, drawn, orders, lines, rows)
    sessions, clicks = _visits(today, traits, persons, drawn, orders)
    return Bought(orders, lines, sessions, clicks)


def _turns(counts: Ints) -> Ints:
    """0 for the first order of each person, 1 for the second, and so on."""
    turns: Ints = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    return turns


def _circumstances(today: Today, traits: Traits, persons: Frame, rows: Ints, turn: Ints, second: Ints | None = None) -> Frame:
    draws, number, who = today.draws, today.number, persons.take(rows)
    person = who["person"]
    company = np.where((who["company"] >= 0) & draws.happens(0.45, "for the company", person, number, turn), who["company"], -1)
    scene = _scenes(today, traits, person, rows, turn)
    is_registered = who["registers_day"] <= number
    channel = np.where(company >= 0, Channel.B2B, _channels(today, traits, who, rows, scene, turn))
    is_store = channel == Channel.STORE
    at = today.midnight + (_seconds(today, scene, is_store, person, turn) if second is None else second)
    nearby = draws.happens(0.88, "home store", person, number, turn)
    per_city = today.world.knobs.world.stores_per_city
    store = np.where(nearby, who["store"], who["city"] * per_city + draws.integers(0, per_city, "other store", person, number, turn))
    promise = np.where(channel == Channel.B2B, 86_400, draws.integers(2, 5, "promise", person, number, turn) * 1800)
    return Frame({
        "person": person, "turn": turn, "channel": channel, "store": store, "at": at, "scene": scene, "company": company,
        "is_identified": np.where(is_store, is_registered & draws.happens(0.86, "shows card", person, number, turn), True),
        "is_registered": is_registered, "promised_at": np.where(is_store, -1, at + promise),
        "is_cancelled": ~is_store & draws.happens(0.018, "cancelled", person, number, turn), "is_fraud": traits.fraud[rows],
    })  # fmt: skip


def _scenes(today: Today, traits: Traits, person: Ints, rows: Ints, turn: Ints) -> Ints:
    mood = today.now.mood
    weights = np.ones((len(person), len(Scene)))
    weights[:, Scene.ROUTINE] = 6.0
    weights[:, Scene.FAMILY_MEAL] = (3.2 if mood.is_weekend else 0.5) * (traits.mouths[rows] / 2)
    weights[:, Scene.URGENT_REFILL] = 0.9
    weights[:, Scene.HOLIDAY_GIFT] = 0.06 + 2.5 * mood.gift_rush
    weights[:, Scene.NIGHT_SNACK] = np.where(traits.night[rows], 5.0, 0.12)
    return today.draws.choice(weights, "scene", person, today.number, turn)


def _channels(today: Today, traits: Traits, who: Frame, rows: Ints, scene: Ints, turn: Ints) -> Ints:
    """A channel for each order; rain and the night keep people at home, guests have no advisor."""
    weights = traits.channels[rows].copy()
    is_wet = today.now.rain[who["city"]] >= 5
    stays = 1 + today.world.knobs.behaviour.rain_effect * 2 * traits.rain[rows]
    weights[:, Channel.STORE] *= np.where(is_wet, 1 / stays, 1.0) * np.where(scene == Scene.NIGHT_SNACK, 0.05, 1.0)
    weights[:, Channel.APP : Channel.LIVE + 1] *= np.where(is_wet, stays, 1.0)[:, None]
    is_guest = who["registers_day"] > today.number
    weights[is_guest, Channel.APP] *= 0.1
    weights[is_guest, Channel.WECOM] = 0
    weights[:, Channel.STORE] += 1e-6
    return today.draws.choice(weights, "channel", who["person"], today.number, turn)


def _seconds(today: Today, scene: Ints, is_store: Bools, person: Ints, turn: Ints) -> Ints:
    """Second of the day; stores are open from 7 to 22."""
    kind = np.where(scene == Scene.NIGHT_SNACK, 2, np.where(scene == Scene.FAMILY_MEAL, 1, 0))
    hour = today.draws.choice(_HOURS[kind], "hour", person, today.number, turn)
    hour = np.where(is_store, np.clip(hour, 7, 21), hour)
    return hour * 3600 + today.draws.integers(0, 3600, "second", person, today.number, turn)


def _amounts(today: Today, drawn: Pull, orders: Frame, lines: Frame, rows: Ints) -> Frame:
    """Sums of the lines, the coupon, the delivery fee and the payment."""
    count, person, turn = len(orders), orders["person"], orders["turn"]
    net = np.bincount(lines["at_order"], lines["amount"], count).astype(np.int64)
    discount = np.bincount(lines["at_order"], lines["discount"], count).astype(np.int64)
    campaign, coupon = _coupons(today, drawn, orders, lines, net, rows)
    comes = (orders["promised_at"] >= 0) & (orders["company"] < 0)
    fee = np.where(comes & (net < FREE_DELIVERY_FROM), DELIVERY_FEE, 0)
    weights = np.where((orders["channel"] == Channel.STORE)[:, None], [4, 3, 1.2, 0.8, 0.6, 0], [6, 4, 0.5, 0, 0.7, 0])
    payment = np.where(orders["company"] >= 0, Payment.INVOICE, today.draws.choice(weights, "payment", person, today.number, turn))
    return orders.having(
        line_count=np.bincount(lines["at_order"], minlength=count), gross=net + discount, discount=discount, coupon_discount=coupon,
        delivery_fee=fee, amount=net - coupon + fee, payment=payment, campaign=campaign,
    )  # fmt: skip


def _coupons(today: Today, drawn: Pull, orders: Frame, lines: Frame, net: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """The campaign whose coupon an order uses (−1 none) and its worth in fen. The best of a person's coupons is used."""
    campaign, worth = np.full(len(orders), -1), np.zeros(len(orders), np.int64)
    for group, offer in zip(drawn.groups, today.now.running, strict=True):
        if is_first_day(offer, today.number):
            continue  # nobody has seen it yet when the day begins
        holds = np.zeros(len(drawn.rate), np.bool_)
        holds[group.rows[group.is_treated & group.opened]] = True
        category, least, value = (int(offer[name][0]) for name in ("category", "min_spend", "coupon"))
        fits = net >= least
        if category >= 0:
            inside = lines["product"] // today.assortment.per_category == category
            fits &= np.bincount(lines["at_order"][inside], minlength=len(orders)) > 0
        uses = today.draws.happens(COUPON_USE, "uses coupon", group.campaign, orders["person"], today.number, orders["turn"])
        takes = holds[rows] & fits & (uses | orders["is_fraud"]) & orders["is_identified"] & (orders["company"] < 0) & (value > worth)
        campaign, worth = np.where(takes, group.campaign, campaign), np.where(takes, value, worth)
    return campaign, worth


def _visits(today: Today, traits: Traits, persons: Frame, drawn: Pull, orders: Frame) -> tuple[Frame, Frame]:
    """Visits that end in an order, visits after a click on an advertisement, and visits to look around."""
    online = (orders["channel"] >= Channel.APP) & (orders["channel"] <= Channel.LIVE)
    ending = orders.take(online)
    digital = traits.channels[:, Channel.APP : Channel.LIVE + 1]
    looks = np.where(drawn.is_active & (digital.sum(axis=1) > 0), traits.engagement, 0.0)
    looks = looks * (1 + 0.3 * today.now.mood.gift_rush) * (1 + 0.6 * drawn.is_treated_now)
    count = today.draws.counts(looks, "looks around", persons["person"], today.number)
    clicked = np.flatnonzero(drawn.ad_platform >= 0)
    rows = np.concatenate([np.repeat(np.arange(len(persons)), count), clicked])
    turn = 2 + np.concatenate([np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count), np.full(len(clicked), 50)])
    person = persons["person"][rows]
    looking = Frame({
        "person": person, "turn": turn, "channel": Channel.APP + today.draws.choice(digital[rows] + 1e-9, "visit channel", person, today.number, turn),
        "at": today.midnight + _seconds(today, np.where(traits.night[rows], Scene.NIGHT_SNACK, Scene.ROUTINE), np.zeros(len(rows), np.bool_), person, turn),
        "order_row": np.full(len(rows), -1), "platform": np.where(turn == 52, drawn.ad_platform[rows], -1),
    })  # fmt: skip
    buying = Frame({
        "person": ending["person"], "turn": ending["turn"], "channel": ending["channel"], "at": ending["at"],
        "order_row": np.flatnonzero(online), "platform": np.full(len(ending), -1),
    })  # fmt: skip
    sessions = _described(today, traits, persons, Frame.concat([buying, looking]))
    clicks = sessions.take(sessions["platform"] >= 0)
    return sessions, clicks


def _described(today: Today, traits: Traits, persons: Frame, visits: Frame) -> Frame:
    """Length, pages, the product that was looked at longest, and whether the person was logged in."""
    draws, number, person, turn = today.draws, today.number, visits["person"], visits["turn"]
    bought = visits["order_row"] >= 0
    pages = 1 + draws.counts(np.where(bought, 5.5, 2.6), "pages", person, number, turn)
    seconds = (pages * (8 + draws.exponential(16, "page seconds", person, number, turn))).astype(np.int64) + 5
    first = persons["person"][0] if len(persons) else 0
    registered = (persons["registers_day"] <= number)[person - first]
    category = draws.choice(traits.affinity[person - first].astype(np.float64) + 1e-6, "seen category", person, number, turn)
    within = draws.integers(0, today.assortment.per_category, "seen product", person, number, turn)
    logged: Bools = registered & (bought | draws.happens(0.62, "logged in", person, number, turn))
    return visits.having(
        at=visits["at"] - np.where(bought, np.minimum(seconds, 1800), 0), seconds=seconds, pages=pages,
        product=category * today.assortment.per_category + within, is_logged_in=logged,
    )  # fmt: skip


def expected_amounts(traits: Traits) -> Floats:
    """A rough value in fen of one order of each person: what an order caused by a channel is worth in the truth."""
    amount: Floats = 1650.0 * traits.basket
    return amount
