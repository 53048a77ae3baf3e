"""One writer per lake: a file lock that steps, nights and dbt take in turns; the kernel frees it when its process ends.

Order, so that no two wait for each other: the night lock, then this one, then the lock of ingest.
"""

import fcntl
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conf.errors import EngineError, Finding
from conf.settings import Settings
from spark_jobs.common.lake_format import check_format
from spark_jobs.common.logging import Event, log_event

log = logging.getLogger(__name__)

WAIT_SECONDS = 900.0
POLL_SECONDS = 0.2


class LakeBusyError(EngineError):
    """Another process went on writing to the lake for longer than a writer waits."""

    exit_code = 6


@dataclass
class _Held:
    """The lock of one lake, and how many blocks of this process are inside it."""

    descriptor: int
    depth: int = 1


_held: dict[Path, _Held] = {}
_guard = threading.Lock()


def writer_lock(settings: Settings) -> Path:
    """The file that is locked; who holds it stands in it, for people."""
    return settings.lake.root / "writer.lock"


@contextmanager
def one_writer(
    settings: Settings,
    what: str,
    *,
    wait_seconds: float = WAIT_SECONDS,
    waiting: Callable[[str], None] = lambda _: None,
    any_format: bool = False,
) -> Iterator[None]:
    """Be the one process that writes to the lake; blocks of the same process may lie in each other.

    Args:
        settings: which lake.
        what: what is written, shown to those who wait.
        wait_seconds: how long to wait for another process.
        waiting: hears once whom it waits for; the log says it too.
        any_format: write to a lake of another format version too; for the upgrade alone.

    Raises:
        LakeBusyError: the other process did not end in time.
        LakeFormatError: the lake was made by an older or a newer release.
    """
    path = writer_lock(settings)
    with _guard:
        if path in _held:
            _held[path].depth += 1
        else:
            _held[path] = _Held(_acquire(path, what, wait_seconds, waiting))
    try:
        if not any_format:
            check_format(settings)  # inside the lock: no upgrade runs meanwhile
        yield
    finally:
        with _guard:
            _held[path].depth -= 1
            if _held[path].depth == 0:
                # Closed, not unlocked: a child that was forked inside the block keeps the lock as long as it lives.
                os.close(_held.pop(path).descriptor)


def _acquire(path: Path, what: str, wait_seconds: float, waiting: Callable[[str], None]) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _wait(descriptor, path, wait_seconds, waiting)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} ({what})".encode(), 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _wait(descriptor: int, path: Path, wait_seconds: float, waiting: Callable[[str], None]) -> None:
    deadline, is_told = time.monotonic() + wait_seconds, False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            holder = path.read_text(encoding="utf-8") or "another process"
        if time.monotonic() > deadline:
            finding = Finding(str(path), f"held by {holder} for more than {wait_seconds:.0f} s", "wait for it, or stop that process")
            raise LakeBusyError("another process is writing to this lake", [finding])
        if not is_told:
            is_told = True
            log_event(log, Event.WAITING, lake=str(path.parent), writer=holder)
            waiting(f"waiting for {holder}, which writes to this lake")
        time.sleep(POLL_SECONDS)
