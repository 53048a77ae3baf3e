"""Dates and timestamps out of text, as Spark expressions: ISO forms, datetime patterns, names of months, epochs, spreadsheet serials."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from conf.dialects import EPOCH_FORMATS, EXCEL_SERIAL, has_month_name
from conf.months import has_numbered_months, month_numbers

if TYPE_CHECKING:
    from pyspark.sql import Column as SparkColumn

DATE_LIKE = r"^\s*\d{4}-\d{1,2}-\d{1,2}"
LOCAL = r"^\s*\d{4}-\d{1,2}-\d{1,2}([ T](\d{1,2}(:\d{1,2}(:\d{1,2}(\.\d*)?)?)?)?)?\s*$"
MICROSECONDS = (-62_135_596_800_000_000, 253_402_300_799_999_999)  # the years 1 to 9999
# A spreadsheet's day 1 is 1900-01-01; after its day 60, a 29th of February that never was, counting from 1899-12-30 is right.
MILLIS_PER_DAY = 86_400_000
SERIAL_ZERO = -25_569 * MILLIS_PER_DAY  # 1899-12-30 since 1970, in milliseconds
FALSE_LEAP_DAY = 60
SERIALS = (1, 2_958_466)  # 1900-01-01 to the end of 9999


def timestamp_of(text: "SparkColumn", formats: Sequence[str], locale: str | None, zone: str) -> "SparkColumn":
    """The moment in UTC; null when the text has none of the formats (ISO without any)."""
    from pyspark.sql import functions as F

    return F.coalesce(*[_moment(text, pattern, locale, zone) for pattern in formats]) if formats else _plain_timestamp(text, zone)


def date_of(text: "SparkColumn", formats: Sequence[str], locale: str | None, zone: str) -> "SparkColumn":
    """The day; null when the text has none of the formats (ISO without any)."""
    from pyspark.sql import functions as F

    return F.coalesce(*[_day(text, pattern, locale, zone) for pattern in formats]) if formats else _plain_date(text)


def has_offset(pattern: str) -> bool:
    """True when a Spark datetime pattern has a zone or an offset outside its quoted parts."""
    return re.search("[XxZzVO]", re.sub("'[^']*'", "", pattern)) is not None


def _moment(text: "SparkColumn", pattern: str, locale: str | None, zone: str) -> "SparkColumn":
    """The moment that a text in this format says, UTC."""
    from pyspark.sql import functions as F

    if pattern in EPOCH_FORMATS:
        micros = F.try_multiply(text.try_cast("decimal(24,6)"), F.lit(EPOCH_FORMATS[pattern])).try_cast("bigint")
        return F.when(micros.between(*MICROSECONDS), F.timestamp_micros(micros))
    value = _local(text, pattern, locale)
    return value if zone == "UTC" or (pattern != EXCEL_SERIAL and has_offset(pattern)) else F.to_utc_timestamp(value, zone)


def _day(text: "SparkColumn", pattern: str, locale: str | None, zone: str) -> "SparkColumn":
    """The day that a text in this format says; a moment counts on the zone's clock."""
    from pyspark.sql import functions as F

    if pattern in EPOCH_FORMATS or (pattern != EXCEL_SERIAL and has_offset(pattern)):
        return F.from_utc_timestamp(_moment(text, pattern, locale, zone), zone).cast("date")
    return _local(text, pattern, locale).cast("date")


def _local(text: "SparkColumn", pattern: str, locale: str | None) -> "SparkColumn":
    """What stands in the text, on whichever clock."""
    from pyspark.sql import functions as F

    if pattern == EXCEL_SERIAL:
        return _from_serial(text)
    if locale is None or not has_month_name(pattern):
        return F.try_to_timestamp(text, F.lit(pattern))
    return F.try_to_timestamp(_with_month_number(text, locale), F.lit(_numeric(pattern)))


def _from_serial(text: "SparkColumn") -> "SparkColumn":
    """Days since 1900, to the millisecond, as spreadsheets show them. The day that never was is null."""
    from pyspark.sql import functions as F

    serial = text.try_cast("decimal(20,10)")
    days = F.when(serial < FALSE_LEAP_DAY, serial + 1).otherwise(serial)
    is_day = (serial >= SERIALS[0]) & (serial < SERIALS[1]) & ((serial < FALSE_LEAP_DAY) | (serial >= FALSE_LEAP_DAY + 1))
    millis = F.round(days * F.lit(MILLIS_PER_DAY)).cast("bigint") + F.lit(SERIAL_ZERO)
    return F.when(is_day, F.timestamp_millis(millis))


def _with_month_number(text: "SparkColumn", locale: str) -> "SparkColumn":
    """The text in small letters with two digits in place of the month's name."""
    from pyspark.sql import functions as F

    numbers = month_numbers(locale)
    names = "|".join(re.escape(name) for name in numbers)
    # `12月` follows `年` without a blank; a name of letters is a whole word.
    before, after = (
        ("(?<![0-9一二三四五六七八九十])", "") if has_numbered_months(locale) else (r"(?<![\p{L}\p{M}])", r"(?![\p{L}\p{M}])\.?")
    )
    small = F.lower(text)
    name = F.regexp_extract(small, f"{before}({names}){after}", 1)
    found = F.create_map(*[F.lit(part) for entry in numbers.items() for part in entry])
    return F.regexp_replace(small, F.lit(f"{before}({names}){after}"), F.try_element_at(found, name))


def _numeric(pattern: str) -> str:
    """The pattern with the month as two digits; quoted parts stay as they are."""
    return "".join(part if part.startswith("'") else re.sub("MMM+|LLL+", "MM", part) for part in re.split("('[^']*')", pattern))


def _plain_timestamp(text: "SparkColumn", zone: str) -> "SparkColumn":
    from pyspark.sql import functions as F

    value = F.when(text.rlike(DATE_LIKE), text.try_cast("timestamp"))
    return value if zone == "UTC" else F.when(text.rlike(LOCAL), F.to_utc_timestamp(value, zone)).otherwise(value)


def _plain_date(text: "SparkColumn") -> "SparkColumn":
    from pyspark.sql import functions as F

    return F.when(text.rlike(DATE_LIKE), text.try_cast("date"))
