"""What gave nothing is a figure, and a mart that has become empty is not published."""

import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from conf.contracts import SourceContract
from conf.errors import QualityError
from conf.settings import Lake, Quality, Settings
from spark_jobs.publish.emptiness import check_not_emptied, check_required, measured_emptiness
from spark_jobs.publish.measures import Measure, news
from spark_jobs.publish.publications import Published

BEFORE, DAY = date(2024, 5, 1), date(2024, 5, 2)
FEED = {
    "files": "loans/loans_{date}.jsonl",
    "format": "jsonl",
    "columns": [{"name": "number", "type": "string"}, {"name": "note", "type": "string"}, {"name": "phone", "type": "string"}],
    "maps": [{"entity": "customers", "where": "false", "fields": {"source_customer_id": "number"}}],
}


def library(**feeds: dict[str, Any]) -> dict[str, SourceContract]:
    return {"library": SourceContract.model_validate({"source": "library", "feeds": {"loans": FEED} | feeds})}


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    """A library's lake: one file of loans, whose notes are empty and whose phone has a misspelled path, and no customer from it."""
    settings = Settings().model_copy(update={"lake": Lake(root=tmp_path)})
    entry = {"source": "library", "feed": "loans", "file": "library/loans/loans_2024-05-02.jsonl", "status": "loaded", "known_on": DAY}
    text = "safe: column x is not declared; moderate: path contact.fone is in none of 2 objects"
    manifest = [entry | {"rows_in": 2, "rows_valid": 2, "message": text, "loaded_at": datetime(2024, 5, 3, tzinfo=UTC)}]
    write_deltalake(settings.lake.warehouse / "ops" / "ingest_manifest", pa.Table.from_pylist(manifest))
    nothing = pa.array([None, None], pa.string())
    bronze = pa.table({"number": ["1", "2"], "note": nothing, "phone": nothing})
    write_deltalake(settings.lake.warehouse / "bronze" / "library__loans", bronze)
    write_deltalake(settings.lake.warehouse / "silver" / "customers", pa.table({"source_customer_id": pa.array([], pa.string())}))
    land(settings, "library/loans/loans_2024-05-02.jsonl")
    return settings


def land(settings: Settings, name: str) -> None:
    file = settings.lake.landing / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("{}\n", encoding="utf-8")


def figures(settings: Settings, sources: dict[str, SourceContract]) -> list[Measure]:
    with news(settings, BEFORE, DAY) as told:
        return measured_emptiness(told, settings, sources)


def test_paths_columns_and_maps_that_gave_nothing_are_warned_about(here: Settings) -> None:
    found = figures(here, library())

    assert [(each.rule, each.feed, each.entity, each.rows_checked, each.rows_failed, each.status) for each in found] == [
        ("path contact.fone is in none of the objects", "loans", None, 1, 1, "warn"),
        ("never_filled: note, phone", "loans", None, 3, 2, "warn"),
        ("maps_gave_no_rows", None, "customers", 2, 2, "warn"),
    ]
    check_required(found)


def test_feeds_without_files_are_warned_about_and_required_ones_stop(here: Settings) -> None:
    fines = FEED | {"files": "fines/*.jsonl", "maps": []}
    optional = figures(here, library(fines=fines))
    required = figures(here, library(fines=fines | {"required": True}))

    assert [(each.feed, each.status) for each in optional if each.rule == "never_delivered"] == [("fines", "warn")]
    check_required(optional)
    with pytest.raises(QualityError, match=r"library\.fines: is required and never had a file → deliver it"):
        check_required(required)


def test_files_that_match_no_feed_are_named(here: Settings) -> None:
    of_a_gbk_system = os.fsdecode("借阅".encode("gbk"))
    for name in (
        f"{of_a_gbk_system}/b.csv",
        "library/Loans/loans_2024-05-03.jsonl",
        "library/loans/loans_2024-05-04.jsonl.part",
        "archive_of_ann/a.csv",
    ):
        land(here, name)

    found = [each for each in figures(here, library()) if each.rule.startswith("matches_no_feed")]

    assert [(each.source, each.rule, each.rows_checked, each.rows_failed) for each in found] == [
        ("archive_of_ann", "matches_no_feed: a.csv", 1, 1),
        ("library", "matches_no_feed: Loans/loans_2024-05-03.jsonl", 2, 1),
        ("\\udcbd\\udce8\\udcd4\\udcc4", "matches_no_feed: b.csv", 1, 1),
    ]


def test_a_mart_that_has_become_empty_is_published_only_when_somebody_says_so(here: Settings) -> None:
    # given a mart with a row, which the next night builds without rows, and one that was always empty
    full, empty = pa.table({"loan_id": ["l1"]}), pa.table({"loan_id": pa.array([], pa.string())})
    folder = here.lake.warehouse / "gold_build"
    for name, rows in (("fct_loans", full), ("fct_fines", empty)):
        write_deltalake(folder / name, rows)
        write_deltalake(folder / name, empty, mode="overwrite")
    assert DeltaTable(folder / "fct_loans").version() == 1
    before, now = ([Published(name, version, "") for name in ("fct_fines", "fct_loans")] for version in (0, 1))

    # when and then
    with pytest.raises(QualityError) as caught:
        check_not_emptied(here, before, now)
    assert [finding.where for finding in caught.value.findings] == ["gold.fct_loans"]
    assert "--allow-empty-gold" in caught.value.findings[0].remedy
    check_not_emptied(here, before, before)
    check_not_emptied(here.model_copy(update={"quality": Quality(allow_empty_gold=True)}), before, now)
