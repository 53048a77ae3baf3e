"""The world of the twin: places, products, seasons, offers. Everything that is there before anybody buys."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from spark_jobs.demo.twin.draws import Draws, Floats, Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.knobs import Knobs, Span
from spark_jobs.demo.twin.offers import Campaigns, campaigns, promotion_cuts
from spark_jobs.demo.twin.places import city_frame, store_frame
from spark_jobs.demo.twin.products import Assortment, assortment
from spark_jobs.demo.twin.seasons import Mood, mood, shock_factors, weather


@dataclass(frozen=True)
class World:
    """Everything that does not depend on a person."""

    knobs: Knobs
    span: Span
    draws: Draws

    @cached_property
    def cities(self) -> Frame:
        return city_frame()

    @cached_property
    def stores(self) -> Frame:
        return store_frame(self.draws, self.knobs.world.stores_per_city)

    @cached_property
    def assortment(self) -> Assortment:
        return assortment(self.draws, self.knobs.world.products_per_category)

    @cached_property
    def campaigns(self) -> Campaigns:
        return campaigns(self.draws, self.knobs.world, self.span.days)

    def mood(self, number: int) -> Mood:
        """What day `number` is like for everybody."""
        return mood(self.knobs.calendar, self.span.day(number))

    def weather(self, number: int) -> Frame:
        """The weather of each city on day `number`."""
        return weather(self.draws, self.span.day(number))

    def shocks(self, number: int) -> Floats:
        """The factor of each region's demand on day `number`."""
        return shock_factors(self.knobs.world.shocks, number)

    def cuts(self, number: int) -> Floats:
        """The price cut of each product on day `number`, 0 to 0.8."""
        return promotion_cuts(self.draws, self.knobs.world, len(self.assortment.products), self.span.day(number))

    def shelf_prices(self, number: int) -> Ints:
        """Prices in fen before promotions: they rise slowly, and fresh food swings with the season."""
        products = self.assortment.products
        month = self.span.day(number).month
        fresh = products["shelf_life"] <= 14
        swing = 1 + 0.10 * fresh * np.sin(2 * np.pi * (month + products["category"] % 12) / 12)
        prices: Ints = np.round(products["price"] * swing * (1 + 0.00005 * number) / 10).astype(np.int64) * 10
        return prices
