"""The tree: a fixed top level, packages where packages belong, names that say what is inside."""

import re
from pathlib import Path

import yaml

from conf.settings import PROJECT_ROOT
from tests.structure import repository

CODE_FOLDERS = {"dags", "spark_jobs", "dbt", "ml", "notebooks", "conf", "tests"}
OTHER_TOP = {
    ".ci", ".gitignore", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "cdp.py", "docs", "pyproject.toml", "requirements.lock", "setup.sh",
}  # fmt: skip
EMPTY_NAMES = re.compile(r"(^|_)(utils?|helpers?|managers?|misc|stuff)(_|$)")


def test_the_top_level_is_fixed() -> None:
    top = {file.parts[0] for file in repository.files()}

    assert top - CODE_FOLDERS - OTHER_TOP == set()
    assert CODE_FOLDERS - top == set()


def test_every_code_folder_says_what_lives_in_it() -> None:
    missing = [folder for folder in sorted(CODE_FOLDERS) if Path(folder, "README.md") not in repository.files()]

    assert not missing, "\n".join(missing)


def test_a_folder_s_readme_fits_on_a_screen() -> None:
    long = [
        str(file)
        for file in repository.files()
        if file.name == "README.md" and len(file.parts) == 2 and len(repository.text(file).splitlines()) > 50
    ]

    assert not long, "\n".join(long)


def test_python_folders_are_packages_and_dbt_is_none() -> None:
    folders = {
        parent
        for file in repository.below("conf", "spark_jobs", "ml", "tests", suffix=".py")
        for parent in file.parents
        if parent != Path()
    }
    unmarked = sorted(str(folder) for folder in folders if not (PROJECT_ROOT / folder / "__init__.py").is_file())

    assert not unmarked, "\n".join(unmarked)
    # An __init__.py there would hide dbt itself, and so would a test package of that name.
    assert repository.below("dbt", suffix="__init__.py") == []
    assert [file for file in repository.below("tests") if "dbt" in file.parts[:-1]] == []


def test_no_file_is_a_drawer_for_odds_and_ends() -> None:
    drawers = [str(file) for file in repository.below(*CODE_FOLDERS, "cdp.py") if EMPTY_NAMES.search(file.stem)]

    assert not drawers, "\n".join(drawers)


def test_every_dbt_model_is_described_beside_itself() -> None:
    undescribed = [
        str(file)
        for file in repository.below("dbt", suffix=".sql")
        if file.parts[1] == "models" and file.with_suffix(".yml") not in repository.files()
    ]

    assert not undescribed, "\n".join(undescribed)


def test_a_dbt_model_has_the_name_of_its_file() -> None:
    beside = [file for file in repository.below("dbt", suffix=".yml") if file.with_suffix(".sql") in repository.files()]

    described = {file: [model["name"] for model in yaml.safe_load(repository.text(file)).get("models", [])] for file in beside}

    assert {str(file): names for file, names in described.items() if names != [file.stem]} == {}


def test_a_step_is_a_package_with_a_step_module() -> None:
    nights = [file for file in repository.below("spark_jobs", suffix="step.py") if file.name == "step.py"]

    assert all(any(function.name == "run" for function in repository.functions(file)) for file in nights)


def test_the_tests_of_a_package_lie_where_its_code_lies() -> None:
    unit = {
        Path(*file.parts[2:-1])
        for file in repository.below("tests", suffix=".py")
        if file.parts[1] == "unit" and file.name.startswith("test_")
    }
    homeless = sorted(str(folder) for folder in unit if folder != Path() and not (PROJECT_ROOT / folder).is_dir())

    assert not homeless, "\n".join(homeless)
