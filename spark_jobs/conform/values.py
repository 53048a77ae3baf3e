"""Moments and currency codes on their way into silver, as Spark expressions: how they are cast, and what they must be."""

from datetime import date
from typing import TYPE_CHECKING

from conf.currencies import CURRENCIES
from conf.entities import EntityColumn
from conf.field_types import MOMENTS
from conf.maps import FieldSource
from spark_jobs.conform.contributions import Contribution

if TYPE_CHECKING:
    from pyspark.sql import Column

CURRENCY = "currency_code"
# Signs without ink that exports leave around a code.
INVISIBLE = " \t\r\n\u00a0\u200b\u3000\ufeff"
# A day in full at the beginning: Spark would also read 2024 as a day, and 12:30 as a time of the day on which it runs.
DAY_FIRST = r"^\s*\d{4}-\d{1,2}-\d{1,2}"
FIRST_PRODUCED = date(1900, 1, 1)
MONTHS_AFTER_DELIVERY = 120
NUMBER_TYPES = "^(tinyint|smallint|int|bigint|float|double|decimal|boolean)"


def moment(raw: "Column", column: EntityColumn, part: Contribution) -> "Column":
    """A date or timestamp; null when a text does not begin with a day in full."""
    from pyspark.sql import functions as F

    value = raw.try_cast(column.type)
    if _is_declared(column, part):
        return value
    # The type is known when the query is planned, so that rows of another type pay nothing.
    return F.when((F.typeof(raw) != "string") | raw.cast("string").rlike(DAY_FIRST), value)


def moment_reasons(raw: "Column", typed: "Column", column: EntityColumn, part: Contribution) -> list["Column"]:
    """A moment of a declared column was checked at ingest and must only be one that readers can represent; any other is checked here."""
    from pyspark.sql import functions as F

    implausible = F.lit(f"{column.name}: implausible")
    if _is_declared(column, part):
        return [F.when(~typed.cast("date").between(F.lit(date.min), F.lit(date.max)), implausible)]
    last = F.add_months(F.col("_known_on"), MONTHS_AFTER_DELIVERY)
    return [
        F.when(raw.isNotNull() & F.typeof(raw).rlike(NUMBER_TYPES), F.lit(f"{column.name}: a number without a format")),
        F.when(~typed.cast("date").between(F.lit(FIRST_PRODUCED), last), implausible),
    ]


def _is_declared(column: EntityColumn, part: Contribution) -> bool:
    """True when every value is that of a date or timestamp column of the feed."""
    source = part.map.fields.get(column.name)
    return source is not None and all(_is_moment(each, part) for each in source.alternatives)


def _is_moment(source: FieldSource, part: Contribution) -> bool:
    name = source.local_date or source.column
    return name is not None and part.feed.column(name).type in MOMENTS


def currency_code(raw: "Column") -> "Column":
    """The code in capitals, without blanks around it; null when nothing is left."""
    from pyspark.sql import functions as F

    return F.nullif(F.upper(F.btrim(raw.cast("string"), F.lit(INVISIBLE))), F.lit(""))


def currency_reasons(typed: "Column") -> list["Column"]:
    """A code that is no currency's keeps a row out: its amount would be counted in none, or in the wrong one."""
    from pyspark.sql import functions as F

    return [F.when(~typed.isin(*sorted(CURRENCIES)), F.lit(f"{CURRENCY}: not an ISO 4217 code"))]
