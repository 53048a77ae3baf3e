"""Retries by kind of error: transient errors are tried again, permanent errors fail immediately."""

from datetime import timedelta
from typing import Any

from airflow.sdk import RetryDecision, RetryPolicy

from conf.errors import EngineError

FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(minutes=5)

# What no step of ours turned into an error of ours: the network and the machine.
_OF_THE_MACHINE = (ConnectionError, TimeoutError, BlockingIOError, InterruptedError, MemoryError)
# Names, not classes: a DAG file must not import Spark, SQLAlchemy or Airflow's client when it is parsed.
_OF_SERVICES = {"OperationalError", "RequestException", "HTTPError", "TransportError", "AirflowTaskTimeout"}


def is_transient(error: BaseException) -> bool:
    """True when trying again can help; False for input, configuration, SQL and code, which a person must correct."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return isinstance(error, (EngineError, *_OF_THE_MACHINE)) or bool(names & _OF_SERVICES)


class RetryByKind(RetryPolicy):
    """Tries transient errors again (engine, network, full disk), waiting longer each time; everything else fails immediately."""

    def evaluate(self, exception: BaseException, try_number: int, max_tries: int, context: Any = None) -> RetryDecision:
        """Decide what follows a failed attempt; Airflow caps the number of attempts."""
        if not is_transient(exception):
            return RetryDecision.fail(f"{type(exception).__name__}: permanent")
        delay = min(FIRST_DELAY * 3 ** (try_number - 1), LONGEST_DELAY)
        return RetryDecision.retry(delay, f"{type(exception).__name__}: transient")

    def serialize(self) -> dict[str, Any]:
        """Nothing to store: the policy has no settings."""
        return {"__type": type(self).__qualname__}
