"""The page of data quality: what is wrong comes first, what a source is called is text, and nothing is loaded from elsewhere."""

import re
from datetime import date
from typing import Any

from spark_jobs.publish.report import Figures, page

NIGHT = date(2024, 1, 31)


def figure(dimension: str, rule: str, **more: Any) -> dict[str, Any]:
    names = ("source", "feed", "entity", "column_name", "rows_checked", "rows_failed", "pass_rate", "observed", "threshold")
    row = dict.fromkeys(names) | {"business_date": NIGHT, "dimension": dimension, "rule": rule, "status": "ok"} | more
    if row["rows_checked"] and row["rows_failed"] is not None:
        row["pass_rate"] = 1 - row["rows_failed"] / row["rows_checked"]
    return row


FIGURES = Figures(
    NIGHT,
    [
        figure("validity", "all", source="till", rows_checked=200, rows_failed=1, threshold=0.98),
        figure("validity", "type", source="till", feed="lines", column_name="amount", rows_checked=200, rows_failed=1, status="warn"),
        figure("completeness", "not_null", entity="orders", column_name="store_id", rows_checked=200, rows_failed=50),
        figure("completeness", "not_null", entity="orders", column_name="order_id", rows_checked=200, rows_failed=0),
        figure("consistency", "order_id_is_in_orders", entity="order_items", rows_checked=10, rows_failed=9, status="failed"),
        figure("freshness", "days_since_delivery", source="till", feed="lines", observed=3.0),
        figure("accounting", "route_return", source="till", feed="lines", rows_checked=200, observed=12.0),
    ],
    {"till": [(date(2024, 1, 30), 0.97), (NIGHT, 0.995)]},
)


def test_the_page_says_what_to_look_at_first_and_shows_every_dimension() -> None:
    html = page(FIGURES, "Shop")
    text = re.sub(r"<[^>]+>|\s+", " ", html.partition("<main>")[2])

    assert text.index("order_id_is_in_orders") < text.index("type")
    assert [word for word in ("99.50%", "75.00%", "route_return", "days_since_delivery") if word not in text] == []
    assert "1 fields are never empty" in text
    assert "<polyline" in html


def test_the_page_needs_nothing_else_and_names_are_text() -> None:
    html = page(FIGURES, "<script>alert(1)</script>")

    assert "<script" not in html
    assert not re.findall(r"(?:src|href)=|@import|url\(", html)
