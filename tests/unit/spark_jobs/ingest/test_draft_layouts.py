"""Drafts of files as they come: where the table is, how it is written, and the message when there is none."""

import json
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from conf.contracts import SourceContract, load_contract
from conf.errors import InputError
from spark_jobs.ingest.csv_rows import read_csv
from spark_jobs.ingest.draft.draft import draft_source
from spark_jobs.ingest.fixed_rows import read_fixed_width
from spark_jobs.ingest.json_rows import read_jsonl

ROWS = ["B1,7.50,2024-03-01", "B2,8.00,2024-03-02", "B3,9.25,2024-03-02"]


def _contract(folder: Path, *files: Path) -> SourceContract:
    mapping = folder / "shop.yml"
    mapping.write_text(draft_source("shop", files, folder).text, encoding="utf-8")
    return load_contract(mapping)


def _drafted(folder: Path, name: str, text: str, encoding: str = "utf-8") -> tuple[SourceContract, list[dict[str, Any]]]:
    """The draft of a csv file, and its rows as the draft's reader gives them."""
    file = folder / name
    file.write_bytes(text.encode(encoding))
    contract = _contract(folder, file)
    feed = next(iter(contract.feeds.values()))
    parses = read_fixed_width(file, feed.csv, feed.columns) if feed.format == "fixed_width" else read_csv(file, feed.csv, feed.columns, [])
    found = [parse() for parse in parses]
    assert not [reject for rows in found for reject in rows.rejects]
    return contract, [row for rows in found for row in rows.table.to_pylist()]


def test_lines_before_the_header_and_below_the_last_row_are_left_out(tmp_path: Path) -> None:
    bill = [
        "微信支付账单明细,,,", "微信昵称：[店],,,", "起始时间：[2024-03-01 00:00:00] 终止时间：[2024-03-31 23:59:59],,,", ",,,",
        "----------------------微信支付账单明细列表--------------------,,,", "交易时间,交易单号,金额(元),当前状态",
        "2024-03-01 10:00:00,4200001,12.50,支付成功", "2024-03-02 11:30:00,4200002,8.00,支付成功", "2024-03-03 12:00:00,4200003,3.10,已全额退款",
    ]  # fmt: skip

    contract, rows = _drafted(tmp_path, "wechat_2024-03-31.csv", "\n".join([*bill, "共3笔记录"]) + "\n", "gb18030")

    feed = contract.feeds["wechat"]
    assert (feed.csv.encoding, feed.csv.skip_lines) == ("gb18030", 5)
    assert [row["transaction_order_id"] for row in rows] == ["4200001", "4200002", "4200003"]
    assert [each.entity for each in feed.maps] == ["orders"]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("sep=;\nreceipt;total;sold_at\n" + "\n".join(ROWS).replace(",", ";") + "\n", ";"),
        ("receipt\ttotal\tsold_at\n" + "\n".join(ROWS).replace(",", "\t") + "\n", "\t"),
        ("Sales of March\n\nreceipt,total,sold_at\n" + "\n".join(ROWS) + "\n", ","),
        ("receipt,total,sold_at\n" + "".join(f"{row},\n" for row in ROWS), ","),
        ("receipt,total,sold_at\n" + "\n".join(ROWS) + "\nTotal,24.75,\n", ","),
    ],
    ids=["sep", "tabs", "title", "trailing", "total"],
)
def test_each_way_to_write_a_table_gives_the_same_rows(tmp_path: Path, text: str, delimiter: str) -> None:
    contract, rows = _drafted(tmp_path, "till_2024-03-02.csv", text)

    feed = contract.feeds["till"]
    assert feed.csv.delimiter == delimiter
    assert [(row["receipt"], row["total"], row["sold_at"]) for row in rows] == [tuple(row.split(",")) for row in ROWS]
    assert {name: field.column for name, field in feed.maps[0].fields.items()} == {
        "order_id": "receipt", "ordered_at": "sold_at", "ordered_on": "sold_at", "order_amount": "total",
    }  # fmt: skip


def test_quotes_that_are_inches_are_text(tmp_path: Path) -> None:
    lines = [
        "order_no\tsku\ttitle\tqty\tprice",
        'A1\tS1\t"7 inch plate\t1\t3.00',
        "A1\tS2\tCup\t2\t4.00",
        'A2\tS3\tShelf 19" black\t1\t20.00',
    ]

    contract, rows = _drafted(tmp_path, "lines.txt", "\n".join(lines) + "\n")

    assert contract.feeds["lines"].csv.quote is None
    assert [row["title"] for row in rows] == ['"7 inch plate', "Cup", 'Shelf 19" black']


