"""The identifiers that persons hold on each day: codes, valid from and until days, some shared, some passed on.

A code says who was given it and which one of theirs it is, so that no two persons get the same one by chance. How codes are written is in render.py.
"""

from dataclasses import dataclass

import numpy as np

from spark_jobs.demo.twin.draws import Bools, Draws, Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.knobs import PeopleKnobs, Span
from spark_jobs.demo.twin.people.households import NEVER

PER_PERSON = 4  # phones and devices that a person can be given
COOKIE_DAYS = 30
MEMBER_PRIME = 999_999_937  # member numbers run through all residues in an order that tells nothing
SILENT_DAYS = 180  # a number rests before a carrier gives it to somebody else
STORE_TABLETS = 1 << 40  # codes of devices that stand in stores begin here, those of households below
HOUSEHOLD_TABLETS = 1 << 39


def member_codes(persons: Ints, which: int) -> Ints:
    """Member numbers: of the first registration (`which` 0) or of another one (1)."""
    numbers: Ints = (persons * 2 + which + 1) * 387_420_489 % MEMBER_PRIME
    return numbers


@dataclass(frozen=True, slots=True)
class Wallets:
    """What each person holds over the whole simulation: vectors with a row for each person."""

    persons: Frame
    phones: tuple[Ints, Ints]  # before and from `phone_day`
    phone_day: Ints
    phone_story: Ints  # 0 own, 1 of the family, 2 given to this person after somebody else gave it up
    emails: Ints
    devices: tuple[Ints, Ints]  # before and from `device_day`
    device_day: Ints
    second_device: Ints
    shared_device: Ints
    cookie_phase: Ints
    wecom_day: Ints
    duplicate_day: Ints  # on which a person registers again

    def on(self, number: int) -> Frame:
        """The identifiers of a day, −1 for none (yet).

        `member_id, second_member_id` (of a registration too many), `phone, email, unionid, openid, device_id, second_device, shared_device,
        cookie, wecom_id, loyalty_card`; a row for each person.
        """
        persons, who = self.persons, self.persons["person"]
        here, registered = persons["joined_day"] <= number, persons["registers_day"] <= number
        messenger = persons["uses_mini"] | persons["uses_live"] | persons["uses_wecom"]
        online = persons["uses_app"] | persons["uses_mini"] | persons["uses_web"] | persons["uses_live"]
        app = here & persons["uses_app"]

        def held(codes: Ints, holds: Bools) -> Ints:
            return np.where(holds, codes, -1)

        return Frame({
            "member_id": held(member_codes(who, 0), registered), "second_member_id": held(member_codes(who, 1), self.duplicate_day <= number),
            "phone": self.phone_on(number), "email": held(self.emails, here), "unionid": held(who, here & messenger),
            "openid": held(who, here & persons["uses_mini"]), "device_id": held(np.where(number < self.device_day, *self.devices), app),
            "second_device": held(self.second_device, app), "shared_device": held(self.shared_device, app),
            "cookie": held(cookie_codes(who, number, self.cookie_phase), here & online), "wecom_id": held(who, self.wecom_day <= number),
            "loyalty_card": held(who, registered),
        })  # fmt: skip

    def phone_on(self, number: int) -> Ints:
        """The phone number of each person on a day."""
        return np.where(number < self.phone_day, *self.phones)


