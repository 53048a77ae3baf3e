"""What a person is like as a customer: pace, tastes, channels, and how a coupon or a late delivery moves them. Fixed for life."""

from dataclasses import dataclass

import numpy as np

from spark_jobs.demo.twin.codes import Channel, LifeStage
from spark_jobs.demo.twin.draws import Bools, Draws, Floats
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.knobs import BehaviourKnobs
from spark_jobs.demo.twin.products import CATEGORIES, Assortment

# By life stage, student to senior: orders, lines in a basket, persons who eat.
_PACE = np.array([0.55, 0.75, 0.95, 1.30, 1.35, 1.05, 1.0])
_BASKET = np.array([3.2, 4.2, 5.8, 8.2, 8.8, 6.6, 5.8])
_MOUTHS = np.array([1.0, 1.0, 1.7, 2.6, 3.0, 2.0, 1.7])
# How the selling channels are weighted where a person uses them: store, app, mini, web, live, call, wecom.
_CHANNEL_WEIGHTS = np.array([1.0, 1.1, 0.9, 0.35, 0.25, 0.25, 0.15])


@dataclass(frozen=True, slots=True)
class Traits:
    """Traits of a run of persons: vectors, and two matrices with a row for each person."""

    daily_rate: Floats  # orders a day at a neutral moment
    basket: Floats  # mean lines
    mouths: Floats
    price: Floats  # sensitivities and preferences, 0 to 1
    promo: Floats
    health: Floats
    organic: Floats
    imported: Floats
    rain: Floats
    night: Bools
    tolerance: Floats  # around 1; how strongly trouble hurts
    uplift: Floats  # log-odds that a coupon adds; negative for those it annoys
    engagement: Floats  # visits a day without buying
    fraud: Bools
    channels: Floats  # person × selling channel, weights
    affinity: Floats  # person × category


def traits_of(draws: Draws, knobs: BehaviourKnobs, assortment: Assortment, persons: Frame) -> Traits:
    """The traits of persons (rows of `People.persons`): a pure function of the person."""
    person, stage, income = persons["person"], persons["life_stage"], persons["income"]

    def noise(purpose: str) -> Floats:
        return draws.normal(f"trait {purpose}", person)

    price = _squashed(0.4 - 0.45 * (income - 2) + 0.9 * noise("price"))
    health = _squashed(-0.2 + 0.25 * (income - 2) + 0.3 * (stage >= LifeStage.EMPTY_NEST) + noise("health"))
    organic = _squashed(-1.0 + 0.35 * (income - 2) + 0.8 * (stage == LifeStage.YOUNG_FAMILY) + 0.9 * noise("organic"))
    night_chance = knobs.night_share * np.where(stage <= LifeStage.SINGLE, 1.8, np.where(stage >= LifeStage.EMPTY_NEST, 0.3, 0.9))
    return Traits(
        daily_rate=knobs.orders_per_month / 30 * _PACE[stage] * np.exp(0.85 * noise("pace") - 0.36),
        basket=_BASKET[stage] * np.exp(0.3 * noise("basket") - 0.045),
        mouths=_MOUTHS[stage],
        price=price,
        promo=_squashed(1.6 * (price - 0.5) + 0.8 * noise("promo")),
        health=health,
        organic=organic,
        imported=_squashed(-1.1 + 0.5 * (income - 2) + 0.9 * noise("imported")),
        rain=_squashed(noise("rain")),
        night=draws.happens(np.minimum(night_chance, 1), "trait night", person),
        tolerance=np.exp(0.45 * noise("tolerance")),
        uplift=_uplift(draws, knobs, price, persons),
        engagement=0.16 * np.exp(0.9 * noise("engagement") - 0.4),
        fraud=draws.happens(knobs.fraud_share, "trait fraud", person),
        channels=_channels(draws, persons),
        affinity=_affinity(draws, assortment, persons, health),
    )


def _squashed(value: Floats) -> Floats:
    squashed: Floats = 1 / (1 + np.exp(-value))
    return squashed


def _uplift(draws: Draws, knobs: BehaviourKnobs, price: Floats, persons: Frame) -> Floats:
    """Persuadables, those whom nothing moves, and those whom a message annoys."""
    kind = draws.choice([0.38, 0.50, 0.12], "trait coupon kind", persons["person"])
    strength = np.exp(0.4 * draws.normal("trait coupon", persons["person"])) * (0.6 + 0.8 * price)
    uplift: Floats = np.where(kind == 0, 2.4 * knobs.coupon_lift * strength, np.where(kind == 2, -0.8 * knobs.coupon_lift * strength, 0.0))
    return uplift


def _channels(draws: Draws, persons: Frame) -> Floats:
    uses = np.stack([persons[f"uses_{channel.name.lower()}"] for channel in list(Channel)[:7]], axis=1)
    taste = np.stack([draws.exponential(1.0, f"trait channel {number}", persons["person"]) + 0.15 for number in range(7)], axis=1)
    weights: Floats = uses * taste * _CHANNEL_WEIGHTS
    return weights


def _affinity(draws: Draws, assortment: Assortment, persons: Frame, health: Floats) -> Floats:
    """How much of each category a person buys: popularity, taste, and what the household needs; 0 for what they never buy."""
    categories = assortment.categories
    number = np.arange(len(categories))
    person = persons["person"][:, None]
    taste = np.exp(0.8 * draws.normal("trait taste", person, number[None, :]))
    buys = draws.happens(0.25 + 0.6 * categories["popularity"], "trait buys", person, number[None, :])
    lean = 1 + 1.2 * (health[:, None] - 0.5) * (categories["health"][None, :] - 0.5)
    needs = np.ones((len(persons), len(categories)))
    stage = persons["life_stage"]
    for name in ("infant_formula", "nappies"):
        needs[:, CATEGORIES.index(name)] = np.where(stage == LifeStage.YOUNG_FAMILY, 1.6, 0.01)
    needs[:, CATEGORIES.index("pet_food")] = np.where(draws.happens(0.18, "trait pet", persons["person"]), 1.5, 0.01)
    for name, most in (("beer", 0.15), ("wine", 0.4), ("salads", 0.5)):
        needs[:, CATEGORIES.index(name)] *= np.where(stage == LifeStage.SENIOR, most, 1.0)
    affinity: Floats = (categories["popularity"][None, :] * taste * np.where(buys, 1.0, 0.04) * lean * needs).astype(np.float32)
    return affinity
