"""Households hang together, and the shares are those of the knobs."""

import numpy as np
import pytest

from spark_jobs.demo.twin.knobs import PeopleKnobs
from spark_jobs.demo.twin.people.households import ELDER, GROWN_CHILD, MAIN, NEVER, heads
from spark_jobs.demo.twin.people.people import People
from spark_jobs.demo.twin.people.registrations import PhoneSlip
from tests.unit.spark_jobs.demo.twin.people.conftest import COUNT, SPAN

SELLING = ("store", "app", "mini", "web", "live")


def test_a_household_lives_in_one_place(people: People) -> None:
    persons, first = people.persons, heads(people.persons["household"])
    assert (np.diff(persons["household"]) >= 0).all()
    assert (persons["role"][first] == MAIN).all()
    for name in ("city", "region", "store", "latitude", "longitude", "life_stage", "income"):
        assert (persons[name] == persons[name][first]).all(), name
    addresses = people.addresses(persons["person"]).to_pylist()
    assert addresses == [addresses[row] for row in first.tolist()]


def test_children_are_younger_than_their_parents_and_elders_older(people: People) -> None:
    persons, first = people.persons, heads(people.persons["household"])
    older_by = (persons["birth_day"] - persons["birth_day"][first]) / 365.25
    children, elders = persons["role"] == GROWN_CHILD, persons["role"] == ELDER
    assert children.sum() > 100 and elders.sum() > 100
    assert older_by[children].min() > 16 and older_by[elders].max() < -16


def test_everybody_can_buy_and_nobody_registers_before_joining(people: People) -> None:
    persons = people.persons
    assert np.any([persons[f"uses_{name}"] for name in SELLING], axis=0).all()
    assert (persons["registers_day"] >= persons["joined_day"]).all()


def test_shares_are_near_the_knobs(people: People) -> None:
    persons, knobs = people.persons, PeopleKnobs()
    registers = persons["registers_day"] < NEVER
    table = people.registered.table
    wrong_phone = (table["phone_error"] == PhoneSlip.DIGITS_SWAPPED) | (table["phone_error"] == PhoneSlip.DIGIT_WRONG)
    in_time = persons["registers_day"] < SPAN.days - 2
    shares = {
        "registered": (registers.mean(), knobs.registered_share),
        "joined before": ((persons["joined_day"] < 0).mean(), knobs.joined_before_share),
        "guests first": ((persons["registers_day"] > persons["joined_day"])[registers].mean(), knobs.guest_later_share),
        "companies": ((persons["company"] >= 0).mean(), knobs.company_share),
        "e-mail": ((people.wallets.emails >= 0).mean(), knobs.email_share),
        "duplicates": (
            (people.wallets.duplicate_day < SPAN.days)[in_time].mean() / registers[in_time].mean(),
            knobs.duplicate_registration_share,
        ),
        "mistyped": (((table["name_error"] > 0) | wrong_phone).mean(), knobs.typing_error_share),
        "recycled": ((people.wallets.phone_story == 2).mean(), knobs.recycled_phone_share),
    }
    for name, (found, knob) in shares.items():
        four_sigma = 4 * np.sqrt(knob * (1 - knob) / COUNT)
        assert found == pytest.approx(knob, rel=0.03, abs=four_sigma), name
