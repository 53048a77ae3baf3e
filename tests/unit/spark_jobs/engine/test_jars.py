"""The Delta jars: checked by content, fetched whole or not at all, and a failure says what to do."""

from pathlib import Path

import pytest

from conf.errors import EngineError
from spark_jobs.engine.jars import ATTEMPTS, JARS, JARS_DIR, MIRROR_VARIABLE, fetch_jars, jar_paths, proxy_options


def _no_pause(seconds: float) -> None:
    assert seconds > 0


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Maven repository in a folder that holds the jars of this checkout."""
    root = tmp_path / "a mirror"
    for jar in JARS:
        folder = root / jar.group.replace(".", "/") / jar.artifact / jar.version
        folder.mkdir(parents=True)
        (folder / jar.file_name).write_bytes((JARS_DIR / jar.file_name).read_bytes())
    monkeypatch.setenv(MIRROR_VARIABLE, root.as_uri())
    return root


def test_a_missing_jar_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(EngineError) as caught:
        jar_paths(tmp_path)

    assert [finding.remedy for finding in caught.value.findings] == ["run `make setup`"] * len(JARS)
    assert JARS[0].file_name in str(caught.value)


def test_an_altered_jar_is_not_loaded(tmp_path: Path) -> None:
    for jar in JARS:
        (tmp_path / jar.file_name).write_bytes((JARS_DIR / jar.file_name).read_bytes())
    with (tmp_path / JARS[1].file_name).open("ab") as stream:
        stream.write(b"x")

    with pytest.raises(EngineError, match="sha256") as caught:
        jar_paths(tmp_path)

    assert len(caught.value.findings) == 1


def test_jars_that_are_there_are_not_fetched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MIRROR_VARIABLE, "https://localhost:9/nobody")

    assert fetch_jars() == jar_paths()


@pytest.mark.slow
def test_spark_s_resolver_takes_them_from_a_mirror_into_a_folder_with_a_space(mirror: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a project" / "jars"

    fetched = fetch_jars(folder)

    assert mirror.is_dir()
    assert fetched == jar_paths(folder)
    assert [entry.name for entry in folder.parent.iterdir()] == ["jars"]


@pytest.mark.slow
def test_a_mirror_that_serves_something_else_is_refused(mirror: Path, tmp_path: Path) -> None:
    for file in mirror.rglob("*.jar"):
        file.write_bytes(b"not what was asked for")
    pauses: list[float] = []

    with pytest.raises(EngineError) as caught:
        fetch_jars(tmp_path / "jars", pause=pauses.append)

    assert "sha256" in caught.value.findings[0].problem
    assert not list(tmp_path.glob("jars/*"))
    assert len(pauses) == ATTEMPTS - 1


@pytest.mark.slow
def test_a_mirror_that_does_not_answer_is_named_without_its_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MIRROR_VARIABLE, "https://somebody:secret@localhost:9/maven")

    with pytest.raises(EngineError) as caught:
        fetch_jars(tmp_path / "jars", pause=_no_pause)

    message = str(caught.value)
    assert "localhost did not answer" in message
    assert MIRROR_VARIABLE in message
    assert "secret" not in message


def test_java_is_told_the_proxy_that_the_shell_knows() -> None:
    options = proxy_options({"https_proxy": "http://proxy.example:3128", "no_proxy": "localhost,.example.org"})

    assert "-Dhttps.proxyHost=proxy.example" in options
    assert "-Dhttps.proxyPort=3128" in options
    assert "-Dhttp.nonProxyHosts=localhost|*.example.org" in options
    assert proxy_options({}) == []
