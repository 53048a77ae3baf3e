"""Settings: files under environment variables, every mistake at once."""

import os
from pathlib import Path

import pytest

from conf.errors import ConfigError
from conf.settings import PROJECT_ROOT, load_settings


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CDP_")]:
        monkeypatch.delenv(name)


def test_the_base_file_alone_gives_an_embedded_installation() -> None:
    found = load_settings()

    assert found.spark.remote is None
    assert found.lake.root == PROJECT_ROOT / "lake"


def test_an_overlay_outranks_the_base_file_and_the_environment_outranks_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "settings.yml").write_text("retailer: {time_zone: Asia/Shanghai, currency_code: CNY}\nspark: {connect_port: 1}\n")
    monkeypatch.setenv("CDP_CONF", str(tmp_path))
    monkeypatch.setenv("CDP_SPARK__CONNECT_PORT", "2")

    found = load_settings()

    assert found.retailer.time_zone == "Asia/Shanghai"
    assert found.spark.connect_port == 2
    assert found.spark.thrift_port == 10000, "what the overlay does not name stays as it was"


def test_settings_cannot_be_changed_after_loading() -> None:
    found = load_settings()

    with pytest.raises(ValueError, match="frozen"):
        found.spark.connect_port = 3  # type: ignore[misc]


def test_all_mistakes_are_listed_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "settings.yml").write_text("retailer: {time_zone: Mars/Olympus}\nspark: {conect_port: 1}\n")
    monkeypatch.setenv("CDP_CONF", str(tmp_path))

    with pytest.raises(ConfigError) as caught:
        load_settings()

    text = str(caught.value)
    assert "retailer.time_zone" in text and "IANA" in text
    assert "spark.conect_port" in text


def test_a_mistake_is_named_with_its_file_and_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "settings.yml"
    file.write_text("retailer:\n  currency_code: CNY\n  time_zone: Mars/Olympus\nspark:\n  conect_port: 1\n")
    monkeypatch.setenv("CDP_CONF", str(tmp_path))

    with pytest.raises(ConfigError) as caught:
        load_settings()

    assert [str(finding) for finding in caught.value.findings] == [
        f"{file}:3: retailer.time_zone: unknown time zone 'Mars/Olympus' → use an IANA name such as Asia/Shanghai",
        f"{file}:5: unknown key 'spark.conect_port' → did you mean 'connect_port'?",
    ]


def test_a_mistake_in_a_variable_is_named_by_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_RETAILER__TIME_ZONE", "Mars/Olympus")
    monkeypatch.setenv("CDP_SPARK__CONECT_PORT", "1")

    with pytest.raises(ConfigError) as caught:
        load_settings()

    assert {finding.where for finding in caught.value.findings} == {"CDP_RETAILER__TIME_ZONE", "CDP_SPARK__CONECT_PORT"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- retailer\n", "settings.yml:1: expected `key: value` lines"),
        ("a: [\n", "settings.yml:2"),
        ("1: x\n", "settings.yml:1: key 1 is not text"),
    ],
)
def test_a_settings_file_that_is_no_map_is_a_message_with_its_line(
    text: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings.yml").write_text(text)
    monkeypatch.setenv("CDP_CONF", str(tmp_path))

    with pytest.raises(ConfigError, match=says):
        load_settings()


def test_an_empty_settings_file_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "settings.yml").write_text("# nothing yet\n")
    monkeypatch.setenv("CDP_CONF", str(tmp_path))

    assert load_settings().retailer.currency_code == "USD"


def test_a_variable_that_should_be_a_map_is_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_SPARK__CONF", "not json")

    with pytest.raises(ConfigError):
        load_settings()


@pytest.mark.parametrize(("variable", "remedy"), [("CDP_CONF", "unset CDP_CONF"), ("CDP_ENV", "unset CDP_ENV")])
def test_a_wrong_pointer_is_named_with_its_remedy(variable: str, remedy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "no-such-thing")

    with pytest.raises(ConfigError, match=remedy):
        load_settings()
