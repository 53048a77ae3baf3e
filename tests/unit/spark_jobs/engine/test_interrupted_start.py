"""A command that dies while it starts the engine does not block the lake."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from conf.settings import PROJECT_ROOT, Lake, Settings
from spark_jobs.engine import server
from spark_jobs.engine.client import running_engine
from spark_jobs.engine.lock import EngineLock, EngineState
from spark_jobs.engine.processes import jvms_of
from spark_jobs.engine.thrift import port_answers

pytestmark = pytest.mark.slow


@pytest.fixture
def own_lake(settings: Settings, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a lake of its own; its engine, if any, is stopped."""
    configured = settings.model_copy(update={"lake": Lake(root=tmp_path / "lake")})
    yield configured
    server.stop(configured, seconds=2)


def cdp(configured: Settings, *command: str) -> "subprocess.Popen[str]":
    environment = os.environ | {"CDP_LAKE__ROOT": str(configured.lake.root), "PYTHONPATH": str(PROJECT_ROOT)}
    program = [sys.executable, str(PROJECT_ROOT / "cdp.py"), *command]
    return subprocess.Popen(program, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def state_is_written(lock: EngineLock) -> bool:
    return EngineState.load(lock.state_file) is not None


def jvm_is_there(lock: EngineLock) -> bool:
    return bool(jvms_of(lock))


def sql_answers(lock: EngineLock) -> bool:
    state = EngineState.load(lock.state_file)
    return state is not None and port_answers(state.thrift_port, 0.1)


MOMENTS = [state_is_written, jvm_is_there, sql_answers]


@pytest.mark.parametrize("moment", MOMENTS)
def test_after_a_kill_during_the_start_the_next_command_works(own_lake: Settings, moment: Callable[[EngineLock], bool]) -> None:
    # given a command that is killed while its engine starts
    lock = EngineLock(own_lake.lake.engine)
    first = cdp(own_lake, "sql", "select 1 as one")
    while first.poll() is None and not moment(lock):
        time.sleep(0.01)
    first.kill()
    first.communicate()

    # when
    began = time.monotonic()
    second = cdp(own_lake, "sql", "select 42 as answer")
    output, messages = second.communicate(timeout=200)

    # then
    assert (second.returncode, "42" in output) == (0, True), messages
    assert time.monotonic() - began < 150
    assert not lock.is_held(), "the last command stops the engine that it took over"


def test_a_start_that_was_killed_is_no_start_and_can_be_stopped(own_lake: Settings) -> None:
    lock = EngineLock(own_lake.lake.engine)
    first = cdp(own_lake, "engine", "up")
    while first.poll() is None and not jvm_is_there(lock):
        time.sleep(0.01)
    first.kill()
    first.communicate()

    status = cdp(own_lake, "engine", "status")
    said, _ = status.communicate(timeout=60)
    down = cdp(own_lake, "engine", "down")
    down.communicate(timeout=60)

    assert (status.returncode, "start interrupted" in said, "cdp engine down" in " ".join(said.split())) == (1, True, True)
    assert (down.returncode, lock.is_held()) == (0, False)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_the_start_leaves_no_engine(own_lake: Settings, number: signal.Signals) -> None:
    lock = EngineLock(own_lake.lake.engine)
    process = cdp(own_lake, "sql", "select 1")
    while process.poll() is None and not jvm_is_there(lock):
        time.sleep(0.01)

    process.send_signal(number)
    process.communicate(timeout=10)

    assert (process.returncode, lock.is_held()) == (128 + number, False)


@pytest.mark.parametrize("engine_does", ["works", "is gone", "hangs"])
def test_sigterm_during_a_query_leaves_no_engine(own_lake: Settings, engine_does: str) -> None:
    # given a query that takes minutes, on an engine that works, is gone, or does not answer any more
    lock = EngineLock(own_lake.lake.engine)
    process = cdp(own_lake, "sql", "select count(*) from range(1000000) a cross join range(10000000) b where a.id * b.id % 7 = 8")
    while process.poll() is None and running_engine(own_lake) is None:
        time.sleep(0.05)
    time.sleep(3)
    [jvm] = jvms_of(lock)
    if engine_does != "works":
        jvm.send_signal(signal.SIGKILL if engine_does == "is gone" else signal.SIGSTOP)

    # when
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)

    # then
    assert not lock.is_held()
    assert process.returncode == 143 or engine_does == "is gone"
    assert not jvm.is_running() or jvm.status() == psutil.STATUS_ZOMBIE
