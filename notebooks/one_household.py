# %% [markdown]
# # One household, from the raw line to the profile
#
# Follows one customer of the demo grocer through every room of the lake: the line in the POS file, bronze, silver, the order in gold, the
# profile with its tags, segments and scores; then draws the year. Run `make demo` first. Another household: `HOUSEHOLD=1234 python notebooks/one_household.py`.

# %%
import os
from contextlib import ExitStack
from pathlib import Path

import matplotlib as mpl

if not os.environ.get("DISPLAY") and "JPY_PARENT_PID" not in os.environ:
    mpl.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd
from pyspark.sql import functions as F

from conf.settings import settings
from spark_jobs.common.session import engine_session

HOUSEHOLD = os.environ.get("HOUSEHOLD", "2375")
SOURCE_ID = f"complete_journey:{HOUSEHOLD}"
FIGURE = Path(os.environ.get("FIGURE", "build/one_household.png"))
pd.set_option("display.width", 160, "display.max_columns", 40, "display.max_colwidth", 60)

session = ExitStack()
spark = session.enter_context(engine_session(settings()))


def only(table: str, column: str, value: str, name: str) -> None:
    """Make the rows of one value of a column a temporary view, for the queries that follow."""
    spark.table(table).where(F.col(column) == F.lit(value)).createOrReplaceTempView(name)


def query(sql: str) -> pd.DataFrame:
    """Rows of a query."""
    return spark.sql(sql).toPandas()


# %% [markdown]
# ## Bronze: as delivered, with the place it came from
# Every bronze row says in which file and on which line it stood, and since when the platform could know it.

# %%
only("bronze.complete_journey__transactions", "household_id", HOUSEHOLD, "my_raw_lines")
bronze = query(
    """
    select basket_id, product_id, quantity, sales_value, transaction_timestamp, _source_file, _line, _known_on
    from my_raw_lines
    order by transaction_timestamp desc, _line
    limit 3
    """
)
print(bronze.to_string(index=False))

# %% [markdown]
# ## Silver: canonical, one row per key
# Ids are namespaced by their source, timestamps are UTC, days are on the retailer's clock.

# %%
newest_basket = f"complete_journey:{bronze.basket_id.iloc[0]}"
only("silver.orders", "order_id", newest_basket, "my_newest_order")
print(query("select * from my_newest_order").T.to_string(header=False))

# %% [markdown]
# ## Gold: the order with business meaning
# Fuel is sold in thousandths of a gallon: its lines count as sales, never as units.

# %%
only("gold.fct_order_items", "order_id", newest_basket, "my_newest_lines")
print(
    query(
        """
        select line_type, department, count(*) as lines, sum(unit_count) as units, sum(sales_amount) as sales, sum(discount_amount) as discount
        from my_newest_lines
        group by line_type, department
        order by sales desc
        """
    ).to_string(index=False)
)

# %% [markdown]
# ## The 360° profile

# %%
only("identity.customer_ids", "source_customer_id", SOURCE_ID, "my_ids")
customer_id = query("select customer_id from my_ids").customer_id.iloc[0]
only("gold.dim_customers", "customer_id", customer_id, "my_profile")
profile = query("select * from my_profile")
print(profile.T.to_string(header=False))

# %%
only("gold.fct_customer_tags", "customer_id", customer_id, "my_tags")
tags = query(
    """
    select tags.tag_id, definitions.display_name_en, definitions.display_name_zh
    from my_tags as tags
    inner join gold.tag_definitions as definitions on tags.tag_id = definitions.tag_id
    order by tags.tag_id
    """
)
print(tags.to_string(index=False))

# %% [markdown]
# ## The year in one picture
# Weekly sales by kind of line above, the days between visits below: when a household stays away for much longer than it usually does, the churn score goes up.

# %%
only("gold.fct_order_items", "customer_id", customer_id, "my_lines")
lines = query(
    """
    select date_trunc('week', ordered_on) as week, case when line_type in ('merchandise', 'fuel') then line_type else 'other' end as kind,
        cast(sum(sales_amount) as double) as sales
    from my_lines
    group by 1, 2
    """
)
visits = query("select distinct ordered_on from my_lines order by 1")
days = pd.to_datetime(visits.ordered_on)
gaps = days.diff().dt.days
weekly = lines.pivot_table(index="week", columns="kind", values="sales", fill_value=0.0)
weekly = weekly.reindex(pd.date_range(weekly.index.min(), weekly.index.max(), freq="7D"), fill_value=0.0)

figure, (top, bottom) = plt.subplots(2, 1, figsize=(11, 6), sharex=True, height_ratios=(2, 1), layout="constrained")
base = pd.Series(0.0, index=weekly.index)
for kind, colour in {"merchandise": "#2a7f62", "fuel": "#c98b2b", "other": "#8892a0"}.items():
    if kind in weekly:
        top.bar(weekly.index, weekly[kind], bottom=base, width=6, color=colour, label=kind, align="edge")
        base = base + weekly[kind]
one = profile.iloc[0]
churn = "not scored yet" if pd.isna(one.churn_score) else f"churn {one.churn_score:.0%}"
top.set_title(
    f"Household {HOUSEHOLD} · {one.rfm_tier} · {one.lifecycle_stage} · RFM {one.rfm_cell} · {churn} · as of {one.as_of_on}",
    loc="left",
    fontsize=11,
)
top.set_ylabel("sales per week, USD")
top.legend(frameon=False, ncols=3, loc="upper right")
bottom.vlines(days, 0, gaps, color="#2a4d7f", linewidth=1.2)
bottom.axhline(gaps.median(), color="#b0413e", linewidth=1, linestyle="--", label=f"median gap {gaps.median():.0f} days")
bottom.set_ylabel("days since\nprevious visit")
bottom.legend(frameon=False, loc="upper right")
for axis in (top, bottom):
    axis.spines[["top", "right"]].set_visible(False)
FIGURE.parent.mkdir(parents=True, exist_ok=True)
figure.savefig(FIGURE, dpi=110)
print(f"saved {FIGURE.name}")

# %%
session.close()
