"""The format version of a lake: who may write to it."""

from pathlib import Path

import pytest

from conf.settings import Lake, Settings
from spark_jobs.common.lake_format import FORMAT_VERSION, LakeFormatError, format_error, lake_version, mark_new_lake, write_version
from spark_jobs.common.writer import one_writer


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("CDP_LAKE__ROOT", str(tmp_path / "lake"))
    return Settings(lake=Lake(root=tmp_path / "lake"))


def with_table(settings: Settings) -> Settings:
    (settings.lake.warehouse / "ops" / "runs" / "_delta_log").mkdir(parents=True)
    return settings


def test_the_first_writer_gives_a_new_lake_the_format_of_today(here: Settings) -> None:
    assert lake_version(here) is None

    with one_writer(here, "a run"):
        pass

    assert lake_version(here) == FORMAT_VERSION == 2


def test_a_lake_with_tables_and_without_a_format_file_is_of_version_1_and_nobody_writes_to_it(here: Settings) -> None:
    with_table(here)
    mark_new_lake(here)

    with pytest.raises(LakeFormatError) as refused, one_writer(here, "a run"):
        pytest.fail("wrote to an old lake")

    assert lake_version(here) == 1
    assert [(found.problem, found.remedy) for found in refused.value.findings] == [
        ("has format 1, this release writes format 2", "run: cdp upgrade")
    ]


def test_a_refused_writer_does_not_keep_the_lock(here: Settings) -> None:
    with_table(here)
    with pytest.raises(LakeFormatError), one_writer(here, "a run"):
        pytest.fail("wrote to an old lake")
    write_version(here, FORMAT_VERSION)

    with one_writer(here, "another run", wait_seconds=0):
        pass


def test_the_upgrade_may_write_to_an_old_lake(here: Settings) -> None:
    with one_writer(with_table(here), "upgrade", any_format=True):
        assert lake_version(here) == 1


def test_a_lake_of_a_newer_release_is_left_alone(here: Settings) -> None:
    write_version(here, 3)

    with pytest.raises(LakeFormatError, match="newer release") as refused, one_writer(here, "a run"):
        pytest.fail("wrote to a newer lake")

    assert [found.remedy for found in refused.value.findings] == ["install the release that made it, or a newer one"]


@pytest.mark.parametrize(
    "text", ["", "2", "[]", "{}", '{"version": "2"}', '{"version": true}', '{"version": 0}', '{"version": null}', "\x00"]
)
def test_a_damaged_format_file_is_a_finding_and_is_not_overwritten(here: Settings, text: str) -> None:
    here.lake.root.mkdir()
    file = here.lake.root / "format.json"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(LakeFormatError, match="format is unknown"), one_writer(here, "a run"):
        pytest.fail("wrote to a lake of unknown format")

    assert file.read_text(encoding="utf-8") == text
    assert str(format_error(here)).endswith("is not a format file → restore it from the lake's backup")


def test_bytes_that_are_no_text_are_a_damaged_format_file_too(here: Settings) -> None:
    here.lake.root.mkdir()
    (here.lake.root / "format.json").write_bytes(b"\xff\xfe{")

    with pytest.raises(LakeFormatError, match="format is unknown"):
        lake_version(here)
