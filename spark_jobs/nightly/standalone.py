"""Airflow's own user interface on this lake: api-server, scheduler, dag-processor and triggerer as one child process."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conf.errors import CdpError, Finding
from conf.settings import Settings
from spark_jobs.engine.stopping import deferred_stop, last_resort
from spark_jobs.nightly.airflow_home import airflow_environment

READY_WITHIN = 180.0
STOP_WITHIN = 2.5  # for each of INT, TERM and KILL: a command ends within ten seconds of a signal


@contextmanager
def airflow_standalone(settings: Settings, port: int, schedule: bool, log_file: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `airflow standalone` on loopback; all its processes are stopped at the end.

    Args:
        settings: the lake whose tables the DAGs write.
        port: port of the user interface.
        schedule: let the DAGs run on the retailer's clock; otherwise they run when a person triggers them.
        log_file: where everything it prints goes.
    """
    environment = os.environ | airflow_environment(settings)
    environment |= {
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://localhost:{port}",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://localhost:{port}/execution/",
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(64),
        "CDP_AIRFLOW__SCHEDULE": str(schedule).lower(),
        # `airflow` starts its parts by name.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
    }
    log_file.parent.mkdir(parents=True, exist_ok=True)
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "airflow", "standalone"], env=environment, stdout=log, stderr=log, start_new_session=True
        )
        with last_resort(lambda: os.killpg(process.pid, signal.SIGKILL)):
            try:
                yield process
            finally:
                with deferred_stop():
                    _stop(process)


def wait_until_ready(process: "subprocess.Popen[bytes]", port: int, log_file: Path) -> None:
    """Return when the user interface and the scheduler answer.

    Raises:
        CdpError: Airflow stopped, or is not ready in time.
    """
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CdpError(
                "Airflow stopped while starting",
                [Finding(str(log_file), f"exit code {process.returncode}", "read its last lines; is the port free?")],
            )
        if _is_healthy(port):
            return
        time.sleep(0.5)
    raise CdpError(
        "Airflow is not ready", [Finding(str(log_file), f"no healthy answer within {READY_WITHIN:.0f} s", "read its last lines")]
    )


def _is_healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://localhost:{port}/api/v2/monitor/health", timeout=5) as answer:
            parts = json.load(answer)
    except (OSError, urllib.error.URLError, ValueError):
        return False
    return all(parts[name]["status"] == "healthy" for name in ("metadatabase", "scheduler", "dag_processor"))


def _stop(process: "subprocess.Popen[bytes]") -> None:
    for number, patience in ((signal.SIGINT, STOP_WITHIN), (signal.SIGTERM, STOP_WITHIN), (signal.SIGKILL, STOP_WITHIN)):
        try:
            os.killpg(process.pid, number)
            process.wait(patience)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
        # The parent is gone; whatever is left of its group goes at once.
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        return
