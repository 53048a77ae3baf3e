"""What moves people: weekly promotions, and campaigns with coupons and a held-out control group."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.codes import TouchChannel
from spark_jobs.demo.twin.draws import Draws, Floats
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.knobs import WorldKnobs
from spark_jobs.demo.twin.products import CATEGORIES, CATEGORY_LABELS

_KINDS = ("会员日", "满减券", "新品尝鲜", "召回礼", "品类日")


@dataclass(frozen=True, slots=True)
class Campaigns:
    """All campaigns: `campaign, first_day, last_day, touch_channel, category` (−1: the whole basket), `coupon` and `min_spend` (fen), `kind`."""

    table: Frame
    names: pa.StringArray

    def sent_on(self, number: int) -> Frame:
        """Campaigns whose messages go out on a day."""
        return self.table.take(self.table["first_day"] == number)

    def running_on(self, number: int) -> Frame:
        """Campaigns whose coupons can be used on a day."""
        return self.table.take((self.table["first_day"] <= number) & (number <= self.table["last_day"]))


def campaigns(draws: Draws, knobs: WorldKnobs, days: int) -> Campaigns:
    """The campaigns of the simulated days, evenly spread with some jitter."""
    count = int(np.ceil(knobs.campaigns_per_month * days / 30.0))
    campaign = np.arange(count)
    spacing = 30.0 / max(knobs.campaigns_per_month, 1)
    first = np.minimum((campaign * spacing + draws.uniform("campaign start", campaign) * spacing).astype(np.int64), max(days - 1, 0))
    whole = draws.happens(0.4, "campaign whole basket", campaign)
    coupon = draws.choice([3, 3, 2, 1], "campaign coupon", campaign)
    table = Frame({
        "campaign": campaign, "first_day": first, "last_day": first + draws.integers(6, 14, "campaign length", campaign),
        "touch_channel": draws.integers(0, len(TouchChannel), "campaign channel", campaign),
        "category": np.where(whole, -1, draws.integers(0, len(CATEGORIES), "campaign category", campaign)),
        "coupon": np.array([500, 1000, 2000, 3000])[coupon], "min_spend": np.array([3900, 7900, 14900, 19900])[coupon],
        "kind": draws.integers(0, len(_KINDS), "campaign kind", campaign),
    })  # fmt: skip
    rows = zip(table["kind"].tolist(), table["category"].tolist(), campaign.tolist(), strict=True)
    names = [
        f"{_KINDS[kind]}·{CATEGORY_LABELS[category] if category >= 0 else '全场'}·{number + 1:03d}期" for kind, category, number in rows
    ]
    return Campaigns(table, pa.array(names, pa.string()))


def promotion_cuts(draws: Draws, knobs: WorldKnobs, products: int, day: date) -> Floats:
    """The share by which each product's price is cut in the week of a date; 0 without a promotion."""
    product, week = np.arange(products), day.toordinal() // 7
    is_cut = draws.happens(knobs.promo_share, "promotion", product, week)
    depth = knobs.promo_depth * (0.5 + draws.uniform("promotion depth", product, week))
    cuts: Floats = np.where(is_cut, np.minimum(np.round(depth, 2), 0.8), 0.0)
    return cuts
