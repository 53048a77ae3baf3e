"""P2 and P3: ingest of 5 M rows against a bare Spark read and Delta write of the same rows, rules alone, and a re-run."""

import os
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from conf.contracts import SourceContract
from conf.settings import Settings
from spark_jobs.common.delta import table_version
from spark_jobs.common.job import StepContext
from spark_jobs.common.session import engine_session
from spark_jobs.ingest import contract as rules_of
from spark_jobs.ingest.step import ingest
from tests.bench.result import Result

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SOURCE = "bench_till"
ROWS = 5_000_000
WARM_UP_DAY, DAY = date(2024, 1, 4), date(2024, 1, 5)
PEOPLE = 50_000


def contract() -> SourceContract:
    """A till with 21 rules and one tokenised column."""
    number = {"type": "bigint", "required": True, "min": 1}
    money = {"type": "decimal(18,2)", "min": 0, "max": 100000}
    columns = [
        {"name": "receipt", **number},
        {"name": "store", **number},
        {"name": "article", **number},
        {"name": "phone", "type": "string", "pii": "direct", "kind": "phone"},
        {"name": "channel", "type": "string", "required": True, "allowed": ["pos", "web", "app"]},
        {"name": "quantity", "type": "int", "required": True, "min": 0, "max": 1000},
        {"name": "sales", "required": True, **money},
        {"name": "discount", **money},
        {"name": "sold_at", "type": "timestamp", "required": True, "format": "yyyy-MM-dd HH:mm:ss"},
    ]
    rules = [
        {"name": "discount_below_sales", "expr": "discount <= sales + 100"},
        {"name": "sold_in_this_century", "expr": "sold_at >= timestamp'2000-01-01'"},
    ]
    feed = {"files": "till/till_{date}.csv", "format": "csv", "columns": columns, "rules": rules}
    return SourceContract.model_validate({"source": SOURCE, "time_zone": "UTC", "feeds": {"till": feed}})


def generate(file: Path, rows: int) -> None:
    """Write receipts lines; one in a thousand breaks a rule."""
    dice = np.random.default_rng(7)
    file.parent.mkdir(parents=True, exist_ok=True)
    phones = pa.array([f"+86139{number:08d}" for number in range(PEOPLE)])
    sales = np.round(dice.gamma(2, 4, rows), 2)
    sales[::1000] = -1
    table = pa.table(
        {
            "receipt": np.sort(dice.integers(1, rows // 8 + 2, rows)),
            "store": dice.integers(1, 400, rows),
            "article": dice.integers(1, 90_000, rows),
            "phone": phones.take(pa.array(dice.integers(0, PEOPLE, rows))),
            "channel": pa.array(["pos", "web", "app"]).take(pa.array(dice.integers(0, 3, rows))),
            "quantity": dice.integers(1, 9, rows),
            "sales": sales,
            "discount": np.round(dice.random(rows), 2),
            "sold_at": pa.array(dice.integers(1_672_531_200, 1_704_067_200, rows)).cast(pa.timestamp("s")).cast(pa.string()),
        }
    )
    pacsv.write_csv(table, file)


def measure(settings: Settings) -> list[Result]:
    """P2 and P3, after a small ingest that warms the engine."""
    rows = int(os.environ.get("CDP_BENCH_ROWS", ROWS))
    folder = settings.lake.landing / SOURCE / "till"
    with engine_session(settings) as spark:
        generate(folder / f"till_{WARM_UP_DAY}.csv", 20_000)
        ingest(StepContext(spark, settings, WARM_UP_DAY, "bench"), {SOURCE: contract()})
        file = folder / f"till_{DAY}.csv"
        generate(file, rows)
        return _measure(spark, settings, file, rows)


def _measure(spark: "SparkSession", settings: Settings, file: Path, rows: int) -> list[Result]:
    warm = spark.range(0, 100_000, 1, 2).mapInArrow(lambda batches: batches, "id bigint")
    warm.write.format("delta").mode("overwrite").saveAsTable("staging.bench_warm")
    bare = min(_seconds(lambda: _write(_bare(spark, file), "staging.bench_bare")) for _ in range(2))
    rules = min(_seconds(lambda: _write(_with_rules(spark, file), "staging.bench_rules")) for _ in range(2))
    ctx = StepContext(spark, settings, DAY, "bench")
    sources = {SOURCE: contract()}
    first = _seconds(lambda: ingest(ctx, sources))
    tables = (f"bronze.{SOURCE}__till", f"quarantine.{SOURCE}__till", "ops.ingest_manifest", "vault.pii")
    before = [table_version(spark, table) for table in tables]
    again = _seconds(lambda: ingest(ctx, sources))
    unchanged = before == [table_version(spark, table) for table in tables]
    context = f"{rows:,} rows; bare {bare:.1f} s, rules {rules:.1f} s, ingest {first:.1f} s, re-run {again:.2f} s"
    return [
        Result("P2 ingest", "<= 2 x bare read + write", first / bare, "x", first <= 2 * bare, context),
        Result("P2 rules alone", "<= 1.3 x bare read + write", rules / bare, "x", rules <= 1.3 * bare, context),
        Result("P3 re-run", "<= 0.1 x first load, no new version", again / first, "x", again <= 0.1 * first and unchanged, context),
    ]


def _bare(spark: "SparkSession", file: Path) -> "DataFrame":
    types = ", ".join(f"{column.name} {column.type}" for column in contract().feeds["till"].columns)
    return spark.read.schema(types).option("header", True).option("timestampFormat", "yyyy-MM-dd HH:mm:ss").csv(file.as_uri())


def _with_rules(spark: "SparkSession", file: Path) -> "DataFrame":
    feed = contract().feeds["till"]
    text = spark.read.schema(", ".join(f"{name} string" for name in feed.column_names)).option("header", True).csv(file.as_uri())
    place = (
        "cast(null as string) as _pii_rule",
        "'f' as _source_file",
        "0L as _line",
        "'h' as _file_hash",
        "date'2024-01-05' as _known_on",
    )
    checked = rules_of.typed(text.selectExpr("*", *place), feed, "UTC")
    return checked.filter(~rules_of.any_broken(rules_of.rejecting_rules(feed))).select(*feed.column_names)


def _write(frame: "DataFrame", table: str) -> None:
    frame.write.format("delta").mode("overwrite").saveAsTable(table)


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
