"""Runs dbt in this process, over Spark Connect, on a session of its own; the project is parsed once per process."""

import json
import os
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conf.contracts import foreign_currencies, key_namespaces, load_sources, may_mix_currencies
from conf.entities import load_entities
from conf.errors import CdpError, EngineError, Finding
from conf.settings import PROJECT_ROOT, Settings
from conf.vocabularies.statuses import statuses
from spark_jobs.common.errors import SparkFailedError, environment_error, readable, sql_error
from spark_jobs.common.session import connect_url, engine_session
from spark_jobs.common.storage import NotWritableError, engine_log_size, fault_of_engine
from spark_jobs.common.writer import one_writer
from spark_jobs.engine.client import running_engine

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

PROJECT_DIR = PROJECT_ROOT / "dbt"
FAILED = frozenset({"error", "fail", "runtime error", "partial success"})
FINDINGS_SHOWN = 20
WRITING = frozenset({"build", "run", "seed", "snapshot", "test", "run-operation", "clone", "retry"})
WRITE_FAILED = "TASK_WRITE_FAILED"

_one_at_a_time = threading.RLock()
_manifests: dict[Path, "Manifest"] = {}


class DbtError(CdpError):
    """Models or data tests of the project failed; one finding for each."""


@dataclass(frozen=True, slots=True)
class NodeResult:
    """What became of one model, seed or test.

    Attributes:
        finding_query: compiled query of a data test whose rows are findings (`meta: {rows_are_findings: true}`); else empty.
    """

    unique_id: str
    status: str
    seconds: float
    message: str
    description: str = ""
    finding_query: str = ""

    @property
    def resource_type(self) -> str:
        return self.unique_id.split(".", 1)[0]

    @property
    def name(self) -> str:
        return self.unique_id.split(".")[2]


def target_dir(settings: Settings) -> Path:
    """Where dbt keeps what it generates: in the lake, so that the code may be read-only."""
    return settings.lake.root / "dbt-target"


def dbt_vars(settings: Settings, business_date: date) -> dict[str, Any]:
    """The variables of a run."""
    retailer, sources = settings.retailer, load_sources()
    return {
        "business_date": business_date.isoformat(),
        "retailer_time_zone": retailer.time_zone,
        "lifecycle_dormant_days": retailer.churn_horizon_days,
        "lifecycle_lost_days": retailer.lost_after_days,
        "retailer_currency": retailer.currency_code,
        "converts_currency": may_mix_currencies(sources, retailer.currency_code),
        "source_currencies": foreign_currencies(sources, retailer.currency_code),
        "non_purchase_statuses": sorted(statuses().non_purchase),
        "product_namespaces": list(key_namespaces(sources, load_entities()["products"])),
    }


def run_dbt(settings: Settings, command: str, business_date: date, *arguments: str) -> list[NodeResult]:
    """Run one dbt command for a business date.

    Args:
        settings: where the lake is.
        command: `build`, `run`, `test` …
        business_date: nothing after it enters a mart.
        arguments: further arguments, such as `--select tag:activity`.

    Raises:
        DbtError: nodes failed, or the project has a mistake.
        EngineError: the engine was lost, the disk is full, or every failure is transient.
        NotWritableError: the lake cannot be written.
    """
    with _one_at_a_time:
        manifest = parse(settings)
        variables = json.dumps(dbt_vars(settings, business_date))
        logged = engine_log_size(settings)
        outcome = invoke(settings, [command, *arguments, "--vars", variables, "--no-write-json"], manifest)
    results = [_node_result(result) for result in getattr(outcome.result, "results", [])]
    if failed := [result for result in results if result.status in FAILED]:
        raise _nodes_error(settings, f"dbt {command} failed for {business_date}", failed, logged)
    if not outcome.success:
        raise _project_error(settings, outcome.exception)
    return results


def parse(settings: Settings) -> "Manifest":
    """The parsed project. The business date is not part of it, so that every night finds the last parse valid."""
    with _one_at_a_time:
        folder = target_dir(settings)
        if folder not in _manifests:
            outcome = invoke(settings, ["parse", "--no-write-json"])
            if not outcome.success:
                raise _project_error(settings, outcome.exception)
            _manifests[folder] = outcome.result
        return _manifests[folder]


