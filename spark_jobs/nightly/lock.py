"""The night lock: one night per lake at a time."""

import fcntl
import os
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
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise NightRunningError(
                "a night is already running on this lake",
                [Finding(str(path), f"held by process {holder}", "wait for it, or stop that process")],
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
