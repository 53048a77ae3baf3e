"""The truth of the simulated retailer is for scoring alone: nothing of the platform may look at it."""

import re
from pathlib import Path

from tests.structure import repository

SIMULATOR = Path("spark_jobs/demo/twin")
READS_TRUTH = re.compile(r"""["'/ ]truth["'/]|\btruth_|_truth\b|\btruth\b\s*(/|=|:)""")
IMPORTS_TRUTH = re.compile(r"^\s*(?:from|import)\s+(?:tests\.evaluation|spark_jobs\.demo\.twin)\b", re.MULTILINE)


def _platform() -> list[Path]:
    """Everything that runs or configures a night."""
    files = [
        *repository.below("conf", "spark_jobs", "ml", "dags", suffix=".py"),
        *repository.below("dbt"),
        *repository.below("conf", suffix=".yml"),
    ]
    return [file for file in files if SIMULATOR not in file.parents and file.suffix in (".py", ".sql", ".yml", ".csv")]


def test_the_platform_never_looks_at_the_truth() -> None:
    readers = [
        f"{file}:{number} {line.strip()}"
        for file in _platform()
        for number, line in enumerate(repository.text(file).splitlines(), 1)
        if READS_TRUTH.search(line.partition("#")[0])
    ]

    assert len(_platform()) > 100
    assert not readers, "\n".join(readers)


def test_the_platform_imports_neither_the_simulator_nor_the_scoring() -> None:
    importers = [str(file) for file in _platform() if file.suffix == ".py" and IMPORTS_TRUTH.search(repository.text(file))]

    assert not importers, "\n".join(importers)


def test_a_reader_of_the_truth_would_be_found() -> None:
    for line in ('read(root / "truth")', "select * from truth_orders", "folder/truth/orders", "labels = told_truth"):
        assert READS_TRUTH.search(line)
    assert IMPORTS_TRUTH.search("    from tests.evaluation.lake import opened")


def test_the_scoring_reads_the_lake_and_never_writes_it() -> None:
    writers = re.compile(r"saveAsTable|write_deltalake|\.write\.|INSERT INTO|engine_session", re.IGNORECASE)

    assert not [
        str(file)
        for file in repository.below("tests", suffix=".py")
        if file.parts[1] == "evaluation" and writers.search(repository.text(file))
    ]
