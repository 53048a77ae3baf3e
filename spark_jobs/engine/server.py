"""Starts, stops and describes the engine's JVM."""

import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from conf.catalog import Schema
from conf.errors import EngineError, Finding
from conf.settings import Settings
from spark_jobs.common.storage import fault_of
from spark_jobs.engine import archive, thrift
from spark_jobs.engine.jars import jar_paths
from spark_jobs.engine.java import java_home
from spark_jobs.engine.lock import ClientLease, EngineLock, EngineState
from spark_jobs.engine.processes import MAIN_CLASS, jvms_of, terminate
from spark_jobs.engine.profile import jvm_options, spark_conf, write_files
from spark_jobs.engine.stopping import deferred_stop

START_SECONDS = 300
ADOPT_SECONDS = 120
STOP_SECONDS = 30

Progress = Callable[[str], None]


def _silent(_: str) -> None:
    """No progress wanted."""


def spark_home() -> Path:
    """Where the pip pyspark lies."""
    spec = find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise EngineError("pyspark is not installed", [Finding("the virtual environment", "it has no pyspark", "run `make setup`")])
    return Path(spec.origin).parent


def start(settings: Settings, *, on_demand: bool = False, progress: Progress = _silent, record: Path | None = None) -> EngineState:
    """Start the engine of this lake and wait until both endpoints answer.

    Args:
        settings: which lake, ports, memory, profile.
        on_demand: a command starts it for itself; the last client stops it.
        progress: is told what happens, in a few words.
        record: write a class-data archive to this file when the engine stops.

    Raises:
        EngineError: an engine runs already, a port is taken, Java or the jars are missing, or the JVM did not come up.
    """
    lock = EngineLock(settings.lake.engine)
    try:
        with lock.starting():
            adopted = _adopt(settings, lock, on_demand, progress)
            return adopted or _start(settings, lock, on_demand, record, progress)
    except OSError as err:
        if fault := fault_of(err):
            raise fault.error() from err
        finding = Finding(str(err.filename or settings.lake.root), err.strerror or str(err), "check its permissions and the free space")
        raise EngineError("the engine cannot use the lake's folders", [finding]) from err


def _start(settings: Settings, lock: EngineLock, on_demand: bool, record: Path | None, progress: Progress) -> EngineState:
    process = None
    try:
        with deferred_stop():  # between the fork and this name nobody could stop the JVM
            state, process = _spawn(settings, lock, on_demand, record, progress)
        _wait_until_ready(settings, state, process.poll, progress)
        ready = state.with_ready()
        ready.save(lock.state_file)
    except BaseException:
        if process is not None:
            terminate(process.pid, seconds=2)
        raise
    return ready


def _adopt(settings: Settings, lock: EngineLock, on_demand: bool, progress: Progress) -> EngineState | None:
    """Complete the start of a JVM whose starter was killed; stop it when that fails. None when there is no such JVM.

    Raises:
        EngineHeldError: the engine on this lake is complete.
    """
    if not lock.is_held():
        return None
    if lock.running():
        raise lock.refusal()
    state, jvms = EngineState.load(lock.state_file), jvms_of(lock, within=1.0)
    if state is not None and len(jvms) == 1:
        progress("completing the start of a command that was killed")
        adopted = replace(state, pid=jvms[0].pid, on_demand=on_demand)
        try:
            _wait_until_ready(settings, adopted, lambda: None if lock.is_held() else 1, progress, seconds=ADOPT_SECONDS)
            adopted = adopted.with_ready()
            adopted.save(lock.state_file)
        except EngineError:
            pass
        else:
            return adopted
    progress("replacing an engine whose start was not completed")
    for jvm in jvms:
        terminate(jvm.pid, seconds=2)
    _wait_until_free(lock)
    return None


def _spawn(
    settings: Settings, lock: EngineLock, on_demand: bool, record: Path | None, progress: Progress
) -> tuple[EngineState, "subprocess.Popen[bytes]"]:
    """Take the lock, write down where the JVM will listen, and start it with the lock."""
    home, jars = java_home(), jar_paths()
    descriptor = lock.acquire()
    try:
        lock.sign(descriptor, os.getpid())
        lock.state_file.unlink(missing_ok=True)
        _prepare_folders(settings)
        ports = _port(settings.spark.connect_port, "connect_port"), _port(settings.spark.thrift_port, "thrift_port")
        conf = spark_conf(settings, *ports, jars)
        option = f"-XX:ArchiveClassesAtExit={record}" if record else archive.java_option(home, jars)
        token_file = _new_token(settings.lake.engine / "token")
        state = EngineState(
            pid=0, connect_port=ports[0], thrift_port=ports[1], token_file=str(token_file), on_demand=on_demand,
            started_at=datetime.now(UTC).isoformat(timespec="seconds"), driver_memory=conf["spark.driver.memory"],
            warehouse=str(settings.lake.warehouse), spark_version=version("pyspark"),
        )  # fmt: skip
        state.save(lock.state_file)  # before the JVM: whoever completes this start must know the ports
        progress("starting the JVM")
        process = _launch(settings, home, conf, jvm_options(settings, option), token_file, descriptor)
        lock.sign(descriptor, process.pid)
    finally:
        os.close(descriptor)
    return replace(state, pid=process.pid), process


