"""All people of a simulation, and what can be asked of them."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from spark_jobs.demo.twin.draws import Draws, Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.knobs import Knobs, Span
from spark_jobs.demo.twin.people import names, story
from spark_jobs.demo.twin.people.consents import Consents, build_consents
from spark_jobs.demo.twin.people.households import persons as build_persons
from spark_jobs.demo.twin.people.registrations import Registrations, build_registrations
from spark_jobs.demo.twin.people.wallet import Wallets, build_wallets


@dataclass(frozen=True, slots=True)
class People:
    """The people. Arguments called `persons` are person numbers; texts come back in their order."""

    persons: Frame  # see households.py
    companies: Frame  # see names.py
    wallets: Wallets
    registered: Registrations
    consented: Consents
    span: Span
    draws: Draws
    name_parts: tuple[Ints, Ints]

    def wallet(self, number: int) -> Frame:
        """The identifiers of all persons on a day, see wallet.py."""
        return self.wallets.on(number)

    def registrations(self, number: int) -> Frame:
        """The registrations of a day, see registrations.py; those before the first day for −1."""
        return self.registered.on(number)

    def consents(self, number: int) -> Frame:
        """The consents of a day, see consents.py; those before the first day for −1."""
        return self.consented.on(number)

    def names(self, persons: ArrayLike) -> pa.StringArray:
        """True full names."""
        rows = np.asarray(persons, np.int64)
        return names.full_names(self.name_parts[0][rows], self.name_parts[1][rows], self.persons["gender"][rows])

    def addresses(self, persons: ArrayLike) -> pa.StringArray:
        """Postal addresses."""
        return names.addresses(self.draws, self.persons.take(np.asarray(persons, np.int64)))

    def districts(self, persons: ArrayLike) -> pa.StringArray:
        """Districts of the addresses."""
        return names.districts(self.draws, self.persons.take(np.asarray(persons, np.int64)))

    def truth_tables(self) -> dict[str, pa.Table]:
        """What is true of the people: persons, identifiers, registrations, companies, consents; see story.py."""
        return story.tables(story.Told(self.persons, self.companies, self.wallets, self.registered, self.consented, self.span))


def build_people(knobs: Knobs, draws: Draws, span: Span, customers: int) -> People:
    """The people of a simulation: a function of the arguments, `customers` rows of persons."""
    persons = build_persons(knobs.people, draws, span, customers, knobs.world.stores_per_city)
    wallets = build_wallets(knobs.people, draws, span, persons)
    parts = names.name_parts(draws, persons)
    registered = build_registrations(knobs.people, draws, span, wallets, parts)
    consented = build_consents(draws, registered, persons["registers_day"], span.midnight(0))
    companies = names.companies(draws, persons, knobs.behaviour.bad_debt_share)
    return People(persons, companies, wallets, registered, consented, span, draws, parts)
