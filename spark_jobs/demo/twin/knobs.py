"""The knobs of the twin: typed, frozen, read from one YAML file, every mistake at once."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from conf.documents import read_document, validate
from conf.settings import CONF_DIR
from conf.types import check_time_zone
from spark_jobs.demo.twin.places import REGIONS

DEFAULT_KNOBS = CONF_DIR / "twin" / "simulator.yml"


class Section(BaseModel):
    """A part of the knobs."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Share = Annotated[float, Field(ge=0, le=1)]


class Festival(Section):
    """A festival and the rush before it."""

    name: str
    label: str
    days: tuple[date, ...]
    lead_days: int = Field(ge=0, le=30)
    lift: float = Field(ge=0, le=3)


def _offsets(time_zone: str, year: int) -> set[int]:
    """Seconds that a clock is ahead of UTC on the first of each month."""
    moments = [datetime(year, month, 1, tzinfo=ZoneInfo(time_zone)).utcoffset() for month in range(1, 13)]
    return {int(moment.total_seconds()) for moment in moments if moment is not None}


class CalendarKnobs(Section):
    """The retailer's clock and its festivals. Zones with summer time are refused: the twin's days have 24 hours."""

    time_zone: str = "Asia/Shanghai"
    festivals: tuple[Festival, ...] = ()

    _zone = field_validator("time_zone")(check_time_zone)

    @field_validator("time_zone")
    @classmethod
    def _has_no_summer_time(cls, value: str) -> str:
        if len(_offsets(value, 2024)) != 1:
            raise ValueError(f"{value} has summer time; the twin's days have 24 hours: name a zone without it")
        return value


class Shock(Section):
    """A region whose demand is multiplied by `factor` from day `first_day` to `last_day` (counted from 0)."""

    region: str
    first_day: int = Field(ge=0)
    last_day: int = Field(ge=0)
    factor: float = Field(ge=0, le=3)

    @field_validator("region")
    @classmethod
    def _is_a_region(cls, value: str) -> str:
        if value not in REGIONS:
            raise ValueError(f"there is no region {value!r}; use one of {', '.join(REGIONS)}")
        return value

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "Shock":
        if self.last_day < self.first_day:
            raise ValueError(f"the shock ends on day {self.last_day}, before it begins on day {self.first_day}")
        return self


class WorldKnobs(Section):
    """Stores, products, prices and campaigns."""

    stores_per_city: int = Field(default=6, ge=1, le=200)
    products_per_category: int = Field(default=14, ge=2, le=200)
    promo_share: Share = 0.12
    promo_depth: float = Field(default=0.2, ge=0, le=0.8)
    campaigns_per_month: int = Field(default=6, ge=0, le=60)
    control_share: Share = 0.15
    shocks: tuple[Shock, ...] = ()


class PeopleKnobs(Section):
    """Who registers, and how badly identifiers identify."""

    registered_share: Share = 0.82
    joined_before_share: Share = 0.7
    guest_later_share: Share = 0.25
    shared_identifier_share: Share = 0.05
    recycled_phone_share: Share = 0.01
    phone_change_share: Share = 0.03
    second_device_share: Share = 0.35
    duplicate_registration_share: Share = 0.04
    typing_error_share: Share = 0.02
    email_share: Share = 0.45
    company_share: Share = 0.012


class BehaviourKnobs(Section):
    """How often people buy, why they leave and what moves them."""

    orders_per_month: float = Field(default=3.4, gt=0, le=30)
    churn_hazard: float = Field(default=0.0012, ge=0, le=0.5)
    late_effect: float = Field(default=0.012, ge=0, le=1)
    quality_effect: float = Field(default=0.015, ge=0, le=1)
    price_effect: float = Field(default=0.8, ge=0, le=10)
    coupon_lift: float = Field(default=0.3, ge=0, le=5)
    promo_lift: float = Field(default=0.5, ge=0, le=5)
    rain_effect: float = Field(default=0.25, ge=0, le=3)
    night_share: Share = 0.18
    fraud_share: Share = 0.003
    bad_debt_share: Share = 0.06


class FileKnobs(Section):
    """What happens to rows on their way into files."""

    dirt_share: Share = 0.004
    duplicate_share: Share = 0.003
    late_share: Share = 0.01
    resent_file_share: Share = 0.01


class Knobs(Section):
    """All knobs of one simulation."""

    calendar: CalendarKnobs = CalendarKnobs()
    world: WorldKnobs = WorldKnobs()
    people: PeopleKnobs = PeopleKnobs()
    behaviour: BehaviourKnobs = BehaviourKnobs()
    files: FileKnobs = FileKnobs()


def load_knobs(file: Path = DEFAULT_KNOBS) -> Knobs:
    """Read and validate a knobs file.

    Raises:
        ConfigError: every mistake, with file and line.
    """
    return validate(Knobs, read_document(file))


class Span(Section):
    """The simulated days and their clock."""

    first_day: date
    days: int = Field(ge=1, le=3660)
    time_zone: str = "Asia/Shanghai"

    def day(self, number: int) -> date:
        """The date of day `number`, counted from 0."""
        return self.first_day + timedelta(days=number)

    @property
    def offset_seconds(self) -> int:
        """Seconds that the local clock is ahead of UTC on the first day."""
        return max(_offsets(self.time_zone, self.first_day.year))

    def midnight(self, number: int) -> int:
        """Seconds since 1970-01-01 UTC at the local beginning of day `number`."""
        return (self.day(number) - date(1970, 1, 1)).days * 86_400 - self.offset_seconds
