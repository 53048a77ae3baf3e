"""The maker of tasks: a task names a step of the platform and runs it for the run's business date."""

from collections.abc import Sequence
from typing import Any

from airflow.sdk import Asset, task
from airflow.sdk.exceptions import AirflowSkipException

from dagkit.defaults import BUSINESS_DATE


def run_named_step(module: str, business_date: str, unless_running: str | None = None, **context: Any) -> dict[str, Any]:
    """Run the step in `module`; its code is imported here, at run time, never when the DAG is parsed."""
    from datetime import date

    from spark_jobs.common.job import run_step

    if unless_running and context["ti"].get_dr_count(dag_id=unless_running, states=["running"]):
        raise AirflowSkipException(f"{unless_running} is running and does this work itself")
    report = run_step(module, date.fromisoformat(business_date), run_id=context["run_id"])
    return {"counts": report.counts, "skipped_reason": report.skipped_reason}


def step(
    task_id: str, module: str, about: str, inlets: Sequence[Asset] = (), outlets: Sequence[Asset] = (), unless_running: str | None = None
) -> Any:
    """A task that runs one step.

    Args:
        task_id: name in the graph.
        module: the step's module, which has `run(ctx) -> StepReport`.
        about: what the step does, shown in the user interface.
        inlets: assets it reads.
        outlets: assets it writes.
        unless_running: a DAG that makes this task skip itself while it runs.
    """
    maker = task(task_id=task_id, doc_md=f"{about}\n\nCode: `{module}`", inlets=list(inlets), outlets=list(outlets))
    return maker(run_named_step)(module, BUSINESS_DATE, unless_running)
