"""Where the twin trades: cities with their sales regions, and stores around the cities' centres."""

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.draws import Draws
from spark_jobs.demo.twin.frame import Frame

# name, Chinese name, sales region, latitude and longitude of the centre (WGS 84 degrees), weight of its population, adcode of the city.
CITIES = (
    ("Shanghai", "上海市", "east", 31.2304, 121.4737, 0.24, 310000),
    ("Hangzhou", "杭州市", "east", 30.2741, 120.1551, 0.12, 330100),
    ("Nanjing", "南京市", "east", 32.0603, 118.7969, 0.10, 320100),
    ("Beijing", "北京市", "north", 39.9042, 116.4074, 0.18, 110000),
    ("Tianjin", "天津市", "north", 39.0842, 117.2009, 0.07, 120000),
    ("Guangzhou", "广州市", "south", 23.1291, 113.2644, 0.11, 440100),
    ("Shenzhen", "深圳市", "south", 22.5431, 114.0579, 0.10, 440300),
    ("Chengdu", "成都市", "west", 30.5728, 104.0668, 0.08, 510100),
)
REGIONS = ("east", "north", "south", "west")
CITY_NAMES = tuple(city[0] for city in CITIES)
CITY_LABELS = tuple(city[1] for city in CITIES)
KM_PER_DEGREE = 111.32


def city_frame() -> Frame:
    """Cities: `city, region` (position in REGIONS), `latitude, longitude` (degrees), `weight, adcode`."""
    return Frame({
        "city": np.arange(len(CITIES)),
        "region": np.array([REGIONS.index(city[2]) for city in CITIES]),
        "latitude": np.array([city[3] for city in CITIES]),
        "longitude": np.array([city[4] for city in CITIES]),
        "weight": np.array([city[5] for city in CITIES]),
        "adcode": np.array([city[6] for city in CITIES]),
    })  # fmt: skip


def around(latitude: np.ndarray, longitude: np.ndarray, north_km: np.ndarray, east_km: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points some kilometres north and east of others, on a locally flat earth; degrees with five digits."""
    shifted = latitude + north_km / KM_PER_DEGREE
    return np.round(shifted, 5), np.round(longitude + east_km / (KM_PER_DEGREE * np.cos(np.radians(latitude))), 5)


def store_frame(draws: Draws, per_city: int) -> Frame:
    """Stores: `store` (from 0, by city), `city, region, latitude, longitude`, `opened_day` (number, before 0)."""
    cities = city_frame()
    city = np.repeat(np.arange(len(cities)), per_city)
    store = np.arange(len(city))
    latitude, longitude = around(
        cities["latitude"][city], cities["longitude"][city], 6 * draws.normal("store north", store), 6 * draws.normal("store east", store)
    )
    return Frame({
        "store": store, "city": city, "region": cities["region"][city], "latitude": latitude, "longitude": longitude,
        "opened_day": -draws.integers(200, 3000, "store opened", store),
    })  # fmt: skip


def store_numbers(stores: np.ndarray) -> pa.StringArray:
    """The number by which systems name a store: S and four digits."""
    return pa.array([f"S{1001 + store}" for store in stores.tolist()], pa.string())
