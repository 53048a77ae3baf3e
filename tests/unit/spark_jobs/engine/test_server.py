"""The engine as a process: one per lake, concurrent clients lose nothing, and it comes back after a kill."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from conf.errors import EngineError
from conf.settings import Lake, Settings
from spark_jobs.common.session import attach, connect_url, engine_session
from spark_jobs.engine import server, thrift
from spark_jobs.engine.client import engine as any_engine
from spark_jobs.engine.client import running_engine
from spark_jobs.engine.lock import EngineLock, EngineState

CDP = [sys.executable, "cdp.py"]
CLIENTS = 3


@pytest.fixture
def running(settings: Settings, engine: None) -> EngineState:
    state = running_engine(settings)
    assert state is not None
    return state


@pytest.fixture
def own_lake(settings: Settings, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a lake of its own; its engine, if any, is stopped."""
    configured = settings.model_copy(update={"lake": Lake(root=tmp_path / "lake")})
    yield configured
    server.stop(configured)


def append_rows(state: EngineState, table: str, client: int, count: int) -> None:
    """A client of its own that makes `count` commits of one row."""
    session = attach(connect_url(state))
    try:
        for number in range(count):
            session.sql(f"insert into {table} values ({client}, {number})")
    finally:
        session.stop()


@pytest.mark.parametrize("count", [10, pytest.param(200, marks=pytest.mark.slow)])
def test_clients_that_append_to_one_table_at_once_lose_nothing(running: EngineState, count: int) -> None:
    session = attach(connect_url(running))
    table = f"ops.appended_by_many_{count}"
    session.sql(f"create or replace table {table} (client int, number int) using delta")

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(lambda client: append_rows(running, table, client, count), range(CLIENTS)))

    [row] = session.sql(f"select count(*) as n, count(distinct client, number) as d from {table}").collect()
    commits = session.sql(f"describe history {table}").where("operation = 'WRITE'").count()
    assert (row.n, row.d, commits) == (CLIENTS * count,) * 3
    session.sql(f"drop table {table}")
    session.stop()


def test_a_second_engine_on_the_lake_fails_at_once_and_names_the_holder(running: EngineState) -> None:
    started = time.monotonic()

    second = subprocess.run([*CDP, "engine", "up"], capture_output=True, text=True, timeout=60, check=False)

    assert time.monotonic() - started < 5  # 2 s on a machine that does nothing else: see the bench
    assert second.returncode == 3
    assert f"pid {running.pid}" in second.stderr
    assert "Traceback" not in second.stderr


def test_the_secret_is_in_a_private_file_and_on_no_command_line(running: EngineState) -> None:
    command_line = " ".join(psutil.Process(running.pid).cmdline())

    assert Path(running.token_file).stat().st_mode & 0o777 == 0o600
    assert running.token not in command_line


def test_both_endpoints_listen_on_loopback_only(running: EngineState) -> None:
    listening = [c.laddr for c in psutil.Process(running.pid).net_connections("inet") if c.status == psutil.CONN_LISTEN]

    assert {running.connect_port, running.thrift_port} <= {address.port for address in listening}
    assert {address.ip for address in listening} <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


def test_a_client_with_a_wrong_token_is_turned_away_at_once(running: EngineState) -> None:
    with pytest.raises(EngineError, match="UNAUTHENTICATED"):
        attach(f"sc://localhost:{running.connect_port}/;token=guessed")


def test_attaching_to_nothing_fails_in_seconds(settings: Settings) -> None:
    started = time.monotonic()

    with pytest.raises(EngineError, match="does not answer"):
        attach(f"sc://localhost:{thrift.free_port()}")

    assert time.monotonic() - started < 30


def test_every_schema_has_its_own_folder_in_the_warehouse(running: EngineState, settings: Settings) -> None:
    cursor = thrift.connect(running.thrift_port).cursor()
    cursor.execute("describe database silver")

    assert dict(cursor.fetchall())["Location"].removeprefix("file:") == str(settings.lake.warehouse / "silver")


def test_sessions_do_not_see_each_others_settings(running: EngineState) -> None:
    one, other = attach(connect_url(running)), attach(connect_url(running))

    one.sql("set spark.sql.ansi.enabled = false")

    assert other.conf.get("spark.sql.ansi.enabled") == "true"
    one.stop()
    other.stop()


def test_a_port_that_is_taken_is_named_with_the_remedy(running: EngineState, own_lake: Settings) -> None:
    spark = own_lake.spark.model_copy(update={"thrift_port": running.thrift_port})

    with pytest.raises(EngineError, match=rf"port {running.thrift_port} is taken.*\n.*CDP_SPARK__THRIFT_PORT"):
        server.start(own_lake.model_copy(update={"spark": spark}))


def test_a_lake_that_cannot_be_a_folder_is_named(own_lake: Settings) -> None:
    own_lake.lake.root.mkdir()
    own_lake.lake.warehouse.touch()

    with pytest.raises(EngineError, match=r"cannot use the lake's folders\n.*warehouse: File exists"):
        server.start(own_lake)


@pytest.mark.slow
def test_after_sigkill_a_command_starts_the_engine_again_and_the_data_are_there(own_lake: Settings) -> None:
    first = server.start(own_lake)
    session = attach(connect_url(first))
    session.sql("create table ops.survivor using delta as select 42 as answer")
    session.stop()

    os.kill(first.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(first.pid)] if psutil.pid_exists(first.pid) else [], timeout=10)
    with engine_session(own_lake) as after:
        rows = after.sql("select answer from ops.survivor").collect()
        started_on_demand = EngineState.load(EngineLock(own_lake.lake.engine).state_file)

    assert [row.answer for row in rows] == [42]
    assert started_on_demand is not None
    assert started_on_demand.pid != first.pid
    assert running_engine(own_lake) is None  # started for that one command, and stopped with it


@pytest.mark.slow
def test_commands_that_race_share_one_engine_and_the_last_one_stops_it(own_lake: Settings) -> None:
    def one_command(_: int) -> int:
        with any_engine(own_lake) as state:
            thrift.connect(state.thrift_port).close()
            return state.pid

    with ThreadPoolExecutor(3) as commands:
        pids = list(commands.map(one_command, range(3)))

    assert len(set(pids)) == 1
    assert not EngineLock(own_lake.lake.engine).is_held()
