"""The engine's JVM as a process: found by the lock that it holds, and ended."""

import signal
import time
from contextlib import suppress
from pathlib import Path

import psutil

from spark_jobs.engine.lock import EngineLock

MAIN_CLASS = "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"


def jvms_of(lock: EngineLock, *, within: float = 0.0) -> list[psutil.Process]:
    """The processes that have the lock open and are, or become, the JVM; the text in the lock may name a starter that was killed.

    Args:
        lock: of which lake.
        within: seconds that a process which was forked a moment ago gets to show its command line.
    """
    deadline = time.monotonic() + within
    while not (found := _processes(lock)) and lock.is_held() and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def _processes(lock: EngineLock) -> list[psutil.Process]:
    found, file = [], lock.file.resolve()
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if MAIN_CLASS in process.cmdline() and any(Path(opened.path) == file for opened in process.open_files()):
                found.append(process)
    return found


def terminate(pid: int, *, seconds: float) -> None:
    """TERM, after a while KILL. A process that nobody reaps counts as ended."""
    try:
        process = psutil.Process(pid)
        process.send_signal(signal.SIGTERM)
        if not _has_ended(process, seconds):
            process.kill()
            _has_ended(process, 5)
    except psutil.NoSuchProcess:
        return


def _has_ended(process: psutil.Process, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            process.wait(0.1)  # reaps a child
        except psutil.TimeoutExpired:
            if process.status() == psutil.STATUS_ZOMBIE:
                return True
        else:
            return True
    return False
