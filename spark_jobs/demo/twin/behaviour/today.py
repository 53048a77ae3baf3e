"""One day as the behaviour of all persons needs it: conditions, prices, and what guides the choice of products."""

from dataclasses import dataclass

import numpy as np

from spark_jobs.demo.twin.behaviour.purchases import Conditions, conditions
from spark_jobs.demo.twin.draws import Draws, Floats, Ints
from spark_jobs.demo.twin.products import DEPARTMENTS, Assortment
from spark_jobs.demo.twin.world import World


@dataclass(frozen=True, slots=True)
class Choice:
    """What guides the choice of products on a day: matrices category × place within it."""

    popularity: Floats  # logarithm
    price_level: Floats  # logarithm of the price over the category's mean, after the cut
    cut: Floats
    organic: Floats
    imported: Floats
    health: Floats  # around 0


@dataclass(frozen=True, slots=True)
class Today:
    """A day: its number, its local midnight (seconds since 1970-01-01 UTC) and what holds for all."""

    number: int
    midnight: int
    world: World
    now: Conditions
    prices: Ints  # fen by product, before promotions
    choice: Choice
    departments: tuple[str, ...]  # of each category

    @property
    def draws(self) -> Draws:
        return self.world.draws

    @property
    def assortment(self) -> Assortment:
        return self.world.assortment


def today(world: World, number: int) -> Today:
    """Day `number` of a world."""
    now, prices, goods = conditions(world, number), world.shelf_prices(number), world.assortment
    paid = (prices * (1 - now.cuts)).reshape(len(goods.categories), -1)
    choice = Choice(
        np.log(goods.in_category("popularity")), np.log(paid / paid.mean(axis=1, keepdims=True)), now.cuts.reshape(paid.shape),
        goods.in_category("organic"), goods.in_category("imported"), goods.in_category("health") - 0.5,
    )  # fmt: skip
    departments = tuple(DEPARTMENTS[each][0] for each in goods.categories["department"].tolist())
    return Today(number, world.span.midnight(number), world, now, prices, choice, departments)
