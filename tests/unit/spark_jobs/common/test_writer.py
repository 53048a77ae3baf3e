"""One writer per lake, proved with processes."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conf.settings import Lake, Settings
from spark_jobs.common.writer import LakeBusyError, one_writer, writer_lock

HOLDER = """
import sys, time
from pathlib import Path
from conf.settings import Lake, Settings
from spark_jobs.common.writer import one_writer
with one_writer(Settings(lake=Lake(root=Path(sys.argv[1]))), "a conform"):
    print("inside", flush=True)
    sys.stdin.readline()
    Path(sys.argv[1], "written").touch()
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("CDP_LAKE__ROOT", str(tmp_path))
    return Settings(lake=Lake(root=tmp_path))


@contextmanager
def another_writer(settings: Settings) -> Iterator["subprocess.Popen[str]"]:
    """A process that is inside the lock until it reads a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(settings.lake.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "inside\n"
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_second_process_waits_until_the_first_has_written(here: Settings) -> None:
    # given another process that writes
    told: list[str] = []
    with another_writer(here) as process:

        def let_it_end(text: str) -> None:
            told.append(text)
            assert not (here.lake.root / "written").exists()
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()

        # when we write too
        with one_writer(here, "replay", wait_seconds=60, waiting=let_it_end):
            # then it is done
            assert (here.lake.root / "written").exists()

    assert told == [f"waiting for process {process.pid} (a conform), which writes to this lake"]


def test_who_waits_too_long_is_told_who_writes(here: Settings) -> None:
    with another_writer(here) as process, pytest.raises(LakeBusyError) as caught, one_writer(here, "replay", wait_seconds=0.3):
        pass

    assert f"held by process {process.pid} (a conform)" in str(caught.value)


def test_a_killed_writer_keeps_nobody_waiting(here: Settings) -> None:
    with another_writer(here) as process:
        process.kill()
        process.wait()
        began = time.monotonic()

        with one_writer(here, "replay", wait_seconds=10):
            assert time.monotonic() - began < 5


def test_a_step_inside_a_night_of_the_same_process_does_not_wait_for_itself(here: Settings) -> None:
    with one_writer(here, "the night", wait_seconds=0):
        with one_writer(here, "a step", wait_seconds=0):
            pass
        # the inner block has not let anybody else in
        assert _is_held(here)

    assert not _is_held(here)


def _is_held(settings: Settings) -> bool:
    code = "import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    return subprocess.run([sys.executable, "-c", code, str(writer_lock(settings))], capture_output=True, check=False).returncode != 0
