"""The figures a mart step reports."""

from collections.abc import Sequence

from spark_jobs.common.job import StepReport
from spark_jobs.marts.runner import NodeResult


def report(name: str, results: Sequence[NodeResult], **counts: int) -> StepReport:
    """Models built, tests passed and warned, and the slowest node."""
    models = [result for result in results if result.resource_type in ("model", "seed")]
    tests = [result for result in results if result.resource_type == "test"]
    found: dict[str, int | float | str] = {"models": len(models), "tests": len(tests), **counts}
    found["warnings"] = sum(result.status == "warn" for result in tests)
    if results:
        slowest = max(results, key=lambda result: result.seconds)
        found |= {"slowest": slowest.name, "slowest_seconds": round(slowest.seconds, 1)}
    return StepReport(name, found)
