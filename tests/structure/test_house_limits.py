"""The limits of the house: sizes, no clock in a transform, no machine's path and no registry's address in a file."""

import ast
import re
from pathlib import Path

import pytest

from conf.settings import PROJECT_ROOT
from tests.structure import repository

MODULE_LINES = 300
FUNCTION_LINES = 45
SQL_LINES = 150
DAG_LINES = 80

PYTHON = repository.below(*repository.CODE, suffix=".py")
SQL = repository.below("dbt", suffix=".sql")

# Who may look at the clock: what says when something ran, never what a table holds.
CLOCK_READERS = {
    Path("spark_jobs/common/job.py"): "ops.runs says when a step ran",
    Path("spark_jobs/ingest/manifest.py"): "ops.ingest_manifest says when a file was loaded",
    Path("spark_jobs/publish/publications.py"): "ops.publications says when a night was published",
    Path("spark_jobs/common/audit/records.py"): "the audit log says when something was done",
    Path("spark_jobs/privacy/requests/cli.py"): "a request has the day on which a person brought it",
    Path("ml/steps/promote.py"): "a verdict says when it was given",
}
CLOCK_FOLDERS = (Path("spark_jobs/engine"), Path("spark_jobs/nightly"))  # locks, logs, progress: no table

PYTHON_CLOCK = re.compile(r"\b(date\.today|datetime\.(now|utcnow|today)|time\.time|current_date|current_timestamp|F\.now)\(")
SQL_CLOCK = re.compile(
    r"\b(current_date|current_timestamp|now|getdate|localtimestamp|unix_timestamp)\s*\(\s*\)|\bcurrent_(date|timestamp)\b", re.IGNORECASE
)

# Spelled in pieces, so that this file keeps its own rule.
FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.])/(?:work|root|home/\w+|Users/\w+|opt/wheels)/"),
    "a registry's address": re.compile(
        r"\b(?:pypi\.org|python[h]osted\.org|repo1?\.maven|repo\.maven|debian\.org/debian|conda\.[a]naconda)"
    ),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
}
BINARY = {".png", ".jpg", ".gif", ".gz", ".zst", ".parquet", ".ico", ".svg"}


def _lines(file: Path) -> int:
    return len(repository.text(file).splitlines())


def _body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function's body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _sql_texts(file: Path) -> list[ast.Constant]:
    """String literals that read like SQL."""
    texts = [node for node in ast.walk(repository.tree(file)) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [node for node in texts if re.search(r"\bselect\b", str(node.value), re.IGNORECASE)]


def _without_comments(sql: str) -> str:
    return re.sub(r"\{#.*?#\}|/\*.*?\*/|--[^\n]*", "", sql, flags=re.DOTALL)


def test_a_module_fits_in_the_head() -> None:
    limits = [
        (PYTHON, MODULE_LINES),
        (SQL, SQL_LINES),
        ([file for file in repository.below("dags", suffix=".py") if len(file.parts) == 2], DAG_LINES),
    ]

    long = [f"{file} has {_lines(file)} lines" for files, limit in limits for file in files if _lines(file) > limit]

    assert not long, "\n".join(long)


def test_a_function_fits_on_a_screen() -> None:
    long = [
        f"{file}:{function.lineno} {function.name} has {_body_lines(function)} lines"
        for file in PYTHON
        for function in repository.functions(file)
        if _body_lines(function) > FUNCTION_LINES
    ]

    assert not long, "\n".join(long)


def test_a_module_says_what_is_in_it() -> None:
    silent = [str(file) for file in PYTHON if repository.text(file).strip() and not ast.get_docstring(repository.tree(file))]

    assert not silent, "\n".join(silent)


def test_no_transform_looks_at_the_clock() -> None:
    transforms = [
        file
        for file in PYTHON
        if file not in CLOCK_READERS and not file.name.endswith("cli.py") and not any(folder in file.parents for folder in CLOCK_FOLDERS)
    ]

    looks = [
        f"{file}:{number}"
        for file in transforms
        for number, line in enumerate(repository.text(file).splitlines(), 1)
        if PYTHON_CLOCK.search(line)
    ]
    asks = [f"{file}:{node.lineno}" for file in transforms for node in _sql_texts(file) if SQL_CLOCK.search(str(node.value))]

    assert not looks + asks, "\n".join(looks + asks)


def test_no_model_looks_at_the_clock() -> None:
    looks = [str(file) for file in SQL if SQL_CLOCK.search(_without_comments(repository.text(file)))]

    assert not looks, "\n".join(looks)


def test_who_may_look_at_the_clock_is_still_there() -> None:
    gone = [str(place) for place in (*CLOCK_READERS, *CLOCK_FOLDERS) if not (PROJECT_ROOT / place).exists()]

    assert not gone, "\n".join(gone)


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    holders = [
        f"{file}:{number}"
        for file in repository.files()
        if file.suffix not in BINARY
        for number, line in enumerate(repository.text(file).splitlines(), 1)
        if FORBIDDEN[what].search(line)
    ]

    assert not holders, "\n".join(holders)


def test_no_code_knows_a_source_by_name() -> None:
    sources = {file.stem for file in repository.below("conf", suffix=".yml") if file.parent.name == "sources"}
    code = [*(file for file in PYTHON if Path("spark_jobs/demo") not in file.parents), *repository.below("dbt", suffix=".sql")]

    knowing = [f"{file} knows {source}" for file in code for source in sources if source in repository.text(file)]

    assert {"complete_journey", "twin_pos"} <= sources
    assert not knowing, "\n".join(knowing)
