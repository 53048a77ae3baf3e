"""People that several tests look at, with nothing changed."""

from datetime import date

import pytest

from spark_jobs.demo.twin.draws import Draws
from spark_jobs.demo.twin.knobs import Knobs, Span
from spark_jobs.demo.twin.people.people import People, build_people

SPAN = Span(first_day=date(2025, 1, 1), days=120)
COUNT = 20_000


def some_people(seed: int = 11, count: int = COUNT, **people: float) -> People:
    """People with other knobs of the section `people`."""
    return build_people(Knobs.model_validate({"people": people}), Draws(seed), SPAN, count)


@pytest.fixture(scope="session")
def people() -> People:
    return some_people()