def _prepare_folders(settings: Settings) -> None:
    shutil.rmtree(settings.lake.engine / "tmp", ignore_errors=True)
    catalogue = settings.lake.metastore / "catalog"
    if catalogue.is_dir() and not (catalogue / "service.properties").is_file():
        shutil.rmtree(catalogue)  # Derby writes this file last: the very first start was killed before that
    for folder in (settings.lake.warehouse, settings.lake.metastore):
        folder.mkdir(parents=True, exist_ok=True)
    write_files(settings)


def _port(wanted: int, setting: str) -> int:
    if wanted == 0:
        return thrift.free_port()
    if thrift.port_answers(wanted):
        remedy = f"stop that program, or set CDP_SPARK__{setting.upper()} to another port (0 = any free one)"
        raise EngineError(f"port {wanted} is taken by another program", [Finding(f"spark.{setting}", "something answers there", remedy)])
    return wanted


def _new_token(file: Path) -> Path:
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(secrets.token_urlsafe(32))
    return file


def _launch(
    settings: Settings, home: Path, conf: dict[str, str], options: str, token_file: Path, lock_descriptor: int
) -> "subprocess.Popen[bytes]":
    """The JVM, detached from this terminal, holding the lock's descriptor."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SPARK_")}
    environment |= {
        "JAVA_HOME": str(home),
        "SPARK_HOME": str(spark_home()),
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_CONNECT_AUTHENTICATE_TOKEN": token_file.read_text(encoding="utf-8"),
    }
    if settings.spark.master.startswith("local"):
        environment["SPARK_LOCAL_IP"] = "127.0.0.1"
    command = [str(spark_home() / "bin" / "spark-class"), "org.apache.spark.deploy.SparkSubmit", "--class", MAIN_CLASS]
    command += [part for key, value in conf.items() for part in ("--conf", f"{key}={value}")]
    command += ["--driver-java-options", options, "spark-internal"]
    with (settings.lake.engine / "log" / "console.log").open("wb") as console:
        return subprocess.Popen(
            command, env=environment, cwd=settings.lake.engine, stdin=subprocess.DEVNULL, stdout=console, stderr=console,
            start_new_session=True, pass_fds=(lock_descriptor,),
        )  # fmt: skip


def _wait_until_ready(
    settings: Settings, state: EngineState, ended: Callable[[], int | None], progress: Progress, *, seconds: float = START_SECONDS
) -> None:
    deadline = time.monotonic() + seconds
    progress("waiting for the endpoints")
    while not (thrift.port_answers(state.thrift_port) and thrift.port_answers(state.connect_port)):
        if ended() is not None:
            raise not_started("the engine ended while starting", settings)
        if time.monotonic() > deadline:
            raise not_started(f"the engine did not come up in {seconds:.0f} s", settings)
        time.sleep(0.1)
    progress("looking at the catalogue")
    try:
        create_schemas(settings, state)
    except Exception as err:
        raise not_started("the engine came up but its catalogue does not answer", settings) from err


def create_schemas(settings: Settings, state: EngineState) -> None:
    """Create the databases of the catalogue that are missing, each in its own folder of the warehouse."""
    connection = thrift.connect(state.thrift_port, answer_within=60)
    try:
        cursor = connection.cursor()
        cursor.execute("show databases")
        there = {row[0] for row in cursor.fetchall()}
        for schema in Schema:
            if schema.value not in there:
                cursor.execute(f"create database if not exists {schema} location '{(settings.lake.warehouse / schema).as_uri()}'")
    finally:
        connection.close()


def not_started(message: str, settings: Settings) -> EngineError:
    """An error with what the log says about it."""
    return EngineError(message, [_last_words(settings)])


def _last_words(settings: Settings) -> Finding:
    """The line of the log that most likely says why."""
    folder = settings.lake.engine / "log"
    for file in (folder / "engine.log", folder / "console.log"):
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.is_file() else []
        telling = [line for line in lines[-200:] if any(word in line for word in ("ERROR", "FATAL", "Caused by", "Error:", "xception:"))]
        if telling:
            return Finding(str(file), telling[-1].strip()[:300], "read the log file")
    return Finding(str(folder), "the log says nothing", "try again with more memory (CDP_SPARK__DRIVER_MEMORY), or read the log files")


def stop(settings: Settings, *, seconds: float = STOP_SECONDS) -> int:
    """Stop the engine of this lake: TERM, after a while KILL; returns when the lock is free.

    Returns:
        The pid that was stopped, 0 when there was no engine.
    """
    lock = EngineLock(settings.lake.engine)
    holder = lock.holder()
    if holder is None:
        return 0
    # A start that is not complete is held by the pid of its starter: stopping that one too ends the start.
    pids = [process.pid for process in jvms_of(lock)] or [holder[0]]
    for pid in pids:
        terminate(pid, seconds=seconds)
    _wait_until_free(lock)
    lock.state_file.unlink(missing_ok=True)
    return pids[0]


def kill_own(settings: Settings, lease: ClientLease) -> None:
    """End an engine at once that a command started for itself and that nobody else uses."""
    lock = EngineLock(settings.lake.engine)
    state = EngineState.load(lock.state_file)
    if state and state.on_demand and lock.is_held() and lease.is_last():
        for process in jvms_of(lock):
            process.kill()


def _wait_until_free(lock: EngineLock) -> None:
    deadline = time.monotonic() + 5
    while lock.is_held():
        if time.monotonic() > deadline:
            pid = (lock.holder() or (0, ""))[0]
            raise EngineError("the engine does not end", [Finding(f"process {pid}", "still holds the lock", f"look at it: ps {pid}")])
        time.sleep(0.05)
