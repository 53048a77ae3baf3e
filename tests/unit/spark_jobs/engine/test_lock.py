"""The lock of a lake: held by a process as long as it lives, and by nobody afterwards."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from spark_jobs.engine.lock import ClientLease, EngineHeldError, EngineLock, EngineState

STATE = EngineState(1, 15002, 10000, "token", "2017-12-31T00:00:00+00:00", "2g", "/lake/warehouse", "4.2.0")


def a_holder(lock: EngineLock) -> "subprocess.Popen[bytes]":
    """A process that inherits the lock, as the JVM does."""
    descriptor = lock.acquire()
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=(descriptor,))
    lock.sign(descriptor, process.pid)
    os.close(descriptor)
    return process


def test_the_lock_lives_as_long_as_the_process_that_inherited_it(tmp_path: Path) -> None:
    lock = EngineLock(tmp_path / "engine")
    process = a_holder(lock)

    held_before, holder = lock.is_held(), lock.holder()
    process.send_signal(signal.SIGKILL)
    process.wait()

    assert held_before
    assert holder is not None
    assert holder[0] == process.pid
    assert not lock.is_held()
    assert lock.holder() is None


def test_a_second_engine_is_refused_at_once_and_told_the_holders_pid(tmp_path: Path) -> None:
    lock = EngineLock(tmp_path / "engine")
    process = a_holder(lock)
    started = time.monotonic()

    with pytest.raises(EngineHeldError, match=f"pid {process.pid}"):
        EngineLock(tmp_path / "engine").acquire()

    assert time.monotonic() - started < 5
    process.kill()
    process.wait()


def test_a_state_file_of_an_engine_that_is_gone_is_not_believed(tmp_path: Path) -> None:
    lock = EngineLock(tmp_path)
    STATE.with_ready().save(lock.state_file)

    assert lock.running() is None


def test_a_starting_engine_is_not_offered_to_clients(tmp_path: Path) -> None:
    lock = EngineLock(tmp_path)
    descriptor = lock.acquire()
    STATE.save(lock.state_file)
    starting = lock.running()
    STATE.with_ready().save(lock.state_file)

    assert starting is None
    assert lock.running() == STATE.with_ready()
    os.close(descriptor)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
def test_a_broken_state_file_is_no_state(tmp_path: Path, text: str) -> None:
    file = tmp_path / "state.json"
    file.write_text(text, encoding="utf-8")

    assert EngineState.load(file) is None


def test_only_the_last_client_may_stop_an_engine_that_was_started_on_demand(tmp_path: Path) -> None:
    first, second = ClientLease(tmp_path / "clients"), ClientLease(tmp_path / "clients")

    while_both, _ = first.is_last(), first.close()

    assert not while_both
    assert second.is_last()
    second.close()
