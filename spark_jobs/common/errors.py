"""Turns what Spark, PyHive, dbt and MLflow raise into one readable line: never Java, never a customer's value, and by kind.

Three kinds: a statement that cannot work (SqlError), an engine that is gone (EngineError), and work that failed for a reason
that may pass, such as a full disk or another writer (SparkFailedError). The last two are tried again.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from conf.errors import CdpError, EngineError, Finding

_CONDITION = re.compile(r"\[([A-Z][A-Z0-9_]*(?:\.[A-Z0-9_]+)*)\]")
_POSITION = re.compile(r"line (\d+),? (pos|position) (\d+)")
_END = re.compile(r"\s*(SQLSTATE: |\n|== SQL)")
_SQLSTATE = re.compile(r"SQLSTATE: ?([0-9A-Z]{2})[0-9A-Z]{3}\b")
_TYPES = re.compile(r'"((?:TINYINT|SMALLINT|INT|BIGINT|FLOAT|DOUBLE|STRING|BOOLEAN|BINARY|DATE|TIMESTAMP(?:_NTZ)?|DECIMAL\(\d+,\d+\)))"')
_QUOTED = re.compile(r"(?<!\w)(['\"])(?:.*['\"](?!\w)|.*)", re.DOTALL)
# A word in capitals is no sign: a person's SQL may hold it. These are how gRPC, Thrift and Spark's client write it.
_GONE = re.compile(
    r"StatusCode\.UNAVAILABLE|\bstatus: UNAVAILABLE|grpc_status:14\b|\[RETRIES_EXCEEDED\]|\[INVALID_HANDLE\.SESSION|Connection refused"
    r"|Socket closed|TSocket read 0 bytes|failed to connect to all addresses"
)
_PASSING = re.compile(
    r"No space left on device|Java heap space|GC overhead limit exceeded|OutOfMemoryError|Concurrent[A-Za-z]*Exception|DELTA_CONCURRENT_\w+"
    r"|Connection reset|Broken pipe|Job aborted|Lost task|ExecutorLostFailure"
)
_THROWN = re.compile(r"\b(?:[a-z_]\w*\.)+([A-Z]\w*(?:Error|Exception))\b|^([A-Z]\w*(?:Error|Exception)): ", re.MULTILINE)
_PACKAGES = ("pyspark.", "pyhive.", "dbt.", "dbt_common.", "grpc.", "thrift.")

# SQLSTATE classes that the same statement meets again: cardinality, data, integrity, and syntax or names.
_AGAIN = frozenset({"21", "22", "23", "42"})
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
    """Spark could not finish its work for a reason that may pass: disk, memory, a lost worker, another writer."""


def readable(err: BaseException) -> CdpError | None:
    """The error as a person should see it; None when it is none of theirs: then it is a bug with a stack trace."""
    if isinstance(err, CdpError):
        return err
    package = f"{type(err).__module__}."
    if not package.startswith(_PACKAGES):
        return _registry_failed(err) if package.startswith("mlflow.") else None
    texts = _texts(err)
    # A write that fails names its own condition; that a value did not fit is said by the cause.
    if lasting := next((text for text in texts if _states(text) & _AGAIN), None):
        return sql_error(lasting)
    if _is_refused(err):
        return sql_error(texts[0])
    if _status(err) == "UNAVAILABLE":
        return _engine_gone()
    story = "\n".join(texts)
    return passing_error(story) or (sql_error(story) if package.startswith("dbt") else _failed(story))


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


def passing_error(text: str) -> EngineError | None:
    """What may pass by itself, told from a message alone; None when nothing in it says so."""
    states = _states(text)
    if states & _AGAIN:
        return None
    if _GONE.search(text):
        return _engine_gone()
    return _failed(text) if states or _PASSING.search(text) else None


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
    """Only names of conditions and exceptions, and phrases that are known: anything else may quote data."""
    condition = _CONDITION.search(text)
    thrown = [match[1] or match[2] for match in _THROWN.finditer(text)]
    said = [*([condition[1]] if condition else []), *thrown[-1:], *_PASSING.findall(text)]
    remedy = "free disk or memory if that is named; then run the same again: every step can be repeated"
    return SparkFailedError(
        f"Spark could not finish: {', '.join(dict.fromkeys(said)) or 'it did not say why'}",
        [Finding("the engine", "this may pass by itself", remedy)],
    )


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
