"""The documentation of the marts as static pages, and dbt's command line for people."""

import contextlib
import json
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from conf.catalog import Schema
from conf.errors import CdpError, Finding
from conf.settings import Settings
from spark_jobs.common.session import engine_session
from spark_jobs.marts.runner import dbt_vars, invoke, target_dir


class _QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without a line on stderr for each."""

    def log_message(self, *args: Any) -> None:
        return


def call(settings: Settings, arguments: Sequence[str], business_date: date | None, *, dated: bool) -> bool:
    """Call dbt as a person would; True when it succeeded."""
    with engine_session(settings):
        variables = ["--vars", json.dumps(dbt_vars(settings, business_date or last_date(settings)))] if dated else []
        return bool(invoke(settings, [*arguments, *variables], quiet=False).success)


def write_docs(settings: Settings, business_date: date | None = None) -> Path:
    """Generate one self-contained page; needs no network to look at.

    Returns:
        The folder that holds `static_index.html`.
    """
    with engine_session(settings):
        day = business_date or last_date(settings)
        outcome = invoke(settings, ["docs", "generate", "--static", "--vars", json.dumps(dbt_vars(settings, day))])
    if not outcome.success:
        raise CdpError(
            "the documentation could not be written",
            [Finding("dbt docs", str(outcome.exception or "see dbt.log"), str(settings.lake.logs / "dbt"))],
        )
    return target_dir(settings)


def serve_docs(folder: Path, port: int, started: Callable[[str], None]) -> None:
    """Serve the page on loopback until the person stops it."""
    handler = partial(_QuietHandler, directory=str(folder))
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as err:
        raise CdpError(
            "the port is taken", [Finding(f"port {port}", str(err.strerror), "choose another with --port, or --port 0")]
        ) from err
    with server, contextlib.suppress(KeyboardInterrupt):
        started(f"http://127.0.0.1:{server.server_port}/static_index.html")
        server.serve_forever()


def last_date(settings: Settings) -> date:
    """The business date the profiles stand at.

    Raises:
        CdpError: no night has been run yet.
    """
    with engine_session(settings) as spark:
        if spark.catalog.tableExists(f"{Schema.GOLD_BUILD}.dim_customers"):
            day: date | None = spark.sql(
                f"select max(as_of_on) as day from {Schema.GOLD_BUILD}.dim_customers where as_of_on is not null"
            ).collect()[0]["day"]
            if day:
                return day
    raise CdpError("there are no marts yet", [Finding("gold", "no night has been run on this lake", "run: cdp demo, or give --date")])
