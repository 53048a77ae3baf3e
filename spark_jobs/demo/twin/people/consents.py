"""What people agree to: asked when they register, withdrawn by some, given again by fewer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spark_jobs.demo.twin.codes import ConsentPurpose, TouchChannel
from spark_jobs.demo.twin.draws import Draws, Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.people.households import NEVER
from spark_jobs.demo.twin.people.registrations import Registrations

# What is asked: purpose, channel (−1: any), chance that it is granted at registration.
QUESTIONS = (
    (ConsentPurpose.SERVICE, -1, 1.0), (ConsentPurpose.PROFILING, -1, 0.66), (ConsentPurpose.AUTOMATED_DECISION, -1, 0.55),
    (ConsentPurpose.SHARING, -1, 0.15), (ConsentPurpose.MARKETING, int(TouchChannel.PUSH), 0.72),
    (ConsentPurpose.MARKETING, int(TouchChannel.SMS), 0.48), (ConsentPurpose.MARKETING, int(TouchChannel.WECOM), 0.58),
    (ConsentPurpose.MARKETING, int(TouchChannel.MINI), 0.64),
)  # fmt: skip
WITHDRAWS_AFTER, RETURNS_AFTER = 700.0, 120.0  # mean days


@dataclass(frozen=True, slots=True)
class Consents:
    """Answers at registration, and changes of mind afterwards, by day."""

    draws: Draws
    registrations: Registrations
    withdrawn: NDArray[np.int32]  # first registration × question: day; NEVER where it was not granted
    returned: NDArray[np.int32]
    midnight: int

    def on(self, number: int) -> Frame:
        """Answers of a day, those before the first day for −1.

        `person, purpose, touch_channel` (−1: any), `is_granted` (bool), `at, system` (where the person registered; −1 for a change of mind).
        """
        rows = self.registrations.on(number)
        asked = rows.take(~rows["is_duplicate"])
        answers = [self._asked(asked, question) for question in range(len(QUESTIONS))]
        changes = [self._changed(number, question, is_granted) for question in range(len(QUESTIONS)) for is_granted in (False, True)]
        return Frame.concat([*answers, *changes]).sorted_by("at", "person", "purpose", "touch_channel")

    def _asked(self, rows: Frame, question: int) -> Frame:
        purpose, channel, _ = QUESTIONS[question]
        return Frame({
            "person": rows["person"], "purpose": np.full(len(rows), int(purpose)), "touch_channel": np.full(len(rows), channel),
            "is_granted": granted(self.draws, rows["person"], question), "at": rows["at"], "system": rows["system"],
        })  # fmt: skip

    def _changed(self, number: int, question: int, is_granted: bool) -> Frame:
        purpose, channel, _ = QUESTIONS[question]
        days = (self.returned if is_granted else self.withdrawn)[:, question]
        person = np.flatnonzero((days < 0) if number < 0 else (days == number))
        second = self.draws.integers(8 * 3600, 22 * 3600, "changes mind at", person, question, int(is_granted))
        return Frame({
            "person": person, "purpose": np.full(len(person), int(purpose)), "touch_channel": np.full(len(person), channel),
            "is_granted": np.full(len(person), is_granted), "at": self.midnight + days[person] * 86_400 + second,
            "system": np.full(len(person), -1),
        })  # fmt: skip


def granted(draws: Draws, persons: Ints, question: int) -> np.ndarray:
    """Who says yes to a question; those who like one kind of message like the others more."""
    easy = 0.75 * draws.normal("agrees easily", persons)
    chance = QUESTIONS[question][2]
    if chance >= 1:
        return np.ones(len(persons), np.bool_)
    return easy + draws.normal("agrees", persons, question) < 1.25 * float(np.log(chance / (1 - chance))) * 0.62


def build_consents(draws: Draws, registrations: Registrations, registers_day: Ints, midnight: int) -> Consents:
    """Decide all changes of mind."""
    person = np.arange(len(registers_day))
    withdrawn = np.full((len(person), len(QUESTIONS)), NEVER, np.int32)
    returned = withdrawn.copy()
    for question, (purpose, _, _) in enumerate(QUESTIONS):
        if purpose is ConsentPurpose.SERVICE:
            continue
        away = registers_day + 1 + draws.exponential(WITHDRAWS_AFTER, "withdraws", person, question).astype(np.int64)
        back = away + 1 + draws.exponential(RETURNS_AFTER, "agrees again", person, question).astype(np.int64)
        said_yes = granted(draws, person, question) & (registers_day < NEVER)
        withdrawn[:, question] = np.where(said_yes, away, NEVER)
        returned[:, question] = np.where(said_yes & draws.happens(0.25, "agrees again at all", person, question), back, NEVER)
    return Consents(draws, registrations, withdrawn, returned, midnight)
