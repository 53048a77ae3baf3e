"""What is in a basket: categories by taste and need, products by preference and price, quantities by the mouths at home."""

import numpy as np

from spark_jobs.demo.twin.behaviour.state import State
from spark_jobs.demo.twin.behaviour.today import Today
from spark_jobs.demo.twin.behaviour.traits import Traits
from spark_jobs.demo.twin.codes import Scene
from spark_jobs.demo.twin.draws import Bools, Floats, Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.products import CATEGORIES

MOST_LINES = 38
BASKET_SPREAD = 0.85
# Of the mean basket of a person, by scene: routine, family meal, urgent refill, holiday gift, night snack.
_SCENE_SIZE = np.array([1.0, 1.35, 0.35, 0.7, 0.4])


def _scene_boosts() -> Floats:
    """How much more a category is bought in a scene: scene × category."""
    boosts = np.ones((len(Scene), len(CATEGORIES)))

    def boost(scene: Scene, factor: float, *names: str) -> None:
        boosts[scene, [CATEGORIES.index(name) for name in names]] *= factor

    boost(Scene.FAMILY_MEAL, 2.2, "pork", "beef", "poultry", "fish", "shrimp", "leafy_greens", "mushrooms", "melons")
    boost(Scene.URGENT_REFILL, 3.0, "milk", "eggs", "rice", "cooking_oil", "sauces", "nappies", "infant_formula", "tissue")
    boost(Scene.HOLIDAY_GIFT, 14.0, "gift_boxes", "festival_food", "tea", "wine", "nuts", "berries")
    boost(Scene.NIGHT_SNACK, 6.0, "snacks", "beer", "ice_cream", "prepared_dishes", "juice", "noodles")
    return boosts


SCENE_BOOSTS = _scene_boosts()


def fill(today: Today, state: State, traits: Traits, orders: Frame, rows: Ints) -> Frame:
    """The lines of orders.

    Args:
        today: the day.
        state: what persons bought when; the categories bought now are noted in it.
        traits: of the run of persons.
        orders: with `person, turn` (the person's first or second order of the day), `scene, company`.
        rows: position of each order's person in the run.

    Returns:
        `at_order` (position in `orders`), `line` (from 1), `product, quantity, unit_price, discount, amount`.
    """
    category, chosen = _categories(today, state, traits, orders, rows)
    at_order, place = np.nonzero(chosen)
    category = category[at_order, place]
    state.last_category_day[orders["person"][at_order], category] = today.number
    keys = (orders["person"][at_order], today.number, orders["turn"][at_order], place)
    within = _products(today, traits, rows[at_order], category, keys)
    product = category * today.assortment.per_category + within
    quantity = _quantities(today, traits, orders, at_order, rows, category, keys)
    unit_price = today.prices[product]
    gross = np.round(unit_price * quantity).astype(np.int64)
    discount = np.round(gross * today.now.cuts[product]).astype(np.int64)
    return Frame({
        "at_order": at_order, "line": place + 1, "product": product, "quantity": quantity, "unit_price": unit_price, "discount": discount,
        "amount": gross - discount,
    })  # fmt: skip


def _categories(today: Today, state: State, traits: Traits, orders: Frame, rows: Ints) -> tuple[Ints, Bools]:
    """The categories of each order, best first, and which of these places are filled: a weighted draw without replacement."""
    draws, person, turn = today.draws, orders["person"], orders["turn"]
    is_company = orders["company"] >= 0
    mean = np.where(is_company, 14.0, traits.basket[rows] * _SCENE_SIZE[orders["scene"]])
    # Most baskets are small and a few are very large: a Poisson count with a log-normal mean.
    mean = mean * np.exp(BASKET_SPREAD * draws.normal("basket spread", person, today.number, turn) - BASKET_SPREAD**2 / 2)
    count = 1 + draws.counts(np.clip(mean - 1, 0.02, 30.0), "basket lines", person, today.number, turn)
    since = today.number - state.last_category_day[person]
    cycle = today.assortment.categories["cycle"][None, :] / np.sqrt(traits.mouths[rows][:, None])
    need = np.clip(since / cycle, 0.12, 2.5) ** 2
    weights = traits.affinity[rows] * need * SCENE_BOOSTS[orders["scene"]]
    if today.now.mood.festival >= 0:
        weights[:, [name == "gifts" for name in today.departments]] *= 1 + 9 * today.now.mood.gift_rush
    number = np.arange(weights.shape[1])[None, :]
    # Efraimidis and Spirakis, "Weighted random sampling with a reservoir", 2006: the greatest of u^(1/w), here in logarithms.
    noise = -np.log(draws.exponential(1.0, "basket category", person[:, None], today.number, turn[:, None], number))
    best = np.argsort(-(np.log(weights + 1e-9) + noise), axis=1, kind="stable")[:, :MOST_LINES]
    filled: Bools = np.arange(best.shape[1])[None, :] < count[:, None]
    return best, filled


def _products(today: Today, traits: Traits, rows: Ints, category: Ints, keys: tuple[Ints, int, Ints, Ints]) -> Ints:
    """The place of a product within each line's category."""
    person, guide = keys[0], today.choice
    favourite = today.draws.integers(0, today.assortment.per_category, "favourite", person, category)
    is_habit = today.draws.happens(0.45, "habit", *keys)
    score = (
        guide.popularity[category]
        - (0.4 + 2.2 * traits.price[rows])[:, None] * guide.price_level[category]
        + (6.0 * traits.promo[rows])[:, None] * guide.cut[category]
        + (3.0 * (traits.organic[rows] - 0.25))[:, None] * guide.organic[category]
        + (3.0 * (traits.imported[rows] - 0.25))[:, None] * guide.imported[category]
        + (2.5 * (traits.health[rows] - 0.5))[:, None] * guide.health[category]
    )
    return np.where(is_habit, favourite, today.draws.choice(np.exp(score), "product", *keys))


def _quantities(
    today: Today, traits: Traits, orders: Frame, at_order: Ints, rows: Ints, category: Ints, keys: tuple[Ints, int, Ints, Ints]
) -> Floats:
    """Kilograms (three decimals) or pieces."""
    draws, mouths = today.draws, traits.mouths[rows][at_order]
    weight = np.round((0.28 + 0.22 * mouths) * np.exp(0.35 * draws.normal("weight", *keys)), 3)
    pieces = 1 + draws.counts(0.12 * mouths, "pieces", *keys)
    is_company = orders["company"][at_order] >= 0
    bulk = np.where(is_company, draws.integers(4, 25, "bulk", *keys), 1)
    by_weight = today.assortment.categories["by_weight"][category] > 0
    quantity: Floats = np.where(by_weight, np.maximum(weight, 0.05), pieces) * bulk
    return np.round(quantity, 3)
