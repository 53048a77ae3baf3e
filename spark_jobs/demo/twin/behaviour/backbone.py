"""Real purchases for simulated persons: the baskets of the Complete Journey package in place of the twin's own.

A person gets the year of one household: day, hour, lines, quantities and prices. Persons beyond the 2,469 households get the same years
moved by whole weeks, so that weekdays stay. Products become those of the twin within the category that fits best.
"""

from dataclasses import dataclass
from datetime import date

import duckdb
import numpy as np

from spark_jobs.demo.feeds import package_data
from spark_jobs.demo.twin.draws import Draws, Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.products import CATEGORIES, Assortment

FEN_PER_DOLLAR = 700
YEAR = 364  # whole weeks of 2017
FIRST_DAY = date(2017, 1, 1)
# The first pattern that fits "department / product category" of the package names the twin's category. Departments that are no goods are left out.
_FITS = (
    ("MILK|MARGARIN|BUTTER|MISC. DAIRY", "milk"), ("YOGURT|REFRIGERATED", "yogurt"), ("CHEESE", "cheese"), ("EGGS", "eggs"),
    ("CAKE|PASTRY|PIE|BAKED SWEET|COOKIES", "cakes"), ("BREAD|BUNS|ROLLS|DOUGH", "bread"), ("ICE CREAM|WTR ICE|NOVELT", "ice_cream"),
    ("FRZN|FROZEN PIZZA|FROZEN MEAT", "dumplings"), ("SEAFOOD - FROZEN|SEAFOOD-PCKGD", "shrimp"), ("SEAFOOD", "fish"), ("BEEF", "beef"),
    ("CHICKEN|TURKEY|POULTRY", "poultry"), ("MEAT|PORK|BACON|SAUSAGE|HOT DOGS", "pork"), ("SALAD BAR|SALAD MIX|SALADS", "salads"),
    ("DELI|PREPARED|DINNER|HEAT/SERVE|CHEF", "prepared_dishes"), ("TROPICAL", "tropical_fruit"), ("BERRIES|GRAPES|STONE FRUIT", "berries"),
    ("CITRUS", "citrus"), ("APPLES|PEARS", "apples_pears"), ("MELONS|VALUE ADDED FRUIT", "melons"), ("MUSHROOM", "mushrooms"),
    ("POTATO|ONIONS|CARROTS", "root_vegetables"), ("TOMATO|PEPPERS|SQUASH|CORN", "nightshades"), ("PRODUCE", "leafy_greens"),
    ("RICE|CEREAL", "rice"), ("PASTA|NOODLE|SOUP|HISPANIC", "noodles"), ("OIL|SHORTENING", "cooking_oil"), ("NUTS|DRIED FRUIT", "nuts"),
    ("SNACK|CRACKER|CANDY|POPCORN", "snacks"), ("JUICE|DRNK MX|ISOTONIC|DRINK", "juice"), ("WATER", "water"), ("TEA|COFFEE|COCOA", "tea"),
    ("BEER", "beer"), ("WINE|LIQUOR", "wine"), ("BABY FOOD|INFANT|FORMULA", "infant_formula"), ("DIAPER|BABY", "nappies"),
    ("TISSUE|TISS|TOWEL|PAPER", "tissue"), ("CAT|DOG|PET", "pet_food"), ("FLORAL|GREETING|GIFT|SPIRITS", "gift_boxes"),
    ("SEASONAL|HALLOWEEN|CHRISTMAS", "festival_food"), ("DRUG|COSMETIC|CLEAN|DETERGENT|BLEACH|GM", "detergent"), ("", "sauces"),
)  # fmt: skip
_NO_GOODS = ("FUEL", "MISCELLANEOUS", "COUPON", "KIOSK-GAS", "PROD-WHS SALES", "CNTRL/STORE SUP")


