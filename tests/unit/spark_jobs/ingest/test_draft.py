"""First mappings from sample files: they load, and a person finds in them what the files are."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from conf.contracts import Feed, SourceContract, load_contract
from conf.errors import ConfigError, InputError
from spark_jobs.ingest.draft.columns import guess_column
from spark_jobs.ingest.draft.command import new_source
from spark_jobs.ingest.draft.feeds import file_pattern

Draft = Callable[..., SourceContract]


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    """Writes files and drafts their mapping, which has to load."""

    def make(**files: str | bytes) -> SourceContract:
        paths = []
        for name, content in files.items():
            path = tmp_path / name.replace("__", ".")
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            paths.append(path)
        target = tmp_path / "shop.yml"
        new_source(Console(quiet=True), "shop", paths, target, None, None, land=False, force=True)
        return load_contract(target)

    return make


def entities(feed: Feed) -> list[str]:
    return [each.entity for each in feed.maps]


def test_a_chinese_export_with_semicolons_and_decimal_commas(draft: Draft) -> None:
    lines = [f"A{n:03};{100 + n % 7};1380013{8000 + n};2024/1/{n % 28 + 1} 9:{n % 60:02};69{n % 9};{n % 5 + 1};{n},50" for n in range(60)]
    text = "\n".join(["订单号;会员号;手机;下单时间;商品编码;数量;金额", *lines]) + "\n"

    feed = draft(sales_20240131__csv=text.encode("gb18030")).feeds["sales"]

    assert (feed.csv.encoding, feed.csv.delimiter, feed.files) == ("gb18030", ";", "sales/sales_{date}.csv")
    assert feed.column("ordered_at").format == ("yyyy/M/d H:mm",)
    assert feed.column("sales_amount").numbers.decimal == ","  # type: ignore[union-attr]
    assert (feed.column("phone").pii, feed.column("phone").kind) == ("direct", "phone")
    assert entities(feed) == ["orders", "order_items", "customers"]


def test_header_and_lines_in_two_files_and_a_list_of_products(draft: Draft) -> None:
    orders = "order_id,customer_id,order_date,total\n" + "".join(f'{n},{n % 9},{n % 28 + 1:02}/01/2024,"1,{n:03}.50"\n' for n in range(60))
    items = "order_item_id,order_id,sku,qty,price\n" + "".join(f"{n},{n % 60},P{n % 5},2,0.{n % 9 + 1}25\n" for n in range(120))
    products = "sku,name,category\n" + "".join(f"P{n},Thing {n},Food\n" for n in range(5))

    contract = draft(orders__csv=orders, items__csv=items, products__csv=products)

    assert {name: entities(feed) for name, feed in contract.feeds.items()} == {
        "orders": ["orders", "customers"], "items": ["order_items"], "products": ["products"],
    }  # fmt: skip
    assert contract.feeds["orders"].column("order_date").format == ("d/M/yyyy",)
    assert contract.feeds["orders"].column("total").numbers.thousands == ","  # type: ignore[union-attr]
    assert contract.feeds["items"].column("price").type == "decimal(18,3)"
    assert contract.feeds["items"].maps[0].fields["sales_amount"].expr == "cast(qty * price as decimal(18,2))"
    assert "product_name" in contract.feeds["products"].maps[0].fields, "the name beside a product is nobody's"


def test_nested_members_are_personal(draft: Draft) -> None:
    people = [
        {"member_id": n, "profile": {"name": f"P {n}", "email": f"p{n}@shop.test"}, "joined_at": 1_700_000_000 + n} for n in range(20)
    ]

    feed = draft(members__jsonl="\n".join(map(json.dumps, people))).feeds["members"]

    assert {column.name: column.kind for column in feed.columns if column.kind} == {"profile_name": "name", "profile_email": "email"}
    assert feed.column("joined_at").format == ("epoch_s",)
    assert set(feed.maps[0].fields) == {"source_customer_id", "registered_on", "email_token"}


def test_returns_by_their_prefix_take_a_route(draft: Draft) -> None:
    sales = "".join(f"{536000 + n // 2},S{n % 4},{n % 5 + 1},2024-01-0{n % 9 + 1} 10:00,2.5,{n % 6}\n" for n in range(80))
    lines = "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID\n" + sales + "C536001,S1,-2,2024-01-09 11:00,2.5,\n"

    feed = draft(lines__csv=lines).feeds["lines"]

    assert [(route.name, route.where) for route in feed.routes] == [("return", "startswith(invoice_no, 'C')")]
    assert entities(feed) == ["orders", "order_items", "returns", "customers"]
    assert feed.maps[1].document == ("invoice_no",)
    assert feed.maps[3].where == "customer_id is not null"


def test_orders_without_a_number_are_made_of_customer_and_moment(draft: Draft) -> None:
    rows = "".join(f"{n % 9};2024-01-0{n % 9 + 1};{8 + n % 9}:30;milk;1\n" for n in range(40))

    feed = draft(visits__csv="member;date;time;product;units\n" + rows).feeds["visits"]

    assert feed.maps[0].fields["order_id"].key == ("member", "date")
    assert "to_utc_timestamp" in str(feed.maps[0].fields["ordered_at"].expr)
    assert feed.maps[1].fields["sales_amount"].const == 0


@pytest.mark.parametrize(
    ("values", "type_", "format_"),
    [
        (["01/02/2024", "03/04/2024"], "date", ("d/M/yyyy",)),
        (["12/31/2023 6:05 PM"], "timestamp", ("M/d/yyyy h:mm a",)),
        (["31/12/2023", "2024/01/02", "30/11/2023"], "date", ("d/M/yyyy", "yyyy/M/d")),
        (["20240131", "20240201"], "date", ("yyyyMMdd",)),
        (["2024-01-31T10:00:00Z"], "timestamp", ()),
        (["007", "012"], "string", ()),
        (["¥1,200.50", "¥3.00"], "decimal(18,2)", ()),
        (["1.200,50", "3"], "decimal(18,2)", ()),
        (["true", "FALSE"], "boolean", ()),
    ],
)
def test_values_tell_types_and_formats(values: list[str | None], type_: str, format_: tuple[str, ...]) -> None:
    guess = guess_column("value", 1, values)

    assert (guess.type, guess.format) == (type_, format_)


def test_a_date_that_reads_two_ways_is_said() -> None:
    assert "M/d/yyyy" in guess_column("date", 1, ["01/02/2024", "03/04/2024"]).note


def test_file_names_become_patterns() -> None:
    assert file_pattern([Path("till_2024-01-31.csv")]) == "till_{date}.csv"
    assert file_pattern([Path("till_20240131_001.csv.gz"), Path("till_20240201_002.csv.gz")]) == "till_{date}_*.csv.gz"
    assert file_pattern([Path("a.csv"), Path("b.csv")]) == "*.csv"


def test_a_mapping_that_is_there_is_kept_and_a_file_of_no_known_format_is_named(tmp_path: Path) -> None:
    target, sample = tmp_path / "shop.yml", tmp_path / "a.csv"
    target.write_text("mine")
    sample.write_text("order_id,date\n1,2024-01-01\n")
    (tmp_path / "a.pdf").write_bytes(b"%PDF")

    with pytest.raises(ConfigError, match="is not replaced"):
        new_source(Console(quiet=True), "shop", [sample], target, None, None, land=False, force=False)
    with pytest.raises(InputError, match=r"a\.pdf: is of no known format"):
        new_source(Console(quiet=True), "shop", [tmp_path / "a.pdf"], tmp_path / "b.yml", None, None, land=False, force=False)
    assert target.read_text() == "mine"
