"""Persons in households: who they are, where they live, through which channels they buy."""

import numpy as np

from spark_jobs.demo.twin.codes import LifeStage
from spark_jobs.demo.twin.draws import Bools, Draws, Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.knobs import PeopleKnobs, Span
from spark_jobs.demo.twin.places import around, city_frame, store_frame

NEVER = 1 << 30  # day number of what does not happen
MAIN, SECOND, GROWN_CHILD, ELDER = range(4)  # roles
_SIZES = np.array([0.55, 0.33, 0.09, 0.03])  # of households, in persons who buy
_STAGES_OF_ONE = np.array([0.15, 0.42, 0.06, 0.07, 0.09, 0.08, 0.13])
_STAGES_OF_MORE = np.array([0.0, 0.0, 0.26, 0.26, 0.28, 0.12, 0.08])
_AGES = np.array([21, 28, 31, 34, 44, 56, 69])
# Chance of using each channel, by life stage from student to senior.
_USES = {
    "store": (0.60, 0.66, 0.74, 0.78, 0.84, 0.92, 0.97), "app": (0.72, 0.72, 0.68, 0.68, 0.56, 0.38, 0.16),
    "mini": (0.55, 0.56, 0.56, 0.62, 0.58, 0.52, 0.38), "web": (0.16, 0.16, 0.13, 0.11, 0.11, 0.07, 0.03),
    "live": (0.30, 0.26, 0.22, 0.25, 0.20, 0.17, 0.10), "wecom": (0.08, 0.10, 0.15, 0.24, 0.22, 0.16, 0.08),
    "call": (0.01, 0.01, 0.02, 0.03, 0.04, 0.08, 0.15),
}  # fmt: skip
_SELLING = ("store", "app", "mini", "web", "live")


def persons(knobs: PeopleKnobs, draws: Draws, span: Span, count: int, stores_per_city: int) -> Frame:
    """All persons, those of a household one after another.

    Returns:
        `person, household, role, gender` (0 female, 1 male), `birth_day` (days since 1970-01-01), `life_stage, income` (0 to 4), `city, region,
        store` (the nearest habit), `latitude, longitude` (degrees), `company` (−1: buys for nobody else), `joined_day` (may buy from then on),
        `registers_day` (NEVER: stays a guest), `uses_store` and so on for each channel.
    """
    person = np.arange(count)
    household, place = _households(draws, count)
    more = np.bincount(household)[household] > 1
    stage = np.where(
        more, draws.choice(_STAGES_OF_MORE, "stage of more", household), draws.choice(_STAGES_OF_ONE, "stage of one", household)
    )
    role = _role(draws, person, place, stage)
    uses = _channels(draws, person, np.where(role == ELDER, LifeStage.SENIOR, np.where(role == GROWN_CHILD, LifeStage.STUDENT, stage)))
    joined = _joined(knobs, draws, span, person)
    return Frame({
        "person": person, "household": household, "role": role, "gender": _gender(draws, person, household, place),
        "birth_day": _birth_day(draws, span, heads(household), role, stage), "life_stage": stage, "income": draws.choice([1, 2, 3.5, 2, 1], "income", household),
        **_home(draws, household, stores_per_city), "company": _company(knobs, draws, person), "joined_day": joined,
        "registers_day": _registers(knobs, draws, person, joined), **{f"uses_{name}": used for name, used in uses.items()},
    })  # fmt: skip


def heads(household: Ints) -> Ints:
    """The first person of each person's household; `household` is sorted."""
    return np.searchsorted(household, household)


def _households(draws: Draws, count: int) -> tuple[Ints, Ints]:
    """The household of each person, and the person's place in it."""
    sizes = 1 + draws.choice(_SIZES, "household size", np.arange(count))
    ends = np.cumsum(sizes)
    household = np.searchsorted(ends, np.arange(count), side="right")
    return household, np.arange(count) - (ends - sizes)[household]


def _gender(draws: Draws, person: Ints, household: Ints, place: Ints) -> Ints:
    first = draws.happens(0.42, "gender of the first", household)
    second = np.where(draws.happens(0.94, "couple", household), ~first, first)
    return np.select([place == 0, place == 1], [first, second], draws.happens(0.5, "gender", person)).astype(np.int64)


def _role(draws: Draws, person: Ints, place: Ints, stage: Ints) -> Ints:
    """Roles by place. Only parents who are old enough have grown children; the oldest have no parents with them."""
    chance = np.select([stage < LifeStage.FAMILY, stage < LifeStage.SENIOR], [0.0, 0.6], 1.0)
    child = draws.happens(chance, "grown child", person)
    return np.select([place == 0, place == 1], [MAIN, SECOND], np.where(child, GROWN_CHILD, ELDER)).astype(np.int64)


def _birth_day(draws: Draws, span: Span, head: Ints, role: Ints, stage: Ints) -> Ints:
    """Birthdays: the others of a household are older or younger than its first person by what their role says."""
    noise = np.clip(draws.normal("age", np.arange(len(head))), -2.5, 2.5)
    first = np.maximum(_AGES[stage] + 4.0 * noise[head], 18)
    apart = np.select([role == SECOND, role == GROWN_CHILD, role == ELDER], [2.5 * noise, 2.0 * noise - 26, 2.5 * noise + 27], 0.0)
    years = np.clip(first + apart, np.where(role == GROWN_CHILD, 16, 18), 95)
    today = (span.first_day - type(span.first_day)(1970, 1, 1)).days
    days: Ints = today - (years * 365.25).astype(np.int64)
    return days


def _home(draws: Draws, household: Ints, stores_per_city: int) -> dict[str, Ints]:
    cities, stores = city_frame(), store_frame(draws, stores_per_city)
    city = draws.choice(cities["weight"], "city", household)
    store = city * stores_per_city + draws.integers(0, stores_per_city, "home store", household)
    north, east = (1.4 * draws.normal(f"home {way}", household) for way in ("north", "east"))
    latitude, longitude = around(stores["latitude"][store], stores["longitude"][store], north, east)
    return {"city": city, "region": cities["region"][city], "store": store, "latitude": latitude, "longitude": longitude}


def _company(knobs: PeopleKnobs, draws: Draws, person: Ints) -> Ints:
    """The company of those who buy for one; one in five shares it with the buyer before."""
    buys = draws.happens(knobs.company_share, "company", person)
    is_new = buys & ~draws.happens(0.2, "same company", person)
    number = np.maximum(np.cumsum(is_new) - 1, 0)
    return np.where(buys, number, -1)


def _joined(knobs: PeopleKnobs, draws: Draws, span: Span, person: Ints) -> Ints:
    before = draws.happens(knobs.joined_before_share, "joined before", person)
    ago = 1 + np.minimum(draws.exponential(400, "joined ago", person), 2500).astype(np.int64)
    return np.where(before, -ago, draws.integers(0, span.days, "joined", person))


def _registers(knobs: PeopleKnobs, draws: Draws, person: Ints, joined: Ints) -> Ints:
    registers = draws.happens(knobs.registered_share, "registers", person)
    later = draws.happens(knobs.guest_later_share, "guest first", person)
    wait = 1 + draws.exponential(25, "guest for", person).astype(np.int64)
    return np.where(registers, joined + np.where(later, wait, 0), NEVER)


def _channels(draws: Draws, person: Ints, stage: Ints) -> dict[str, Bools]:
    uses = {name: draws.happens(np.array(chance)[stage], f"uses {name}", person) for name, chance in _USES.items()}
    uses["store"] |= ~np.any([uses[name] for name in _SELLING], axis=0)
    return uses
