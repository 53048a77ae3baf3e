"""The result of a dry run as a person reads it."""

import io

from rich.console import Console

from conf.errors import Finding
from spark_jobs.onboarding.report import show
from spark_jobs.onboarding.results import CurrencyTotal, EntityCheck, FeedCheck, MapCheck, SourceCheck, Span, StatusWord


def _shown(checked: SourceCheck) -> str:
    text = io.StringIO()
    show(checked, Console(file=text, width=160, highlight=False, soft_wrap=True))
    return text.getvalue()


def _cells(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip()[1:-1].split("│")] for line in text.splitlines() if line.startswith("│")]


def test_an_entity_of_two_currencies_has_one_line_for_each() -> None:
    totals = (CurrencyTotal("SEK", 2, {"order_amount": "90.00"}), CurrencyTotal(None, 1, {"order_amount": "5.00"}))
    spans = (Span("ordered_on", "2024-01-01", "2024-01-31"), Span("promised_at", None, None))
    orders = EntityCheck("orders", 3, 1, totals, spans, (StatusWord("paid", 2), StatusWord(None, 1)))

    text = _shown(SourceCheck("ferry", (FeedCheck("tickets", 1, 4, 4),), (orders,)))

    assert _cells(text) == [
        ["tickets", "1", "4", "4", "0", "0"],
        ["orders", "3", "1", "", "", "ordered_on: 2024-01-01 … 2024-01-31"],
        ["", "", "", "", "", "promised_at: never filled"],
        ["", "2", "", "SEK", "order_amount 90.00", ""],
        ["", "1", "", "none", "order_amount 5.00", ""],
    ]
    assert "orders by status: paid 2, no status 1" in text
    assert text.rstrip().endswith("Nothing was found that would stop a run or lose rows.")


def test_findings_come_before_warnings_and_notes_and_take_the_good_news_away() -> None:
    lost, odd, empty = (Finding(where, "is wrong", "correct it") for where in ("the map", "the key", "the folder"))
    feed = FeedCheck(
        "tickets", 1, 4, 4, notes=("route refund: 0 row(s)",), maps=(MapCheck("tickets", 1, "orders", findings=(lost,), warnings=(odd,)),)
    )

    text = _shown(SourceCheck("ferry", (feed,), findings=(empty,)))

    assert [text.index(part) for part in ("the folder: is", "the map: is", "To look at", "the key: is", "Notes", "route refund")] == sorted(
        text.index(part) for part in ("the folder: is", "the map: is", "To look at", "the key: is", "Notes", "route refund")
    )
    assert "Nothing was found" not in text
