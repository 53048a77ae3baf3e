"""One night: the real Airflow DAG, run in this process for one business date."""

import logging
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from conf.errors import CdpError, Finding
from conf.settings import Settings
from spark_jobs.engine.stopping import keep_handler
from spark_jobs.nightly.airflow_home import DAGS_FOLDER, fail_abandoned_runs, prepare_airflow

LOG = logging.getLogger(__name__)
NIGHTLY = "cdp_nightly"


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """What one task of the night did."""

    task_id: str
    state: str
    seconds: float
    counts: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class NightResult:
    """What a night did and how long it took, in seconds."""

    business_date: date
    state: str
    steps: tuple[StepOutcome, ...]
    seconds: float
    log_file: Path

    @property
    def step_seconds(self) -> float:
        """Time inside steps; the rest is orchestration."""
        return sum(step.seconds for step in self.steps)


class NightFailedError(CdpError):
    """A task of the night failed; gold still shows the night before."""


class Observer(Protocol):
    """Hears what the night does, in order."""

    def started(self, task_id: str) -> None:
        """A task begins."""

    def finished(self, outcome: StepOutcome) -> None:
        """A task ended, or failed and will be tried again."""


class _Recorder:
    """Airflow task callbacks that time the tasks and keep their outcomes."""

    def __init__(self, observer: Observer) -> None:
        self.outcomes: list[StepOutcome] = []
        self.error: BaseException | None = None
        self._observer = observer
        self._began = 0.0
        # Airflow's task runner installs a SIGTERM handler that only ends its operator, and leaves it behind.
        self.restore_sigterm = keep_handler(signal.SIGTERM)

    def attach(self, tasks: Iterable[Any]) -> None:
        """Listen to these tasks."""
        for task in tasks:
            task.on_execute_callback = [self._on_execute]
            task.on_success_callback = [self._ended("ok")]
            task.on_skipped_callback = [self._ended("skipped")]
            task.on_failure_callback = [self._ended("failed")]
            task.on_retry_callback = [self._ended("will retry")]

    def _on_execute(self, context: Any) -> None:
        self.restore_sigterm()
        self._began = time.monotonic()
        self._observer.started(context["ti"].task_id)

    def _ended(self, state: str) -> Callable[[Any], None]:
        def record(context: Any) -> None:
            seconds = time.monotonic() - self._began
            task_instance = context["ti"]
            error = context.get("exception") if state in {"failed", "will retry"} else None
            if isinstance(error, KeyboardInterrupt):
                # Airflow takes an interrupt in a task for a transient failure; a person means the night.
                raise KeyboardInterrupt
            result = (task_instance.xcom_pull(task_ids=task_instance.task_id) or {}) if state == "ok" else {}
            self.error = error if isinstance(error, BaseException) else None
            reason = _first_line(self.error) if self.error else result.get("skipped_reason") or ""
            outcome = StepOutcome(task_instance.task_id, state, seconds, result.get("counts", {}), reason)
            self.outcomes.append(outcome)
            self._observer.finished(outcome)

        return record


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:200]


def load_dag(dag_id: str) -> Any:
    """The DAG, parsed as Airflow parses it.

    Raises:
        CdpError: a DAG file cannot be imported.
    """
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(DAGS_FOLDER / f"{dag_id}.py"), safe_mode=False)
    if bag.import_errors or dag_id not in bag.dags:
        findings = [
            Finding(Path(file).name, error.strip().splitlines()[-1], "fix the DAG file") for file, error in bag.import_errors.items()
        ]
        raise CdpError(f"the DAG {dag_id} cannot be loaded", findings)
    return bag.dags[dag_id]


def warm_up_airflow(settings: Settings) -> None:
    """Import Airflow and its in-process API; meant for a thread beside the start of the engine, which waits more than it computes."""
    prepare_airflow(settings)
    from airflow.sdk.execution_time.supervisor import in_process_api_server

    in_process_api_server().transport  # noqa: B018 - building it is what takes the time
    load_dag(NIGHTLY)


def run_night(settings: Settings, business_date: date, observer: Observer, log_file: Path, dag_id: str = NIGHTLY) -> NightResult:
    """Run the DAG for one business date. Call it with the night lock held and an engine at hand.

    Raises:
        NightFailedError: a task failed; what it says is for a person to read.
    """
    began = time.monotonic()
    prepare_airflow(settings)
    if abandoned := fail_abandoned_runs():
        LOG.info("abandoned runs=%s marked as failed", abandoned)
    dag = load_dag(dag_id)
    recorder = _Recorder(observer)
    recorder.attach(dag.tasks)
    try:
        dag_run = dag.test(run_conf={"business_date": business_date.isoformat()})
    finally:
        recorder.restore_sigterm()
    result = NightResult(business_date, str(dag_run.state), tuple(recorder.outcomes), time.monotonic() - began, log_file)
    if result.state != "success":
        raise _failure(result, recorder.error)
    return result


def _failure(result: NightResult, error: BaseException | None) -> NightFailedError:
    failed = next((step for step in reversed(result.steps) if step.state == "failed"), None)
    where = failed.task_id if failed else "start"
    findings = list(error.findings) if isinstance(error, CdpError) else []
    said = (
        error.message if isinstance(error, CdpError) else f"{type(error).__name__}: {_first_line(error)}" if error else "no task could run"
    )
    findings.append(
        Finding(
            where, "gold still shows the last good night", f"details are in {result.log_file}; mend the cause and run the same date again"
        )
    )
    failure = NightFailedError(f"the night of {result.business_date} failed at {where}: {said}", findings)
    failure.exit_code = error.exit_code if isinstance(error, CdpError) else 1
    return failure
