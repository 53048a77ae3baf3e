"""From rows to files: nothing is lost by being late, every injected error is where the truth says, and the same day gives the same bytes."""

import gzip
import json
import re
from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spark_jobs.demo.twin.day import Day, FeedFile, FileColumn, Rows
from spark_jobs.demo.twin.draws import Draws
from spark_jobs.demo.twin.files.delivery import Delivered, Delivery
from spark_jobs.demo.twin.files.writing import OtherSimulationError
from spark_jobs.demo.twin.knobs import FileKnobs

DAYS, PER_DAY = 6, 400
COLUMNS = (
    FileColumn("number", "id", required=True), FileColumn("amount", "money", required=True), FileColumn("phone", "phone"),
    FileColumn("mail", "email"), FileColumn("note"),
)  # fmt: skip
CSV = FeedFile("shop", "sales", COLUMNS, encoding="gb18030")
JSON = FeedFile("shop", "visits", COLUMNS, format="jsonl", compression="none")
HARD = FileKnobs(dirt_share=0.05, duplicate_share=0.05, late_share=0.1, resent_file_share=0.5)


def a_day(number: int) -> Day:
    return cast(Day, SimpleNamespace(number=number, date=date(2024, 1, 1) + timedelta(days=number)))


def rows_of(feed: FeedFile, number: int) -> Rows:
    ids = np.arange(PER_DAY) + number * PER_DAY
    table = pa.table({
        "number": [f"N{each:06d}" for each in ids], "amount": [f"{each % 90}.50" for each in ids],
        "phone": [f"138{each:08d}" if each % 3 else None for each in ids], "mail": [f"m{each}@example.cn" for each in ids],
        "note": ["新鲜, 好吃" if each % 2 else 'say "hi"' for each in ids],
    })  # fmt: skip
    return Rows(feed, table, -ids)  # newest first: the file must turn them round


def delivered(folder: Path, feed: FeedFile, knobs: FileKnobs = HARD, pieces: int = 1) -> list[Delivered]:
    delivery = Delivery(folder, knobs, Draws(3), DAYS)
    days = []
    for number in range(DAYS):
        whole = rows_of(feed, number)
        bounds = np.linspace(0, PER_DAY, pieces + 1).astype(int).tolist()
        parts = [Rows(feed, whole.table.slice(low, high - low), whole.at[low:high]) for low, high in pairwise(bounds)]
        days += delivery.deliver(a_day(number), parts)
    return days


def lines_of(file: Path, feed: FeedFile) -> list[str]:
    raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return raw.decode(feed.encoding).splitlines()


@pytest.mark.parametrize("feed", [CSV, JSON], ids=["csv", "jsonl"])
def test_every_row_arrives_and_counts_agree(tmp_path: Path, feed: FeedFile) -> None:
    days = delivered(tmp_path, feed)
    files = sorted(file for file in (tmp_path / "shop" / feed.feed).iterdir() if "_again" not in file.name)
    texts = [line for file in files for line in lines_of(file, feed)[feed.format == "csv" :]]
    assert len(files) == DAYS and len(texts) == sum(day.delivered for day in days)
    assert sum(day.rows for day in days) == DAYS * PER_DAY
    assert sum(day.delivered for day in days) == DAYS * PER_DAY + sum(day.duplicates for day in days)
    assert sum(day.late for day in days) > 100
    broken = sum(error["column"] == "number" or error["kind"] == "cut line" for day in days for error in day.errors)
    written = {number for line in texts if (number := re.search(r"N\d{6}", line))}
    assert DAYS * PER_DAY - broken <= len({match.group() for match in written}) <= DAYS * PER_DAY


@pytest.mark.parametrize("feed", [CSV, JSON], ids=["csv", "jsonl"])
def test_errors_stand_on_the_line_that_the_truth_names(tmp_path: Path, feed: FeedFile) -> None:
    errors = [error for day in delivered(tmp_path, feed) for error in day.errors]
    kinds = Counter(str(error["kind"]) for error in errors)
    assert {"blank", "garbled money", "phone with country code", "phone in wide digits", "e-mail in capitals"} <= set(kinds)
    for error in errors:
        line = lines_of(tmp_path / "shop" / str(error["file"]), feed)[cast(int, error["line"]) - 1]
        match str(error["kind"]):
            case "garbled money":
                assert "??" in line
            case "phone with country code":
                assert "+86 138-" in line
            case "phone in wide digits":
                assert "\uff18" in line
            case "e-mail in capitals":
                assert "@EXAMPLE.CN" in line
            case "too many fields":
                assert line.endswith(",x")
            case "too few fields":
                assert "," not in line
            case "cut line":
                with pytest.raises(json.JSONDecodeError):
                    json.loads(line)
            case kind:
                assert kind == "blank"


def test_the_same_rows_in_other_pieces_give_the_same_bytes(tmp_path: Path) -> None:
    for name, pieces in (("one", 1), ("many", 7)):
        delivered(tmp_path / name, CSV, pieces=pieces)
    one, many = (sorted((tmp_path / name).rglob("*.gz")) for name in ("one", "many"))
    assert [file.name for file in one] == [file.name for file in many]
    assert all(left.read_bytes() == right.read_bytes() for left, right in zip(one, many, strict=True))
    again = [file for file in one if "_again" in file.name]
    assert again and all(file.read_bytes() == file.with_name(file.name.replace("_again", "")).read_bytes() for file in again)


def test_without_errors_the_file_is_the_table(tmp_path: Path) -> None:
    calm = FileKnobs(dirt_share=0, duplicate_share=0, late_share=0, resent_file_share=0)
    feed = FeedFile("shop", "spend", COLUMNS, format="parquet")
    delivered(tmp_path, feed, calm)
    table: Any = pq.read_table(tmp_path / "shop/spend/spend_20240101.parquet")
    assert table.equals(rows_of(feed, 0).table.take(pa.array(np.arange(PER_DAY)[::-1])).cast(table.schema))


def test_another_simulation_is_not_written_over(tmp_path: Path) -> None:
    delivered(tmp_path, CSV)
    delivered(tmp_path, CSV)  # the same one is
    with pytest.raises(OtherSimulationError, match="another simulation"):
        delivered(tmp_path, CSV, FileKnobs(dirt_share=0.2))
