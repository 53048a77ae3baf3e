"""A cursor of the engine's SQL endpoint that can be interrupted: statements run in the background, and another connection cancels them."""

import time
from collections.abc import Sequence
from typing import Any

from spark_jobs.engine import thrift

FIRST_PAUSE, LONGEST_PAUSE = 0.005, 0.2


class EngineCursor:
    """The part of a PyHive cursor that `cdp sql` uses.

    PyHive waits for a statement inside one request. Ctrl-C in that time leaves the connection in the middle of an answer, so that nothing
    more can be asked of it, and the statement has no handle yet by which it could be cancelled.
    """

    def __init__(self, connection: Any, port: int) -> None:
        self._cursor = connection.cursor()
        self._port = port

    @property
    def description(self) -> Sequence[Sequence[Any]] | None:
        """Name and type of every column; None when the statement has no rows."""
        description: Sequence[Sequence[Any]] | None = self._cursor.description
        return description

    def execute(self, statement: str) -> None:
        """Run a statement to its end.

        Raises:
            OperationalError: PyHive's, with the engine's message.
        """
        from pyhive.exc import OperationalError
        from pyhive.hive import ttypes

        self._cursor.execute(statement, async_=True)
        state, pause = ttypes.TOperationState, FIRST_PAUSE
        while (status := self._cursor.poll(get_progress_update=False)).operationState in (
            state.INITIALIZED_STATE, state.PENDING_STATE, state.RUNNING_STATE,
        ):  # fmt: skip
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)
        if status.operationState != state.FINISHED_STATE:
            code = ttypes.TStatusCode.ERROR_STATUS
            told = ttypes.TStatus(
                statusCode=code, errorMessage=status.errorMessage or "the statement was cancelled", sqlState=status.sqlState
            )
            raise OperationalError(ttypes.TExecuteStatementResp(status=told))

    def fetchone(self) -> Sequence[Any] | None:
        """The next row, or None."""
        row: Sequence[Any] | None = self._cursor.fetchone()
        return row

    def fetchall(self) -> list[Sequence[Any]]:
        """All rows that are left."""
        return list(self._cursor.fetchall())

    def cancel(self) -> None:
        """Stop the statement in the engine, over a connection of its own."""
        from pyhive.hive import ttypes

        handle = self._cursor._operationHandle  # noqa: SLF001  # PyHive has no other name for it
        if handle is None:
            return
        other = thrift.connect(self._port)
        try:
            other.client.CancelOperation(ttypes.TCancelOperationReq(operationHandle=handle))
        finally:
            other.close()
