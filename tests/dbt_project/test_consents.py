"""Over random histories of consent, the marts and audiences say what plain Python says: zero violations."""

import csv
from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from conf.settings import PROJECT_ROOT
from spark_jobs.marts.runner import DbtError, run_dbt
from tests.dbt_project.consent_reference import PURPOSES, Answer, Consents, agrees, consents, histories, is_personalised
from tests.dbt_project.grocer import Grocer, Row, day

pytestmark = [pytest.mark.slow, pytest.mark.proof]

EARLY, LATE = 10, 24
KEYS_ALONE, KEYS_MERGED = "c_{0}", "c_{1}"  # of the key and of the customer whose it is
LIKELY = 0.5
Held = dict[str, Consents]


def _channels() -> list[str]:
    with (PROJECT_ROOT / "dbt" / "seeds" / "consent_channels.csv").open(encoding="utf-8") as file:
        return [row["channel"] for row in csv.DictReader(file)]


CHANNELS = _channels()
AUDIENCES = {f"{purpose}_{channel}": (purpose, channel) for purpose in PURPOSES for channel in CHANNELS}


class World:
    """Random histories in a grocer's lake, an audience for every purpose and channel, and one that asks a model as well."""

    def __init__(self, grocer: Grocer) -> None:
        self.grocer = grocer
        self.zone = ZoneInfo(grocer.settings.retailer.time_zone)
        self.answers = histories(20240131, 600, self.zone)
        self.stands_at: tuple[int, str] | None = None
        grocer.delivers(consents=[_row(answer) for answers in self.answers.values() for answer in answers])
        grocer.night(1)
        names = "'', '', ''"
        definitions = [f"('{name}', '{purpose}', '{channel}', {names})" for name, (purpose, channel) in AUDIENCES.items()]
        rules = [f"('{name}', 'lifecycle_stage', null, null, 'prospect')" for name in [*AUDIENCES, "by_model"]]
        definitions.append(f"('by_model', 'marketing', 'sms', {names})")
        rules.append(f"('by_model', 'churn_score', {LIKELY}, null, 'any')")
        grocer.spark.sql(f"insert into gold_build.segment_definitions values {', '.join(definitions)}")
        grocer.spark.sql(f"insert into gold_build.segment_rules values {', '.join(rules)}")

    def night(self, on: int, identity: str) -> Held:
        """Build the profiles for a date with the keys alone or merged; what plain Python says about each customer."""
        owners = {key: identity.format(key, key.partition("-")[0]) for key in self.answers}
        scored = sorted(set(owners.values()))
        self.grocer.delivers(
            customer_ids=[_identity(key, customer) for key, customer in owners.items()],
            churn=[_score(on, customer, place) for place, customer in enumerate(scored)],
        )
        if self.stands_at != (on, identity):
            self.grocer.profiles(on)
        self.stands_at = on, identity
        self.likely = {customer for place, customer in enumerate(scored) if _likelihood(place) >= LIKELY}
        of_customer: dict[str, list[Answer]] = {customer: [] for customer in scored}
        for key, customer in owners.items():
            of_customer[customer] += self.answers[key]
        return {customer: consents(answers, day(on), self.zone) for customer, answers in of_customer.items()}

    def found(self) -> dict[str, dict[tuple[str, str], tuple[object, ...]]]:
        """`fct_consents` by customer, then purpose and channel."""
        rows = self.grocer.rows(
            """
            select customer_id, purpose, channel, is_granted, unix_timestamp(decided_at), effective_on, answered_id_count, refused_id_count
            from gold_build.fct_consents
            """
        )
        found: dict[str, dict[tuple[str, str], tuple[object, ...]]] = {}
        for customer, purpose, channel, *decision in rows:
            found.setdefault(customer, {})[purpose, channel] = tuple(decision)
        return found


def _row(answer: Answer) -> Row:
    return {
        "consent_id": answer.consent_id,
        "source_customer_id": answer.key,
        "purpose": answer.purpose,
        "channel": answer.channel,
        "is_granted": answer.is_granted,
        "decided_at": answer.decided_at,
        "_known_on": answer.known_on,
        "_is_deleted": answer.is_deleted,
    }


def _identity(key: str, customer: str) -> Row:
    return {"source_customer_id": key, "id_namespace": "shop", "customer_id": customer, "first_known_on": date(2024, 1, 1)}


