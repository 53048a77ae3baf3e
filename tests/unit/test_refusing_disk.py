"""A lake that cannot be written and a full disk: one readable error in every command, on real disks."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from conf.settings import PROJECT_ROOT

WRITING = (
    "run --date 2024-01-01",
    "engine up",
    "sql",
    "dbt parse",
    "models train --date 2024-01-01",
    "quarantine list",
    "land --until 2017-01-02",
)


@pytest.fixture(scope="module", params=["read-only", "full"])
def disk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A lake on a disk that refuses writing, and the words for it."""
    folder = tmp_path_factory.mktemp("disk")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)], check=False, capture_output=True).returncode != 0:
        pytest.skip("may not mount a disk")
    try:
        if request.param == "full":
            with suppress(OSError):
                (folder / "big").write_bytes(bytes(2 << 20))
            yield folder, "No space left on device"
        else:
            subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
            yield folder, "Read-only file system"
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def cdp(lake: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"CDP_LAKE__ROOT": str(lake), "PYTHONPATH": str(PROJECT_ROOT)}
    program = [sys.executable, str(PROJECT_ROOT / "cdp.py"), *command]
    return subprocess.run(program, env=environment, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.slow
@pytest.mark.parametrize("command", WRITING)
def test_every_command_that_writes_says_so_in_one_line_with_a_remedy(disk: tuple[Path, str], command: str) -> None:
    lake, problem = disk

    done = cdp(lake, *command.split(), *(["select 1"] if command == "sql" else []))

    assert (done.returncode, "Traceback" in done.stderr) == (3, False), done.stderr
    error, finding = done.stderr.strip().splitlines()[-2:]
    assert error.startswith("error: ") and (problem in error or "database or disk is full" in error)
    assert "→" in finding and "nothing is lost" in finding


def test_status_reads_the_lake_and_names_the_disk(disk: tuple[Path, str]) -> None:
    lake, problem = disk

    done = cdp(lake, "status")

    assert (done.returncode, done.stderr) == (0, "")
    assert problem in done.stdout and str(lake) in done.stdout
