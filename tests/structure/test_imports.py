"""Imports point downwards, and what must be quick to start imports nothing heavy."""

from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.structure import repository
from tests.structure.repository import Import

OURS = {"conf", "spark_jobs", "ml", "dagkit", "cdp", "tests"}
HEAVY = {"airflow", "dbt", "mlflow", "pandas", "pyarrow", "pyspark", "sklearn", "xgboost"}

# Package → what of ours it may import besides itself; the longest name that fits a module counts (docs/architecture.md).
MAY_IMPORT: dict[str, set[str]] = {
    "conf": set(),
    # Two halves of one floor: the session attaches to the engine, the engine's commands use the session. Never in a circle.
    "spark_jobs.engine": {"conf", "spark_jobs.common"},
    "spark_jobs.common": {"conf", "spark_jobs.engine"},
    "spark_jobs": {"conf", "spark_jobs.common"},
    "spark_jobs.marts": {"conf", "spark_jobs.common", "spark_jobs.engine"},  # dbt is told where the engine listens
    # Composes commands, and tells what waits for somebody.
    "spark_jobs.nightly": {"conf", "spark_jobs.common", "spark_jobs.engine", "spark_jobs.demo", "spark_jobs.privacy"},
    # Tries a mapping on files: what ingest would load, and what conform would make of it.
    "spark_jobs.onboarding": {"conf", "spark_jobs.common", "spark_jobs.ingest", "spark_jobs.conform"},
    # Takes back what the steps wrote: it has to know how they wrote it.
    "spark_jobs.privacy": {
        "conf",
        "spark_jobs.common",
        "spark_jobs.ingest",
        "spark_jobs.conform",
        "spark_jobs.marts",
        "spark_jobs.publish",
    },
    # Changes the whole lake: it has to know how every step wrote it.
    "spark_jobs.maintenance": {
        "conf",
        "spark_jobs.common",
        "spark_jobs.engine",
        "spark_jobs.onboarding",
        "spark_jobs.ingest",
        "spark_jobs.marts",
        "spark_jobs.privacy",
        "spark_jobs.publish",
    },
    "ml": {"conf", "spark_jobs.common"},
}


def _is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def _module(file: Path) -> str:
    return ".".join(file.with_suffix("").parts).removesuffix(".__init__")


def _home(module: str) -> str:
    """The package whose modules import each other freely: one step of `spark_jobs`, or the whole top package."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "spark_jobs" else parts[0]


def _is_allowed(found: Import) -> bool:
    module = _module(found.file)
    rule = max((package for package in MAY_IMPORT if _is_in(module, package)), key=len)
    is_edge = found.file.name.endswith("cli.py")  # a command may start the engine for itself
    allowed = MAY_IMPORT[rule] | {_home(module)} | ({"spark_jobs.engine"} if is_edge else set())
    return found.top not in OURS or any(_is_in(found.module, package) for package in allowed)


def test_imports_point_downwards() -> None:
    found = [line for file in repository.below("conf", "spark_jobs", "ml", suffix=".py") for line in repository.imports(file)]

    upwards = [str(line) for line in found if not _is_allowed(line)]

    assert found
    assert not upwards, "\n".join(upwards)


def test_no_modules_import_each_other_in_a_circle() -> None:
    modules = {_module(file): file for file in repository.below("conf", "spark_jobs", "ml", suffix=".py")}
    needs = {
        module: {line.module for line in repository.imports(file) if line.at_import and line.module in modules}
        for module, file in modules.items()
    }

    try:
        order = tuple(TopologicalSorter(needs).static_order())
    except CycleError as err:
        pytest.fail(" → ".join(err.args[1]))

    assert set(order) == set(modules)


def test_a_dag_is_parsed_without_the_code_of_its_steps() -> None:
    found = [line for file in repository.below("dags", suffix=".py") for line in repository.imports(file) if line.at_import]

    loaded = [str(line) for line in found if line.top in (OURS | HEAVY) - {"conf", "dagkit", "airflow"}]

    assert found
    assert not loaded, "\n".join(loaded)


def test_what_a_person_types_answers_without_loading_spark() -> None:
    commands = [Path("cdp.py"), *(file for file in repository.below("spark_jobs", "ml", suffix="cli.py"))]

    heavy = [str(line) for file in commands for line in repository.imports(file) if line.at_import and line.top in HEAVY]

    assert len(commands) > 3
    assert not heavy, "\n".join(heavy)


def test_spark_is_only_used_as_a_connect_client_can() -> None:
    forbidden = ("sparkContext", "_jvm", "_jsparkSession", "_jdf", ".rdd", "delta.tables")

    users = [
        f"{file}:{number} {word}"
        for file in repository.below("spark_jobs", "ml", "notebooks", suffix=".py")
        for number, line in enumerate(repository.text(file).splitlines(), 1)
        for word in forbidden
        if word in line.partition("#")[0]
    ]

    assert not users, "\n".join(users)
