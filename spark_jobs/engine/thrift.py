"""The SQL endpoint of the engine, reached with PyHive: starts in a fraction of the time that importing pyspark takes."""

import getpass
import socket
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from conf.errors import EngineError, Finding


def port_answers(port: int, seconds: float = 1.0) -> bool:
    """True when something on this machine accepts connections on the port."""
    try:
        with socket.create_connection(("localhost", port), timeout=seconds):
            return True
    except OSError:
        return False


def free_port() -> int:
    """A port of loopback that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def connect(port: int, *, schema: str = "default", answer_within: float | None = 10) -> Any:
    """A DB-API connection to the engine's SQL endpoint.

    Args:
        port: the Thrift port.
        schema: the database that unqualified names mean.
        answer_within: seconds that opening may take; a query afterwards may take as long as it needs.

    Raises:
        EngineError: nothing answers in time.
    """
    from pyhive import hive
    from thrift.transport import TSocket, TTransport
    from thrift_sasl import TSaslClientTransport

    # PyHive's own converters raise at the first value that Python has no object for, and the result is lost.
    hive.TYPES_CONVERTER.update({"TIMESTAMP_TYPE": moment_or_text, "DECIMAL_TYPE": decimal_or_text})
    user = getpass.getuser()
    transport = TSocket.TSocket("localhost", port)
    transport.setTimeout(None if answer_within is None else answer_within * 1000)
    # The endpoint checks no password: it listens on loopback only. The protocol wants one all the same.
    sasl = TSaslClientTransport(lambda: hive.get_installed_sasl("localhost", "PLAIN", None, user, "x"), "PLAIN", transport)
    try:
        connection = hive.Connection(thrift_transport=sasl, username=user, database=schema)
    except (OSError, EOFError, TTransport.TTransportException) as err:
        raise EngineError(
            "the SQL endpoint does not answer", [Finding(f"localhost:{port}", str(err) or type(err).__name__, "see: cdp engine status")]
        ) from err
    transport.setTimeout(None)
    return connection


def moment_or_text(value: str) -> datetime | str:
    """A moment as the endpoint writes it; the text itself when Python has no such year, as of `+56132-02-29 12:00:00`."""
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return value


def decimal_or_text(value: str) -> Decimal | str:
    """A decimal; the text itself when it is none."""
    try:
        return Decimal(value)
    except InvalidOperation:
        return value
