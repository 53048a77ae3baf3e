"""Drafted mappings: what is inferred from sample files loads as a contract and says what was guessed."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from typer.testing import CliRunner

from conf.contract_schema import SCHEMA_FILE, contract_schema
from conf.contracts import Feed, SourceContract, load_contract
from conf.errors import ConfigError, InputError
from spark_jobs.ingest import cli
from spark_jobs.ingest.draft.draft import draft_source
from spark_jobs.ingest.draft.moments import guess_moments
from spark_jobs.ingest.draft.values import guess_type
from spark_jobs.ingest.draft.words import our_name, person_behind, roles_of
from spark_jobs.ingest.examples import masked


def _write(folder: Path, name: str, lines: list[str], encoding: str = "utf-8") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    content = ("\n".join(lines) + "\n").encode(encoding)
    file.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return file


def _drafted(folder: Path, *files: Path, **options: Any) -> tuple[str, SourceContract]:
    text = draft_source("shop", files, folder, **options).text
    mapping = folder / "shop.yml"
    mapping.write_text(text, encoding="utf-8")
    return text, load_contract(mapping)


def _fields(feed: Feed, entity: str) -> dict[str, Any]:
    found = next(each for each in feed.maps if each.entity == entity)
    return {name: source.column or source.key or source.expr or source.const for name, source in found.fields.items()}


def test_a_chinese_till_with_decimal_commas_becomes_orders_lines_and_tokens(tmp_path: Path) -> None:
    rows = [
        f"SO{1000 + row // 2};M{row % 9:04d};1380013{row:04d};P{row % 7:03d};苹果;{row % 3 + 1};{row},50;1.{row:03d},00;2024/1/{row % 28 + 1} 8:05;x"
        for row in range(80)
    ]
    header = "订单编号;会员卡号;手机号;商品编码;商品名称;数量;单价(元);实付金额;下单时间;奇怪列"
    file = _write(tmp_path, "shop/till/till_2024-01-31.csv", [header, *rows], "gb18030")

    text, contract = _drafted(tmp_path, file)

    feed = contract.feeds["till"]
    assert feed.files == "till/till_{date}.csv"
    assert (feed.csv.encoding, feed.csv.delimiter, feed.numbers.decimal, feed.numbers.thousands) == ("gb18030", ";", ",", ".")
    assert feed.column("column_10").source_name == "奇怪列"
    assert feed.column("order_time").format == ("yyyy/M/d H:mm",)
    assert [(column.name, column.kind) for column in feed.columns if column.is_tokenised] == [("mobile_phone", "phone")]
    assert _fields(feed, "orders")["order_id"] == "order_id"
    assert _fields(feed, "order_items")["sales_amount"] == "paid_amount"
    assert _fields(feed, "customers") == {"source_customer_id": "member_id", "phone_token": "mobile_phone"}
    assert _fields(feed, "products") == {"product_id": "product_code", "product_name": "product_title"}
    assert "1380013" not in text


def test_invoice_lines_without_amounts_get_an_expression_and_returns_a_route(tmp_path: Path) -> None:
    lines = ["InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"]
    for row in range(200):
        is_return = row % 20 == 0
        invoice = f"{'C' if is_return else ''}{536365 + row // 4}"
        customer = "" if row % 5 == 0 else f"{17850 + row % 9}.0"
        lines.append(
            f"{invoice},8{row % 30:04d}A,CUP,{-2 if is_return else 2},{row % 12 + 1}/{row % 28 + 1}/2010 8:26,2.5{row % 9},{customer},France"
        )
    file = _write(tmp_path, "data.csv", lines, "cp1252")

    text, contract = _drafted(tmp_path, file, time_zone="Europe/London", currency="GBP")

    feed = contract.feeds["data"]
    assert feed.column("customer_id").type == "bigint"
    assert feed.column("invoice_date").format == ("M/d/yyyy H:mm",)
    assert [(route.name, route.where) for route in feed.routes] == [("return", "startswith(invoice_no, 'C')")]
    assert "10 of 200 sampled rows" in text
    assert _fields(feed, "order_items")["sales_amount"] == "cast(quantity * unit_price as decimal(18,2))"
    customers = next(each for each in feed.maps if each.entity == "customers")
    assert (customers.routes, customers.where) == (("default", "return"), "customer_id is not null")
    items = next(each for each in feed.maps if each.entity == "order_items")
    assert (items.dedup, items.document) == ("document", ("invoice_no",))
    returns = next(each for each in feed.maps if each.entity == "returns")
    assert returns.routes == ("return",)
    assert _fields(feed, "returns")["refund_amount"] == "-cast(quantity * unit_price as decimal(18,2))"
    assert {each.entity for each in feed.maps if each.order_by == "invoice_date"} == {"orders", "customers", "products"}


def test_files_that_belong_together_are_joined_and_share_the_work(tmp_path: Path) -> None:
    members = [
        json.dumps(
            {
                "member": {"id": f"M{row:04d}", "email": f"p{row}@mail.example", "name": "Li Na", "tier": "gold"},
                "joined": 1700000000000 + row,
            }
        )
        for row in range(60)
    ]
    headers = [
        "# export",
        "order_no,customer_id,created_at,order_total",
        *(f'A{row},M{row % 60:04d},2024-01-30 08:00:0{row % 9},"1,00{row % 9}.50"' for row in range(120)),
    ]
    lines = ["order_no|line_no|sku|qty|net_amount", *(f"A{row}|{line}|P{row % 9}|1.5|9.99" for row in range(120) for line in (1, 2))]
    files = [
        _write(tmp_path, "crm/members_1.jsonl", members),
        _write(tmp_path, "app/orders_2024-01-29.csv.gz", headers),
        _write(tmp_path, "app/orders_2024-01-30.csv.gz", headers),
        _write(tmp_path, "lines_a.csv", lines),
    ]

    text, contract = _drafted(tmp_path, *files)

    assert {name: feed.files for name, feed in contract.feeds.items()} == {
        "members": "members/members_*.jsonl",
        "orders": "orders/orders_{date}.csv.gz",
        "lines_a": "lines_a/lines_a.csv",
    }
    assert "# joins members.member_id (100%)" in text and "joins orders.order_no (100%)" in text
    assert contract.feeds["members"].column("member_id").source_name == "member.id"
    assert contract.feeds["members"].column("joined").format == ("epoch_ms",)
    assert contract.feeds["orders"].csv.ignore_lines and contract.feeds["orders"].numbers.thousands == ","
    assert _fields(contract.feeds["orders"], "orders")["order_amount"] == "order_total"
    assert _fields(contract.feeds["lines_a"], "order_items")["order_item_id"] == ("order_no", "line_no")
    assert [each.entity for each in contract.feeds["lines_a"].maps] == ["order_items"]


def test_what_nobody_can_guess_is_commented_out(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in (["Sales report"], [], ["receipt", "item code", "branch"], *([f"R{row}", f"I{row % 5}", "B1"] for row in range(30))):
        sheet.append(row)
    book.save(tmp_path / "report.xlsx")

    text, contract = _drafted(tmp_path, tmp_path / "report.xlsx")

    feed = contract.feeds["report"]
    assert (feed.format, feed.csv.skip_lines, feed.column_names) == ("xlsx", 2, ("receipt", "item_code", "branch"))
    assert "sales_amount: ???" in text and "ordered_at: ???" in text
    assert feed.maps == ()


def test_texts_in_which_a_number_of_somebody_stands_are_a_person_s(tmp_path: Path) -> None:
    lines = [f"T{number};Where is my order {number}?;SF-{number} ready to go" for number in range(30)]
    lines[7] = "T7;Please call me back on 138 0013 8000;SF-7 ready to go"
    file = _write(tmp_path, "calls.csv", ["ticket no;body;parcel state", *lines])

    _, contract = _drafted(tmp_path, file)

    classes = {column.name: (column.pii, column.kind) for column in contract.feeds["calls"].columns}
    assert classes == {"ticket_no": ("none", None), "body": ("direct", "free_text"), "parcel_state": ("none", None)}


def test_a_first_row_that_may_be_a_person_is_no_header(tmp_path: Path) -> None:
    file = _write(tmp_path, "export.csv", [f"{name},Shanghai,gold" for name in ("Li Na", "Wang Wei", "Chen Jie", "Liu Yang")])

    text, contract = _drafted(tmp_path, file)

    assert not contract.feeds["export"].csv.header
    assert "Li Na" not in text


def test_a_file_without_header_gets_columns_by_place(tmp_path: Path) -> None:
    file = _write(tmp_path, "export.csv", [f"{row},2024-01-0{row % 9 + 1},a{row}@mail.example" for row in range(30)])

    text, contract = _drafted(tmp_path, file)

    feed = contract.feeds["export"]
    assert not feed.csv.header
    assert [(column.name, column.type) for column in feed.columns] == [("column_1", "bigint"), ("column_2", "date"), ("column_3", "string")]
    assert feed.columns[2].kind == "email"
    assert "@" not in text


@pytest.mark.parametrize(
    ("values", "month_first", "kind", "formats"),
    [
        (["2024-01-31", "2024-02-01"], False, "date", ()),
        (["2024-01-31 08:00:00", "2024-02-01T09:30:00+08:00"], False, "timestamp", ()),
        (["31.01.2024", "01.02.2024"], False, "date", ("dd.MM.yyyy",)),
        (["1/31/24 8:05 PM", "12/1/24 11:00 AM"], False, "timestamp", ("M/d/yy h:mm a",)),
        (["01/02/2024", "03/04/2024"], True, "date", ("MM/dd/yyyy",)),
        (["2024年1月3日", "2024年12月31日"], False, "date", ("yyyy年M月d日",)),
        (["05-Jan-2024 10:00:00", "2024-01-05 10:00:00"], False, "timestamp", ("dd-MMM-yyyy HH:mm:ss", "yyyy-MM-dd HH:mm:ss")),
        (["20240131", "20240201"], False, "date", ("yyyyMMdd",)),
    ],
)
def test_moments_are_read_by_the_patterns_they_are_written_in(
    values: list[str], month_first: bool, kind: str, formats: tuple[str, ...]
) -> None:
    found = guess_moments(dict.fromkeys(values, 1), compact=True, month_first=month_first)

    assert found is not None
    assert (found.type, found.formats) == (kind, formats)


def test_days_that_fit_both_ways_are_said_to_be_ambiguous_and_contradictions_stay_text() -> None:
    both = guess_moments({"01/02/2024": 1}, compact=False, month_first=False)

    assert both is not None and any("no value says" in note for note in both.notes)
    assert guess_moments({"13/01/2024": 1, "01/13/2024": 1}, compact=False, month_first=False) is None


@pytest.mark.parametrize(
    ("values", "kind", "marks"),
    [
        (["1", "20"], "bigint", None),
        (["1.5", "20"], "decimal(18,2)", None),
        (["1.234,50", "2,00"], "decimal(18,2)", (",", ".")),
        (["1,234", "12,345,678"], "bigint", (".", ",")),
        (["€ 1.50", "€ 2"], "decimal(18,2)", (".", "")),
        (["1 234,5", "7"], "decimal(18,2)", (",", " ")),
        (["NULL", "7"], "bigint", None),
        (["007", "123"], "string", None),
        (["yes", "no"], "boolean", None),
        (["51.5073219", "-0.12"], "double", None),
    ],
)
def test_numbers_are_read_by_the_marks_they_are_written_with(values: list[str], kind: str, marks: tuple[str, str] | None) -> None:
    found = guess_type(dict.fromkeys(values, 1), frozenset(), is_id=False, role=None, month_first=False)

    assert (found.type, (found.numbers.decimal, found.numbers.thousands) if found.numbers else None) == (kind, marks)


def test_names_of_columns_say_what_they_are() -> None:
    assert [our_name(header, 3) for header in ("InvoiceNo", "e-mail", "Größe", "会员手机号", "奇怪列", "2nd item")] == [
        "invoice_no", "email", "grosse", "member_mobile_phone", "column_3", "column_2_nd_item",
    ]  # fmt: skip
    assert roles_of("StockCode")[0] == "product_id" and roles_of("household_key")[0] == "source_customer_id"
    assert person_behind("shipping_address") == ("direct", "address") and person_behind("身份证号") == ("sensitive", "national_id")
    assert person_behind("customer_id") is None and person_behind("store phone") is None


def test_a_mask_keeps_the_shape_and_no_letter_or_digit() -> None:
    assert masked("Zürich, 8001\n李") == "xxxxxx, 9999\\nx"
    assert masked("7" * 80) == "9" * 60 + "…"


def test_the_command_refuses_to_overwrite_and_names_the_schema_beside_it(tmp_path: Path) -> None:
    sample = _write(tmp_path, "lines_2024-01-31.csv", ["order_id,sku,amount,sold_at", "1,a,2.50,2024-01-31"])
    mapping, schema = tmp_path / "shop.yml", tmp_path / SCHEMA_FILE
    arguments = ["source", "new", "shop", str(sample), "--out", str(mapping)]

    assert CliRunner().invoke(cli.app, ["source", "schema", "--out", str(schema)], catch_exceptions=False).exit_code == 0
    done = CliRunner().invoke(cli.app, arguments, catch_exceptions=False)

    assert "cdp source check" in done.output
    assert mapping.read_text().startswith(f"# yaml-language-server: $schema={SCHEMA_FILE}\n")
    with pytest.raises(ConfigError, match="is there already"):
        CliRunner().invoke(cli.app, arguments, catch_exceptions=False)
    with pytest.raises(InputError, match="is no file"):
        draft_source("shop", [tmp_path / "absent.csv"], tmp_path)


def test_the_schema_explains_every_key_and_knows_the_entities() -> None:
    schema = contract_schema()

    models = {**schema["$defs"], "SourceContract": schema}
    silent = [
        f"{name}.{key}"
        for name, model in models.items()
        for key, value in model.get("properties", {}).items()
        if not value.get("description")
    ]
    assert not silent
    assert "order_items" in schema["$defs"]["EntityMap"]["properties"]["entity"]["enum"]
    assert json.loads(json.dumps(schema))["$defs"]["FieldSource"]["anyOf"][0]["type"] == "string"
