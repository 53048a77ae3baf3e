"""Identifiers over time: each story of identity occurs as the truth tells it, and wallets and truth agree on every day."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from spark_jobs.demo.twin.people import render
from spark_jobs.demo.twin.people.people import People
from tests.unit.spark_jobs.demo.twin.people.conftest import SPAN, some_people

WALLET: dict[str, tuple[str, Callable[[np.ndarray], pa.StringArray]]] = {
    "member_id": ("member_id", render.member_text), "second_member_id": ("member_id", render.member_text), "phone": ("phone", render.phone_text),
    "email": ("email", render.email_text), "unionid": ("unionid", render.unionid_text), "openid": ("openid", render.openid_text),
    "device_id": ("device_id", render.device_text), "second_device": ("device_id", render.device_text),
    "shared_device": ("device_id", render.device_text), "cookie": ("cookie", render.cookie_text), "wecom_id": ("wecom_id", render.wecom_text),
    "loyalty_card": ("loyalty_card", render.card_text),
}  # fmt: skip
ONLY_TYPED = ("typing_error", "second_registration")


@pytest.fixture(scope="module")
def identifiers(people: People) -> pa.Table:
    return people.truth_tables()["identifiers"]


def _kept(table: pa.Table, **values: str) -> list[dict[str, Any]]:
    for name, value in values.items():
        table = table.filter(pc.equal(table[name], value))
    return table.to_pylist()


@pytest.mark.parametrize("number", [0, 45, SPAN.days - 1])
def test_a_wallet_holds_what_the_truth_says_of_that_day(people: People, identifiers: pa.Table, number: int) -> None:
    today = pa.scalar(SPAN.day(number))
    begun = pc.less_equal(identifiers["valid_from"], today)
    goes_on = pc.fill_null(pc.greater(identifiers["valid_to"], today), True)
    typed = pc.is_in(identifiers["story"], pa.array(ONLY_TYPED))
    valid = identifiers.filter(pc.and_(pc.and_(begun, goes_on), pc.invert(typed)))
    wallet = people.wallet(number)
    for kind in sorted({kind for kind, _ in WALLET.values()}):
        told = valid.filter(pc.equal(valid["identifier_type"], kind))
        held = []
        for column in (name for name, (of, _) in WALLET.items() if of == kind):
            rows = np.flatnonzero(wallet[column] >= 0)
            held += list(zip(rows.tolist(), WALLET[column][1](wallet[column][rows]).to_pylist(), strict=True))
        assert sorted(zip(told["person_id"].to_pylist(), told["value"].to_pylist(), strict=True)) == sorted(held), kind


@pytest.mark.parametrize("share", [0.0, 0.05, 0.15])
def test_the_knob_says_how_many_share_an_identifier(share: float) -> None:
    table = some_people(shared_identifier_share=share).truth_tables()["identifiers"]
    shared = table.filter(table["is_shared"])
    assert len(pc.unique(shared["person_id"])) / 20_000 == pytest.approx(share, rel=0.15, abs=1e-9)


def test_what_several_hold_at_a_time_is_marked_as_shared_and_nothing_else(identifiers: pa.Table) -> None:
    holders = identifiers.group_by(["identifier_type", "value"]).aggregate(
        [("person_id", "count_distinct"), ("is_shared", "min"), ("story", "max")]
    )
    for row in holders.filter(pc.greater(holders["person_id_count_distinct"], 1)).to_pylist():
        assert row["is_shared_min"] or row["story_max"] == "recycled", row
    alone = identifiers.filter(pc.and_(identifiers["is_shared"], pc.not_equal(identifiers["story"], "store_tablet")))
    counts = (
        alone.group_by(["identifier_type", "value"]).aggregate([("person_id", "count_distinct")])["person_id_count_distinct"].to_numpy()
    )
    assert (counts > 1).mean() > 0.98  # some joined their household's last days only


def test_every_story_occurs(identifiers: pa.Table) -> None:
    found = set(pc.unique(identifiers["story"]).to_pylist())
    assert found == {
        "own", "family_phone", "family_email", "household_tablet", "store_tablet", "recycled", "typing_error", "duplicate_registration", "second_registration",
    }  # fmt: skip


def test_a_recycled_number_rests_and_then_belongs_to_a_new_member(people: People, identifiers: pa.Table) -> None:
    phones = defaultdict(list)
    for row in _kept(identifiers, identifier_type="phone"):
        phones[row["value"]].append(row)
    recycled = _kept(identifiers, story="recycled")
    assert len(recycled) > 100
    first = date(2025, 1, 1)
    for row in recycled:
        (before,) = (other for other in phones[row["value"]] if other["story"] not in ("recycled", "typing_error"))
        assert before["person_id"] != row["person_id"]
        assert row["valid_from"] - before["valid_to"] >= timedelta(days=180)
        registers = people.persons["registers_day"]
        assert first + timedelta(days=int(registers[before["person_id"]])) < before["valid_to"]
        assert first + timedelta(days=int(registers[row["person_id"]])) >= row["valid_from"]


def test_an_identifier_of_one_person_is_nobody_elses(identifiers: pa.Table) -> None:
    for kind in ("member_id", "unionid", "openid", "live_openid", "cookie", "wecom_id", "loyalty_card"):
        values = identifiers.filter(pc.equal(identifiers["identifier_type"], kind))["value"]
        assert len(pc.unique(values)) == len(values) > 0, kind


def test_cards_end_in_a_luhn_digit() -> None:
    for card in render.card_text(np.arange(0, 1_000_000, 997)).to_pylist():
        doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(card))]
        assert len(card) == 16 and sum(each // 10 + each % 10 for each in doubled) % 10 == 0


def test_texts_tell_codes_apart_and_none_is_null() -> None:
    codes = np.concatenate([[-1], np.arange(60_000)])
    for write in {write for _, write in WALLET.values()} | {render.live_openid_text}:
        texts = write(codes)
        assert texts[0].as_py() is None and len(pc.unique(texts)) == len(codes), write.__name__
    couriers = render.courier_phone_text(np.arange(400))
    assert not pc.any(pc.is_in(couriers, render.phone_text(codes[1:]))).as_py()
