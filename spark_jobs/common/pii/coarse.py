"""What of a personal value may stay in the open: the year of a birth date, the district of an address, the square kilometre of a place, a text without numbers."""

import math
import re
import unicodedata

from conf.regex_cost import longest_value
from conf.regex_tree import Dialect
from conf.types import Coarse
from spark_jobs.common.pii.normal import birth_date, is_too_long
from spark_jobs.common.pii.scrub import scrub

# Mean length of a degree on a sphere of the earth's volume (radius 6,371 km), in kilometres.
KM_PER_DEGREE = 111.195
# Province, city and district of a Chinese address; what comes behind the district is not kept.
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
DISTRICT = re.compile(
    r"^((?:[^\s省区市县]{2,8}(?:省|自治区|特别行政区))?\s*(?:[^\s省市县]{2,10}(?:市|自治州|地区|盟))?\s*[^\s市区县路街道弄号]{1,10}(?:区|县|旗|市))"
)


def coarsened(how: Coarse, value: str, order: str = "yMd", pattern: str | None = None) -> str | None:
    """The part of a value that is kept beside its token; None when it has none, or is too long to be one of its kind.

    Args:
        how: which part.
        value: as delivered.
        order: of year, month and day in a birth date.
        pattern: regular expression for the district of an address, whose first group is kept; the Chinese form by default.
    """
    if is_too_long(str(how.kind), value):
        return None
    text = unicodedata.normalize("NFKC", value).strip()
    if how is Coarse.YEAR:
        day = birth_date(text, order)
        return str(day.year) if day else None
    if how is Coarse.DISTRICT:
        match = _searched(pattern, text) if pattern else DISTRICT.match(text)
        return re.sub(r"\s+", "", match[1]) if match and match[1] else None
    if how is Coarse.GRID:
        return grid_cell(value)
    return scrub(value)


def _searched(pattern: str, text: str) -> "re.Match[str] | None":
    """The first place that matches; None in a text on which the search might take long."""
    return re.search(pattern, text) if len(text) <= longest_value(pattern, Dialect.PYTHON, searches=True) else None


def grid_cell(text: str) -> str | None:
    """The cell of about 1 km × 1 km that holds a place `latitude,longitude` (degrees, WGS 84), as `<row>_<column>`.

    Rows count kilometres from the equator to the north, columns from Greenwich to the east along the middle of the row.
    `N`, `S`, `E` and `W` beside the numbers give their signs; a text with other letters names no place.
    """
    place = _degrees(text)
    if place is None:
        return None
    latitude, longitude = place
    if abs(latitude) > 90 or abs(longitude) > 180:
        return None
    row = math.floor(latitude * KM_PER_DEGREE)
    middle = math.radians((row + 0.5) / KM_PER_DEGREE)
    return f"{row}_{math.floor(longitude * KM_PER_DEGREE * math.cos(middle))}"


def _degrees(text: str) -> tuple[float, float] | None:
    """Latitude and longitude, in degrees to the north and to the east."""
    # The ordinal sign that people type for a degree is a letter to Unicode, and its minus sign none to `float`.
    text = unicodedata.normalize("NFKC", text.replace("\u00ba", "\u00b0")).replace("\u2212", "-").upper()
    numbers = _NUMBER.findall(text)
    shape = "".join(re.findall(r"[^\W_]", _NUMBER.sub("1", text)))
    if shape == "11":
        return float(numbers[0]), float(numbers[1])
    match = re.fullmatch("1([NSEW])1([NSEW])|([NSEW])1([NSEW])1", shape)
    if not match or any(number[0] in "+-" for number in numbers):
        return None
    found = {}
    for letter, number in zip(filter(None, match.groups()), numbers, strict=True):
        found[letter in "NS"] = float(number) * (-1 if letter in "SW" else 1)
    return (found[True], found[False]) if len(found) == 2 else None
