"""Drafts of `cdp source new` against mappings that were written by hand: how many load and are right without an edit.

Not measured by Spark: a draft loads when its contract is valid and the readers of ingest read every row of the files. It is right when it
fills the entities that the mapping fills, by the same key columns, from the same number of rows. Cases and Online Retail are outside of the
repository: CDP_BENCH_CASES and CDP_BENCH_DATA name their folders; what is not there is left out.
"""

import logging
import os
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from conf.contracts import SourceContract, load_contract
from conf.errors import CdpError
from conf.settings import CONF_DIR, Settings
from spark_jobs.demo.land import land
from spark_jobs.demo.twin.knobs import Span, load_knobs
from spark_jobs.demo.twin.simulate import Simulation, simulate
from spark_jobs.ingest.blocks import UnreadableFileError
from spark_jobs.ingest.draft.draft import draft_source
from tests.bench.draft_facts import Facts, differences, drafted_facts, facts_of, read_of
from tests.bench.result import Result

CASES, DATA = "CDP_BENCH_CASES", "CDP_BENCH_DATA"
BAR = 2 / 3
log = logging.getLogger(__name__)

# Files of the cases: their right facts. Key columns are the file's names; `|` stands between alternatives, `+` between parts of a key.
CASE_FACTS: dict[str, tuple[Facts, ...]] = {
    "01-shopify-orders": (Facts("orders_*.csv", {"orders": "Name", "order_items": "Name", "customers": "Email"}),),
    "02-alipay-bill": (Facts("bill_*.csv", {"orders": "交易订单号|商家订单号", "customers": "对方账号"}, rows=6),),
    "04-amazon-settlement": (
        Facts("settlement_*.tsv", {"orders": "order-id", "order_items": "order-id+order-item-code|order-id", "returns": "order-id+order-item-code"}, rows=42),
        Facts("range_us_*.csv", {"orders": "order id"}, may=("order_items", "returns"), rows=3),
    ),
    "05-excel-ids": (
        Facts("orders_*.csv", {"orders": "订单编号", "customers": "买家会员名"}, rows=5),
        Facts("quoted_*.csv", {"orders": "Order No"}, rows=3),
        Facts("customers_*.csv", {"customers": "Customer No"}, rows=2),
        Facts("book_*.xlsx", {"orders": "1"}, rows=3),
    ),
    "07-epoch": (
        Facts("ms_*.csv", {"orders": "order_id"}, rows=4),
        Facts("us_*.csv", {"orders": "order_id"}, rows=4),
    ),
    "08-nested-json": (
        Facts("orders_*.jsonl", {"orders": "id"}, rows=3),
        Facts("orders_*.jsonl", {"order_items": "line_items[].id"}, each="line_items", rows=4),
        Facts("orders_*.jsonl", {"returns": "refunds[].refund_line_items[].id"}, each="refunds.refund_line_items", rows=3),
    ),
    "10-analytics": (Facts("sales_*.csv", {"orders": "order_id", "customers": "customer_id"}, may=("returns",)),),
    "12-currency": (
        Facts("charges*.csv", {"orders": "id"}, rows=10),
        Facts("rates_*.csv", {"exchange_rates": "currency+day"}, rows=1),
    ),
    "14-odd-files": (
        Facts("midnote_*.csv", {}, rows=201),
        Facts("dupheader_*.csv", {"orders": "1"}, may=("order_items",), rows=2),
        Facts("sep_*.csv", {"orders": "order_id"}, rows=2),
        Facts("trailing_*.csv", {"orders": "order_id"}, rows=2),
        Facts("members_*.csv.gz", {}, rows=4),
    ),
    "hostile/coupon-redemption-mask": (
        Facts("*.csv", {"coupon_redemptions": "household_id+coupon_upc+campaign_id+redemption_date"}, rows=2),
    ),
    "hostile/email-nested": (Facts("*.csv", {"customers": "no"}, rows=2),),
    "hostile/redaction-two-feeds": (Facts("*.jsonl", {}, rows=3), Facts("*.jsonl", {}, each="items", rows=9)),
}  # fmt: skip
RETAIL_FACTS = Facts("*.csv", {"orders": "InvoiceNo", "order_items": "InvoiceNo", "customers": "CustomerID"}, may=("returns",))


def measure(settings: Settings) -> list[Result]:
    """The share of right drafts, for each collection of data and in all."""
    collections = {"cases": _cases(), "Online Retail": _retail(), "Complete Journey": _journey(settings), "twin": _twin()}
    right = all_drafts = 0
    details = []
    for name, outcomes in collections.items():
        found = dict(outcomes)
        for draft, wrong in found.items():
            log.info("draft=%s right=%s %s", draft, not wrong, "; ".join(wrong))
        good = sum(not wrong for wrong in found.values())
        details.append(f"{name} {good} of {len(found)}" if found else f"{name} skipped")
        right, all_drafts = right + good, all_drafts + len(found)
    share = right / all_drafts if all_drafts else 0.0
    detail = f"{right} of {all_drafts} feeds: {', '.join(details)}"
    return [Result("Drafts: load and are right without an edit", "≥ 2 of 3", round(100 * share, 1), "%", share >= BAR, detail)]


