"""`cdp source check` on two retailers: what their maps make of real files, and what would stop a run or lose rows."""

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from typer.testing import CliRunner

from conf.contracts import SourceContract
from conf.settings import Settings
from spark_jobs.common.crypto import trial_key
from spark_jobs.common.job import StepContext
from spark_jobs.onboarding import cli
from spark_jobs.onboarding.dry_run import check_source
from spark_jobs.onboarding.results import EntityCheck, MapCheck, SourceCheck

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow

RENTALS = "rental,member,bike,days,price,state,rented,remark\n"
LINES: list[dict[str, Any]] = [
    {"name": "rental", "type": "string", "required": True},
    {"name": "member", "type": "string"},
    {"name": "bike", "type": "string"},
    {"name": "days", "type": "int"},
    {"name": "price", "type": "decimal(18,2)"},
    {"name": "state", "type": "string"},
    {"name": "rented", "type": "date"},
    {"name": "remark", "type": "string"},
]
ORDER = {"order_id": "rental", "source_customer_id": "member", "ordered_at": "rented", "ordered_on": "rented", "status": "state"}
LINE = {"order_id": "rental", "product_id": "bike", "quantity": "days", "sales_amount": {"expr": "cast(days * price as decimal(18,2))"}}


def rentals(*maps: dict[str, Any], **feed: Any) -> SourceContract:
    """A bicycle rental whose export has one row for each bike of a rental."""
    definition = {"files": "rentals/{date}*.csv", "format": "csv", "document": ["rental"], "columns": LINES, "maps": maps, **feed}
    return SourceContract.model_validate({"source": "velo", "currency_code": "DKK", "feeds": {"rentals": definition}})


@pytest.fixture
def check(spark: "SparkSession", settings: Settings, tmp_path: Path) -> Any:
    """Put files into a landing folder of the test's own and check a mapping on them."""

    def run(contract: SourceContract, **files: str) -> SourceCheck:
        for name, content in files.items():
            folder, _, rest = name.partition("__")
            file = tmp_path / contract.source / folder / rest.replace("_", "-").replace("-csv", ".csv").replace("-jsonl", ".jsonl")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
        with trial_key(settings) as key:
            return check_source(StepContext(spark, settings, date.max, "check"), contract, tmp_path, key)

    return run


def of(checked: SourceCheck, entity: str) -> EntityCheck:
    return next(each for each in checked.entities if each.entity == entity)


def map_of(checked: SourceCheck, entity: str) -> MapCheck:
    return next(each for feed in checked.feeds for each in feed.maps if each.entity == entity)


def said(findings: Any) -> list[str]:
    """Findings as `where: problem`."""
    return [f"{finding.where}: {finding.problem}" for finding in findings]


def test_a_right_mapping_shows_the_orders_amounts_dates_and_statuses_that_a_run_would_give(check: Any) -> None:
    # given Ida's rental of two bikes on Monday, of which the tandem is given back on Tuesday, and Bo's, which is cancelled
    contract = rentals({"entity": "orders", "fields": ORDER}, {"entity": "order_items", "dedup": "document", "fields": LINE})
    monday = "V1,ida,city,2,10.00,open,2024-05-06,x\nV1,ida,tandem,2,30.50,open,2024-05-06,x\nV2,bo,city,1,10.00,cancelled,2024-05-05,x\n"

    checked = check(
        contract, rentals__2024_05_06_csv=RENTALS + monday, rentals__2024_05_07_csv=RENTALS + "V1,ida,city,2,10.00,closed,2024-05-06,x\n"
    )

    # then the newest delivery of a rental is the rental
    assert checked.all_findings == ()
    orders, lines = of(checked, "orders"), of(checked, "order_items")
    assert (orders.rows, lines.rows, lines.deleted) == (2, 2, 1)
    assert [(total.currency, total.rows, total.amounts) for total in lines.currencies] == [("DKK", 2, {"sales_amount": "30.00"})]
    assert [(span.first, span.last) for span in orders.spans if span.column == "ordered_on"] == [("2024-05-05", "2024-05-06")]
    assert [(status.word, status.rows) for status in orders.statuses] == [("cancelled", 1), ("closed", 1)]
    assert (map_of(checked, "orders").keys, map_of(checked, "orders").repeated_keys) == (2, 1)


def test_lines_that_are_delivered_again_otherwise_are_counted_where_both_deliveries_stay(check: Any) -> None:
    contract = rentals({"entity": "order_items", "dedup": "full_row_per_document", "fields": LINE})

    checked = check(
        contract,
        rentals__2024_05_06_csv=RENTALS + "V1,ida,city,2,10.00,open,2024-05-06,x\nV2,bo,city,1,10.00,open,2024-05-05,x\n",
        rentals__2024_05_07_csv=RENTALS + "V1,ida,city,3,10.00,open,2024-05-06,x\nV2,bo,city,1,10.00,paid,2024-05-05,x\n",
    )

    assert map_of(checked, "order_items").changed_documents == 1
    assert checked.all_findings == ()
    assert [text for text in said(checked.all_warnings) if "delivered again" in text] == [
        "rentals, map 1 onto order_items: 1 document(s) are delivered again with other lines, and the lines of all deliveries count"
    ]


