"""Returns in drafts: which rows they are, what names them, and whether a later file replaces them."""

from pathlib import Path
from typing import Any

import pytest

from conf.contracts import Feed, load_contract
from conf.maps import EntityMap
from spark_jobs.ingest.draft.draft import draft_source


def _drafted(folder: Path, header: str, lines: list[str]) -> tuple[str, Feed]:
    file = folder / "till.csv"
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    text = draft_source("shop", [file], folder).text
    mapping = folder / "shop.yml"
    mapping.write_text(text, encoding="utf-8")
    return text, load_contract(mapping).feeds["till"]


def _map(feed: Feed, entity: str) -> EntityMap:
    return next(each for each in feed.maps if each.entity == entity)


def _fields(feed: Feed, entity: str) -> dict[str, Any]:
    return {name: field.column or field.key or field.expr or field.const for name, field in _map(feed, entity).fields.items()}


@pytest.mark.parametrize("name", ["receipt", "order_no", "store", "clerk", "sku"])
def test_a_number_or_a_place_that_only_has_returns_by_chance_makes_no_route(tmp_path: Path, name: str) -> None:
    names = ["receipt", "line", "sold_at", "sku", "qty", "amount"]
    header = ",".join([*(each for each in names if each != name), name])
    lines = []
    for at in range(24):
        row = {"receipt": f"{at // 2 % 6}", "line": f"{at}", "sold_at": "2026-03-02 11:20", "sku": f"S{at % 5}"}
        sign = "-" if at % 6 == 5 else ""
        row |= {"qty": f"{sign}1", "amount": f"{sign}{at + 1}.50", name: "K6" if sign else f"K{at % 4}"}
        lines.append(",".join(row[each] for each in header.split(",")))

    text, feed = _drafted(tmp_path, header, lines)

    assert feed.routes == ()
    assert 'where: "qty < 0"' in text


@pytest.mark.parametrize(
    ("name", "kind"), [("kind", "R"), ("Status", "refunded"), ("movement_type", "back"), ("Belegart", "GUT"), ("类型", "退货")]
)
def test_a_kind_or_a_status_that_all_returns_have_makes_a_route(tmp_path: Path, name: str, kind: str) -> None:
    lines = [
        f"N{at},1,2026-03-02 11:20,S{at % 5},{kind if at % 6 == 5 else 'sale'},{'-' if at % 6 == 5 else ''}{at + 1}.50" for at in range(24)
    ]

    _, feed = _drafted(tmp_path, f"receipt,line,sold_at,sku,{name},amount", lines)

    assert [route.where.split(" = ")[1] for route in feed.routes] == [f"'{kind}'"]


def _shared(at: int, kind: bool = True) -> str:
    """Lines of receipts that begin again in each of two stores; the last one of each third receipt is given back."""
    store, receipt, line = at // 36, at % 36 // 3, at % 3
    is_return = line == 2 and receipt % 3 == 0
    sign = "-" if is_return else ""
    return f"HK{store},{receipt},{line},2026-03-02 11:{at % 60:02d},S{at % 7},{sign}1,{'R' if is_return else 'S'},{sign}{at + 1}.50,HKD"


TILL = "store,receipt,line,sold at,sku,qty,kind,amount,currency"


def test_keys_of_lines_and_returns_have_all_that_names_their_document(tmp_path: Path) -> None:
    _, feed = _drafted(tmp_path, TILL, [_shared(at) for at in range(72)])

    assert _fields(feed, "orders")["order_id"] == ("store", "receipt")
    assert _fields(feed, "order_items")["order_item_id"] == ("store", "receipt", "line")
    assert _fields(feed, "returns")["return_id"] == ("store", "receipt", "line")


def test_returns_have_the_currency_of_the_lines(tmp_path: Path) -> None:
    _, by_column = _drafted(tmp_path, TILL, [_shared(at) for at in range(72)])
    lines = [_shared(at).removesuffix(",HKD").replace(",S,", ",S,€").replace(",R,-", ",R,-€") for at in range(72)]
    _, beside = _drafted(tmp_path, TILL.removesuffix(",currency"), lines)

    assert _fields(by_column, "returns")["currency_code"] == "currency"
    assert _fields(beside, "returns")["currency_code"] == _fields(beside, "order_items")["currency_code"] == "EUR"


@pytest.mark.parametrize(("is_shared", "dedup"), [(True, "full_row_per_document"), (False, "document")])
def test_a_later_file_replaces_an_order_unless_a_return_has_the_number_of_a_sale(tmp_path: Path, is_shared: bool, dedup: str) -> None:
    def line(at: int) -> str:
        sign = "-" if (at % 4 == 3 if is_shared else at // 2 % 4 == 3) else ""
        return f"N{at // 2},2026-03-02 11:20,S{at % 5},{'R' if sign else 'S'},{sign}1,{sign}{at + 1}.50"

    _, feed = _drafted(tmp_path, "receipt,sold at,sku,kind,qty,amount", [line(at) for at in range(40)])

    assert [route.where for route in feed.routes] == ["kind = 'R'"]
    assert (_map(feed, "order_items").dedup, _map(feed, "returns").dedup) == (dedup, dedup)


@pytest.mark.parametrize(("discount", "whole"), [("discount", 0), ("coupon_discount", 1), ("discount_percent", 15)])
def test_quantity_times_price_beside_a_discount_says_to_subtract_it(tmp_path: Path, discount: str, whole: int) -> None:
    lines = [f"N{at},1,2026-03-02 11:20,S{at % 5},{at % 3 + 1},{at + 1}.50,{whole}.{at % 9}5" for at in range(24)]

    text, feed = _drafted(tmp_path, f"receipt,line,sold_at,sku,qty,price,{discount}", lines)
    plain, _ = _drafted(tmp_path, "receipt,line,sold_at,sku,qty,price", [line.rsplit(",", 1)[0] for line in lines])

    assert _fields(feed, "order_items")["sales_amount"] == "cast(qty * price as decimal(18,2))"
    assert f"# subtract {discount} unless the price is after it" in text
    assert "# subtract" not in plain