def _folder(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value) if value and Path(value).is_dir() else None


def _cases() -> Iterator[tuple[str, list[str]]]:
    folder = _folder(CASES)
    for case, expected in CASE_FACTS.items() if folder else ():
        assert folder is not None
        patterns = dict.fromkeys(facts.files for facts in expected)
        files = [file for pattern in patterns for file in sorted((folder / case).glob(pattern))]
        yield from _compared(case, files, expected)


def _retail() -> Iterator[tuple[str, list[str]]]:
    """The file as csv, of the first year's lines as they were published."""
    folder = _folder(DATA)
    if folder is None:
        return
    with TemporaryDirectory() as work:
        file = Path(work) / "online_retail.csv"
        pacsv.write_csv(pq.read_table(folder / "online_retail" / "online_retail_2010_2011.parquet"), file)
        yield from _compared("online_retail", [file], (RETAIL_FACTS,))


def _journey(settings: Settings) -> Iterator[tuple[str, list[str]]]:
    land(settings, until=date(2017, 3, 15))
    yield from _against_mapping(CONF_DIR / "sources" / "complete_journey.yml", settings.lake.landing)


def _twin() -> Iterator[tuple[str, list[str]]]:
    with TemporaryDirectory() as work:
        landing = Path(work) / "landing"
        simulate(Simulation(300, Span(first_day=date(2024, 1, 30), days=40), 4, load_knobs(), 50_000), landing, Path(work) / "truth")
        for mapping in sorted((CONF_DIR / "twin" / "sources").glob("*.yml")):
            yield from _against_mapping(mapping, landing)


def _against_mapping(mapping: Path, landing: Path) -> Iterator[tuple[str, list[str]]]:
    """The draft of a source's landed files against its mapping in the repository; feeds without files are left out."""
    contract = load_contract(mapping)
    folder = landing / contract.source
    expected = []
    for feed in contract.feeds.values():
        pattern = feed.files.replace("{date}", "*").replace("**", "*")
        files = sorted(folder.glob(pattern))
        if files:
            rows = sum(read_of(feed, file).rows for file in files)
            expected.append(facts_of(feed, pattern, rows))
    files = [file for facts in expected for file in sorted(folder.glob(facts.files))]
    yield from _compared(contract.source, files, tuple(expected), contract.time_zone)


def _compared(source: str, files: list[Path], expected: tuple[Facts, ...], time_zone: str | None = None) -> Iterator[tuple[str, list[str]]]:
    """What is wrong about each feed of a draft."""
    if not files:
        return
    try:
        contract = _drafted(files, time_zone)
        reads = {name: [read_of(feed, file) for file in _files_of(feed.files, files)] for name, feed in contract.feeds.items()}
    except (CdpError, UnreadableFileError) as err:
        findings = [str(finding) for finding in err.findings] if isinstance(err, CdpError) else []
        yield from ((f"{source}/{_name(facts)}", [str(err), *findings]) for facts in expected)
        return
    except Exception as err:  # noqa: BLE001 - a traceback is counted as a draft that is not right
        yield from ((f"{source}/{_name(facts)}", [repr(err)]) for facts in expected)
        return
    drafts = drafted_facts(contract, reads)
    for facts in expected:
        yield f"{source}/{_name(facts)}", differences(facts, drafts, [file.name for file in _files_of(facts.files, files)])


def _name(facts: Facts) -> str:
    return facts.files + (f" {facts.each}" if facts.each else "")


def _drafted(files: list[Path], time_zone: str | None) -> SourceContract:
    with TemporaryDirectory() as folder:
        text = draft_source("draft", files, Path(folder) / "landing", time_zone=time_zone).text
        mapping = Path(folder) / "draft.yml"
        mapping.write_text(text, encoding="utf-8")
        if kept := os.environ.get("CDP_BENCH_KEEP"):
            shutil.copy(mapping, Path(kept) / f"{files[0].parent.parent.name}-{files[0].parent.name}.yml")
        return load_contract(mapping)


def _files_of(pattern: str, files: list[Path]) -> list[Path]:
    """The sample files that a pattern reads: by their name, and by their folder where a pattern names it."""
    named = [file for file in files if file.match(pattern.rsplit("/", 1)[-1].replace("{date}", "*"))]
    inside = [file for file in named if file.match(pattern.replace("{date}", "*"))]
    return inside or named
