"""The truth about people: who they are, and which identifier was whose, from when until when, and why."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.codes import ConsentPurpose, LifeStage, TouchChannel
from spark_jobs.demo.twin.draws import Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.knobs import Span
from spark_jobs.demo.twin.people import names, render
from spark_jobs.demo.twin.people.consents import Consents
from spark_jobs.demo.twin.people.households import NEVER
from spark_jobs.demo.twin.people.registrations import (
    SECOND_EMAILS,
    SECOND_PHONE,
    NameSlip,
    PhoneSlip,
    RegisterSystem,
    Registrations,
    registered_phones,
)
from spark_jobs.demo.twin.people.wallet import COOKIE_DAYS, PER_PERSON, STORE_TABLETS, Wallets, cookie_codes, member_codes
from spark_jobs.demo.twin.places import CITY_NAMES, REGIONS, store_numbers
from spark_jobs.demo.twin.truth.columns import FAR, dates, moments, words


@dataclass(frozen=True, slots=True)
class Told:
    """What the tables are made of: the parts of `People`."""

    persons: Frame
    companies: Frame
    wallets: Wallets
    registered: Registrations
    consented: Consents
    span: Span


def tables(people: Told) -> dict[str, pa.Table]:
    """The tables `persons, identifiers, registrations, companies, consents` (docs/twin.md)."""
    return {
        "persons": _persons(people), "identifiers": pa.concat_tables(_identifiers(people)), "registrations": _registrations(people),
        "companies": _companies(people), "consents": _consents(people),
    }  # fmt: skip


def _of(pool: tuple[str, ...] | pa.Array, codes: Ints) -> pa.Array:
    return pa.array(pool, pa.string()).take(pa.array(codes, mask=codes < 0))


def _birth_dates(days: Ints) -> pa.Array:
    return pa.array(days.astype(np.int32), pa.int32()).cast(pa.date32())


def _persons(people: Told) -> pa.Table:
    persons = people.persons
    stores = store_numbers(np.arange(int(persons["store"].max(initial=0)) + 1))
    return pa.table({
        "person_id": persons["person"], "household_id": persons["household"], "gender": _of(("female", "male"), persons["gender"]),
        "birth_date": _birth_dates(persons["birth_day"]), "life_stage": words(LifeStage, persons["life_stage"]),
        "city": _of(CITY_NAMES, persons["city"]), "region": _of(REGIONS, persons["region"]), "home_store": stores.take(pa.array(persons["store"])),
        "company_id": pa.array(persons["company"], mask=persons["company"] < 0), "joined_on": dates(people.span, persons["joined_day"]),
        "registered_on": dates(people.span, np.where(persons["registers_day"] < people.span.days, persons["registers_day"], FAR)), "is_guest": persons["registers_day"] >= people.span.days,
    })  # fmt: skip


def _identifiers(people: Told) -> list[pa.Table]:
    persons, wallets = people.persons, people.wallets
    who, joined, registered = persons["person"], persons["joined_day"], persons["registers_day"]
    messenger = persons["uses_mini"] | persons["uses_live"] | persons["uses_wecom"]

    def held(
        kind: str, text: pa.Array, first: Ints, last: Ints | None = None, stories: str | pa.Array = "own", holds: np.ndarray | None = None
    ) -> pa.Table:
        return _intervals(people, kind, text, first, np.full(len(who), NEVER) if last is None else last, stories, holds)

    phone_stories = pa.array(("own", "family_phone", "recycled"), pa.string()).take(pa.array(wallets.phone_story))
    later_stories = pa.array(("own", "family_phone", "own"), pa.string()).take(pa.array(wallets.phone_story))
    tablets = pa.compute.if_else(pa.array(wallets.shared_device >= STORE_TABLETS), "store_tablet", "household_tablet")
    has_mail = wallets.emails >= 0
    shared_mail = has_mail & (np.bincount(wallets.emails[has_mail], minlength=len(who))[np.maximum(wallets.emails, 0)] > 1)
    mail_stories = pa.compute.if_else(pa.array(shared_mail), "family_email", "own")
    return [
        held("member_id", render.member_text(member_codes(who, 0)), registered),
        held("member_id", render.member_text(member_codes(who, 1)), wallets.duplicate_day, stories="duplicate_registration"),
        held("phone", render.phone_text(wallets.phones[0]), joined, wallets.phone_day, phone_stories),
        held("phone", render.phone_text(wallets.phones[1]), np.maximum(joined, wallets.phone_day), None, later_stories),
        held("email", render.email_text(wallets.emails), joined, stories=mail_stories, holds=has_mail),
        held("unionid", render.unionid_text(who), joined, holds=messenger),
        held("openid", render.openid_text(who), joined, holds=persons["uses_mini"]),
        held("live_openid", render.live_openid_text(who), joined, holds=persons["uses_live"]),
        held("device_id", render.device_text(wallets.devices[0]), joined, wallets.device_day, holds=persons["uses_app"]),
        held("device_id", render.device_text(wallets.devices[1]), np.maximum(joined, wallets.device_day), holds=persons["uses_app"]),
        held("device_id", render.device_text(wallets.second_device), joined, holds=wallets.second_device >= 0),
        held("device_id", render.device_text(wallets.shared_device), joined, stories=tablets, holds=persons["uses_app"] & (wallets.shared_device >= 0)),
        held("wecom_id", render.wecom_text(who), wallets.wecom_day),
        held("loyalty_card", render.card_text(who), registered),
        *_typed(people), *_cookies(people),
    ]  # fmt: skip


def _intervals(
    people: Told, kind: str, text: pa.Array, first: Ints, last: Ints, stories: str | pa.Array, holds: np.ndarray | None
) -> pa.Table:
    """Identifiers of all persons that begin before the last day and end after they begin."""
    rows = (first < people.span.days) & (last > first)
    rows &= holds if holds is not None else True
    at = pa.array(np.flatnonzero(rows))
    story = pa.array([stories], pa.string()).take(pa.array(np.zeros(len(at), np.int8))) if isinstance(stories, str) else stories.take(at)
    return pa.table({
        "person_id": people.persons["person"][rows], "identifier_type": pa.array([kind], pa.string()).take(pa.array(np.zeros(len(at), np.int8))),
        "value": text.take(at), "valid_from": dates(people.span, first[rows]), "valid_to": dates(people.span, last[rows]),
        "is_shared": pa.compute.invert(pa.compute.is_in(story, pa.array(["own", "duplicate_registration", "recycled"]))),
        "story": story,
    })  # fmt: skip


def _typed(people: Told) -> list[pa.Table]:
    """Numbers and addresses that only a registration names: mistyped numbers, second numbers and addresses."""
    rows = people.registered.table
    slips = (PhoneSlip.DIGITS_SWAPPED, PhoneSlip.DIGIT_WRONG)
    wrong = rows.take(np.isin(rows["phone_error"], [int(slip) for slip in slips]) & (rows["phone"] >= 0))
    second = rows.take(rows["is_duplicate"] & (rows["phone"] % PER_PERSON == SECOND_PHONE) & (rows["phone"] >= 0))
    mail = rows.take(rows["is_duplicate"] & (rows["email"] >= SECOND_EMAILS))
    return [
        _named(people, "phone", registered_phones(wrong), wrong, "typing_error"),
        _named(people, "phone", render.phone_text(second["phone"]), second, "second_registration"),
        _named(people, "email", render.email_text(mail["email"]), mail, "second_registration"),
    ]


def _named(people: Told, kind: str, text: pa.Array, rows: Frame, story: str) -> pa.Table:
    count = len(rows)
    return pa.table({
        "person_id": rows["person"].astype(np.int64), "identifier_type": pa.array([kind] * count, pa.string()), "value": text.cast(pa.string()),
        "valid_from": dates(people.span, rows["day"]), "valid_to": dates(people.span, np.full(count, NEVER)),
        "is_shared": pa.array(np.full(count, False)), "story": pa.array([story] * count, pa.string()),
    })  # fmt: skip


def _cookies(people: Told) -> list[pa.Table]:
    """A cookie for every 30 days of the simulation."""
    persons, phase, last_day = people.persons, people.wallets.cookie_phase, people.span.days - 1
    online = persons["uses_app"] | persons["uses_mini"] | persons["uses_web"] | persons["uses_live"]
    found = []
    for turn in range((last_day + COOKIE_DAYS - 1) // COOKIE_DAYS + 1):
        first = np.maximum(turn * COOKIE_DAYS - phase, 0)
        codes = cookie_codes(persons["person"], turn * COOKIE_DAYS, np.zeros(len(persons), np.int64))
        until = (turn + 1) * COOKIE_DAYS - phase
        holds = online & (np.maximum(first, persons["joined_day"]) < until)
        found.append(_intervals(people, "cookie", render.cookie_text(codes), np.maximum(first, persons["joined_day"]), until, "own", holds))
    return found


def _registrations(people: Told) -> pa.Table:
    rows = people.registered.table
    return pa.table({
        "member_id": render.member_text(rows["member_id"]), "person_id": rows["person"], "system": words(RegisterSystem, rows["system"]),
        "registered_at": moments(rows["at"]), "name_error": words(NameSlip, rows["name_error"]),
        "phone_error": words(PhoneSlip, rows["phone_error"]), "email_error": words_of_mail(rows["email_error"]),
        "is_duplicate": rows["is_duplicate"],
    })  # fmt: skip


def words_of_mail(errors: Ints) -> pa.Array:
    """How an e-mail address was written."""
    return _of(("none", "capitals"), errors)


def _companies(people: Told) -> pa.Table:
    table = people.companies
    return pa.table({
        "company_id": table["company"], "name": names.company_names(table), "size": names.company_sizes(table),
        "credit_days": table["credit_days"], "is_bad_payer": table["is_bad_payer"], "city": _of(CITY_NAMES, table["city"]),
    })  # fmt: skip


def _consents(people: Told) -> pa.Table:
    rows = Frame.concat([people.consented.on(number) for number in range(-1, people.span.days)])
    return pa.table({
        "person_id": rows["person"], "purpose": words(ConsentPurpose, rows["purpose"]), "channel": words(TouchChannel, rows["touch_channel"]),
        "is_granted": rows["is_granted"], "decided_at": moments(rows["at"]),
    })  # fmt: skip
