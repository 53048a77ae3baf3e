"""Finds the engine of a lake, or starts one under the same lock and stops it when its last client leaves."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from conf.errors import EngineError, Finding
from conf.settings import Settings
from spark_jobs.engine.lock import ClientLease, EngineHeldError, EngineLock, EngineState
from spark_jobs.engine.stopping import deferred_stop, last_resort

WAIT_SECONDS = 330


def running_engine(settings: Settings) -> EngineState | None:
    """The engine of this lake when it runs and answers."""
    return EngineLock(settings.lake.engine).running()


@contextmanager
def engine(settings: Settings, progress: Callable[[str], None] = lambda _: None) -> Iterator[EngineState]:
    """The engine of this lake, running while the block runs.

    An engine that a command started for itself stays up as long as any command uses it; the last one stops it. An engine
    that a person started with `cdp engine up` is left alone.

    Raises:
        EngineError: it neither runs nor starts.
    """
    lease = ClientLease(settings.lake.engine / "clients")
    with last_resort(lambda: _kill_own(settings, lease)):
        try:
            yield _find_or_start(settings, progress)
        finally:
            try:
                with deferred_stop():
                    _stop_when_last(settings, lease)
            finally:
                lease.close()


def _find_or_start(settings: Settings, progress: Callable[[str], None]) -> EngineState:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        if state := running_engine(settings):
            return state
        try:
            from spark_jobs.engine import server

            return server.start(settings, on_demand=True, progress=progress)
        except EngineHeldError as err:
            if time.monotonic() > deadline:
                finding = Finding(str(settings.lake.engine), f"no answer in {WAIT_SECONDS} s", "stop it: cdp engine down")
                raise EngineError("an engine holds the lake but does not come up", [*err.findings, finding]) from None
        progress("another process is starting the engine")
        time.sleep(0.2)


def _stop_when_last(settings: Settings, lease: ClientLease) -> None:
    state = running_engine(settings)
    if state and state.on_demand and lease.is_last():
        from spark_jobs.engine import server

        server.stop(settings)


def _kill_own(settings: Settings, lease: ClientLease) -> None:
    from spark_jobs.engine import server

    server.kill_own(settings, lease)
