"""A simulation as a whole: the same options give the same bytes, in files and truth, and an interrupted one leaves no half truth."""

import hashlib
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from conf.errors import ConfigError
from conf.settings import CONF_DIR, settings
from spark_jobs.demo.twin.cli import app
from spark_jobs.demo.twin.day import Day
from spark_jobs.demo.twin.files.writing import OtherSimulationError
from spark_jobs.demo.twin.knobs import Span, load_knobs
from spark_jobs.demo.twin.simulate import Simulation, simulate
from spark_jobs.demo.twin.truth.folder import NotATruthError


def bytes_of(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.rglob("*")) if file.is_file()
    }


def what(seed: int = 4, at_once: int = 50_000) -> Simulation:
    return Simulation(700, Span(first_day=date(2024, 1, 30), days=4), seed, load_knobs(), at_once)


def test_the_same_seed_gives_the_same_bytes_in_any_chunks_and_another_seed_others(tmp_path: Path) -> None:
    for name, simulation in {"one": what(), "chunks": what(at_once=97), "other": what(seed=5)}.items():
        simulate(simulation, tmp_path / name / "landing", tmp_path / name / "truth")
    one, chunks, other = (bytes_of(tmp_path / name) for name in ("one", "chunks", "other"))
    assert one == chunks
    same = {name for name in one.keys() & other.keys() if one[name] == other[name]}
    assert len(one) > 100 and not [name for name in same if "landing" in name and "weather" not in name]


def test_the_truth_holds_every_order_and_identifier_that_files_name(tmp_path: Path) -> None:
    summary = simulate(what(), tmp_path / "landing", tmp_path / "truth")
    told = {folder.name: pq.read_table(folder).to_pandas() for folder in (tmp_path / "truth").iterdir() if folder.is_dir()}
    assert summary.rows == told["feed_days"].delivered_rows.sum()
    assert len(told["injected_errors"]) == told["feed_days"].dirty_rows.sum()
    assert set(told["churn"].person_id) == set(told["persons"].person_id) == set(range(700))
    assert told["orders"].order_number.is_unique
    assert (told["orders"].amount >= told["orders"].delivery_fee).all()
    by_category = told["category_purchases"].dropna()
    assert (by_category.next_purchased_on > by_category.purchased_on).all()
    tags = told["tags"].dropna(subset=["valid_to"])
    assert (tags.valid_to > tags.valid_from).all()


def test_an_interrupted_simulation_leaves_the_old_truth(tmp_path: Path) -> None:
    def stop(day: Day) -> None:
        if day.number == 2:
            raise KeyboardInterrupt

    simulate(what(), tmp_path / "landing", tmp_path / "truth")
    before = bytes_of(tmp_path / "truth")
    with pytest.raises(KeyboardInterrupt):
        simulate(what(), tmp_path / "landing", tmp_path / "truth", stop)
    assert bytes_of(tmp_path / "truth") == before
    assert [folder.name for folder in tmp_path.iterdir() if folder.name.startswith(".")] == []


def test_the_command_says_what_it_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_CONF", str(CONF_DIR / "twin"))
    monkeypatch.setenv("CDP_LAKE__ROOT", str(tmp_path))
    settings.cache_clear()
    done = CliRunner().invoke(app, ["--customers", "300", "--days", "2", "--out", str(tmp_path / "l"), "--truth", str(tmp_path / "t")])
    settings.cache_clear()
    assert done.exit_code == 0, done.output
    assert "twin_pos" in done.output and "rows a second" in done.output
    assert (tmp_path / "t/run.json").is_file()


def test_knobs_are_checked_with_line_and_remedy(tmp_path: Path) -> None:
    (tmp_path / "knobs.yml").write_text("people:\n  typing_eror_share: 0.5\ncalendar: {time_zone: America/New_York}\n")
    with pytest.raises(ConfigError) as caught:
        load_knobs(tmp_path / "knobs.yml")
    findings = "\n".join(map(str, caught.value.findings))
    assert "knobs.yml:2" in findings and "did you mean 'typing_error_share'" in findings
    assert "has summer time" in findings


def test_another_simulation_is_refused_before_its_first_file(tmp_path: Path) -> None:
    simulate(what(), tmp_path / "landing", tmp_path / "truth")
    before = bytes_of(tmp_path)
    later = Simulation(700, Span(first_day=date(2024, 2, 3), days=4), 5, load_knobs())  # no file of it has the name of one that is there

    with pytest.raises(OtherSimulationError, match="another simulation"):
        simulate(later, tmp_path / "landing", tmp_path / "truth")

    assert bytes_of(tmp_path) == before


def test_a_folder_that_is_no_truth_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "thesis.txt").write_text("years")

    with pytest.raises(NotATruthError, match="no truth"):
        simulate(what(), tmp_path / "landing", tmp_path / "papers")

    assert (tmp_path / "papers" / "thesis.txt").read_text() == "years"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--out", "{}/a"], "--truth"),
        (["--out", "{}/a", "--truth", "{}/a/truth"], "cannot lie there"),
        (["--out", "{}/a/b", "--truth", "{}/a"], "cannot lie there"),
        (["--seed", "99999999999999999999"], "seed"),
    ],
)
def test_a_place_that_would_cost_files_is_refused(arguments: list[str], says: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--customers", "100", "--days", "1", *(each.format(tmp_path) for each in arguments)])

    assert result.exit_code != 0
    assert says in result.output + str(result.exception)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("seed", [2, 3])
def test_a_day_without_orders_is_a_day(seed: int, tmp_path: Path) -> None:
    few = Simulation(3, Span(first_day=date(2024, 1, 1), days=12), seed, load_knobs())

    simulate(few, tmp_path / "landing", tmp_path / "truth")

    ordered = pq.read_table(tmp_path / "truth" / "orders").to_pandas().ordered_on.nunique()
    assert ordered < 12