def test_a_header_that_comes_again_is_no_row_and_equal_names_are_told_apart(tmp_path: Path) -> None:
    joined, rows = _drafted(
        tmp_path, "joined.csv", "\n".join(["receipt,total,sold_at", *ROWS, "receipt,total,sold_at", "B4,1.00,2024-03-03"]) + "\n"
    )
    assert [row["receipt"] for row in rows] == ["B1", "B2", "B3", "B4"]
    assert not joined.feeds["joined"].csv.header

    wide, rows = _drafted(
        tmp_path, "wide.csv", "parcel id,client,day,item,qty,item,qty\nL1,c1,2024-03-01,TEA,1,CUP,2\nL2,c2,2024-03-02,CUP,1,,\n"
    )
    assert wide.feeds["wide"].column_names == ("parcel_id", "customer", "day", "item", "qty", "item_2", "qty_2")
    assert rows[0]["item_2"] == "CUP"


def test_columns_of_one_width_are_found_by_their_blanks(tmp_path: Path) -> None:
    lines = [f"{number:05d} {1970 + number % 28}0101 {number % 3 + 1:2d} {number * 1.5:7.2f}" for number in range(1, 40)]

    contract, rows = _drafted(tmp_path, "master.txt", "\n".join(["cust  date     qty   spent", *lines]) + "\n")

    feed = contract.feeds["master"]
    assert feed.format == "fixed_width"
    assert rows[38] == {"cust": "00039", "date": "19810101", "qty": "1", "spent": "58.50"}


def test_a_sheet_with_groups_of_columns_has_their_names(tmp_path: Path) -> None:
    book = Workbook()
    for row in (
        ["Report"],
        ["Order", None, "Customer", None],
        ["No", "Date", "No", "City"],
        *([f"O{n}", "2024-03-01", f"C{n % 2}", "Ulm"] for n in range(5)),
    ):
        book.worksheets[0].append(row)
    book.save(tmp_path / "book.xlsx")

    feed = _contract(tmp_path, tmp_path / "book.xlsx").feeds["book"]

    assert feed.column_names == ("order_no", "order_date", "customer_no", "customer_city")
    assert (feed.csv.header, feed.csv.skip_lines) == (False, 3)


def test_lists_in_json_become_feeds_of_the_same_files(tmp_path: Path) -> None:
    basket = {
        "id": 7,
        "placed_at": "2024-03-01T10:00:00Z",
        "lines": [{"id": 1, "sku": "S1", "quantity": 2, "price": "3.00"}, {"id": 2, "sku": "S2", "quantity": 1, "price": "1.00"}],
    }
    file = tmp_path / "baskets.json"
    file.write_text(json.dumps({"page": 1, "baskets": [basket, {**basket, "id": 8, "lines": [{**basket["lines"][0], "id": 3}]}]}, indent=1))  # type: ignore[index]

    contract = _contract(tmp_path, file)

    assert {feed.each: feed.files for feed in contract.feeds.values()} == {
        "baskets[]": "baskets/baskets.json", "baskets[].lines[]": "baskets/baskets.json",
    }  # fmt: skip
    lines = contract.feeds["baskets_baskets_line"] if "baskets_baskets_line" in contract.feeds else contract.feeds["baskets_baskets_lines"]
    assert sum(parse().table.num_rows for parse in read_jsonl(file, "utf-8", lines.columns, lines.each)) == 3
    assert next(each for each in lines.maps if each.entity == "order_items").fields["order_item_id"].column == "baskets_lines_id"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("ratings.dat", b"1::1193::5::978300760\n1::661::3::978302109\n2::1357::5::978298709\n", "csv.delimiter is one character"),
        ("notes.csv", b"first line\nsecond\na third one here\n", "csv.delimiter"),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as .xlsx"),
        ("page.csv", b"<html><body>Please log in</body></html>", "ask the source"),
        ("empty.csv", b"\n\n", "give a file with rows"),
        ("ids.json", json.dumps({f"u{n}": {"a": n} for n in range(60)}).encode(), "deliver a list of objects"),
        ("quote.csv", b'no,name\n"1,Ann\n2,B,ob\n3,Cem\n', "csv.quote: none"),
        ("header.csv", b"order_id,amount,sold_at\n", "set"),
    ],
)
def test_a_file_without_a_table_is_refused_with_what_to_do(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(InputError) as caught:
        draft_source("shop", [tmp_path / name], tmp_path)

    assert says in caught.value.findings[0].remedy


def test_letters_that_nobody_sees_are_written_as_escapes(tmp_path: Path) -> None:
    contract, _ = _drafted(tmp_path, "odd.csv", "receipt,to\u200btal,sold_at\n" + "\n".join(ROWS) + "\n")

    assert "to\u200btal" in [column.delivered_name for column in contract.feeds["odd"].columns]