def invoke(settings: Settings, arguments: Sequence[str], manifest: "Manifest | None" = None, *, quiet: bool = True) -> Any:
    """Call dbt's own command line in this process; returns its `dbtRunnerResult`.

    Raises:
        KeyboardInterrupt: Ctrl-C, which dbt reports as if it were a mistake.
        LakeBusyError: the command writes, and another process went on writing to the lake.
    """
    from dbt.cli.main import dbtRunner

    folders = ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR), "--target-path", str(target_dir(settings))]
    logs = [
        "--log-path",
        str(settings.lake.logs / "dbt"),
        "--log-level-file",
        "debug",
        *(["--log-level", "none", "--no-print"] if quiet else []),
    ]
    turn = one_writer(settings, f"dbt {arguments[0]}") if WRITING & set(arguments) else nullcontext()
    with turn, _one_at_a_time, _environment(settings), _session(settings), warnings.catch_warnings(action="ignore"):
        outcome = dbtRunner(manifest=manifest).invoke([*arguments, *folders, *logs])
    if isinstance(outcome.exception, KeyboardInterrupt):
        raise KeyboardInterrupt
    return outcome


@contextmanager
def _session(settings: Settings) -> Iterator[None]:
    """Make dbt's `getOrCreate` find a session of its own.

    dbt-spark switches ANSI mode off and leaves other settings behind; in its own session they end with it.
    """
    os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
    from pyspark.sql.connect.session import SparkSession

    outer = SparkSession._default_session, getattr(SparkSession._active_session, "session", None)
    SparkSession._default_session = SparkSession._active_session.session = None
    try:
        with engine_session(settings) as session:
            # dbt's worker threads have no active session: they find the default one.
            SparkSession._default_session = SparkSession._active_session.session = session  # type: ignore[assignment]
            yield
    finally:
        SparkSession._default_session, SparkSession._active_session.session = outer


@contextmanager
def _environment(settings: Settings) -> Iterator[None]:
    state = None if settings.spark.remote else running_engine(settings)
    remote = settings.spark.remote or (connect_url(state) if state else "sc://localhost")
    values = {
        "SPARK_REMOTE": remote.partition("/;")[0],
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
        "CDP_DBT_THREADS": str(settings.dbt.threads),
    }
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _node_result(result: Any) -> NodeResult:
    description = " ".join((getattr(result.node, "description", "") or "").split())
    rows_are_findings = (getattr(result.node.config, "meta", None) or {}).get("rows_are_findings")
    query = (result.node.compiled_code or "") if rows_are_findings else ""
    return NodeResult(result.node.unique_id, str(result.status), result.execution_time, result.message or "", description, query)


def _nodes_error(settings: Settings, message: str, failed: Sequence[NodeResult], logged: int | None = None) -> CdpError:
    """A lost engine or a refusing disk when one node says so; a transient error when all are; else a mistake in the project or the data."""
    known = [environment_error(result.message) for result in failed]
    for error in known:
        if error and not isinstance(error, SparkFailedError):
            return error
    is_write = any(WRITE_FAILED in result.message for result in failed)
    if is_write and logged is not None and (fault := fault_of_engine(settings, logged)):
        return fault.error()
    kind = SparkFailedError if all(known) else DbtError
    return kind(message, [finding for result in failed for finding in _findings(settings, result)])


def _findings(settings: Settings, result: NodeResult) -> list[Finding]:
    """The rows of a failed data test that names what it found; else one finding for the node."""
    if result.status == "fail" and result.finding_query:
        with engine_session(settings) as session:
            rows = session.sql(result.finding_query).limit(FINDINGS_SHOWN).collect()
        return [Finding(f"{row['found_in']} ({result.name})", row["problem"], row["remedy"]) for row in rows]
    return [_finding(settings, result)]


def _finding(settings: Settings, result: NodeResult) -> Finding:
    log_file = settings.lake.logs / "dbt" / "dbt.log"
    if result.resource_type in ("test", "unit_test"):
        said = next((line.strip() for line in result.message.splitlines() if line.strip()), "")
        problem = said if result.status == "fail" else sql_error(result.message.partition("\n")[2]).message
        advice = f"{result.description}; " if result.description and result.resource_type == "test" else ""
        return Finding(result.name, problem, f"{advice}the query that found it is under {target_dir(settings) / 'compiled'}")
    # dbt's first line only says where; Spark's message, or dbt's own sentence, comes after it.
    story = result.message.partition("\n")[2] or result.message
    return Finding(result.name, sql_error(story).message, f"the whole story is in {log_file}")


def _project_error(settings: Settings, err: BaseException | None) -> CdpError:
    short = readable(err) if err else None
    known = short if isinstance(short, (EngineError, NotWritableError)) else environment_error(str(err))
    if known:
        return known
    problem = " ".join(str(err).split())[:500] if err else "dbt did not say why"
    return DbtError("dbt could not run", [Finding("dbt/", problem, f"see {settings.lake.logs / 'dbt' / 'dbt.log'}")])
