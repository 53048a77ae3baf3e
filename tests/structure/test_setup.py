"""Set-up: scripts are valid, targets exist, and the jars that are loaded are the ones that were pinned."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from conf.settings import PROJECT_ROOT
from spark_jobs.engine.jars import JARS, JARS_DIR, jar_paths
from tests.structure import repository

TARGETS = {"setup", "demo", "test", "proofs", "test-all", "check", "bench", "airflow", "lint", "lock"}


def _project() -> dict[str, dict[str, list[str]]]:
    loaded: dict[str, dict[str, list[str]]] = tomllib.loads(repository.text(Path("pyproject.toml")))
    return loaded


def _locked() -> dict[str, str]:
    """Package → version, from the lock file."""
    return dict(re.findall(r"^([a-z0-9][\w.-]*)==(\S+)", repository.text(Path("requirements.lock")), re.MULTILINE))


@pytest.mark.parametrize("script", ["setup.sh", ".ci/run"])
def test_a_script_is_valid_and_can_be_started(script: str) -> None:
    file = PROJECT_ROOT / script

    checked = subprocess.run(["bash", "-n", file], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stderr
    assert file.stat().st_mode & 0o111
    assert repository.text(Path(script)).startswith("#!/usr/bin/env bash\n")


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_make_knows_the_target_and_says_what_it_does(target: str) -> None:
    planned = subprocess.run(["make", "--dry-run", target], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    listed = subprocess.run(["make", "help"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)

    assert planned.returncode == 0, planned.stderr
    assert "./setup.sh" in planned.stdout
    assert f"make {target} " in listed.stdout


def test_ci_calls_the_targets_a_person_calls() -> None:
    called = re.findall(r"^target (\w+)", repository.text(Path(".ci/run")), re.MULTILINE)

    assert called == ["check", "test", "proofs"]


def test_nothing_phones_home() -> None:
    makefile = repository.text(Path("Makefile"))

    for switch in ("DO_NOT_TRACK := 1", "DBT_SEND_ANONYMOUS_USAGE_STATS := false", "MLFLOW_DISABLE_TELEMETRY := true", "ENABLED := False"):
        assert f"{switch}\n" in makefile


def test_the_jars_belong_to_the_locked_spark_and_delta() -> None:
    locked = _locked()
    spark = ".".join(locked["pyspark"].split(".")[:2])

    delta = [jar for jar in JARS if jar.group == "io.delta"]
    assert {jar.version for jar in delta} == {locked["delta-spark"]}
    assert {jar.artifact for jar in delta} == {f"delta-spark_{spark}_2.13", "delta-storage"}


def test_the_engine_loads_exactly_the_pinned_jars() -> None:
    assert [file.name for file in jar_paths()] == [jar.file_name for jar in JARS]
    assert {file.name for file in JARS_DIR.glob("*.jar")} == {jar.file_name for jar in JARS}


def test_the_lock_file_has_a_hash_for_everything_and_no_address() -> None:
    lock = repository.text(Path("requirements.lock"))
    blocks = re.split(r"\n(?=[a-z0-9])", lock)

    unhashed = [block.split("\n", 1)[0] for block in blocks if "==" in block.split("\n", 1)[0] and "--hash=sha256:" not in block]

    assert not unhashed, "\n".join(unhashed)
    assert "://" not in lock


def test_everything_the_project_asks_for_is_locked() -> None:
    project = _project()["project"]
    asked = [*project["dependencies"], *dict(project["optional-dependencies"])["dev"]]

    names = {re.split(r"[\[<>=~! ]", requirement, maxsplit=1)[0].lower().replace("_", "-") for requirement in asked}

    assert names - set(_locked()) == set()
    assert "uv" in names  # set-up takes the installer itself from the lock file


@pytest.mark.slow
def test_set_up_again_finds_everything_there() -> None:
    if not (PROJECT_ROOT / ".venv" / ".cdp-setup").is_file():
        pytest.skip("this environment was not made by setup.sh")

    _, again = (
        subprocess.run([PROJECT_ROOT / "setup.sh"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL) for _ in range(2)
    )

    assert again.returncode == 0, again.stderr
    for what in ("Python: 3.11", "Java: ", "Packages: ", "Jars: ", "Airflow: ", "Ready after"):
        assert what in again.stdout
    assert "→ installing" not in again.stdout
