"""The Spark session of a job: a Spark Connect client of the running engine, of one started for it, or of a remote service."""

import atexit
import getpass
import os
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from conf.catalog import Schema
from conf.errors import EngineError, Finding
from conf.settings import Settings
from spark_jobs.common.lake_format import mark_new_lake
from spark_jobs.common.logging import quiet_clients
from spark_jobs.engine.client import engine, running_engine
from spark_jobs.engine.lock import EngineState

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ATTACH_SECONDS = 20.0


@dataclass(frozen=True)
class _Opened:
    """A session of this process, on which engine it was opened, and what to do to close it."""

    session: "SparkSession"
    engine_pid: int
    stack: ExitStack


_open_sessions: dict[tuple[int, str], _Opened] = {}


@contextmanager
def engine_session(settings: Settings, progress: Callable[[str], None] = lambda _: None) -> Iterator["SparkSession"]:
    """A session of one's own, released at the end of the block.

    Raises:
        EngineError: no engine runs and none could be started, or it does not answer within seconds.
    """
    mark_new_lake(settings)
    with ExitStack() as stack:
        if settings.spark.remote:
            session = attach(settings.spark.remote)
            stack.callback(_release, session)
            _create_schemas(session, settings)
        else:
            session = attach(connect_url(stack.enter_context(engine(settings, progress))))
            stack.callback(_release, session)
        yield session


def spark_session(settings: Settings) -> "SparkSession":
    """The session that all steps of this process share; opened at the first call, released when the process ends.

    When the engine was restarted since, a new session on the new engine takes its place.

    Raises:
        EngineError: see `engine_session`.
    """
    key = os.getpid(), str(settings.spark.remote or settings.lake.root)
    opened = _open_sessions.get(key)
    if opened and (opened.session.is_stopped or opened.engine_pid != _engine_pid(settings)):  # type: ignore[attr-defined]  # a Connect session
        del _open_sessions[key]
        opened.stack.close()
    if key not in _open_sessions:
        stack = ExitStack()
        session = stack.enter_context(engine_session(settings))
        _open_sessions[key] = _Opened(session, _engine_pid(settings), stack)
    return _open_sessions[key].session


def _engine_pid(settings: Settings) -> int:
    """Process id of this lake's engine; 0 when it is remote or gone."""
    state = None if settings.spark.remote else running_engine(settings)
    return state.pid if state else 0


@atexit.register
def close_sessions() -> None:
    """Release what `spark_session` opened in this process."""
    for key in [key for key in _open_sessions if key[0] == os.getpid()]:
        _open_sessions.pop(key).stack.close()


def connect_url(state: EngineState) -> str:
    """Where Spark Connect clients find the engine, with its token. The host must be the word `localhost`."""
    return f"sc://localhost:{state.connect_port}/;token={state.token}"


def connect_environment(state: EngineState) -> dict[str, str]:
    """Environment that makes other Spark Connect clients (dbt, notebooks) use the engine."""
    return {"SPARK_REMOTE": f"sc://localhost:{state.connect_port}", "SPARK_CONNECT_AUTHENTICATE_TOKEN": state.token}


def attach(url: str) -> "SparkSession":
    """A new session on a Spark Connect service; never waits longer than some seconds for it.

    Raises:
        EngineError: it does not answer, or refuses.
    """
    os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
    from pyspark.sql.connect.client import DefaultChannelBuilder
    from pyspark.sql.connect.client.retries import DefaultPolicy
    from pyspark.sql.connect.session import SparkSession as ConnectSession

    quiet_clients()
    shown = url.partition("/;")[0]
    builder = DefaultChannelBuilder(url)
    session = ConnectSession(builder, userId=getpass.getuser())
    # The client's own policy retries for ten minutes without a word; ours gives up after 3 s now, and after 20 s later.
    session.client.set_retry_policies([DefaultPolicy(max_retries=3, initial_backoff=200)])
    answer: list[str | BaseException] = []

    def ask() -> None:
        try:
            with warnings.catch_warnings(action="ignore"):
                answer.append(session.version)
        except Exception as err:  # noqa: BLE001  # carried to the caller's thread
            answer.append(err)

    asking = threading.Thread(target=ask, daemon=True, name="attach")
    asking.start()
    asking.join(ATTACH_SECONDS)
    if not answer or isinstance(answer[0], BaseException):
        session.release_session_on_close = False
        session.stop()
        problem = _one_line(answer[0]) if answer else f"no answer in {ATTACH_SECONDS:.0f} s"
        raise EngineError(
            "the Spark Connect service does not answer", [Finding(shown, problem, "see: cdp engine status; or check CDP_SPARK__REMOTE")]
        )
    session.client.set_retry_policies([DefaultPolicy(max_retries=7, max_backoff=5000)])
    ConnectSession._set_default_and_active_session(session)  # noqa: SLF001  # as its own builder does; `F.col` needs it
    return cast("SparkSession", session)


def _release(session: "SparkSession") -> None:
    """Stop the session without waiting for an engine that is gone."""
    from pyspark.sql.connect.client.retries import DefaultPolicy

    session.client.set_retry_policies([DefaultPolicy(max_retries=1)])
    with warnings.catch_warnings(action="ignore"):
        session.stop()


def _one_line(err: object) -> str:
    return " ".join(str(err).split())[:200]


def _create_schemas(session: "SparkSession", settings: Settings) -> None:
    there = {row[0] for row in session.sql("show databases").collect()}
    for schema in Schema:
        if schema.value not in there:
            session.sql(f"create database if not exists {schema} location '{(settings.lake.warehouse / schema).as_uri()}'")
