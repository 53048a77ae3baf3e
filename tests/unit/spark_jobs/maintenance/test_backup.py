"""The copy of a lake that is made before an upgrade."""

from pathlib import Path

import pytest

from spark_jobs.maintenance.backup import copy_lake


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    files = {
        "warehouse/silver/orders/part-0.parquet": "rows",
        "warehouse/silver/orders/_delta_log/_last_checkpoint": "old",
        "metastore/db/seg0/c10.dat": "catalogue",
        "keys/pii.k1.key": "secret",
        "ingest/tables": "hash",
        "ingest/staging/shop__till/rows/part-0.parquet": "staged",
        "landing/shop/till.csv": "delivered",
        "engine/lock": "",
        "format.json": '{"version": 1}',
    }
    for name, text in files.items():
        file = tmp_path / "lake" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path / "lake"


def names(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def test_a_copy_holds_what_an_upgrade_may_change_and_nothing_else(lake: Path) -> None:
    copy = copy_lake(lake, lake / "backups" / "format-1")

    assert names(copy) == [
        "format.json",
        "ingest/tables",
        "keys/pii.k1.key",
        "metastore/db/seg0/c10.dat",
        "warehouse/silver/orders/_delta_log/_last_checkpoint",
        "warehouse/silver/orders/part-0.parquet",
    ]


def test_parquet_takes_no_space_and_what_is_rewritten_in_place_is_a_file_of_its_own(lake: Path) -> None:
    copy = copy_lake(lake, lake / "backups" / "format-1")
    log = Path("warehouse/silver/orders/_delta_log/_last_checkpoint")
    with (lake / log).open("r+", encoding="utf-8") as file:
        file.write("new")

    assert (lake / "warehouse/silver/orders/part-0.parquet").stat().st_nlink == 2
    assert (copy / log).read_text(encoding="utf-8") == "old"


def test_what_a_killed_copy_left_is_not_taken_for_a_copy(lake: Path) -> None:
    left = lake / "backups" / ".format-1" / "warehouse" / "silver" / "gone" / "part-9.parquet"
    left.parent.mkdir(parents=True)
    left.touch()

    copy = copy_lake(lake, lake / "backups" / "format-1")

    assert "warehouse/silver/gone/part-9.parquet" not in names(copy)
    assert not (lake / "backups" / ".format-1").exists()
