"""Whether a person buys on a day, and why: the rate of orders as a product of causes, each of which can be taken away again."""

from dataclasses import dataclass

import numpy as np

from spark_jobs.demo.twin.behaviour.persuasion import Audience, audience
from spark_jobs.demo.twin.behaviour.state import State
from spark_jobs.demo.twin.behaviour.traits import Traits
from spark_jobs.demo.twin.codes import Platform
from spark_jobs.demo.twin.draws import Bools, Floats, Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.seasons import Mood
from spark_jobs.demo.twin.world import World

AD_EFFECT = 0.55  # log-rate that a click on an advertisement adds on the day after it: no order comes before its cause
SECOND_ORDER = 0.05
# A person's rate is this at the moment of their last order and grows with the gap, so that the mean over a cycle stays near 1.
_FRESH, _GROWTH = 0.42, 0.72


@dataclass(frozen=True, slots=True)
class Conditions:
    """A day as all persons meet it."""

    number: int
    mood: Mood
    region_factor: Floats  # by region
    rain: Floats  # mm by city
    cuts: Floats  # by product
    promo_level: float  # mean cut of the day over its usual mean, around 0
    running: tuple[Frame, ...]  # campaigns, a frame of one row each


@dataclass(frozen=True, slots=True)
class Pull:
    """What draws a run of persons to the shop on a day."""

    is_active: Bools
    rate: Floats  # expected orders of the day with everything that happened
    without: dict[str, Floats]  # the same without one driver, for drivers that touched somebody
    groups: tuple[Audience, ...]
    is_treated_now: Floats  # 1 where a campaign's message is at work
    ad_platform: Ints  # of today's click, which works tomorrow; −1: no click


def conditions(world: World, number: int) -> Conditions:
    """The conditions of day `number`."""
    cuts = world.cuts(number)
    usual = world.knobs.world.promo_share * world.knobs.world.promo_depth
    running = world.campaigns.running_on(number)
    rows = tuple(running.take(np.array([row])) for row in range(len(running)))
    level = float(cuts.mean() / usual - 1) if usual else 0.0
    return Conditions(number, world.mood(number), world.shocks(number), world.weather(number)["rain"], cuts, level, rows)


def pull(world: World, state: State, traits: Traits, persons: Frame, now: Conditions) -> Pull:
    """The rate of orders of a run of persons on a day."""
    is_active = state.is_active(persons, now.number)
    rate = _base_rate(world, state, traits, persons, now) * is_active
    groups = tuple(audience(world, traits, persons, campaign) for campaign in now.running)
    logs: dict[str, Floats] = {}
    treated = np.zeros(len(persons))
    for group, campaign in zip(groups, now.running, strict=True):
        if is_first_day(campaign, now.number):
            continue  # its messages go out today and work from tomorrow on
        added = np.zeros(len(persons))
        added[group.rows] = np.where(group.is_treated, group.effect, 0.0)
        treated[group.rows[group.is_treated & group.delivered]] = 1
        name = f"touch_{int(campaign['touch_channel'][0])}"
        logs[name] = logs.get(name, np.zeros(len(persons))) + added
    clicked = _ad_clicks(world, persons, is_active, now.number - 1) if now.number else np.full(len(persons), -1)
    if (clicked >= 0).any():
        for each in Platform:
            logs[f"ad_{int(each)}"] = np.where(clicked == each, AD_EFFECT, 0.0)
    platform = _ad_clicks(world, persons, is_active, now.number)
    whole = rate * np.exp(sum(logs.values(), np.zeros(len(persons))))
    without = {name: whole * np.exp(-added) for name, added in logs.items() if added.any()}
    return Pull(is_active, whole, without, groups, treated, platform)


def is_first_day(campaign: Frame, number: int) -> bool:
    """Whether a campaign (a frame of one row) sends its messages on this day."""
    return int(campaign["first_day"][0]) == number


def need_after(gap: np.ndarray, daily_rate: Floats) -> Floats:
    """How the rate of a person has grown in the days since the last order."""
    need: Floats = _FRESH + _GROWTH * np.minimum(gap * daily_rate, 2.2)
    return need


def _base_rate(world: World, state: State, traits: Traits, persons: Frame, now: Conditions) -> Floats:
    rows, knobs = persons["person"], world.knobs.behaviour
    need = need_after(now.number - state.last_order_day[rows], traits.daily_rate)
    satisfaction = 0.35 + 0.8 * state.satisfaction[rows]
    promo = 1 + knobs.promo_lift * (traits.promo - 0.5) * now.promo_level
    weekend = 1 + (0.25 if now.mood.is_weekend else -0.1) * (traits.mouths > 1.5)
    rate: Floats = (
        traits.daily_rate * need * satisfaction * np.maximum(promo, 0.2) * weekend * now.mood.demand * now.region_factor[persons["region"]]
    )
    return rate


def _ad_clicks(world: World, persons: Frame, is_active: Bools, number: int) -> Ints:
    """The platform on which a person clicked an advertisement today, −1 for most."""
    online = persons["uses_app"] | persons["uses_mini"] | persons["uses_web"] | persons["uses_live"]
    clicks = is_active & online & world.draws.happens(0.004, "ad click", persons["person"], number)
    platform: Ints = np.where(clicks, world.draws.choice([4, 3, 1, 2], "ad platform", persons["person"], number), -1)
    return platform


def orders_today(world: World, persons: Frame, drawn: Pull, number: int) -> Ints:
    """How many orders each person of the run places: none, one, or two."""
    draws, person = world.draws, persons["person"]
    first = draws.happens(1 - np.exp(-drawn.rate), "orders", person, number)
    second = first & draws.happens(SECOND_ORDER, "second order", person, number)
    return first.astype(np.int64) + second
