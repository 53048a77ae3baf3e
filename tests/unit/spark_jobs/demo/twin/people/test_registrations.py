"""Registrations and consents: each once, in order, with exactly the errors that the truth names."""

import numpy as np

from spark_jobs.demo.twin.codes import ConsentPurpose
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.people import render
from spark_jobs.demo.twin.people.households import NEVER
from spark_jobs.demo.twin.people.people import People
from spark_jobs.demo.twin.people.registrations import PhoneSlip, registered_birthdays, registered_emails, registered_phones
from tests.unit.spark_jobs.demo.twin.people.conftest import SPAN, some_people


def _all_days(people: People) -> Frame:
    return Frame.concat(people.registrations(number) for number in range(-1, SPAN.days))


def test_the_same_seed_gives_the_same_people() -> None:
    one, same, other = (some_people(seed, 2_000).truth_tables() for seed in (3, 3, 4))
    for name, table in one.items():
        assert table.equals(same[name]), name
        assert not table.equals(other[name]), name


def test_everybody_registers_once_and_some_again(people: People) -> None:
    rows, registers = _all_days(people), people.persons["registers_day"]
    first = rows.take(~rows["is_duplicate"])
    assert sorted(first["person"].tolist()) == np.flatnonzero(registers < SPAN.days).tolist()
    assert len(np.unique(rows["member_id"])) == len(rows) == len(np.unique(rows["registration"]))
    assert (np.diff(rows["at"]) >= 0).all()
    assert (rows["day"] == (rows["at"] - SPAN.midnight(0)) // 86_400).all()
    hours = (rows["at"] - SPAN.midnight(0)) % 86_400 // 3600
    assert hours.min() >= 8 and hours.max() < 23
    again = rows.take(rows["is_duplicate"])
    assert (again["day"] > registers[again["person"]]).all()


def test_names_differ_from_the_true_ones_where_an_error_is_named(people: People) -> None:
    rows = _all_days(people)
    typed, true = people.registered.registered_names(rows).to_pylist(), people.names(rows["person"]).to_pylist()
    assert [a != b for a, b in zip(typed, true, strict=True)] == (rows["name_error"] > 0).tolist()


def test_birthdays_before_1970_are_told_too(people: People) -> None:
    rows = _all_days(people)
    days = registered_birthdays(rows).cast("int32")
    old = people.persons["birth_day"][rows["person"]] < 0
    told = np.asarray(days.is_valid())
    assert 0.65 < told[old].mean() < 0.75 and 0.65 < told[~old].mean() < 0.75
    assert (days.drop_null().to_numpy() == people.persons["birth_day"][rows["person"][told]]).all()


def test_unusual_numbers_are_the_right_ones_and_mistyped_ones_are_not(people: People) -> None:
    rows = _all_days(people)
    typed, true = registered_phones(rows).to_pylist(), render.phone_text(rows["phone"]).to_pylist()
    narrow = {0xFF10 + digit: str(digit) for digit in range(10)}
    for text, right, error in zip(typed, true, rows["phone_error"].tolist(), strict=True):
        if text is None:
            assert right is None and error == PhoneSlip.NONE
            continue
        digits = text.translate(narrow).removeprefix("+86").replace(" ", "")
        assert len(digits) == 11
        assert (digits != right) == (error in (PhoneSlip.DIGITS_SWAPPED, PhoneSlip.DIGIT_WRONG))
        assert (text != right) == (error != PhoneSlip.NONE)
    mails, plain = registered_emails(rows).to_pylist(), render.email_text(rows["email"]).to_pylist()
    assert [a != b for a, b in zip(mails, plain, strict=True)] == (rows["email_error"] > 0).tolist()


def test_consents_begin_at_registration_and_alternate(people: People) -> None:
    rows = Frame.concat(people.consents(number) for number in range(-1, SPAN.days))
    registers = people.persons["registers_day"][rows["person"]]
    assert registers.max() < NEVER
    assert (rows["at"] >= SPAN.midnight(0) + registers * 86_400).all()
    rows = rows.sorted_by("person", "purpose", "touch_channel", "at")
    same = np.all([np.diff(rows[name]) == 0 for name in ("person", "purpose", "touch_channel")], axis=0)
    assert (rows["is_granted"][1:] != rows["is_granted"][:-1])[same].all()
    assert not same.all() and same.any()
    asked = np.concatenate([[True], ~same])
    assert (rows["system"][asked] >= 0).all() and (rows["system"][~asked] == -1).all()
    assert rows["is_granted"][rows["purpose"] == ConsentPurpose.SERVICE].all()
