"""Which landed files are new, copies or changed, decided from their names, dates and content."""

import os
from datetime import date
from pathlib import Path

import pytest

from conf.contracts import Feed
from spark_jobs.ingest.landing import KnownFile, LandedFile, decide, is_as_found, landed_files

LAST_DAY = date(2024, 1, 31)


def _feed(files: str) -> Feed:
    return Feed.model_validate({"files": files, "format": "csv", "columns": [{"name": "a", "type": "string"}]})


class Landing:
    """A landing folder with one feed, and what its manifest would know of it."""

    def __init__(self, folder: Path, files: str = "{date}*.csv") -> None:
        self.folder, self.feed = folder, _feed(files)
        self.known: list[KnownFile] = []

    def land(self, **files: str) -> None:
        """Deliver files: day of January (and a suffix) → content."""
        for name, content in files.items():
            file = self.folder / "shop" / f"2024-01-{name.removeprefix('d')}.csv"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)

    def night(self) -> tuple[list[str], list[str]]:
        """Load what is new; the names of new files and of copies."""
        files, _ = landed_files(self.folder, "shop", self.feed, LAST_DAY)
        decision = decide(files, self.known, self.folder)
        for landed in (*decision.new, *decision.copies):
            is_copy = landed in decision.copies
            self.known.append(KnownFile(landed.file, landed.hash, landed.size, landed.modified_at_ns, landed.delivered_on, is_copy))
        return _days(decision.new), _days(decision.copies)


def _days(files: list[LandedFile]) -> list[str]:
    return [landed.file.removeprefix("shop/2024-01-").removesuffix(".csv") for landed in files]


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path)


def test_a_state_that_comes_back_is_news(landing: Landing) -> None:
    landing.land(d01="ten", d02="nine", d03="ten", d04="ten")

    assert landing.night() == (["01", "02", "03"], ["04"])
    assert landing.night() == ([], [])


def test_a_state_that_comes_back_night_by_night_is_news(landing: Landing) -> None:
    found = []
    for day, content in {"d01": "ten", "d02": "nine", "d03": "ten", "d04": "ten", "d05": "nine"}.items():
        landing.land(**{day: content})
        found.append(landing.night())

    assert found == [(["01"], []), (["02"], []), (["03"], []), ([], ["04"]), (["05"], [])]


def test_the_same_content_sent_again_for_its_day_is_a_copy_whatever_came_in_between(landing: Landing) -> None:
    landing.land(d01="ten", d01b="nine", d01c="ten", d02="eight")

    assert landing.night() == (["01", "01b", "02"], ["01c"])


def test_a_copy_becomes_news_once_a_late_file_has_come_in_between(landing: Landing) -> None:
    landing.land(d01="ten", d03="ten")
    assert landing.night() == (["01"], ["03"])

    landing.land(d02="nine")

    assert landing.night() == (["02", "03"], [])
    assert landing.night() == ([], [])


def test_without_dates_equal_content_is_always_a_copy(tmp_path: Path) -> None:
    landing = Landing(tmp_path, "*.csv")
    landing.land(d01="ten", d02="nine", d03="ten")

    assert landing.night() == (["01", "02"], ["03"])


def test_other_content_under_a_known_name_says_what_to_do_also_when_it_was_half_copied(landing: Landing) -> None:
    landing.land(d01="ten,half")
    landing.night()
    landing.land(d01="ten,half and the rest")

    files, _ = landed_files(landing.folder, "shop", landing.feed, LAST_DAY)
    finding = decide(files, landing.known, landing.folder).bad[0].finding

    assert finding.problem == "its content changed after it was loaded"
    assert "new name" in finding.remedy
    assert "while it was being copied" in finding.remedy


def test_names_of_unfinished_files_match_no_pattern(tmp_path: Path) -> None:
    for name in (".2024-01-01.csv", "2024-01-02.csv.part", "2024-01-03.csv.TMP", "2024-01-04.csv", ".rsync/2024-01-05.csv"):
        (tmp_path / "shop" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "shop" / name).write_text("x")

    for pattern in ("**/*{date}*", "**/*"):
        files, findings = landed_files(tmp_path, "shop", _feed(pattern), LAST_DAY)
        assert ([landed.file for landed in files], findings) == (["shop/2024-01-04.csv"], [])


def test_a_file_that_grew_was_touched_or_went_is_not_as_it_was_found(landing: Landing) -> None:
    landing.land(d01="ten")
    landed = landed_files(landing.folder, "shop", landing.feed, LAST_DAY)[0][0]
    file = landing.folder / landed.file
    assert is_as_found(landed, landing.folder)

    os.utime(file, ns=(0, landed.modified_at_ns + 1))
    assert not is_as_found(landed, landing.folder)
    file.write_text("eleven")
    os.utime(file, ns=(0, landed.modified_at_ns))
    assert not is_as_found(landed, landing.folder)
    file.unlink()
    assert not is_as_found(landed, landing.folder)


def test_a_file_whose_name_is_in_gbk_is_a_finding_and_the_others_are_found(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    for name in ("订单_2024-01-02.csv".encode("gbk"), "订单_2024-01-03.csv".encode()):
        Path(os.fsdecode(os.path.join(os.fsencode(folder), name))).write_text("a\n1\n")  # noqa: PTH118 - bytes

    files, bad = landed_files(tmp_path, "shop", _feed("*_{date}.csv"), LAST_DAY)

    assert [landed.file for landed in files] == ["shop/订单_2024-01-03.csv"]
    finding = bad[0].finding
    assert finding.problem == "its name is not UTF-8"
    assert str(finding).encode("utf-8")
