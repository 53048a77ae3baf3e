"""Which Java the engine takes, and what it says when there is none."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from conf.errors import EngineError
from spark_jobs.engine import java


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A machine without Java: nothing on PATH, nothing recorded."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(java, "PROJECT_ROOT", tmp_path)
    java.java_home.cache_clear()
    yield
    java.java_home.cache_clear()


def a_java(folder: Path, version: str) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "java").touch(mode=0o755)
    (folder / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n', encoding="utf-8")
    return folder


def a_recorded_java(project: Path) -> Path:
    """A Java that set-up has found for the project."""
    home = a_java(project / "jdk", "17.0.1")
    (project / "build").mkdir()
    (project / "build" / "java_home").write_text(f"{home}\n", encoding="utf-8")
    return home


@pytest.mark.parametrize("version", ["17.0.15", "21.0.2", "21"])
def test_java_home_wins_when_it_is_a_version_that_spark_runs_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    home = a_java(tmp_path / "jdk", version)
    monkeypatch.setenv("JAVA_HOME", str(home))

    assert java.java_home() == home
    assert java.java_version(home) == version


@pytest.mark.parametrize("version", ["11.0.2", "8", "24.0.1"])
def test_another_version_is_refused_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setenv("JAVA_HOME", str(a_java(tmp_path / "jdk", version)))

    with pytest.raises(EngineError, match=rf"is Java {version} → install a Java 17 or 21"):
        java.java_home()


def test_a_java_home_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))

    with pytest.raises(EngineError, match=r"JAVA_HOME: .*gone/bin/java is not there"):
        java.java_home()


def test_a_machine_without_java_is_told_what_to_install() -> None:
    assert shutil.which("java") is None

    with pytest.raises(EngineError, match="there is no Java"):
        java.java_home()


def test_what_set_up_recorded_comes_before_the_path(tmp_path: Path) -> None:
    home = a_recorded_java(tmp_path)

    assert java.java_home() == home


def test_a_java_home_for_other_programs_does_not_stop_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(a_java(tmp_path / "old", "1.8.0")))
    home = a_recorded_java(tmp_path)

    assert java.java_home() == home
