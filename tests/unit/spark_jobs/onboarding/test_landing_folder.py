"""The landing folder of a source: what no feed matches is named, what is still being copied is not."""

from pathlib import Path

from conf.contracts import SourceContract
from spark_jobs.onboarding.landing_folder import folder_findings

CONTRACT = SourceContract.model_validate(
    {
        "source": "bakery",
        "feeds": {"tills": {"files": "tills/{date}.csv", "format": "csv", "columns": [{"name": "bread", "type": "string"}]}},
    }
)


def _put(landing: Path, *names: str) -> None:
    for name in names:
        file = landing / "bakery" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("bread\nrye\n", encoding="utf-8")


def test_files_that_match_no_feed_are_named_and_unfinished_ones_are_not(tmp_path: Path) -> None:
    _put(tmp_path, "tills/2024-03-01.csv", "tills/20240302.csv", "tills/2024-03-03.csv.part", "till/2024-03-04.csv", ".stfolder/x.csv")

    assert [(finding.where, finding.problem) for finding in folder_findings(tmp_path, CONTRACT)] == [
        ("bakery/till/2024-03-04.csv", "matches no feed, so it is never loaded")
    ]


def test_many_files_of_no_feed_are_counted(tmp_path: Path) -> None:
    _put(tmp_path, *(f"old/{number:02}.txt" for number in range(25)))

    found = folder_findings(tmp_path, CONTRACT)

    assert (len(found), found[-1].problem) == (11, "15 more file(s) match no feed")


def test_a_file_with_an_impossible_date_is_left_to_its_feed(tmp_path: Path) -> None:
    _put(tmp_path, "tills/2024-02-31.csv")

    assert folder_findings(tmp_path, CONTRACT) == []


def test_a_folder_that_is_not_there_is_named_and_so_is_the_folder_inside_which_it_was_looked_for(tmp_path: Path) -> None:
    _put(tmp_path, "tills/2024-03-01.csv")

    (absent,) = folder_findings(tmp_path / "bakery", CONTRACT)

    assert (absent.where, absent.problem) == (str(tmp_path / "bakery" / "bakery"), "no such folder")
    assert "give the one above it" in absent.remedy
