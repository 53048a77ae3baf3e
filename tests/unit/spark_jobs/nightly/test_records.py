"""What `cdp status` says, from Delta tables alone."""

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from rich.console import Console

from conf.settings import Lake, Settings
from spark_jobs.nightly.records import FeedQuality, feed_quality
from spark_jobs.nightly.summary import show_status
from spark_jobs.privacy.erasure.work import erasures_folder

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


def test_requests_that_wait_and_erasures_that_were_begun_are_to_be_looked_at(here: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    # given one late request, one that was answered, an erasure that was killed, and a step that ran
    def request(request_id: str, position: int, state: str) -> dict[str, object]:
        texts = {"customer_id": "c_1", "actor": "ann", "reason": None, "result": None}
        return texts | {
            "request_id": request_id, "position": position, "kind": "access", "state": state, "changed_on": DAY, "due_on": LATER,
        }  # fmt: skip

    requests = [request("r1", 2, "verified"), request("r2", 1, "received"), request("r1", 1, "received"), request("r2", 2, "refused")]
    write_deltalake(here.lake.warehouse / "ops" / "privacy_requests", _table(requests))
    begun = erasures_folder(here) / "open" / "e1"
    begun.mkdir(parents=True)
    (begun / "asked").touch()
    step = {
        "step": "publish",
        "business_date": DAY,
        "status": "done",
        "seconds": 1.0,
        "started_at": datetime(2017, 12, 31, tzinfo=UTC),
        "message": None,
    }
    write_deltalake(here.lake.warehouse / "ops" / "runs", _table([step]))

    # when
    show_status(Console(width=200), here)

    # then
    assert [line for line in capsys.readouterr().out.splitlines() if line.startswith("look at")] == [
        "look at: erasure e1 is not finished: cdp privacy erase --resume",
        "look at: access request r1 is late, verified, to be answered by 2017-12-31: cdp privacy request list",
    ]


def _table(rows: list[dict[str, object]]) -> pa.Table:
    """Rows as a table; columns without a value are texts."""
    table = pa.Table.from_pylist(rows)
    return table.cast(pa.schema([field.with_type(pa.string()) if pa.types.is_null(field.type) else field for field in table.schema]))
