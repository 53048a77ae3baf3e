"""An engine whose start was interrupted is found by the lock that it holds, whatever the lock's text says."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from conf.settings import PROJECT_ROOT, Settings, load_settings
from spark_jobs.engine import server
from spark_jobs.engine.lock import EngineHeldError, EngineLock, EngineState
from spark_jobs.engine.processes import MAIN_CLASS, jvms_of

STATE = EngineState(0, 1, 1, "token", "2017-12-31T00:00:00+00:00", "2g", "/lake/warehouse", "4.2.0", on_demand=True)
DEAD = 2**22 + 1  # above the highest process id


@pytest.fixture
def interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Settings, "subprocess.Popen[bytes]"]]:
    """A lake whose lock is held by a process like the JVM, and signed by a starter that is gone."""
    monkeypatch.setenv("CDP_LAKE__ROOT", str(tmp_path / "lake"))
    configured = load_settings()
    lock = EngineLock(configured.lake.engine)
    descriptor = lock.acquire()
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", MAIN_CLASS], pass_fds=(descriptor,))
    lock.sign(descriptor, DEAD)
    os.close(descriptor)
    replace(STATE).save(lock.state_file)
    yield configured, process
    process.kill()
    process.wait()


def test_the_jvm_is_found_by_its_open_lock(interrupted: tuple[Settings, "subprocess.Popen[bytes]"]) -> None:
    configured, process = interrupted

    assert [found.pid for found in jvms_of(EngineLock(configured.lake.engine), within=5)] == [process.pid]


def test_an_interrupted_start_is_named_and_can_be_stopped(interrupted: tuple[Settings, "subprocess.Popen[bytes]"]) -> None:
    configured, process = interrupted
    lock = EngineLock(configured.lake.engine)
    while not jvms_of(lock):
        time.sleep(0.01)
    environment = os.environ | {"CDP_LAKE__ROOT": str(configured.lake.root), "PYTHONPATH": str(PROJECT_ROOT)}
    command = [sys.executable, str(PROJECT_ROOT / "cdp.py"), "engine", "status", "--json"]

    status = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    with lock.starting():
        goes_on = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    stopped = server.stop(configured)

    assert (status.returncode, '"state": "start interrupted"' in status.stdout) == (1, True)
    assert '"state": "starting"' in goes_on.stdout
    assert (stopped, lock.is_held(), lock.state_file.exists()) == (process.pid, False, False)


def test_a_process_that_does_not_come_up_is_replaced(interrupted: tuple[Settings, "subprocess.Popen[bytes]"]) -> None:
    configured, process = interrupted
    lock = EngineLock(configured.lake.engine)
    lock.state_file.unlink()  # killed before it could write where the JVM listens
    while not jvms_of(lock):
        time.sleep(0.01)

    assert server._adopt(configured, lock, True, lambda _: None) is None

    assert not lock.is_held()
    assert process.wait(5) != 0 or not psutil.pid_exists(process.pid)


def test_two_processes_do_not_start_one_lake_at_once(tmp_path: Path) -> None:
    lock = EngineLock(tmp_path)

    with lock.starting(), pytest.raises(EngineHeldError, match=f"pid {os.getpid()}"), EngineLock(tmp_path).starting():
        pass

    assert not lock.is_starting()
