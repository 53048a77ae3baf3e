"""Registrations as people make them: at a desk or in an app, some twice, some with typing errors."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.draws import Draws, Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.knobs import PeopleKnobs, Span
from spark_jobs.demo.twin.people.names import HOMOPHONES, full_names
from spark_jobs.demo.twin.people.render import email_text, phone_text
from spark_jobs.demo.twin.people.wallet import PER_PERSON, Wallets, member_codes

NOT_TOLD = -(1 << 30)  # a birthday; −1 is the last day of 1969
SECOND_PHONE = 3  # which of a person's numbers only a second registration names
SECOND_EMAILS = 1 << 33  # codes of e-mail addresses that belong to a second registration


class RegisterSystem(IntEnum):
    """Where somebody registers."""

    LOYALTY_DESK = 0
    APP = 1
    MINI = 2
    WEB = 3
    CALL = 4


class NameSlip(IntEnum):
    """How a name was mistyped."""

    NONE = 0
    SWAPPED = 1  # two characters changed places
    HOMOPHONE = 2  # a character that sounds alike
    SURNAME_ONLY = 3


class PhoneSlip(IntEnum):
    """How a number was mistyped (a wrong number), or written unusually (the right one)."""

    NONE = 0
    DIGITS_SWAPPED = 1
    DIGIT_WRONG = 2
    COUNTRY_CODE = 3
    SPACED = 4
    WIDE = 5


@dataclass(frozen=True, slots=True)
class Registrations:
    """All registrations of the simulation, by moment."""

    table: Frame  # see `on`
    days: Ints  # of each row, sorted
    names: tuple[Ints, Ints, Ints]  # surname, given name, gender of each person

    def on(self, number: int) -> Frame:
        """The registrations of a day; of all days before the first one for −1.

        `registration, person, system, at, day, member_id, phone, email` (codes), `name_error, phone_error, email_error` (1: in capitals),
        `gender` (−1: not told), `birth_day` (NOT_TOLD), `referrer` (person, −1 none), `is_duplicate`.
        """
        first = 0 if number < 0 else int(np.searchsorted(self.days, number))
        return self.table.take(np.arange(first, int(np.searchsorted(self.days, number, side="right"))))

    def registered_names(self, rows: Frame) -> pa.StringArray:
        """Names as they were typed."""
        surname, given, gender = (values[rows["person"]] for values in self.names)
        names = full_names(surname, given, gender).to_pylist()
        for row in np.flatnonzero(rows["name_error"]).tolist():
            names[row] = mistyped_name(names[row], int(rows["name_error"][row]))
        return pa.array(names, pa.string())


def registered_phones(rows: Frame) -> pa.StringArray:
    """Phone numbers as they were typed."""
    phones = phone_text(rows["phone"]).to_pylist()
    for row in np.flatnonzero(rows["phone_error"]).tolist():
        if phones[row]:
            phones[row] = mistyped_phone(phones[row], int(rows["phone_error"][row]))
    return pa.array(phones, pa.string())


def registered_emails(rows: Frame) -> pa.StringArray:
    """E-mail addresses as they were typed."""
    emails = email_text(rows["email"])
    return pa.compute.if_else(pa.array(rows["email_error"] > 0), pa.compute.utf8_upper(emails), emails)


def registered_birthdays(rows: Frame) -> pa.Array:
    """Birthdays as dates; null where none was told."""
    told = rows["birth_day"] != NOT_TOLD
    return pa.array(rows["birth_day"].astype(np.int32), pa.int32(), mask=~told).cast(pa.date32())


def mistyped_name(name: str, error: int) -> str:
    """A name with one of the errors; one that cannot have it stays as it is."""
    match NameSlip(error):
        case NameSlip.SWAPPED if len(name) > 2:
            return name[0] + name[2] + name[1] + name[3:]
        case NameSlip.HOMOPHONE:
            return name[0] + "".join(HOMOPHONES.get(letter, letter) for letter in name[1:])
        case NameSlip.SURNAME_ONLY:
            return name[0]
    return name


def mistyped_phone(phone: str, error: int) -> str:
    """A number with one of the errors, or the right number written unusually."""
    match PhoneSlip(error):
        case PhoneSlip.DIGITS_SWAPPED:
            at = next((at for at in range(3, 10) if phone[at] != phone[at + 1]), 3)
            return phone[:at] + phone[at + 1] + phone[at] + phone[at + 2 :]
        case PhoneSlip.DIGIT_WRONG:
            return phone[:-1] + str((int(phone[-1]) + 3) % 10)
        case PhoneSlip.COUNTRY_CODE:
            return f"+86 {phone}"
        case PhoneSlip.SPACED:
            return f"{phone[:3]} {phone[3:7]} {phone[7:]}"
        case PhoneSlip.WIDE:
            return phone.translate({ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)})
    return phone


def build_registrations(knobs: PeopleKnobs, draws: Draws, span: Span, wallets: Wallets, names: tuple[Ints, Ints]) -> Registrations:
    """Decide all registrations up to the last day."""
    persons = wallets.persons
    first = np.flatnonzero(persons["registers_day"] < span.days)
    again = np.flatnonzero(wallets.duplicate_day < span.days)
    who = np.concatenate([first, again])
    twice = np.arange(len(who)) >= len(first)
    day = np.where(twice, wallets.duplicate_day[who], persons["registers_day"][who])
    key = (who, twice)
    at = span.midnight(0) + day * 86_400 + draws.integers(8 * 3600, 23 * 3600, "registers at", *key)
    system = _systems(draws, persons.take(who), key)
    table = Frame({
        "person": who, "system": system, "at": at, "day": day,
        "member_id": np.where(twice, member_codes(who, 1), member_codes(who, 0)), "phone": _phones(draws, wallets, who, twice, day),
        "email": np.where(twice & (wallets.emails[who] >= 0) & draws.happens(0.5, "other e-mail", who), SECOND_EMAILS + who, wallets.emails[who]),
        **_errors(knobs, draws, key, len(who)), "gender": np.where(draws.happens(0.85, "tells gender", *key), persons["gender"][who], -1),
        "birth_day": np.where(draws.happens(0.7, "tells birthday", *key), persons["birth_day"][who], NOT_TOLD),
        "referrer": np.where(draws.happens(0.06, "referred", *key), _referrer(draws, persons, who), -1),
        "is_duplicate": twice,
    })  # fmt: skip
    table = _possible(table, (*names, persons["gender"]))
    table = table.sorted_by("at", "person").having(registration=np.arange(len(table)))
    order = np.argsort(table["day"], kind="stable")
    return Registrations(table.take(order), table["day"][order], (*names, persons["gender"]))


def _systems(draws: Draws, persons: Frame, key: tuple[Ints, np.ndarray]) -> Ints:
    uses = np.stack([persons[f"uses_{name}"] for name in ("store", "app", "mini", "web", "call")], axis=1)
    weights = uses * np.array([1.0, 1.2, 1.1, 0.4, 0.2]) + np.array([1e-6, 0, 0, 0, 0])
    return draws.choice(weights, "registers through", *key)


def _phones(draws: Draws, wallets: Wallets, who: Ints, twice: np.ndarray, day: Ints) -> Ints:
    """The number that is given: the one held that day; of a second registration often another one; at times none."""
    held = np.where(day < wallets.phone_day[who], wallets.phones[0][who], wallets.phones[1][who])
    other = twice & draws.happens(0.4, "second sim", who)
    given = np.where(other, who * PER_PERSON + SECOND_PHONE, held)
    return np.where(draws.happens(0.03, "no phone given", who, twice), -1, given)


def _errors(knobs: PeopleKnobs, draws: Draws, key: tuple[Ints, np.ndarray], count: int) -> dict[str, Ints]:
    mistyped = draws.happens(knobs.typing_error_share, "mistypes", *key)
    field = draws.choice([5, 4], "mistypes what", *key)
    name = np.where(mistyped & (field == 0), draws.integers(1, len(NameSlip), "name error", *key), 0)
    wrong = np.where(mistyped & (field == 1), draws.integers(1, 3, "phone error", *key), 0)
    unusual = np.where(draws.happens(0.03, "writes unusually", *key), draws.integers(3, len(PhoneSlip), "phone form", *key), 0)
    capitals = draws.happens(0.02, "e-mail in capitals", *key)
    return {"name_error": name, "phone_error": np.where(wrong > 0, wrong, unusual), "email_error": capitals.astype(np.int64).reshape(count)}


def _possible(table: Frame, names: tuple[Ints, Ints, Ints]) -> Frame:
    """Errors only in what was given; a name that cannot have its error has another one."""
    error, rows = table["name_error"].copy(), np.flatnonzero(table["name_error"])
    surname, given, gender = (values[table["person"][rows]] for values in names)
    for row, name in zip(rows.tolist(), full_names(surname, given, gender).to_pylist(), strict=True):
        kinds = (int(error[row]), NameSlip.HOMOPHONE, NameSlip.SURNAME_ONLY)
        error[row] = next(kind for kind in kinds if mistyped_name(name, kind) != name)
    return table.having(
        name_error=error, phone_error=np.where(table["phone"] >= 0, table["phone_error"], 0),
        email_error=np.where(table["email"] >= 0, table["email_error"], 0),
    )  # fmt: skip


def _referrer(draws: Draws, persons: Frame, who: Ints) -> Ints:
    """Somebody who registered before the first day, from anywhere."""
    old = np.flatnonzero(persons["registers_day"] < 0)
    if not len(old):
        return np.full(len(who), -1)
    return old[draws.integers(0, len(old), "referrer", who)]
