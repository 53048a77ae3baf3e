"""Behaviour has causes that can be found in what people do, and none that a rule of one line finds without mistakes."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pytest

from spark_jobs.demo.twin.behaviour.backbone import load_backbone
from spark_jobs.demo.twin.behaviour.days import Twin
from spark_jobs.demo.twin.codes import Channel, ChurnCause
from spark_jobs.demo.twin.draws import Draws, Floats, Ints
from spark_jobs.demo.twin.knobs import Knobs, Span, load_knobs
from spark_jobs.demo.twin.people.people import build_people
from spark_jobs.demo.twin.world import World
from tests.evaluation.intervals import auc

PERSONS, DAYS = 4_000, 75


@dataclass
class Lived:
    """What 4,000 persons did in 75 days: sums by person, and orders by day."""

    twin: Twin
    sums: dict[str, Floats] = field(
        default_factory=lambda: {name: np.zeros(PERSONS) for name in ("orders", "night", "lines", "organic", "promo", "late")}
    )
    last: Ints = field(default_factory=lambda: np.full(PERSONS, -30))
    by_region: list[Ints] = field(default_factory=list)
    in_store: list[tuple[int, int]] = field(default_factory=list)
    amounts: list[Ints] = field(default_factory=list)


def lived(knobs: Knobs) -> Lived:
    span, draws = Span(first_day=date(2024, 1, 1), days=DAYS), Draws(3)
    world = World(knobs, span, draws)
    people = build_people(knobs, draws, span, PERSONS)
    found = Lived(Twin(world, people))
    organic = world.assortment.products["organic"]
    for day in found.twin.days():
        orders = day.orders.take(~day.orders["is_cancelled"])
        person, hour = orders["person"], (orders["at"] - day.midnight) // 3600
        lines = day.lines.take(np.isin(day.lines["order"], orders["order"]))
        buyer = person[np.searchsorted(orders["order"], lines["order"])]
        np.add.at(found.sums["orders"], person, 1)
        np.add.at(found.sums["night"], person, (hour >= 21) | (hour < 2))
        np.add.at(found.sums["lines"], buyer, 1)
        np.add.at(found.sums["organic"], buyer, organic[lines["product"]])
        np.add.at(found.sums["promo"], buyer, lines["discount"] > 0)
        np.add.at(found.sums["late"], day.deliveries["person"], day.deliveries["is_late"])
        found.last[person] = day.number
        found.by_region.append(np.bincount(people.persons["region"][person], minlength=4))
        found.in_store.append((int((orders["channel"] == Channel.STORE).sum()), len(orders)))
        found.amounts.append(orders["amount"])
    return found


@pytest.fixture(scope="module")
def seen() -> Lived:
    return lived(load_knobs())


@pytest.mark.parametrize(
    ("trait", "least", "sign"),
    [("night", 0.5, "night"), ("organic", 0.65, "organic"), ("promo", 0.65, "promo")],
    ids=["night", "organic", "promotions"],
)
def test_a_taste_shows_in_purchases_but_not_without_mistakes(seen: Lived, trait: str, least: float, sign: str) -> None:
    base = seen.sums["orders" if sign == "night" else "lines"]
    often = seen.sums["orders"] >= 3
    truth = np.asarray(getattr(seen.twin.runs[0][1], trait), np.float64) >= least
    area = auc((seen.sums[sign] / np.maximum(base, 1))[often], truth[often])[0]
    assert area is not None and 0.58 < area < 0.97


def test_who_leaves_has_a_day_and_a_cause_and_trouble_is_one(seen: Lived) -> None:
    state, often = seen.twin.state, seen.sums["orders"] >= 3
    gone = (state.churn_day < DAYS) & (state.churn_day > 0)
    assert set(np.unique(state.churn_cause[gone])) == {int(cause) for cause in ChurnCause} - {0}
    assert (state.churn_cause[~gone & (state.churn_day > DAYS)] == ChurnCause.NONE).all()
    by_late, by_silence = (auc(score[often], gone[often]) for score in (seen.sums["late"], (DAYS - seen.last).astype(float)))
    assert by_late[1] is not None and by_late[1] > 0.5
    assert by_silence[0] is not None and 0.75 < by_silence[0] < 0.99
    assert (seen.last[gone] < state.churn_day[gone]).all()


def test_a_region_in_shock_falls_and_comes_back(seen: Lived) -> None:
    shock = seen.twin.world.knobs.world.shocks[0]
    orders = np.array(seen.by_region, float)
    share = orders[:, 0] / orders.sum(axis=1)
    during, before, after = (
        share[shock.first_day : shock.last_day + 1].mean(),
        share[40 : shock.first_day].mean(),
        share[shock.last_day + 2 :].mean(),
    )
    assert during < 0.8 * before and during < 0.8 * after


def test_a_campaign_moves_some_annoys_others_and_its_control_group_is_random(seen: Lived) -> None:
    effects = seen.twin.effects.of_persons()
    effect = effects["with_it"] - effects["without"]
    assert (effect > 0.02).mean() > 0.1 and (effect < -0.005).mean() > 0.01 and effect.mean() > 0
    control = ~effects["is_treated"].astype(bool)
    assert abs(control.mean() - seen.twin.world.knobs.world.control_share) < 0.02
    spread = effects["without"].std() * np.sqrt(1 / control.sum() + 1 / (~control).sum())
    assert abs(effects["without"][control].mean() - effects["without"][~control].mean()) < 4 * spread


def test_knobs_turn_what_they_name(seen: Lived) -> None:
    knobs = load_knobs()
    calm = knobs.model_copy(
        update={"behaviour": knobs.behaviour.model_copy(update={"churn_hazard": 0.0, "late_effect": 0.0, "quality_effect": 0.0})}
    )
    assert (lived(calm).twin.state.churn_day > DAYS).all()


def test_amounts_are_those_of_a_grocer(seen: Lived) -> None:
    amounts = np.concatenate(seen.amounts)
    assert (amounts > 0).all()
    assert 4_000 < np.median(amounts) < 20_000  # 40 to 200 yuan
    assert amounts.mean() > 1.15 * np.median(amounts)


@pytest.mark.slow
def test_real_purchases_can_be_the_backbone() -> None:
    knobs, span, draws = load_knobs(), Span(first_day=date(2024, 1, 1), days=3), Draws(3)
    backbone = load_backbone(draws, span.first_day)
    world = World(knobs, span, draws)
    found = []
    for at_once in (5_000, 700):
        twin = Twin(world, build_people(knobs, draws, span, 5_000), at_once, backbone)
        found.append([(day.orders, day.lines) for day in twin.days()])
        assert not twin.effects.caused
    assert sum(len(orders) for orders, _ in found[0]) > 500
    for (orders, lines), (other, others) in zip(*found, strict=True):
        assert all(np.array_equal(orders[name], other[name]) for name in orders)
        assert all(np.array_equal(lines[name], others[name]) for name in lines if name != "at_order")
    # A Monday of the simulation is a Monday of the households.
    assert (span.first_day.weekday() - date(2017, 1, 1 + backbone.weekday_shift).weekday()) % 7 == 0
