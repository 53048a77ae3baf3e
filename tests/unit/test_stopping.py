"""Signals: a command ends within ten seconds of the first one, as services, containers, shells and terminals send it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.unit.test_cdp import PROGRAM

LIMIT = 10.0

# A command that says when it works, then does what the test gives.
WORKING = "import os, signal, subprocess, sys, threading, time; print('works', flush=True); {body}"
WAITS = "time.sleep(60)"
# What Airflow's task runner does before each task, and never undoes.
SWALLOWS_TERM = "signal.signal(signal.SIGTERM, lambda *_: None); print('works', flush=True); time.sleep(60)"
# A call into C that no handler of Python's interrupts.
IN_C = "import hashlib; hashlib.pbkdf2_hmac('sha256', b'', b'', 1_000_000_000)"
SWALLOWS_EVERYTHING = """
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass"""
THREAD_GOES_ON = "threading.Thread(target=time.sleep, args=(60,)).start(); time.sleep(60)"
CLEANUP_HANGS = """
    try:
        time.sleep(60)
    finally:
        time.sleep(60)"""


def start(body: str, *, before: tuple[str, ...] = (), **options: object) -> "subprocess.Popen[str]":
    """The command in a process of its own, after it has said that it works."""
    program = PROGRAM.format(body=WORKING.format(body=body))
    process = subprocess.Popen(
        [*before, sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,  # type: ignore[call-overload]
    )  # fmt: skip
    assert process.stdout.readline() == "works\n", process.stderr.read()
    return process  # type: ignore[no-any-return]


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Exit code and messages; a process that does not end in time is killed, and the test fails."""
    try:
        _, messages = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return process.returncode, messages


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_each_signal_ends_a_command_with_one_word_and_a_code_of_its_own(number: signal.Signals, code: int) -> None:
    process = start(WAITS)

    process.send_signal(number)

    assert ended(process) == (code, "stopped\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_whole_group_and_a_second_one_change_nothing(number: signal.Signals) -> None:
    process = start(WAITS, start_new_session=True)

    os.killpg(process.pid, number)
    process.send_signal(number)
    process.send_signal(signal.SIGTERM)

    assert ended(process)[1] == "stopped\n"


def test_sigint_ends_a_background_job_whose_shell_told_it_to_ignore_sigint() -> None:
    process = start(WAITS, before=("sh", "-c", 'trap "" INT; exec "$@"', "sh"))

    process.send_signal(signal.SIGINT)

    assert ended(process) == (130, "stopped\n")


def test_a_command_under_nohup_outlives_its_terminal() -> None:
    process = start("time.sleep(2); print('done', flush=True)", before=("sh", "-c", 'trap "" HUP; exec "$@"', "sh"))

    process.send_signal(signal.SIGHUP)

    assert ended(process) == (0, "")


@pytest.mark.skipif(subprocess.run(["unshare", "-pf", "true"], check=False).returncode != 0, reason="needs a process namespace")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_process_of_a_container_ends_too(number: signal.Signals) -> None:
    process = start(WAITS, before=("unshare", "--pid", "--fork", "--kill-child=KILL"))
    [child] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()

    os.kill(int(child), number)

    assert ended(process) == (128 + number, "stopped\n")


def test_sigterm_ends_a_command_in_which_a_library_installed_its_own_handler() -> None:
    process = start(SWALLOWS_TERM)
    process.stdout.readline()  # type: ignore[union-attr]

    process.send_signal(signal.SIGTERM)

    assert ended(process) == (143, "stopped\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [SWALLOWS_EVERYTHING, THREAD_GOES_ON, CLEANUP_HANGS, IN_C],
    ids=["swallows every exception", "a thread goes on", "cleaning up hangs", "a long call into C"],
)
def test_a_command_that_does_not_end_by_itself_is_ended(body: str) -> None:
    process = start(body)
    began = time.monotonic()

    process.send_signal(signal.SIGTERM)

    code, messages = ended(process)
    assert (code, messages.splitlines()[-1], time.monotonic() - began < LIMIT) == (143, "stopped", True)


def test_a_block_that_must_not_be_interrupted_is_finished_first() -> None:
    body = """
    from spark_jobs.engine.stopping import deferred_stop
    with deferred_stop():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.5)
        print("finished", flush=True)
    print("never", flush=True)"""
    process = start(body)

    output, _ = process.communicate(timeout=LIMIT)

    assert (process.returncode, output) == (143, "finished\n")


def test_a_forked_worker_that_is_terminated_does_not_stop_its_parent() -> None:
    body = """
    child = os.fork()
    if child == 0:
        time.sleep(60)
    time.sleep(0.5)
    os.kill(child, signal.SIGTERM)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    time.sleep(1)"""
    process = start(body)

    output, messages = process.communicate(timeout=LIMIT)

    assert (process.returncode, output, messages) == (0, "-15\n", "")


def test_a_closed_terminal_ends_the_command_and_runs_its_cleanup(tmp_path: Path) -> None:
    import pty

    mark = tmp_path / "cleaned"
    body = f"""
    try:
        print("inside", flush=True)
        time.sleep(60)
    finally:
        print("to a terminal that is gone", flush=True)
        open({str(mark)!r}, "w").close()"""
    program = PROGRAM.format(body=WORKING.format(body=body))
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", program])
    said = b""
    while b"inside" not in said:
        said += os.read(terminal, 100)

    os.close(terminal)

    deadline = time.monotonic() + LIMIT
    while (found := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (os.waitstatus_to_exitcode(found[1]), mark.exists()) == (129, True)