@dataclass(frozen=True, slots=True)
class Backbone:
    """The package's baskets: `household` (from 0), `day` (0 to 363), `second` of the day, `first_line`, `line_count`; and their lines."""

    baskets: Frame
    lines: Frame  # category, product (a number of the package), quantity, gross, discount (fen), by basket
    first_of_day: Ints  # position of the first basket of each day; one more at the end
    households: int
    order: Ints  # the household of each person below `households`
    weekday_shift: int

    def baskets_on(self, persons: Frame, number: int) -> tuple[Ints, Ints]:
        """The baskets of day `number`: position of the person in a run of neighbouring persons, position of the basket; by person and time."""
        if not len(persons):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        first, last = int(persons["person"][0]), int(persons["person"][-1])
        person_of = np.argsort(self.order)
        found = []
        for turn in range(first // self.households, last // self.households + 1):
            day = (number + self.weekday_shift + 7 * turn) % YEAR
            basket = np.arange(self.first_of_day[day], self.first_of_day[day + 1])
            person = person_of[self.baskets["household"][basket]] + turn * self.households
            inside = (person >= first) & (person <= last)
            found.append(np.stack([person[inside] - first, basket[inside]]))
        rows, basket = np.concatenate(found, axis=1)
        ranking = np.lexsort((basket, rows))
        return rows[ranking], basket[ranking]

    def lines_of(self, basket: Ints, assortment: Assortment) -> Frame:
        """The lines of baskets as the twin has them; see `baskets.fill`."""
        count = self.baskets["line_count"][basket]
        at_order = np.repeat(np.arange(len(basket)), count)
        place = np.arange(len(at_order)) - np.repeat(np.cumsum(count) - count, count)
        lines = self.lines.take(self.baskets["first_line"][basket][at_order] + place)
        product = lines["category"] * assortment.per_category + lines["product"] % assortment.per_category
        unit_price = np.maximum(np.round(lines["gross"] / lines["quantity"]).astype(np.int64), 1)
        return Frame({
            "at_order": at_order, "line": place + 1, "product": product, "quantity": lines["quantity"].astype(np.float64),
            "unit_price": unit_price, "discount": lines["discount"], "amount": lines["gross"] - lines["discount"],
        })  # fmt: skip


def load_backbone(draws: Draws, first_day: date) -> Backbone:
    """Read the package's baskets.

    Raises:
        ModuleNotFoundError: the package is not installed.
    """
    with duckdb.connect(config={"threads": "1"}) as connection:
        table = connection.sql(_query()).to_arrow_table()
    lines = Frame({name: table.column(name).to_numpy() for name in table.column_names})
    starts = np.flatnonzero(np.r_[True, lines["basket"][1:] != lines["basket"][:-1]])
    baskets = lines.take(starts).having(first_line=starts, line_count=np.diff(np.r_[starts, len(lines)]))
    _, household = np.unique(baskets["household"], return_inverse=True)
    households = int(household.max()) + 1
    return Backbone(
        baskets.having(household=household), lines, np.searchsorted(baskets["day"], np.arange(YEAR + 1)), households,
        np.argsort(draws.uniform("backbone household", np.arange(households)), kind="stable"), (first_day - FIRST_DAY).days % 7,
    )  # fmt: skip


def _query() -> str:
    """Lines of goods by day, moment and basket; gross and discount in fen."""
    folder = package_data()
    fits = " ".join(f"when regexp_matches(kind, '{pattern}') then {CATEGORIES.index(name)}" for pattern, name in _FITS)
    left_out = ", ".join(f"'{department}'" for department in _NO_GOODS)
    return f"""
        with goods as (
            select *, department || ' / ' || coalesce(product_category, '') as kind
            from '{folder}/transactions.parquet' join '{folder}/products.parquet' using (product_id)
            where department not in ({left_out}) and quantity between 1 and 200 and sales_value > 0
        ), local as (select *, timezone('America/New_York', timezone('UTC', transaction_timestamp)) as local_at from goods)
        select
            dense_rank() over (order by household_id::bigint) - 1 as household, basket_id::bigint as basket,
            datediff('day', date '{FIRST_DAY}', local_at::date)::bigint as day,
            (hour(local_at) * 3600 + minute(local_at) * 60 + second(local_at))::bigint as second,
            (case {fits} end)::bigint as category, product_id::bigint as product, quantity::bigint as quantity,
            round((sales_value + coalesce(retail_disc, 0)) * {FEN_PER_DOLLAR})::bigint as gross,
            round(coalesce(retail_disc, 0) * {FEN_PER_DOLLAR})::bigint as discount
        from local where local_at::date between date '{FIRST_DAY}' and date '{FIRST_DAY}' + {YEAR - 1}
        order by day, min(local_at) over (partition by basket_id), basket, product
    """
