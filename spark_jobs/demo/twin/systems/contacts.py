"""Under which phone number somebody can be reached, or calls: mostly their own, sometimes that of another one of the household."""

import numpy as np

from spark_jobs.demo.twin.day import Day
from spark_jobs.demo.twin.draws import Ints


def relatives(day: Day, person: Ints) -> Ints:
    """Another person of the same household; the person where there is none."""
    household = day.people.persons["household"]
    after, before = np.minimum(person + 1, len(household) - 1), np.maximum(person - 1, 0)
    beside = np.where(household[after] == household[person], after, before)
    return np.where(household[beside] == household[person], beside, person)


def phones_given(day: Day, purpose: str, key: Ints, person: Ints, family_share: float) -> Ints:
    """Codes of the phone numbers that persons give, some of them a relative's."""
    of_family = day.draws.happens(family_share, f"{purpose} family phone", key)
    return np.asarray(day.wallet["phone"][np.where(of_family, relatives(day, person), person)], np.int64)
