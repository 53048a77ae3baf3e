"""Fixtures of the whole suite: one temporary lake with one engine on free ports, and one Spark session."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings as hypothesis_settings

from conf.settings import Settings, load_settings
from conf.settings import settings as cached_settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


# The same examples every time, so that a build fails for what changed; `--hypothesis-profile default` looks for new ones.
hypothesis_settings.register_profile("suite", derandomize=True)
hypothesis_settings.load_profile("suite")


def pytest_configure() -> None:
    """A terminated run (a time limit, a closed terminal) still stops its engine: TERM unwinds the fixtures as Ctrl-C does.

    A shell starts background jobs with Ctrl-C ignored, and what they start inherits it: here it works again, for the tests about it.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The root of a temporary lake; all settings of this process, and of processes it starts, point to it."""
    root = tmp_path_factory.mktemp("lake")
    values = {
        "CDP_LAKE__ROOT": str(root),
        "CDP_SPARK__CONNECT_PORT": "0",
        "CDP_SPARK__THRIFT_PORT": "0",
        "CDP_SPARK__MASTER": "local[2]",
        "CDP_SPARK__DRIVER_MEMORY": "2g",
        "CDP_SPARK__SHUFFLE_PARTITIONS": "2",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("CDP_")]:
            patch.delenv(name)
        for name, value in values.items():
            patch.setenv(name, value)
        cached_settings.cache_clear()
        yield root
    cached_settings.cache_clear()


@pytest.fixture(scope="session")
def settings(lake: Path) -> Settings:
    """Settings of the temporary lake."""
    return load_settings()


@pytest.fixture(scope="session")
def engine(settings: Settings) -> Iterator[None]:
    """One engine for the suite; stopped by its pid."""
    from spark_jobs.common.session import close_sessions
    from spark_jobs.engine import server

    server.start(settings)
    try:
        yield
    finally:
        close_sessions()
        server.stop(settings)


@pytest.fixture(scope="session")
def spark(settings: Settings, engine: None) -> Iterator["SparkSession"]:
    """The session of the suite."""
    from spark_jobs.common.session import engine_session

    with engine_session(settings) as session:
        yield session
