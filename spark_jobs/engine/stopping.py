"""Stops a command within ten seconds of SIGINT, SIGTERM or SIGHUP, whatever its main thread is doing.

The first signal raises KeyboardInterrupt in the main thread, so that every block cleans up as after Ctrl-C. A thread watches beside it: it
sees signals that another library's handler swallowed or that wait behind a long call into C, kills the command's own engine when cleaning
up takes too long, and ends the process at last. Later signals change nothing.
"""

import _thread
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SWALLOWED_AFTER = 0.3
FORCE_AFTER = 6.0
EXIT_AFTER = 8.5
TERMINAL_DEVICES = frozenset({4, 5, *range(136, 144)})  # consoles, /dev/tty and pseudo terminals of Linux


@dataclass
class _State:
    """What was asked of this process so far."""

    asked: int = 0  # the first signal that arrived; 0 before it
    is_raised: bool = False
    deferred: int = 0
    last_resorts: list[Callable[[], None]] = field(default_factory=list)


_state = _State()


def stop_on_signals() -> None:
    """Install the handlers and the watching thread; call it once, from the main thread.

    A SIGINT that the shell told a background job to ignore stops the command too; a SIGHUP that `nohup` ignores stays ignored.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    for number in SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _on_signal)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    os.register_at_fork(after_in_child=_forget_in_child)
    messages = os.dup(2)  # a night sends descriptor 2 to its log file
    threading.Thread(target=_watch, args=(reader, messages), name="signals", daemon=True).start()


def asked_to_stop() -> int:
    """The signal that asked this process to stop; 0 when none did."""
    return _state.asked


@contextlib.contextmanager
def deferred_stop() -> Iterator[None]:
    """A block of the main thread that a signal does not interrupt; the interrupt is raised at its end."""
    if threading.current_thread() is not threading.main_thread():
        yield  # no other thread is ever interrupted
        return
    _state.deferred += 1
    try:
        yield
    finally:
        _state.deferred -= 1
    if _state.asked and not _state.is_raised and not _state.deferred:
        _state.is_raised = True
        raise KeyboardInterrupt


@contextlib.contextmanager
def last_resort(act: Callable[[], None]) -> Iterator[None]:
    """Call `act` from the watching thread when a stop during the block takes too long."""
    _state.last_resorts.append(act)
    try:
        yield
    finally:
        _state.last_resorts.remove(act)


def keep_handler(number: signal.Signals) -> Callable[[], None]:
    """A function that puts back the handler of now, for callers of libraries that leave their own behind."""
    before = signal.getsignal(number)

    def put_back() -> None:
        if before is not None and threading.current_thread() is threading.main_thread():
            signal.signal(number, before)

    return put_back


def _on_signal(number: int, _: FrameType | None) -> None:
    _state.asked = _state.asked or number
    if number == signal.SIGHUP:
        _leave_terminal()
    if _state.is_raised or _state.deferred:
        return
    _state.is_raised = True
    raise KeyboardInterrupt


def _watch(reader: int, messages: int) -> None:
    while (number := os.read(reader, 1)[0]) not in SIGNALS:
        pass
    began = time.monotonic()
    time.sleep(SWALLOWED_AFTER)
    if not _state.asked:
        _state.asked = number
        _thread.interrupt_main(signal.SIGINT)
    _sleep_until(began + FORCE_AFTER)
    for act in reversed(list(_state.last_resorts)):
        with contextlib.suppress(Exception):
            act()
    _sleep_until(began + EXIT_AFTER)
    with contextlib.suppress(OSError):
        os.write(messages, b"stopped\n")
    os._exit(128 + number)


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


def _leave_terminal() -> None:
    """A terminal that was closed answers every write with an error, which would get in the way of cleaning up."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in _terminals():
            os.dup2(nowhere, descriptor, inheritable=descriptor < 3)
        os.close(nowhere)


def _terminals() -> list[int]:
    """Descriptors of this process that are a terminal, or were one until it was closed."""
    found = []
    for entry in Path("/dev/fd").iterdir():
        with contextlib.suppress(OSError, ValueError):
            if os.major(os.fstat(int(entry.name)).st_rdev) in TERMINAL_DEVICES:
                found.append(int(entry.name))
    return found


def _forget_in_child() -> None:
    """A forked worker writes no signal into its parent's pipe, and ends by TERM as workers do."""
    with contextlib.suppress(ValueError):
        signal.set_wakeup_fd(-1)
        for number in SIGNALS:
            if signal.getsignal(number) is _on_signal:
                signal.signal(number, signal.SIG_DFL if number != signal.SIGINT else signal.default_int_handler)
