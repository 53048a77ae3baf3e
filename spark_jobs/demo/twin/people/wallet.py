"""The identifiers that persons hold on each day: codes, valid from and until days, some shared, some passed on.

A code says who was given it and which one of theirs it is, so that no two persons get the same one by chance. How codes are written is in render.py.
"""

from dataclasses import dataclass

import numpy as np

from spark_jobs.demo.twin.draws import Bools, Draws, Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.knobs import PeopleKnobs, Span
from spark_jobs.demo.twin.people.households import NEVER, heads

PER_PERSON = 4  # phones and devices that a person can be given
COOKIE_DAYS = 30
MEMBER_PRIME = 999_999_937  # member numbers run through all residues in an order that tells nothing
SILENT_DAYS, SILENT_LONGER = 180, 120  # a number rests so long, and up to so much longer, before somebody else gets it
# What a household that shares has in common, with weights; its persons are so many of those who share, of all persons so many live together.
PHONE, TABLET, EMAIL = range(3)
_COMMON, _OF_SHARING, _TOGETHER = (5, 3, 2), 0.85, 0.656
_AT_COUNTERS = 0.46  # share of persons who use both the app and a store
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
    phone_story: Ints  # 0 own, 1 of the family, 2: the first number was somebody else's before
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
            "phone": held(self.phone_on(number), here), "email": held(self.emails, here), "unionid": held(who, here & messenger),
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
    common = _common(knobs, draws, persons)
    phones, phone_day, story = _phones(knobs, draws, span, persons, common == PHONE)
    replaced = draws.happens(0.25 * span.days / 365, "new device", who)
    second = persons["uses_app"] & draws.happens(knobs.second_device_share, "second device", who)
    joins_wecom = persons["registers_day"] + draws.exponential(12, "adds advisor", who).astype(np.int64)
    twice = (persons["registers_day"] < NEVER) & draws.happens(knobs.duplicate_registration_share, "registers again", who)
    again = _again(draws, span, persons)
    return Wallets(
        persons, phones, phone_day, story, _emails(knobs, draws, persons, common == EMAIL), (who * PER_PERSON, who * PER_PERSON + 1),
        np.where(replaced, draws.integers(0, span.days, "new device on", who), NEVER), np.where(second, who * PER_PERSON + 2, -1),
        _shared_devices(knobs, draws, persons, common == TABLET), draws.integers(0, COOKIE_DAYS, "cookie phase", who),
        np.where(persons["uses_wecom"] & (persons["registers_day"] < NEVER), joins_wecom, NEVER), np.where(twice, again, NEVER),
    )  # fmt: skip


def _again(draws: Draws, span: Span, persons: Frame) -> Ints:
    """The day of a second registration: some months after the first one, and within the simulation."""
    first, who = persons["registers_day"], persons["person"]
    again = first + 20 + draws.exponential(120, "registers again after", who).astype(np.int64)
    anywhere = draws.integers(first + 1, np.maximum(span.days, first + 2), "registers again on", who)
    return np.where(again < span.days, again, anywhere)


def _common(knobs: PeopleKnobs, draws: Draws, persons: Frame) -> Ints:
    """What the household of each person has in common: PHONE, TABLET, EMAIL, −1 nothing.

    A tablet needs two who use the app, an e-mail address a first person who has one; else it is the phone.
    """
    household, head = persons["household"], heads(persons["household"])
    shares = (np.bincount(household)[household] > 1) & draws.happens(
        min(1.0, _OF_SHARING / _TOGETHER * knobs.shared_identifier_share), "shares", household
    )
    what = draws.choice(_COMMON, "has in common", household)
    on_app = np.bincount(household, persons["uses_app"])[household]
    lacks = ((what == TABLET) & (on_app < 2)) | ((what == EMAIL) & ~_has_email(knobs, draws, head))
    return np.where(shares, np.where(lacks, PHONE, what), -1)


def _phones(knobs: PeopleKnobs, draws: Draws, span: Span, persons: Frame, family: Bools) -> tuple[tuple[Ints, Ints], Ints, Ints]:
    """Numbers before and after a change, the day of the change, and their stories. A family changes its number together."""
    who = persons["person"]
    changes = draws.happens(min(1.0, knobs.phone_change_share * span.days / 365), "new phone", who)
    day = np.where(changes, draws.integers(0, span.days, "new phone on", who), NEVER)
    holder = np.where(family, heads(persons["household"]), who)
    before, day, story = holder * PER_PERSON, day[holder], family.astype(np.int64)
    givers, takers = _passed_on(knobs, draws, span, persons)
    rest = SILENT_DAYS + draws.integers(0, SILENT_LONGER, "silent", takers)
    before[takers], story[takers] = before[givers], 2
    day[takers] = np.where(day[takers] > persons["joined_day"][takers], day[takers], NEVER)
    day[givers] = persons["joined_day"][takers] - rest
    return (before, holder * PER_PERSON + 1), day, story


def _passed_on(knobs: PeopleKnobs, draws: Draws, span: Span, persons: Frame) -> tuple[Ints, Ints]:
    """Who gives a number up, and who joins with it later.

    Both live alone, so no family shares the number. The giver was registered with it before; the taker is a new member. Nobody is in two pairs.
    """
    alone = np.bincount(persons["household"])[persons["household"]] == 1
    old = alone & (persons["registers_day"] < -SILENT_DAYS - SILENT_LONGER)
    new = alone & (persons["joined_day"] >= 0) & (persons["registers_day"] < span.days)
    givers, takers = (
        rows[np.argsort(draws.bits(purpose, rows), kind="stable")]
        for rows, purpose in ((np.flatnonzero(old), "gives up"), (np.flatnonzero(new), "takes over"))
    )
    count = min(round(knobs.recycled_phone_share * len(persons)), len(givers), len(takers))
    return givers[:count], takers[:count]


def _has_email(knobs: PeopleKnobs, draws: Draws, who: Ints) -> Bools:
    return draws.happens(knobs.email_share, "has e-mail", who)


def _emails(knobs: PeopleKnobs, draws: Draws, persons: Frame, family: Bools) -> Ints:
    """E-mail addresses by person; some households have one together."""
    holder = np.where(family, heads(persons["household"]), persons["person"])
    return np.where(_has_email(knobs, draws, holder), holder, -1)


def _shared_devices(knobs: PeopleKnobs, draws: Draws, persons: Frame, family: Bools) -> Ints:
    """Tablets of households, and tablets at the counters of stores, by the persons who use the app on them now and then."""
    chance = min(1.0, (1 - _OF_SHARING) / _AT_COUNTERS * knobs.shared_identifier_share)
    in_store = persons["uses_store"] & persons["uses_app"] & draws.happens(chance, "store tablet", persons["person"])
    at_home = family & persons["uses_app"]
    return np.where(at_home, HOUSEHOLD_TABLETS + persons["household"], np.where(in_store, STORE_TABLETS + persons["store"], -1))
