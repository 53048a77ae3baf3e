"""What `cdp status` says, from Delta tables alone."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from rich.console import Console

from conf.settings import Lake, Settings
from spark_jobs.common.gold_views import note_views
from spark_jobs.common.lake_format import mark_new_lake, write_version
from spark_jobs.nightly.failure import last_failure, noted_failure
from spark_jobs.nightly.records import FeedQuality, feed_quality, set_aside, views_behind
from spark_jobs.nightly.summary import show_status
from spark_jobs.privacy.erasure.work import erasures_folder

DAY, LATER = date(2017, 12, 30), date(2017, 12, 31)


def _new_lake(root: Path) -> Settings:
    settings = Settings(lake=Lake(root=root))
    mark_new_lake(settings)
    return settings


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("CDP_LAKE__ROOT", str(tmp_path))
    return _new_lake(tmp_path)


def test_what_was_replayed_counts_as_valid_and_not_as_a_file(here: Settings) -> None:
    # given two files, a copy, a file that failed, and a replay of two of the three rejected rows
    entry = {"source": "till", "feed": "receipts", "file": "till/a.csv", "loaded_at": datetime(2017, 12, 31, tzinfo=UTC)}
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


def test_a_file_is_set_aside_until_it_is_loaded_or_withdrawn(here: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    # given three files that were set aside, of which one was loaded later, one was withdrawn, and one was set aside once more
    def entry(file: str, status: str, hour: int, message: str | None = None) -> dict[str, object]:
        loaded_at = datetime(2017, 12, 31, hour, tzinfo=UTC)
        counts = dict.fromkeys(("rows_in", "rows_valid", "rows_quarantined"), 0)
        return counts | {
            "source": "bakery", "feed": "slips", "file": file, "status": status, "message": message, "known_on": DAY, "loaded_at": loaded_at,
            "business_date": LATER,
        }  # fmt: skip

    manifest = [
        entry("again.csv", "set_aside", 3, "not a complete gzip file → deliver it again"),
        entry("again.csv", "set_aside", 1, "no column amount → deliver it"),
        entry("loaded.csv", "set_aside", 1, "no column amount → deliver it"),
        entry("loaded.csv", "loaded", 2),
        entry("gone.csv", "set_aside", 1, "no column amount → deliver it"),
        entry("gone.csv", "withdrawn", 2, "is not in landing any more"),
    ]
    write_deltalake(here.lake.warehouse / "ops" / "ingest_manifest", pa.Table.from_pylist(manifest))
    step = {"run_id": "r", "business_date": LATER, "step": "ingest", "status": "ok", "seconds": 1.0, "message": None}
    write_deltalake(here.lake.warehouse / "ops" / "runs", pa.Table.from_pylist([step | {"started_at": datetime(2017, 12, 31, tzinfo=UTC)}]))

    # when
    show_status(Console(width=200), here)

    # then only the one that waits is named, with its latest reason
    assert set_aside(here) == [("bakery.slips", "again.csv", "not a complete gzip file → deliver it again")]
    shown = capsys.readouterr().out
    assert "look at: again.csv of bakery.slips is set aside: not a complete gzip file → deliver it again" in shown
    assert "Nothing to look at" not in shown


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


RUN = {
    "step": "spark_jobs.publish.step",
    "business_date": DAY,
    "status": "ok",
    "seconds": 1.0,
    "started_at": datetime(2017, 12, 31, tzinfo=UTC),
    "message": None,
}


def _status(here: Settings, capsys: pytest.CaptureFixture[str]) -> list[str]:
    show_status(Console(width=250), here)
    return [line for line in capsys.readouterr().out.splitlines() if line.startswith(("look at", "Nothing"))]


def test_views_that_show_an_earlier_night_than_the_publication_are_to_be_looked_at(
    here: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    # given two publications; the views were moved by the first
    def published(name: str, version: int, hour: int) -> dict[str, object]:
        return {"business_date": DAY, "table_name": name, "version": version, "published_at": datetime(2018, 1, 1, hour, tzinfo=UTC)}

    first = [published("dim_a", 1, 1), published("dim_b", 4, 1)]
    second = [published("dim_a", 2, 2), published("dim_b", 4, 2)]
    write_deltalake(here.lake.warehouse / "ops" / "publications", _table(first + second))
    write_deltalake(here.lake.warehouse / "ops" / "runs", _table([RUN]))
    here.lake.metastore.mkdir()
    assert views_behind(here) == [], "an old lake noted no views"

    note_views(here, {"dim_a": 1, "dim_b": 4})
    behind = _status(here, capsys)
    note_views(here, {"dim_a": 2, "dim_b": 4})
    equal = _status(here, capsys)

    assert behind == ["look at: 1 views of gold show an earlier night than the last publication: run the same date again"]
    assert equal == ["Nothing to look at."]


def test_a_run_that_ended_without_a_record_is_to_be_looked_at_until_one_succeeds(
    here: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    write_deltalake(here.lake.warehouse / "ops" / "runs", _table([RUN]))
    with pytest.raises(OSError, match="space"), noted_failure(here, LATER):
        raise OSError(28, "No space left on device", str(here.lake.warehouse))
    failed = _status(here, capsys)
    with pytest.raises(KeyboardInterrupt), noted_failure(here, DAY):
        raise KeyboardInterrupt
    stopped = _status(here, capsys)
    with noted_failure(here, DAY):
        inside = last_failure(here)

    again = "correct the cause, then: cdp run --date"
    assert failed == [f"look at: the run of {LATER} did not end well: the disk is full: No space left on device; {again} {LATER}"]
    assert stopped == [f"look at: the run of {DAY} did not end well: the run was stopped; {again} {DAY}"]
    assert inside is not None and inside.message == "the run was killed"
    assert _status(here, capsys) == ["Nothing to look at."]


def test_a_stored_share_below_zero_is_shown_as_zero(here: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    figure = {
        "business_date": DAY, "source": "till", "feed": None, "entity": None, "column_name": None, "dimension": "validity", "rule": "all",
        "rows_checked": 11, "rows_failed": 1, "pass_rate": 0.9, "observed": None, "threshold": -3.5455, "status": "ok",
    }  # fmt: skip
    write_deltalake(here.lake.warehouse / "ops" / "data_quality", _table([figure]))
    write_deltalake(here.lake.warehouse / "ops" / "runs", _table([RUN]))

    show_status(Console(width=200), here)

    shown = capsys.readouterr().out
    assert "90.00%" in shown and " 0.00%" in shown and "-354" not in shown


def _mounted(folder: Path, options: str) -> bool:
    folder.mkdir()
    return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], check=False, capture_output=True).returncode == 0


def test_a_lake_of_an_older_release_is_to_be_looked_at(here: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    write_version(here, 1)
    write_deltalake(here.lake.warehouse / "ops" / "runs", _table([RUN]))

    [said] = _status(here, capsys)

    assert said.startswith("look at: the lake was made by an older release")
    assert said.endswith("run: cdp upgrade")


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """A lake on a disk of its own of 4 MB."""
    folder = tmp_path / "disk"
    if not _mounted(folder, "size=4m"):
        pytest.skip("may not mount a disk")
    monkeypatch.setenv("CDP_LAKE__ROOT", str(folder))
    yield _new_lake(folder)
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_still_takes_the_note_and_status_names_both(small_disk: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    folder = small_disk.lake.root
    write_deltalake(small_disk.lake.warehouse / "ops" / "runs", _table([RUN]))

    with pytest.raises(OSError, match="space"), noted_failure(small_disk, LATER):
        (folder / "big").write_bytes(bytes(8 << 20))

    said = _status(small_disk, capsys)
    assert len(said) == 2
    assert said[0].startswith(f"look at: the disk is full: No space left on device; {folder}: cannot grow → free disk space")
    assert said[1].startswith(f"look at: the run of {LATER} did not end well: the disk is full")


def test_a_lake_that_cannot_be_written_is_named_by_status(small_disk: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    folder = small_disk.lake.root
    write_deltalake(small_disk.lake.warehouse / "ops" / "runs", _table([RUN]))
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)

    [said] = _status(small_disk, capsys)

    assert said.startswith(f"look at: a file or folder cannot be used: Read-only file system; {folder}: access is refused")


def test_unknown_statuses_and_empty_results_are_to_be_looked_at(here: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    # given a night with a word that nobody knows and a feed that never came
    empty = dict.fromkeys(("source", "feed", "entity", "column_name", "rows_checked", "rows_failed", "pass_rate", "observed", "threshold"))
    figures = [
        empty | {"source": "florist", "dimension": "statuses", "rule": "unknown: versandt", "rows_checked": 100, "pass_rate": 0.97},
        empty | {"source": "florist", "feed": "fines", "dimension": "emptiness", "rule": "never_delivered", "observed": 0.0},
    ]
    schema = pa.schema([
        *((name, pa.string()) for name in ("source", "feed", "entity", "column_name", "dimension", "rule", "status")),
        *((name, pa.int64()) for name in ("rows_checked", "rows_failed")),
        *((name, pa.float64()) for name in ("pass_rate", "observed", "threshold")), ("business_date", pa.date32()),
    ])  # fmt: skip
    rows = [row | {"business_date": LATER, "status": "warn"} for row in figures]
    write_deltalake(here.lake.warehouse / "ops" / "data_quality", pa.Table.from_pylist(rows, schema=schema))
    step = {"run_id": "r", "business_date": LATER, "step": "publish", "status": "ok", "seconds": 1.0, "message": None}
    write_deltalake(here.lake.warehouse / "ops" / "runs", pa.Table.from_pylist([step | {"started_at": datetime(2017, 12, 31, tzinfo=UTC)}]))

    # when
    show_status(Console(width=200), here)

    # then
    shown = capsys.readouterr().out
    assert "statuses: unknown: versandt" in shown
    assert "emptiness: never_delivered" in shown
    assert "look at: 2 figures about empty results and unknown statuses: cdp quality" in shown
    assert "Nothing to look at" not in shown
