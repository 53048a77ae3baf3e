"""What `cdp status` says, from Delta tables alone."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from conf.settings import Lake, Settings
from spark_jobs.nightly.records import FeedQuality, feed_quality

DAY, LATER = date(2017, 12, 30), date(2017, 12, 31)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("CDP_LAKE__ROOT", str(tmp_path))
    return Settings(lake=Lake(root=tmp_path))


def test_what_was_replayed_counts_as_valid_and_not_as_a_file(here: Settings) -> None:
    # given two files, a copy, a file that failed, and a replay of two of the three rejected rows
    entry = {"source": "till", "feed": "receipts"}
    manifest = [
        entry | {"status": "loaded", "rows_in": 10, "rows_valid": 8, "rows_quarantined": 2, "known_on": DAY},
        entry | {"status": "loaded", "rows_in": 5, "rows_valid": 4, "rows_quarantined": 1, "known_on": DAY},
        entry | {"status": "duplicate", "rows_in": 0, "rows_valid": 0, "rows_quarantined": 0, "known_on": LATER},
        entry | {"status": "failed", "rows_in": 7, "rows_valid": 7, "rows_quarantined": 0, "known_on": LATER},
        entry | {"status": "replayed", "rows_in": 0, "rows_valid": 2, "rows_quarantined": -2, "known_on": LATER},
    ]
    write_deltalake(here.lake.warehouse / "ops" / "ingest_manifest", pa.Table.from_pylist(manifest))

    # when and then
    assert feed_quality(here) == [FeedQuality("till.receipts", 2, 15, 14, 1, DAY)]
