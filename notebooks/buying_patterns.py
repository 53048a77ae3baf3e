# %% [markdown]
# # How customers buy: this lake beside two retailers of flesh and blood
#
# Draws how many orders customers place, the days between them, the size of baskets, and how much of the sales the best customers bring, for the
# lake's published gold and, beside it, for Complete Journey (a US grocer, in the demo's package) and, where its file is given, Online Retail
# (a UK gift wholesaler). Meant for the twin: `CDP_CONF=conf/twin ONLINE_RETAIL=<parquet> python notebooks/buying_patterns.py`.

# %%
import os
from contextlib import ExitStack
from pathlib import Path

import matplotlib as mpl

if not os.environ.get("DISPLAY") and "JPY_PARENT_PID" not in os.environ:
    mpl.use("Agg")
import duckdb
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import PercentFormatter

from conf.settings import settings
from spark_jobs.common.session import engine_session
from spark_jobs.demo.feeds import package_data

FIGURE = Path(os.environ.get("FIGURE", "build/buying_patterns.png"))
ONLINE_RETAIL = os.environ.get("ONLINE_RETAIL")
COLOURS = ("#2a7f62", "#2a4d7f", "#c98b2b")
# One row per order of a known customer; the same three columns from every retailer.
COLUMNS = ["customer", "ordered_on", "lines", "sales"]

session = ExitStack()
spark = session.enter_context(engine_session(settings()))
retailers: dict[str, pd.DataFrame] = {}

# %% [markdown]
# ## The lake

# %%
retailers[settings().retailer.name] = spark.sql(
    """
    select customer_id as customer, ordered_on, line_count as lines, cast(sales_amount as double) as sales
    from gold.fct_orders
    where customer_id is not null and sales_amount > 0
    """
).toPandas()

# %% [markdown]
# ## Complete Journey, straight from the package
# Fuel and other lines without units are left out, as in the demo's merchandise.

# %%
retailers["Complete Journey"] = duckdb.sql(
    f"""
    select household_id as customer, timezone('America/New_York', timezone('UTC', min(transaction_timestamp)))::date as ordered_on,
        count(*) as lines, sum(sales_value)::double as sales
    from '{package_data()}/transactions.parquet' join '{package_data()}/products.parquet' using (product_id)
    where quantity between 1 and 200 and department not in ('FUEL', 'MISCELLANEOUS', 'COUPON', 'KIOSK-GAS')
    group by household_id, basket_id
    having sum(sales_value) > 0
    """
).df()

# %% [markdown]
# ## Online Retail

# %%
if ONLINE_RETAIL:
    retailers["Online Retail"] = duckdb.sql(
        f"""
        select "CustomerID"::bigint as customer, min(try_cast("InvoiceDate" as timestamp))::date as ordered_on, count(*) as lines,
            sum("Quantity" * "UnitPrice")::double as sales
        from '{ONLINE_RETAIL}'
        where "CustomerID" is not null and "Quantity" > 0 and "UnitPrice" > 0 and not starts_with("InvoiceNo", 'C')
        group by "CustomerID", "InvoiceNo"
        """
    ).df()

# %% [markdown]
# ## The figures


# %%
def gaps_of(orders: pd.DataFrame) -> np.ndarray:
    """Days from one day with an order to the customer's next."""
    days = orders[["customer", "ordered_on"]].drop_duplicates().sort_values(["customer", "ordered_on"])
    gaps = pd.to_datetime(days.ordered_on).groupby(days.customer).diff().dt.days
    return gaps.dropna().to_numpy()


def pareto(orders: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Share of customers, best first, and the share of sales that they bring."""
    sales = np.sort(orders.groupby("customer").sales.sum().to_numpy())[::-1]
    return np.arange(1, len(sales) + 1) / len(sales), np.cumsum(sales) / sales.sum()


def monthly_orders(orders: pd.DataFrame) -> np.ndarray:
    """Orders in 28 days of each customer, from the customer's first order to the end of the data."""
    days = pd.to_datetime(orders.ordered_on)
    first, count = days.groupby(orders.customer).min(), orders.groupby("customer").size()
    known = (days.max() - first).dt.days + 1
    is_long_known = known >= 28
    return (count / known * 28)[is_long_known].to_numpy()


def quantile(values: np.ndarray, share: float) -> float:
    """A quantile; nothing where a history is too short to have values."""
    return float(np.quantile(values, share)) if len(values) else np.nan


def figures_of(orders: pd.DataFrame) -> dict[str, float]:
    """The figures of a retailer that the plots show."""
    orders = orders.dropna(subset=["ordered_on"])
    gaps, monthly = gaps_of(orders), monthly_orders(orders)
    share, sales = pareto(orders)
    return {
        "customers": orders.customer.nunique(),
        "orders": len(orders),
        "orders in 28 days, median": quantile(monthly, 0.5),
        "orders in 28 days, 90th percentile": quantile(monthly, 0.9),
        "days between orders, median": quantile(gaps, 0.5),
        "days between orders, 90th percentile": quantile(gaps, 0.9),
        "lines in a basket, median": orders.lines.median(),
        "lines in a basket, mean": orders.lines.mean(),
        "basket value, mean over median": orders.sales.mean() / orders.sales.median(),
        "sales of the best 20 %": float(np.interp(0.2, share, sales)),
    }


figures = pd.DataFrame({name: figures_of(orders) for name, orders in retailers.items()})
print(figures.to_string(float_format=lambda value: f"{value:,.2f}"))

# %% [markdown]
# ## The picture

# %%
figure, axes = plt.subplots(2, 2, figsize=(12, 8), layout="constrained")
(often, between), (size, best) = axes
for (name, orders), colour in zip(retailers.items(), COLOURS, strict=False):
    monthly = np.sort(monthly_orders(orders))
    often.plot(monthly, 1 - np.arange(len(monthly)) / len(monthly), color=colour, label=name)
    gaps = gaps_of(orders)
    edges = np.arange(0.5, 61.5)
    between.stairs(np.histogram(gaps, edges)[0] / len(gaps), edges, color=colour, label=name)
    lines = np.minimum(orders.lines.to_numpy(), 60)
    size.stairs(np.histogram(lines, np.arange(0.5, 61.5))[0] / len(lines), np.arange(0.5, 61.5), color=colour, label=name)
    best.plot(*pareto(orders), color=colour, label=name)
often.set(
    xscale="log", yscale="log", xlim=(0.1, 40), ylim=(1e-3, 1.1), xlabel="orders in 28 days", title="Customers with more orders than …"
)
between.set(xlabel="days from one order to the next", title="Gaps")
size.set(xlabel="lines in a basket (60 and more at 60)", title="Baskets")
best.set(xlabel="share of customers, best first", title="Share of sales")
best.axvline(0.2, color="#8892a0", linewidth=0.8, linestyle=":")
best.xaxis.set_major_formatter(PercentFormatter(1))
for axis in (often, between, size, best):
    axis.spines[["top", "right"]].set_visible(False)
    axis.title.set_size(11)
for axis in (between, size, best):
    axis.yaxis.set_major_formatter(PercentFormatter(1))
often.legend(frameon=False)
FIGURE.parent.mkdir(parents=True, exist_ok=True)
figure.savefig(FIGURE, dpi=110)
print(f"saved {FIGURE.name}")

# %%
session.close()
