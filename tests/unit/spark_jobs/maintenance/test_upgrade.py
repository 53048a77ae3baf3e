"""Steps of an upgrade: each is carried out until it was done once, whatever is killed in between."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from conf.settings import Lake, Settings
from spark_jobs.common.job import StepContext
from spark_jobs.common.lake_format import FORMAT_VERSION, LakeFormatError, write_version
from spark_jobs.maintenance.changes import Change, Step
from spark_jobs.maintenance.steps import STEPS, steps_between
from spark_jobs.maintenance.upgrade import Progress, carry_out, needs_upgrade

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("CDP_LAKE__ROOT", str(tmp_path))
    return Settings(lake=Lake(root=tmp_path))


class Work:
    """Three steps that need no engine, the second of which is killed the first time."""

    def __init__(self) -> None:
        self.applied: list[str] = []
        self.is_killed = False

    def step(self, name: str) -> Step:
        def apply(_: StepContext) -> list[Change]:
            if name == "second" and not self.is_killed:
                self.is_killed = True
                raise KeyboardInterrupt
            self.applied.append(name)
            return [Change(f"silver.{name}", "wider", 3)]

        return Step(name, f"do the {name}", apply)


def test_a_killed_upgrade_goes_on_with_the_step_that_was_not_done(here: Settings) -> None:
    # given an upgrade that is killed in its second step
    ctx, work = StepContext(cast("SparkSession", None), here, date.min, "test"), Work()
    steps = [work.step("first"), work.step("second"), work.step("third")]
    assert not Progress(here).is_begun
    with pytest.raises(KeyboardInterrupt):
        carry_out(ctx, steps, Progress(here), str)

    # when another process goes on
    resumed = Progress(here)
    carry_out(ctx, steps, resumed, str)

    # then each step was done once, and the report has all of them
    assert resumed.is_begun
    assert work.applied == ["first", "second", "third"]
    assert [(done.name, done.changes) for done in Progress(here).done] == [
        (name, (Change(f"silver.{name}", "wider", 3),)) for name in ("first", "second", "third")
    ]


def test_every_version_up_to_today_s_has_its_steps_and_their_names_are_unique() -> None:
    assert sorted(STEPS) == list(range(2, FORMAT_VERSION + 1))
    names = [step.name for step in steps_between(1, FORMAT_VERSION)]
    assert len(names) == len(set(names))
    assert steps_between(FORMAT_VERSION, FORMAT_VERSION) == []


def test_an_older_lake_needs_an_upgrade_a_new_one_none_and_a_newer_one_is_refused(here: Settings) -> None:
    assert needs_upgrade(here) is None
    write_version(here, 1)
    assert needs_upgrade(here) == 1
    write_version(here, FORMAT_VERSION)
    assert needs_upgrade(here) is None
    write_version(here, FORMAT_VERSION + 1)
    with pytest.raises(LakeFormatError, match="newer release"):
        needs_upgrade(here)
