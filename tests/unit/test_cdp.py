"""The command line: an error is a message, Ctrl-C a word."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from conf.settings import PROJECT_ROOT

# The real command line with one more command, whose body is given.
PROGRAM = """
import sys, types, typer
import cdp
app = typer.Typer()
@app.command("try")
def attempt() -> None:
    {body}
module = types.ModuleType("a_command_of_this_test")
module.app = app
sys.modules[module.__name__] = module
cdp.COMMANDS["try"] = (module.__name__, None, "")
sys.argv = ["cdp", "try"]
cdp.main()
"""


def run(body: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", PROGRAM.format(body=body)], capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        (
            "[TABLE_OR_VIEW_NOT_FOUND] The table `x` cannot be found. SQLSTATE: 42P01",
            1,
            "error: TABLE_OR_VIEW_NOT_FOUND: The table `x` cannot be found.",
        ),
        ("status = StatusCode.UNAVAILABLE", 3, "error: the engine does not answer any more"),
        ("java.io.IOException: No space left on device", 3, "error: the disk is full: No space left on device"),
        ("[INTERNAL_ERROR] The worker raised RecursionError. SQLSTATE: XX000", 3, "error: Spark could not finish: INTERNAL_ERROR"),
    ],
)
def test_what_spark_raises_outside_a_step_is_one_message(text: str, code: int, says: str) -> None:
    done = run(f"from pyspark.errors.exceptions.connect import SparkConnectGrpcException; raise SparkConnectGrpcException({text!r})")

    assert done.returncode == code
    assert done.stderr.startswith(says)
    assert "Traceback" not in done.stderr


def test_a_bug_keeps_its_stack_trace() -> None:
    done = run("raise KeyError('a bug')")

    assert done.returncode == 1
    assert "KeyError" in done.stderr


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("raise OSError(28, 'No space left on device', '/lake/logs')", "error: the disk is full: No space left on device\n  - /lake/logs"),
        ("raise PermissionError(13, 'no', '/lake/keys')", "error: a file or folder cannot be used: Permission denied\n  - /lake/keys"),
    ],
)
def test_a_disk_that_refuses_is_one_message(body: str, says: str) -> None:
    done = run(body)

    assert (done.returncode, "Traceback" in done.stderr) == (3, False)
    assert done.stderr.startswith(says)


def test_output_that_a_full_disk_does_not_take_is_an_error() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(body="print('figures')")],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=120,
        )

    assert (done.returncode, done.stderr.splitlines()[0]) == (3, "error: the disk is full: No space left on device")


def test_what_is_registered_for_the_end_of_the_process_is_done() -> None:
    done = run("import atexit; atexit.register(print, 'at the end'); print('first', end=' ')")

    assert (done.returncode, done.stdout) == (0, "first at the end\n")


def test_ctrl_c_is_one_word_and_exit_code_130() -> None:
    done = run(f"import os, time; os.kill(os.getpid(), {signal.SIGINT.value}); time.sleep(10)")

    assert (done.returncode, done.stderr) == (130, "stopped\n")


@pytest.mark.parametrize("command", ["evaluate", "simulate", "status", "source"])
def test_a_command_answers_wherever_it_is_called(command: str, tmp_path: Path) -> None:
    """As the installed script does: the checkout itself is not on the path, only the packages are installed."""
    load = "s = importlib.util.spec_from_file_location('cdp', {file!r}); m = importlib.util.module_from_spec(s); sys.modules['cdp'] = m; s.loader.exec_module(m)"
    program = (
        f"import sys, importlib.util; {load.format(file=str(PROJECT_ROOT / 'cdp.py'))}; sys.argv = ['cdp', '{command}', '--help']; m.main()"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout
