"""Who agrees to what, in plain Python: random histories of answers, and the reference for `fct_consents` and what is made of it."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

PURPOSES = ("service", "marketing", "profiling", "automated_decision", "sharing")
SPELLINGS = (None, None, "", "sms", "sms", "push", "SMS ", "wecom")  # of channels, as sources write them
LATENESS = (0, 0, 0, 1, 6)  # days


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as silver has it."""

    consent_id: str
    key: str
    purpose: str
    channel: str | None
    is_granted: bool
    decided_at: datetime
    known_on: date
    is_deleted: bool

    @property
    def about(self) -> str:
        """The channel in one spelling; `all` without one."""
        return (self.channel or "").strip().lower() or "all"


@dataclass(frozen=True, slots=True)
class Decision:
    """What holds for a customer, a purpose and a channel."""

    is_granted: bool
    decided_at: datetime
    effective_on: date
    answered: int
    refused: int


Consents = dict[tuple[str, str], Decision]


def histories(seed: int, customers: int, zone: ZoneInfo) -> dict[str, list[Answer]]:
    """By source key `<customer>-<n>`, answers of one to four keys of each customer, out of few moments: many of them are the same."""
    chance = random.Random(seed)
    found: dict[str, list[Answer]] = {}
    for customer in range(customers):
        # Also half past four in the night, UTC: still the day before on the retailer's clock.
        moments = [datetime(2024, 1, chance.randint(2, 20), chance.choice((4, 12, 23)), 30, tzinfo=UTC) for _ in range(3)]
        purposes = chance.choice((PURPOSES, ("marketing", "profiling", "automated_decision")))
        for number in range(chance.randint(1, 4)):
            key = f"{customer}-{number}"
            found[key] = [_answer(chance, f"{key}-{n}", key, moments, purposes, zone) for n in range(chance.randint(0, 7))]
    return found


def _answer(chance: random.Random, consent_id: str, key: str, moments: list[datetime], purposes: Sequence[str], zone: ZoneInfo) -> Answer:
    moment = chance.choice(moments)
    known_on = moment.astimezone(zone).date() + timedelta(days=chance.choice(LATENESS))
    purpose, channel = chance.choice(purposes), chance.choice(SPELLINGS)
    return Answer(consent_id, key, purpose, channel, chance.random() < 0.8, moment, known_on, chance.random() < 0.1)


def consents(answers: Iterable[Answer], on: date, zone: ZoneInfo) -> Consents:
    """What holds on a date for the one customer to whom all these answers belong, by purpose and channel answered about."""
    seen = [a for a in answers if not a.is_deleted and a.known_on <= on and a.decided_at.astimezone(zone).date() <= on]
    return {(purpose, channel): _decision(seen, purpose, channel, zone) for purpose, channel in {(a.purpose, a.about) for a in seen}}


def _decision(seen: list[Answer], purpose: str, channel: str, zone: ZoneInfo) -> Decision:
    last: list[Answer] = []
    for key in {a.key for a in seen}:
        covering = [a for a in seen if a.key == key and a.purpose == purpose and a.about in (channel, "all")]
        newest = [a for a in covering if a.decided_at == max(c.decided_at for c in covering)]
        refusals = [a for a in newest if not a.is_granted]
        if newest:
            last.append(max(refusals or newest, key=lambda a: (a.known_on, a.consent_id)))
    refused = [a for a in last if not a.is_granted]
    decides = max(refused or last, key=lambda a: (a.decided_at, a.known_on, a.consent_id))
    effective_on = max(decides.known_on, decides.decided_at.astimezone(zone).date())
    return Decision(not refused, decides.decided_at, effective_on, len(last), len(refused))


def agrees(held: Mapping[tuple[str, str], Decision], purpose: str, channel: str) -> bool:
    """Whether the customer may be approached: `all` means on every channel."""
    for_all = held.get((purpose, "all"))
    if channel == "all":
        return for_all is not None and all(decision.is_granted for (what, _), decision in held.items() if what == purpose)
    decision = held.get((purpose, channel), for_all)
    return decision is not None and decision.is_granted


def is_personalised(held: Mapping[tuple[str, str], Decision]) -> bool:
    """Whether results of models may choose for the customer."""
    return agrees(held, "profiling", "all") and agrees(held, "automated_decision", "all")
