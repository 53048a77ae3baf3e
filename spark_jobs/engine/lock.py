"""Who runs the engine: a file lock that the JVM itself holds, and a state file that says where it listens.

The lock is an flock on a descriptor that the JVM inherits, so the kernel frees it in the moment the JVM ends, SIGKILL
included. A second lock, which the JVM does not inherit, is held by the process that starts it: when that one is free and the engine is not
ready, its starter was killed. The text in the lock files and the state file are information only; the locks alone are the truth.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from conf.errors import EngineError, Finding

LEASE_SECONDS = 60


class EngineHeldError(EngineError):
    """Another process holds the lake's engine lock."""


@dataclass(frozen=True, slots=True)
class EngineState:
    """A running engine, as its starter wrote it down."""

    pid: int
    connect_port: int
    thrift_port: int
    token_file: str
    started_at: str
    driver_memory: str
    warehouse: str
    spark_version: str
    on_demand: bool = False
    ready: bool = False

    def save(self, file: Path) -> None:
        """Write it in one piece."""
        draft = file.with_suffix(f".{os.getpid()}.tmp")
        draft.write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")
        draft.replace(file)

    @classmethod
    def load(cls, file: Path) -> "EngineState | None":
        """What was written down last; None when there is nothing or it is not readable."""
        try:
            return cls(**json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def with_ready(self, *, on_demand: bool | None = None) -> "EngineState":
        """The same engine, answering."""
        return replace(self, ready=True, on_demand=self.on_demand if on_demand is None else on_demand)

    @property
    def token(self) -> str:
        """The secret of the Connect endpoint."""
        return Path(self.token_file).read_text(encoding="utf-8").strip()


class EngineLock:
    """The lock of one lake."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "lock"
        self.start_file = folder / "starting"
        self.state_file = folder / "state.json"

    def is_held(self) -> bool:
        """True while an engine (or its start) holds the lock."""
        return _is_locked(self.file)

    def is_starting(self) -> bool:
        """True while a process that is alive starts an engine."""
        return _is_locked(self.start_file)

    def acquire(self) -> int:
        """Take the lock and return the descriptor that holds it; give it to the JVM, then close it here.

        Raises:
            EngineHeldError: somebody else holds it; says who.
        """
        return self._take(self.file)

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Be the one process that starts an engine of this lake; the kernel frees it when the process dies.

        Raises:
            EngineHeldError: another process is starting one.
        """
        descriptor = self._take(self.start_file)
        try:
            self.sign(descriptor, os.getpid())
            yield
        finally:
            os.close(descriptor)

    def _take(self, file: Path) -> int:
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + 0.2  # a look at the lock (is_held) takes it for a microsecond
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return descriptor
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(descriptor)
                    raise self.refusal() from None
                time.sleep(0.02)

    def sign(self, descriptor: int, pid: int) -> None:
        """Write the holder's pid and start time into a lock file, for people."""
        text = f"{pid} {datetime.now(UTC).isoformat(timespec='seconds')}\n".encode()
        os.pwrite(descriptor, text, 0)
        os.ftruncate(descriptor, len(text))

    def holder(self) -> tuple[int, str] | None:
        """(pid, since) as signed by the engine, or by the process that is starting it; None when nobody holds the lock."""
        file = self.file if self.is_held() else self.start_file if self.is_starting() else None
        if file is None:
            return None
        pid, _, since = file.read_text(encoding="utf-8").strip().partition(" ")
        return (int(pid) if pid.isdigit() else 0), since

    def refusal(self) -> EngineHeldError:
        """The error for a second engine on the same lake."""
        pid, since = self.holder() or (0, "")
        finding = Finding(str(self.folder), f"held by process {pid} since {since}", "use it as it is, or stop it with: cdp engine down")
        return EngineHeldError(f"an engine is already running on this lake (pid {pid})", [finding])

    def running(self) -> EngineState | None:
        """The engine that holds the lock and answers; None when there is none or it is still starting."""
        state = EngineState.load(self.state_file)
        return state if state and state.ready and self.is_held() else None


def _is_locked(file: Path) -> bool:
    if not file.exists():
        return False
    with file.open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


class ClientLease:
    """A shared lock that every client of an engine holds; whoever can make it exclusive is the last one."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + LEASE_SECONDS
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(self._descriptor)
                    finding = Finding(
                        str(file), f"another process has been stopping the engine for {LEASE_SECONDS} s", "look at it: cdp engine status"
                    )
                    raise EngineError("the engine is being stopped and does not end", [finding]) from None
                time.sleep(0.05)

    def is_last(self) -> bool:
        """True when nobody else uses the engine; then nobody can join until `close`."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Stop counting."""
        os.close(self._descriptor)