def cookie_codes(persons: Ints, number: int, phase: Ints) -> Ints:
    """The browser's cookie: a new one every 30 days, each person's at another time."""
    codes: Ints = persons * 1_000 + np.clip((number + phase) // COOKIE_DAYS, 0, 999)
    return codes


def build_wallets(knobs: PeopleKnobs, draws: Draws, span: Span, persons: Frame) -> Wallets:
    """Give identifiers to all persons for all days."""
    who = persons["person"]
    phones, phone_day, story = _phones(knobs, draws, span, persons)
    replaced = draws.happens(0.25 * span.days / 365, "new device", who)
    second = persons["uses_app"] & draws.happens(knobs.second_device_share, "second device", who)
    joins_wecom = persons["registers_day"] + draws.exponential(12, "adds advisor", who).astype(np.int64)
    twice = (persons["registers_day"] < NEVER) & draws.happens(knobs.duplicate_registration_share, "registers again", who)
    again = persons["registers_day"] + 20 + draws.exponential(120, "registers again after", who).astype(np.int64)
    return Wallets(
        persons, phones, phone_day, story, _emails(knobs, draws, persons), (who * PER_PERSON, who * PER_PERSON + 1),
        np.where(replaced, draws.integers(0, span.days, "new device on", who), NEVER), np.where(second, who * PER_PERSON + 2, -1),
        _shared_devices(knobs, draws, persons), draws.integers(0, COOKIE_DAYS, "cookie phase", who),
        np.where(persons["uses_wecom"] & (persons["registers_day"] < NEVER), joins_wecom, NEVER), np.where(twice, again, NEVER),
    )  # fmt: skip


def _phones(knobs: PeopleKnobs, draws: Draws, span: Span, persons: Frame) -> tuple[tuple[Ints, Ints], Ints, Ints]:
    """Numbers before and after a change, the day of the change, and their stories."""
    who = persons["person"]
    before, after = who * PER_PERSON, who * PER_PERSON + 1
    changes = draws.happens(min(1.0, knobs.phone_change_share * span.days / 365), "new phone", who)
    day = np.where(changes, draws.integers(0, span.days, "new phone on", who), NEVER)
    first = who - np.arange(len(who)) + np.searchsorted(persons["household"], persons["household"])
    family = (first < who) & draws.happens(min(1.0, 2.2 * knobs.shared_identifier_share), "family phone", who)
    before, day = np.where(family, first * PER_PERSON, before), np.where(family, NEVER, day)
    story = family.astype(np.int64)
    passed = _passed_on(knobs, draws, persons, family)
    for giver, taker in (passed.T,):
        given = draws.integers(1, span.days + 1, "recycled on", taker)
        day[taker], after[taker], story[taker] = given, before[giver], 2
        day[giver] = given - SILENT_DAYS - draws.integers(0, 120, "silent", taker)
        after[giver] = giver * PER_PERSON + 1
    return (before, after), day, story


def _passed_on(knobs: PeopleKnobs, draws: Draws, persons: Frame, family: Bools) -> Ints:
    """Pairs of who gives a number up and who gets it; nobody is in two pairs, and no family shares these numbers."""
    mains = np.flatnonzero(~family & (persons["role"] == 0) & (np.bincount(persons["household"])[persons["household"]] == 1))
    order = mains[np.argsort(draws.bits("passes on", mains), kind="stable")]
    count = min(round(knobs.recycled_phone_share * len(persons)), len(order) // 2)
    return np.stack([order[:count], order[count : 2 * count]], axis=1)


def _emails(knobs: PeopleKnobs, draws: Draws, persons: Frame) -> Ints:
    """E-mail addresses by person; a few couples have one together."""
    who = persons["person"]
    first = np.searchsorted(persons["household"], persons["household"])
    together = (first < who) & draws.happens(0.5 * knobs.shared_identifier_share, "family e-mail", who)
    has = draws.happens(knobs.email_share, "has e-mail", np.where(together, first, who))
    return np.where(has, np.where(together, first, who), -1)


def _shared_devices(knobs: PeopleKnobs, draws: Draws, persons: Frame) -> Ints:
    """Tablets of households of several persons, and tablets at the counters of stores, by the persons who use them now and then."""
    who, household = persons["person"], persons["household"]
    size = np.bincount(household)[household]
    at_home = (size > 1) & draws.happens(min(1.0, 2.5 * knobs.shared_identifier_share), "household tablet", household)
    in_store = persons["uses_store"] & draws.happens(0.4 * knobs.shared_identifier_share, "store tablet", who)
    return np.where(at_home, HOUSEHOLD_TABLETS + household, np.where(in_store, STORE_TABLETS + persons["store"], -1))
