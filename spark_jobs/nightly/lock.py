"""The night lock: one night per lake at a time."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from conf.errors import CdpError, Finding
from conf.settings import Settings


class NightRunningError(CdpError):
    """Another process runs a night on this lake."""

    exit_code = 6


@contextmanager
def night_lock(settings: Settings) -> Iterator[None]:
    """Hold the lake's night lock; the operating system frees it when the process dies.

    Raises:
        NightRunningError: another process holds it.
    """
    settings.lake.airflow.mkdir(parents=True, exist_ok=True)
    path = settings.lake.airflow / "night.lock"
    with path.open("a+", encoding="utf-8") as file:
        if not _taken(file.fileno()):
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise NightRunningError(
                "a night is already running on this lake",
                [Finding(str(path), f"held by process {holder}", "wait for it, or stop that process")],
            )
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _taken(descriptor: int) -> bool:
    deadline = time.monotonic() + 0.2  # a look at the lock (is_night_running) takes it for a microsecond
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        else:
            return True


def is_night_running(settings: Settings) -> bool:
    """True while a process holds the night lock."""
    path = settings.lake.airflow / "night.lock"
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
