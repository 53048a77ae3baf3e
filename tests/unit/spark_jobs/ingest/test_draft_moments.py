"""Moments of drafts: names of months in other languages, days of spreadsheets and dates of mails make orders."""

from pathlib import Path

import pytest

from conf.contracts import Feed, load_contract
from spark_jobs.ingest.draft.draft import draft_source


def _orders(folder: Path, moments: list[str]) -> Feed:
    file = folder / "orders.csv"
    lines = [f"A{at};{moment};{at}.50;c{at % 2}" for at, moment in enumerate(moments)]
    file.write_text("\n".join(["order_id;order_date;amount;customer_id", *lines]) + "\n", encoding="utf-8")
    mapping = folder / "shop.yml"
    mapping.write_text(draft_source("shop", [file], folder).text, encoding="utf-8")
    return load_contract(mapping).feeds["orders"]


@pytest.mark.parametrize(
    ("moments", "kind", "formats", "locale"),
    [
        (["Feb-14-24", "Mar-01-24"], "date", ("MMM-dd-yy",), None),
        (["14 FEB 2024", "01 MAR 2024"], "date", ("dd MMM yyyy",), "en"),
        (["14. März 2024", "1. Oktober 2024"], "date", ("d. MMM yyyy",), "de"),
        (["1 janv. 2024", "14 août 2024"], "date", ("d MMM yyyy",), "fr"),
        (["3 de enero de 2024", "14 de agosto de 2024"], "date", ("d 'de' MMM 'de' yyyy",), "es"),
        (["14 marzo 2024 10:05", "2 luglio 2024 09:30"], "timestamp", ("d MMM yyyy HH:mm",), "it"),
        (["January 2, 2024", "March 14, 2024"], "date", ("MMMM d, yyyy",), None),
        (["45313.5", "45314.25", "45315"], "timestamp", ("excel_serial",), None),
    ],
)
def test_months_in_words_and_days_of_spreadsheets_make_orders(
    tmp_path: Path, moments: list[str], kind: str, formats: tuple[str, ...], locale: str | None
) -> None:
    feed = _orders(tmp_path, moments)

    column = feed.column("order_date")
    assert (column.type, column.format, column.locale) == (kind, formats, locale)
    assert "orders" in {each.entity for each in feed.maps}


def test_the_moment_of_a_mail_is_read_by_the_map(tmp_path: Path) -> None:
    feed = _orders(tmp_path, ["Fri, 01 Mar 2024 10:00:00 +0000", "Sat, 02 Mar 2024 11:30:00 +0100"])

    orders = next(each for each in feed.maps if each.entity == "orders")
    assert feed.column("order_date").type == "string"
    assert orders.fields["ordered_at"].expr == "try_to_timestamp(substring(order_date, 6), 'dd MMM yyyy HH:mm:ss xx')"


def test_words_that_are_no_months_stay_text(tmp_path: Path) -> None:
    assert _orders(tmp_path, ["14 Foo 2024", "2 Bar 2024"]).column("order_date").type == "string"