def test_every_mistake_of_a_map_is_named_with_its_field_and_the_place_of_its_first_row(check: Any) -> None:
    # given a condition that is never true, two expressions that Spark refuses or fails on, a missing date and a type that does not cast
    rows = "V1,ida,city,2,10.00,open,2024-05-06,\nV2,bo,tandem,0,10.00,open,,\nV3,ida,city,1,5.00,open,2024-05-07,\n"
    contract = rentals(
        {"entity": "orders", "fields": {**ORDER, "order_amount": "state"}},
        {"entity": "order_items", "dedup": "document", "fields": {**LINE, "sales_amount": {"expr": "prize * days"}}},
        {"entity": "payments", "fields": {"payment_id": "rental", "amount": {"expr": "price"}}, "where": "state = 'paid'"},
        {"entity": "customers", "fields": {"source_customer_id": "member", "birth_year": {"expr": "cast(bike as int)"}}},
        routes=[{"name": "return", "where": "days < 0"}],
    )

    checked = check(contract, rentals__2024_05_06_csv=RENTALS + rows, rentals__old_txt="nothing")

    # then
    found = said(checked.all_findings)
    place = "velo/rentals/2024-05-06.csv"
    assert "velo/rentals/old-txt: matches no feed, so it is never loaded" in found
    assert f"rentals, map 1 onto orders, ordered_on: missing in 1 of 3 row(s), first at {place}:3" in found
    assert f"rentals, map 1 onto orders, order_amount: not a decimal(22,6) in 3 of 3 row(s), first at {place}:2" in found
    assert any(text.startswith("rentals, map 2 onto order_items, sales_amount: UNRESOLVED_COLUMN") for text in found)
    assert "rentals, map 3 onto payments, where: is true for none of 3 row(s)" in found
    assert any(text.startswith("rentals, map 4 onto customers, birth_year: CAST_INVALID_INPUT") for text in found)
    assert not any("tandem" in text for text in found), "no value of a row is shown"
    assert {"rentals, column remark: is empty in every row", "rentals, route return: takes no row"} <= set(said(checked.all_warnings))


def test_a_key_that_is_no_key_loses_amounts_and_says_so(check: Any) -> None:
    # given lines that are keyed by their bike, which two rentals have in one file
    contract = rentals({"entity": "order_items", "fields": {**LINE, "order_item_id": "bike"}, "where": "state <> 'gift'"})
    rows = "V1,ida,city,2,10.00,open,2024-05-06,x\nV2,bo,city,1,10.00,open,2024-05-06,x\nV3,bo,tandem,1,9.00,open,2024-05-06,x\n"

    checked = check(contract, rentals__2024_05_06_csv=RENTALS + rows + "V4,al,city,1,0.00,gift,2024-05-06,x\n")

    found = map_of(checked, "order_items")
    assert (found.rows, found.keys, found.repeated_keys) == (3, 2, 1)
    (problem,) = said(found.findings)
    assert problem.startswith("rentals, map 1 onto order_items, order_item_id: 1 of 2 key(s) (50.0%) have rows in one file that differ")
    assert problem.endswith("1 of them in an amount or quantity; the last row stays, first at velo/rentals/2024-05-06.csv:3")
    assert checked.feeds[0].rows_without_map == 1


def test_header_fields_that_stand_on_the_first_line_only_are_lost_and_said_to_be(check: Any) -> None:
    # given a rental whose state stands on its first line only
    rows = "V1,ida,city,2,10.00,refunded,2024-05-06,x\nV1,,tandem,2,30.50,,2024-05-06,x\nV2,bo,city,1,10.00,open,2024-05-06,x\n"
    order = {"entity": "orders", "fields": ORDER}
    filled = [{**column, "per_document": "first_filled"} if column["name"] in ("member", "state") else column for column in LINES]

    lost = check(rentals(order), rentals__2024_05_06_csv=RENTALS + rows)
    whole = check(rentals(order, columns=filled))

    assert said(lost.all_findings) == [
        f"rentals, map 1 onto orders, {name}: 1 key(s) lose it: their last row in a file is empty, an earlier one is filled"
        for name in ("source_customer_id", "status")
    ]
    assert whole.all_findings == ()
    assert [(status.word, status.rows) for status in of(whole, "orders").statuses] == [("open", 1), ("refunded", 1)]


