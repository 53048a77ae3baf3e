"""What a day is like: the weekday, the rush before festivals, the weather, and regions in shock."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from spark_jobs.demo.twin.draws import Draws, Floats
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.knobs import CalendarKnobs, Shock
from spark_jobs.demo.twin.places import REGIONS, city_frame

# Demand of Monday to Sunday, mean 1.
WEEKDAY = np.array([0.94, 0.88, 0.90, 0.94, 1.08, 1.17, 1.09])
# Mean temperature of the coldest and the warmest month of each city, in °C, and the chance of rain on a day of January and of July.
_CLIMATE = np.array([
    [5, 29, 0.30, 0.40], [5, 29, 0.35, 0.42], [3, 28, 0.28, 0.40], [-3, 27, 0.06, 0.42], [-3, 27, 0.05, 0.38],
    [14, 29, 0.22, 0.55], [15, 29, 0.20, 0.55], [6, 26, 0.22, 0.52],
])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mood:
    """One day for all: `demand` multiplies everybody's orders; `festival` is the festival that people shop for, −1 none."""

    is_weekend: bool
    demand: float
    festival: int
    gift_rush: float  # 0 to 1


def mood(knobs: CalendarKnobs, day: date) -> Mood:
    """The mood of a date."""
    demand, festival, rush = float(WEEKDAY[day.weekday()]), -1, 0.0
    for number, each in enumerate(knobs.festivals):
        for festival_day in each.days:
            ahead = (festival_day - day).days
            if 0 <= ahead <= each.lead_days:
                nearness = 1 - ahead / (each.lead_days + 1)
                demand *= 1 + each.lift * nearness
                festival, rush = number, max(rush, nearness)
            elif -4 <= ahead < 0 and each.lead_days >= 8:
                demand *= 0.75  # after the great festivals the fridges are full
    return Mood(day.weekday() >= 5, demand, festival, rush)


def weather(draws: Draws, day: date) -> Frame:
    """The weather of each city: `city`, `temperature` (°C, mean of the day), `rain` (mm). Rain comes in spells of some days."""
    cities = city_frame()["city"]
    ordinal = day.toordinal()
    summer = (1 - np.cos(2 * np.pi * (day.timetuple().tm_yday - 20) / 365.25)) / 2
    temperature = _CLIMATE[:, 0] + (_CLIMATE[:, 1] - _CLIMATE[:, 0]) * summer
    temperature = temperature + 2.2 * draws.normal("temperature", cities, ordinal) + 1.8 * draws.normal("warm spell", cities, ordinal // 5)
    chance = _CLIMATE[:, 2] + (_CLIMATE[:, 3] - _CLIMATE[:, 2]) * summer
    wet_spell = draws.uniform("wet spell", cities, ordinal // 4) < chance
    rains = draws.happens(np.where(wet_spell, 0.75, 0.12), "rain", cities, ordinal)
    rain = np.where(rains, np.round(draws.exponential(9.0, "rain amount", cities, ordinal) + 0.2, 1), 0.0)
    return Frame({"city": cities, "temperature": np.round(temperature, 1), "rain": rain})


def shock_factors(shocks: tuple[Shock, ...], number: int) -> Floats:
    """What region shocks leave of the demand of each region on a day (by number)."""
    factors = np.ones(len(REGIONS))
    for shock in shocks:
        if shock.first_day <= number <= shock.last_day and shock.region in REGIONS:
            factors[REGIONS.index(shock.region)] *= shock.factor
    return factors
