"""Turns what Spark, PyHive, dbt and MLflow raise into one readable line: never Java, never a customer's value, and by kind.

Permanent errors: a statement that cannot work (SqlError), work that fails again (JobFailedError), a lake that cannot be written
(NotWritableError). Transient errors, which are tried again: a lost engine (EngineError), a full disk (DiskFullError), and work that failed
for lack of memory, by a lost connection or because of another writer (SparkFailedError).
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from conf.errors import CdpError, EngineError, Finding
from spark_jobs.common.storage import fault_in_text, fault_of

_CONDITION = re.compile(r"\[([A-Z][A-Z0-9_]*(?:\.[A-Z0-9_]+)*)\]")
_POSITION = re.compile(r"line (\d+),? (pos|position) (\d+)")
_END = re.compile(r"\s*(SQLSTATE: |\n|== SQL)")
_SQLSTATE = re.compile(r"SQLSTATE: ?([0-9A-Z]{2})[0-9A-Z]{3}\b")
_TYPES = re.compile(r'"((?:TINYINT|SMALLINT|INT|BIGINT|FLOAT|DOUBLE|STRING|BOOLEAN|BINARY|DATE|TIMESTAMP(?:_NTZ)?|DECIMAL\(\d+,\d+\)))"')
_QUOTED = re.compile(r"(?<!\w)(['\"])(?:.*['\"](?!\w)|.*)", re.DOTALL)
# A word in capitals is no sign: a person's SQL may hold it. These are how gRPC, Thrift and Spark's client write it.
_GONE = re.compile(
    r"StatusCode\.UNAVAILABLE|\bstatus: UNAVAILABLE|grpc_status:14\b|\[RETRIES_EXCEEDED\]|\[INVALID_HANDLE\.SESSION|Connection refused"
    r"|Socket closed|TSocket read 0 bytes|failed to connect to all addresses|RST_STREAM|Stream removed|\bGOAWAY\b|\brecvmsg:"
)
_TRANSIENT = re.compile(
    r"Java heap space|GC overhead limit exceeded|OutOfMemoryError|\bMemoryError\b|Concurrent[A-Za-z]*Exception|DELTA_CONCURRENT_\w+"
    r"|Connection reset|Broken pipe|ExecutorLostFailure|FetchFailedException|TimeoutException|\[INVALID_HANDLE\."
    r"|StatusCode\.(?:ABORTED|RESOURCE_EXHAUSTED|DEADLINE_EXCEEDED|CANCELLED)"
)
# A Python worker raised: the same rows raise again, whatever Spark's own condition says.
_OF_WORKER = re.compile(r"PythonException|Traceback \(most recent call last\)")
_THROWN = re.compile(r"\b(?:[a-z_]\w*\.)+([A-Z]\w*(?:Error|Exception))\b|^([A-Z]\w*(?:Error|Exception)): ", re.MULTILINE)
_PACKAGES = ("pyspark.", "pyhive.", "dbt.", "dbt_common.", "grpc.", "thrift.")
_OF_FILES = ("sqlite3.", "sqlalchemy.", "duckdb.", "_duckdb.", "deltalake.", "_internal.", "pyarrow.", "mlflow.")

# SQLSTATE classes that the same statement meets again: cardinality, data, integrity, and syntax or names.
_AGAIN = frozenset({"21", "22", "23", "42"})
# Connection, rollback, resources, operator, system; Delta's conflicts are 2D.
_TRANSIENT_STATES = frozenset({"08", "2D", "40", "53", "57", "58"})
_OF_SQL = frozenset({"21", "42"})  # their sentences speak of SQL and names; those of the others quote data
_REFUSED = frozenset({"AnalysisException", "ParseException"})
_MISUSE = (TypeError, ValueError, LookupError, AttributeError, AssertionError, NotImplementedError, ImportError)
_SAYS_NO_VALUE = frozenset({"DIVIDE_BY_ZERO"})


class SqlError(CdpError):
    """A statement that Spark refused, or that cannot work on the data.

    Attributes:
        condition: Spark's name of the problem such as TABLE_OR_VIEW_NOT_FOUND; empty when it gave none.
    """

    def __init__(self, message: str, condition: str = "") -> None:
        super().__init__(message)
        self.condition = condition


class SparkFailedError(EngineError):
    """Spark could not finish for a transient reason: memory, a lost connection, another writer."""


class JobFailedError(CdpError):
    """Spark could not finish, and would not finish when asked again."""

    exit_code = 3


def readable(err: BaseException) -> CdpError | None:
    """The error as a person should see it; None when it is none of theirs: then it is a bug with a stack trace."""
    if isinstance(err, CdpError):
        return err
    package = f"{type(err).__module__}."
    if fault := fault_of(err) or (fault_in_text(str(err)) if package.startswith(_OF_FILES) else None):
        return fault.error()
    if not package.startswith(_PACKAGES):
        return _registry_failed(err) if package.startswith("mlflow.") else None
    return _spark_error(err, is_of_dbt=package.startswith("dbt"))


def _spark_error(err: BaseException, *, is_of_dbt: bool) -> CdpError:
    texts = _texts(err)
    # A write that fails names its own condition; that a value did not fit is said by the cause.
    if lasting := next((text for text in texts if _states(text) & _AGAIN), None):
        return sql_error(lasting)
    if _is_refused(err):
        return sql_error(texts[0])
    if _status(err) == "UNAVAILABLE":
        return _engine_gone()
    story = "\n".join(texts)
    return environment_error(story) or (sql_error(story) if is_of_dbt else _failed_for_good(story))


def sql_error(text: str) -> SqlError:
    """Condition, position and first sentence out of a message of Spark's, however it is wrapped; without values of the data."""
    conditions = list(_CONDITION.finditer(text))
    if not conditions:
        # A sentence of dbt's or of a parser's is kept; what Java throws may quote data.
        return SqlError(_first_line(without_values(text) if "Exception" in text or "Traceback" in text else text)[:500])
    # Wrappers repeat the condition before a Java class name; what follows its last mention is the sentence.
    named = [match for match in conditions if match[1] == conditions[0][1]]
    condition, rest = named[-1][1], text[named[-1].end() :].strip()
    states = _states(text)
    if (states and states <= _OF_SQL) or condition in _SAYS_NO_VALUE:
        sentence = (_END.split(rest, maxsplit=1)[0].strip() or _first_line(text))[:500]
    elif states and not states & _AGAIN:
        sentence = "Spark could not finish"
    else:
        sentence = _without_data(condition, _TYPES.findall(rest))
    return SqlError(f"{condition}{_position(text)}: {sentence}", condition)