def test_the_command_takes_relative_paths_and_its_exit_code_says_whether_rows_would_be_lost(
    engine: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a mapping in one folder and files in another
    files = tmp_path / "shop" / "drop" / "velo" / "rentals"
    files.mkdir(parents=True)
    (tmp_path / "shop" / "maps").mkdir()
    feed = rentals({"entity": "orders", "fields": ORDER}).model_dump(mode="json", exclude_defaults=True)
    (tmp_path / "shop" / "maps" / "velo.yml").write_text(yaml.safe_dump(feed), encoding="utf-8")
    (files / "2024-05-06.csv").write_text(RENTALS + "V1,ida,city,2,10.00,open,2024-05-06,x\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "shop" / "drop")
    arguments = ["source", "check", "../maps/velo.yml", "--landing", "./"]

    clean = CliRunner().invoke(cli.app, arguments, catch_exceptions=False)
    (files / "2024-05-07.csv").write_text(RENTALS + "V2,ida,city,two,10.00,open,2024-05-06,x\n", encoding="utf-8")
    lossy = CliRunner().invoke(cli.app, [*arguments, "--json"], catch_exceptions=False)

    assert (clean.exit_code, lossy.exit_code) == (0, 1)
    assert "Nothing was found that would stop a run or lose rows." in clean.output
    shown = json.loads(lossy.stdout)
    assert [(each["entity"], each["rows"]) for each in shown["entities"]] == [("orders", 1)]
    assert [finding["where"] for finding in shown["findings"]] == ["velo/rentals/2024-05-07.csv:2", "rentals"]


TEA = (
    '{"单号": "T1", "状态": "已付款", "币种": "CNY", "金额": "88.00", "时间": "2024-06-01 10:00:00", "退款": [{"号": "r1", "款": "8.00"}]}\n'
    '{"单号": "T2", "状态": "交易关闭", "币种": "CNY", "金额": "12.00", "时间": "2024-06-02 10:00:00"}\n'
    '{"单号": "T3", "状态": "已付款", "币种": "HKD", "金额": "100.50", "时间": "2024-06-03 10:00:00"}\n'
)


def teahouse(refund_path: str) -> SourceContract:
    """A tea house whose API gives orders with a list of refunds."""
    names = {"no": "单号", "state": "状态", "currency": "币种"}
    orders = {
        "files": "orders/{date}.jsonl",
        "format": "jsonl",
        "columns": [
            *({"name": name, "source_name": written, "type": "string"} for name, written in names.items()),
            {"name": "amount", "source_name": "金额", "type": "decimal(18,2)"},
            {"name": "paid_at", "source_name": "时间", "type": "timestamp"},
        ],
        "maps": [
            {
                "entity": "orders",
                "fields": {
                    "order_id": "no", "ordered_at": "paid_at", "ordered_on": "paid_at", "order_amount": "amount",
                    "currency_code": "currency", "status": "state",
                },
            }
        ],
    }  # fmt: skip
    refunds = {
        "files": "orders/{date}.jsonl",
        "format": "jsonl",
        "each": refund_path,
        "columns": [{"name": "refund", "source_name": f"{refund_path}.号", "type": "string"}],
        "maps": [{"entity": "returns", "fields": {"return_id": "refund"}}],
    }
    source = {"source": "teahouse", "time_zone": "Asia/Hong_Kong", "currency_code": "CNY", "feeds": {"orders": orders, "refunds": refunds}}
    return SourceContract.model_validate(source)


def test_orders_of_two_currencies_are_counted_and_summed_apart_and_every_status_word_is_shown(check: Any) -> None:
    checked = check(teahouse("退款"), orders__2024_06_03_jsonl=TEA)

    assert checked.all_findings == ()
    orders = of(checked, "orders")
    assert [(total.currency, total.rows, total.amounts["order_amount"]) for total in orders.currencies] == [
        ("CNY", 2, "100.00"),
        ("HKD", 1, "100.50"),
    ]
    assert [(status.word, status.rows) for status in orders.statuses] == [("已付款", 2), ("交易关闭", 1)]
    assert [(span.first, span.last) for span in orders.spans if span.column == "ordered_at"] == [
        ("2024-06-01 02:00:00", "2024-06-03 02:00:00")
    ]
    assert of(checked, "returns").rows == 1


def test_a_list_that_is_there_but_empty_is_something_to_look_at(check: Any) -> None:
    checked = check(teahouse("退款"), orders__2024_06_03_jsonl=TEA.replace('[{"号": "r1", "款": "8.00"}]', "[]"))

    assert checked.all_findings == ()
    assert said(checked.all_warnings) == ["refunds: the list 退款 is empty in every object"]


def test_a_list_that_is_nowhere_and_a_file_of_no_feed_are_findings(check: Any) -> None:
    checked = check(teahouse("退货"), orders__2024_06_03_jsonl=TEA, members__2024_06_03_csv="name\nLi\n")

    assert said(checked.all_findings) == [
        "teahouse/members/2024-06-03.csv: matches no feed, so it is never loaded",
        "refunds: moderate: path 退货 is in none of 3 objects",
    ]