def _likelihood(place: int) -> float:
    return place % 10 / 10


def _score(on: int, customer: str, place: int) -> Row:
    return {
        "as_of_on": day(on),
        "customer_id": customer,
        "score": _likelihood(place),
        "score_decile": 1,
        "model_name": "churn",
        "model_version": "1",
    }


@pytest.fixture(scope="module")
def world(grocer: Grocer) -> World:
    """One world for all nights."""
    return World(grocer)


def _check_answers(world: World, held: Held) -> None:
    expected = {
        customer: {
            about: (d.is_granted, int(d.decided_at.timestamp()), d.effective_on, d.answered, d.refused) for about, d in decisions.items()
        }
        for customer, decisions in held.items()
        if decisions
    }
    assert world.found() == expected


def _check_profiles(world: World, held: Held) -> None:
    flags = ", ".join(f"consents_to_{purpose}" for purpose in PURPOSES)
    rows = world.grocer.rows(f"select customer_id, {flags}, is_personalised, marketing_channels from gold_build.dim_customers")

    single = sorted(set(CHANNELS) - {"all"})
    assert {row[0]: row[1:] for row in rows} == {
        customer: (
            *(agrees(decisions, purpose, "all") for purpose in PURPOSES),
            is_personalised(decisions),
            [channel for channel in single if agrees(decisions, "marketing", channel)],
        )
        for customer, decisions in held.items()
    }


def _check_audiences(world: World, held: Held) -> None:
    names = ", ".join(f"'{name}'" for name in [*AUDIENCES, "by_model"])
    found = world.grocer.rows(
        f"select segment_id, customer_id, is_personalised, contains(evidence, 'churn_score') from gold_build.fct_segment_members "
        f"where segment_id in ({names})"
    )

    expected = {
        (name, customer, is_personalised(decisions), False)
        for name, about in AUDIENCES.items()
        for customer, decisions in held.items()
        if agrees(decisions, *about)
    }
    for customer in (customer for customer, decisions in held.items() if agrees(decisions, "marketing", "sms")):
        personalised = is_personalised(held[customer])
        if customer in world.likely or not personalised:
            expected.add(("by_model", customer, personalised, personalised))
    assert len(found) == len(set(found))
    assert set(found) == expected
    assert _variants(found) == {(True, True), (False, False)}


def _variants(found: Iterable[tuple[object, ...]]) -> set[tuple[object, ...]]:
    return {row[2:] for row in found if row[0] == "by_model"}


@pytest.mark.parametrize(("on", "identity"), [(EARLY, KEYS_MERGED), (LATE, KEYS_MERGED), (LATE, KEYS_ALONE)])
def test_answers_profiles_and_audiences_are_what_plain_python_says(world: World, on: int, identity: str) -> None:
    held = world.night(on, identity)

    _check_answers(world, held)
    _check_profiles(world, held)
    _check_audiences(world, held)
    results = run_dbt(world.grocer.settings, "test", day(on), "--select", "audiences_have_consent", "fct_consents,test_type:data")
    assert len(results) >= 5
    assert {result.status for result in results} == {"pass"}


def test_a_merge_grants_nothing_that_one_of_the_keys_refused(world: World) -> None:
    world.night(LATE, KEYS_ALONE)
    alone = world.found()
    world.night(LATE, KEYS_MERGED)

    merged = world.found()

    violations = [
        (customer, key, purpose, channel)
        for customer, decisions in merged.items()
        for (purpose, channel), (is_granted, *_) in decisions.items()
        if is_granted
        for key, own in alone.items()
        if key.startswith(f"{customer}-") and not own.get((purpose, channel), own.get((purpose, "all"), (True,)))[0]
    ]
    assert violations == []
    assert any(len([key for key in alone if key.startswith(f"{customer}-")]) > 1 for customer in merged)


def test_a_forged_member_of_an_audience_stops_the_night(world: World) -> None:
    held = world.night(LATE, KEYS_MERGED)
    refuses = next(customer for customer, decisions in sorted(held.items()) if not agrees(decisions, "marketing", "sms"))
    world.grocer.spark.sql(
        f"insert into gold_build.fct_segment_members values (date'{day(LATE)}', 'win_back_by_sms', '{refuses}', false, 'by hand')"
    )

    with pytest.raises(DbtError, match="audiences_have_consent"):
        run_dbt(world.grocer.settings, "test", day(LATE), "--select", "audiences_have_consent")
