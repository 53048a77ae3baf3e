"""Retries by kind of error: what passes by itself is tried again, what a person must mend fails at once."""

from datetime import timedelta
from typing import Any

from airflow.sdk import RetryDecision, RetryPolicy

from conf.errors import CdpError, EngineError

FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(minutes=5)

# Names, not classes: a DAG file must not import Spark when it is parsed.
_MISTAKES_IN_SQL = {"AnalysisException", "ParseException", "PySparkTypeError", "PySparkValueError"}
_MISTAKES_IN_CODE = (TypeError, AttributeError, NameError, ImportError, AssertionError, NotImplementedError)


def needs_a_person(error: BaseException) -> bool:
    """True when trying again cannot help: bad input, bad configuration, or a mistake in code or SQL."""
    if isinstance(error, EngineError):
        return False
    names = {kind.__name__ for kind in type(error).__mro__}
    return isinstance(error, (CdpError, *_MISTAKES_IN_CODE)) or bool(names & _MISTAKES_IN_SQL)


class RetryByKind(RetryPolicy):
    """Fails at once when a person must act; otherwise (engine gone, network, disk) tries again, waiting longer each time."""

    def evaluate(self, exception: BaseException, try_number: int, max_tries: int, context: Any = None) -> RetryDecision:
        """Decide what follows a failed attempt; Airflow caps the number of attempts."""
        if needs_a_person(exception):
            return RetryDecision.fail(f"{type(exception).__name__}: trying again would not help")
        delay = min(FIRST_DELAY * 3 ** (try_number - 1), LONGEST_DELAY)
        return RetryDecision.retry(delay, f"{type(exception).__name__}: may pass by itself")

    def serialize(self) -> dict[str, Any]:
        """Nothing to store: the policy has no settings."""
        return {"__type": type(self).__qualname__}