def environment_error(text: str) -> CdpError | None:
    """What the engine or the disk did, recognised from a message; None when the message is about the statement, the data or the code.

    A NotWritableError is permanent; every other error that this returns is transient.
    """
    if _states(text) & _AGAIN:
        return None
    if _GONE.search(text):
        return _engine_gone()
    if fault := fault_in_text(text):
        return fault.error()
    is_transient = bool(_TRANSIENT.search(text)) or (bool(_states(text) & _TRANSIENT_STATES) and not _OF_WORKER.search(text))
    return _failed(text) if is_transient else None


@contextmanager
def readable_errors() -> Iterator[None]:
    """Errors of Spark, PyHive and dbt inside the block come out as one readable line, without the original in their chain."""
    try:
        yield
    except Exception as err:
        short = readable(err)
        if short is None or short is err:
            raise
        raise short from None


def without_values(message: str) -> str:
    """The message without what stands between its first and its last quote: it may be a customer's, apostrophes and line breaks included."""
    return _QUOTED.sub("'…'", message)


def forget_values(err: BaseException) -> None:
    """Cut the errors of Spark, PyHive and dbt, whose messages quote data, out of the chain that a traceback prints."""
    current = err
    while cause := current.__cause__ or (None if current.__suppress_context__ else current.__context__):
        if isinstance(current, CdpError) or readable(cause) is not None:
            break
        current = cause
    current.__cause__ = current.__context__ = None


def _without_data(condition: str, types: list[str]) -> str:
    if condition.startswith("CAST_") and len(types) > 1:
        return f"a value of type {types[-2]} cannot be read as {types[-1]}"
    return f"a value or row does not fit{' (' + ', '.join(types) + ')' if types else ''}; it is not shown, because it may be a customer's"


def _registry_failed(err: BaseException) -> EngineError:
    finding = Finding(
        "MLflow", without_values(_first_line(str(err)))[:300], "look at mlflow.tracking_uri and its disk, then run the command again"
    )
    return EngineError("the model registry does not answer as it should", [finding])


def _engine_gone() -> EngineError:
    finding = Finding(
        "the engine", "the connection was lost", "look at `cdp engine status`, then run the command again: every step can be repeated"
    )
    return EngineError("the engine does not answer any more", [finding])


def _failed(text: str) -> SparkFailedError:
    remedy = "free memory if that is named; then run the same again: every step can be repeated"
    return SparkFailedError(_could_not_finish(text), [Finding("the engine", "a transient error", remedy)])


def _failed_for_good(text: str) -> JobFailedError:
    remedy = "read the engine's log, which `cdp engine status` names, and correct the input, the mapping or the code"
    return JobFailedError(_could_not_finish(text), [Finding("the engine", "running the same again fails again", remedy)])


def _could_not_finish(text: str) -> str:
    """Only names of conditions and exceptions, and phrases that are known: anything else may quote data."""
    condition = _CONDITION.search(text)
    thrown = [match[1] or match[2] for match in _THROWN.finditer(text)]
    said = [*([condition[1]] if condition else []), *thrown[-1:], *_TRANSIENT.findall(text)]
    return f"Spark could not finish: {', '.join(dict.fromkeys(said)) or 'it did not say why'}"


def _states(text: str) -> set[str]:
    """Classes of the SQLSTATEs in a message."""
    return set(_SQLSTATE.findall(text))


def _is_refused(err: BaseException) -> bool:
    names = {kind.__name__ for kind in type(err).__mro__}
    return bool(names & _REFUSED) or _asked(err, "getSqlState")[:2] in _AGAIN or isinstance(err, _MISUSE)


def _status(err: BaseException) -> str:
    """Name of the gRPC status an error carries; empty when it carries none."""
    return (_asked(err, "getGrpcStatusCode") or _asked(err, "code")).rpartition(".")[2]


def _texts(err: BaseException) -> list[str]:
    """The message, and those of its causes in the engine."""
    status = getattr(err.args[0], "status", None) if err.args else None
    causes = _asked(err, "getStackTrace").split("\nCaused by: ")[1:]
    return [str(getattr(status, "errorMessage", None) or err), *causes]


def _asked(err: BaseException, name: str) -> str:
    """What a method of Spark's or gRPC's errors answers, as text; empty for an error that has none."""
    method = getattr(err, name, None)
    answer = method() if callable(method) else None
    return "" if answer is None else str(answer)


def _first_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0] if lines else "no message"


def _position(text: str) -> str:
    match = _POSITION.search(text)
    if match is None:
        return ""
    column = int(match[3]) + (1 if match[2] == "pos" else 0)
    return f" at line {match[1]}, column {column}"
