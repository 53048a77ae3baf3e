"""Mapping files: a number is no moment, a code is a currency's, and which columns an entity's moments are made of."""

from pathlib import Path

import pytest

from conf.contracts import SourceContract, load_contract
from conf.currencies import CURRENCIES, check_currency
from conf.entities import load_entities
from conf.errors import ConfigError, Finding
from conf.field_types import mapped_moments
from conf.settings import Retailer

KIOSK = """source: kiosk
feeds:
  sales:
    files: "sales_{{date}}.csv"
    format: csv
    columns:
      - {{name: number, type: string}}
      - {{name: sold, type: bigint}}
      - {{name: day, type: date}}
      - {{name: until, type: date}}
      - {{name: read_at, type: timestamp}}
    maps:
      - entity: orders
        fields:
          order_id: number
          ordered_at: {ordered_at}
          ordered_on: {ordered_on}
          currency_code: {currency}
"""


def _findings(tmp_path: Path, *, ordered_at: str = "day", ordered_on: str = "day", currency: str = "{const: EUR}") -> list[Finding]:
    file = tmp_path / "kiosk.yml"
    file.write_text(KIOSK.format(ordered_at=ordered_at, ordered_on=ordered_on, currency=currency), encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_contract(file)
    return error.value.findings


@pytest.mark.parametrize("source", ["sold", "{first: [day, sold]}", "{key: [sold]}", '{expr: " sold "}', "{local_date: sold}"])
def test_a_number_mapped_onto_a_moment_needs_a_format(source: str, tmp_path: Path) -> None:
    (finding,) = _findings(tmp_path, ordered_at=source)

    assert finding.where == f"{tmp_path}/kiosk.yml:16"
    assert finding.problem == "orders.ordered_at is a timestamp, and column sold is a bigint: a number does not say which moment it is"
    assert finding.remedy == (
        "declare sold as type timestamp with format epoch_s, epoch_ms, epoch_us or excel_serial, or a pattern such as yyyyMMdd"
    )


def test_a_number_is_no_constant_moment(tmp_path: Path) -> None:
    (finding,) = _findings(tmp_path, ordered_on="{const: 20240229}")

    assert finding.problem == "orders.ordered_on is a date, and 20240229 is a number"


def test_a_constant_currency_is_one(tmp_path: Path) -> None:
    (finding,) = _findings(tmp_path, currency="{const: RMB}")

    assert (finding.where, finding.problem) == (f"{tmp_path}/kiosk.yml:18", "'RMB' is no ISO 4217 currency code")


@pytest.mark.parametrize("code", ["RMB", "EURO", "E", "XXX", ""])
def test_retailer_and_source_have_a_currency_that_is_one(code: str) -> None:
    with pytest.raises(ValueError, match="no ISO 4217 currency code; give three letters"):
        Retailer(currency_code=code)
    with pytest.raises(ValueError, match="no ISO 4217 currency code"):
        SourceContract.model_validate({"source": "a", "currency_code": code, "feeds": {"b": _FEED}})


_FEED = {"files": "b.csv", "format": "csv", "columns": [{"name": "c", "type": "string"}]}


def test_a_currency_is_written_in_capitals() -> None:
    assert check_currency(" eur ") == "EUR"
    assert SourceContract.model_validate({"source": "a", "currency_code": "cny", "feeds": {"b": _FEED}}).currency_code == "CNY"
    assert {"EUR", "CNY", "HRK", "XAF"} <= CURRENCIES
    assert all(len(code) == 3 for code in CURRENCIES)


def test_moments_that_reach_an_entity_are_known(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.yml"
    text = KIOSK.format(ordered_at="{expr: \"to_utc_timestamp(READ_AT, 'until')\"}", ordered_on="day", currency="{const: EUR}")
    file.write_text(text, encoding="utf-8")

    feed = load_contract(file).feeds["sales"]

    assert mapped_moments(feed.columns, feed.maps, feed.changes, load_entities()) == {"read_at", "day"}


@pytest.mark.parametrize(
    ("column", "problem"),
    [
        ({"type": "date", "format": "d MMM yyyy", "locale": "tlh"}, "no names of months are known for locale 'tlh'"),
        ({"type": "date", "format": "d.M.yyyy", "locale": "fr"}, "locale reads names of months"),
        ({"type": "date", "format": "yyyy 'MMM'", "locale": "fr"}, "locale reads names of months"),
        ({"type": "string", "locale": "fr"}, "locale is for date and timestamp columns only"),
        ({"type": "bigint", "range": "any"}, "range is for date and timestamp columns only"),
        ({"type": "date", "range": "all"}, "'plausible' or 'any'"),
    ],
)
def test_options_of_moments_are_checked(column: dict[str, str], problem: str) -> None:
    feed = {**_FEED, "columns": [{"name": "c", **column}]}

    with pytest.raises(ValueError, match=problem):
        SourceContract.model_validate({"source": "a", "feeds": {"b": feed}})
