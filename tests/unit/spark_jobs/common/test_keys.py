"""Keys of a lake: what is wrong, lost or cut is an error before anything is written, a rotation opens old and new, and a command can hold them."""

import json
import sys
from pathlib import Path

import pytest

from conf.errors import ConfigError
from conf.privacy import Privacy
from conf.settings import Lake, Settings
from spark_jobs.common.crypto import key_reference
from spark_jobs.common.keys import generate, key_file, new_place, read_register, register_file, register_of, write_register
from spark_jobs.common.pii.normal import NORMAL_FORM_VERSION


def _settings(root: Path, **privacy: object) -> Settings:
    return Settings().model_copy(update={"lake": Lake(root=root), "privacy": Privacy.model_validate(privacy)})


def _rotated(settings: Settings) -> None:
    register = register_of(settings)
    write_register(settings, register.with_new(new_place(settings, register.next_id())))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    configured = _settings(tmp_path)
    key_reference(configured)
    return configured


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("wrong", "is a different key"),
        ("lost", "restore the key file"),
        ("cut", "is not 32 bytes"),
        ("open", "chmod 600"),
        ("register", "register of the PII keys is damaged"),
    ],
)
def test_a_key_that_is_not_right_stops_before_anything_is_written(damage: str, says: str, settings: Settings) -> None:
    file, register = key_file(settings, "k1"), register_file(settings)
    before = register.read_text()
    if damage == "wrong":
        file.unlink()
        generate(file)
    elif damage == "lost":
        file.unlink()
    elif damage == "cut":
        file.write_text(file.read_text()[:40])
    elif damage == "open":
        file.chmod(0o640)
    else:
        register.write_text(before[:20])

    with pytest.raises(ConfigError) as caught:
        key_reference(settings)

    assert says in str(caught.value)
    assert damage == "register" or str(file) in str(caught.value)
    assert damage == "register" or register.read_text() == before
    assert not file.exists() or damage != "lost"


def test_after_a_rotation_old_and_new_open_and_tokens_still_meet(settings: Settings) -> None:
    before = key_reference(settings).open()
    old = before.encrypt(b"13800138000", "place")

    _rotated(settings)

    ring = key_reference(settings).open()
    new = ring.encrypt(b"13800138000", "place")
    assert (ring.key_id, ring.tokens.key_id) == ("k2", "k1")
    assert ring.decrypt(old, "place") == ring.decrypt(new, "place") == b"13800138000"
    assert new != old
    assert ring.token("phone", "13800138000") == before.token("phone", "13800138000")
    key_file(settings, "k2").unlink()
    with pytest.raises(ConfigError, match="not there"):
        key_reference(settings)


def test_the_suite_of_a_new_key_is_the_settings_and_an_old_one_keeps_its_own(tmp_path: Path) -> None:
    old = key_reference(_settings(tmp_path)).open().encrypt(b"x", "place")
    chinese = _settings(tmp_path, suite="sm4-gcm")

    _rotated(chinese)

    reference = key_reference(chinese)
    assert (reference.tokens.suite, reference.encryption.suite) == ("aes-256-gcm", "sm4-gcm")
    ring = reference.open()
    assert ring.decrypt(old, "place") == ring.decrypt(ring.encrypt(b"x", "place"), "place") == b"x"


def test_a_command_holds_the_keys(tmp_path: Path) -> None:
    secrets = {"k1": "01" * 32, "k2": "02" * 32}
    program = tmp_path / "kms.py"
    program.write_text(f"import sys; print({secrets!r}[sys.argv[1]])")
    settings = _settings(tmp_path / "lake", key_command=f"{sys.executable} {program} {{key_id}}")

    ring = key_reference(settings).open()
    _rotated(settings)

    assert ring.tokens.secret == b"\x01" * 32
    assert key_reference(settings).open().encryption.secret == b"\x02" * 32
    assert not settings.lake.keys.exists()


@pytest.mark.parametrize(
    ("command", "says"),
    [("no-such-program {key_id}", "cannot be run"), ("false", "exit code 1"), ("echo secret-of-mine", "is not 32 bytes")],
)
def test_a_command_that_gives_no_key_says_so_without_what_it_printed(command: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        key_reference(_settings(tmp_path, key_command=command))

    assert says in str(caught.value)
    assert "secret-of-mine" not in str(caught.value)


def test_the_register_holds_no_secret(settings: Settings) -> None:
    ring = key_reference(settings).open()

    assert ring.tokens.secret.hex() not in register_file(settings).read_text()
    assert read_register(settings) == register_of(settings)


def test_a_rotation_to_the_same_key_is_none(tmp_path: Path) -> None:
    settings = _settings(tmp_path, key_command=f"echo {'01' * 32}")
    register_of(settings)

    with pytest.raises(ConfigError, match="is no new one"):
        _rotated(settings)


def test_where_keys_come_from_the_environment_no_file_is_made_for_a_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_KEYS__K1", "01" * 32)
    settings = _settings(tmp_path)
    register_of(settings)

    with pytest.raises(ConfigError, match="CDP_KEYS__K2"):
        _rotated(settings)

    assert not settings.lake.keys.exists()


@pytest.mark.parametrize("given", [True, False])
def test_without_its_register_a_lake_that_holds_values_takes_no_key(given: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "warehouse" / "vault" / "pii").mkdir(parents=True)
    (tmp_path / "warehouse" / "vault" / "pii" / "part.parquet").touch()
    if given:
        monkeypatch.setenv("CDP_KEYS__K1", "01" * 32)

    with pytest.raises(ConfigError, match="register of the PII keys is not there"):
        register_of(_settings(tmp_path))


def test_a_lake_remembers_the_normal_form_of_its_tokens_and_a_register_from_before_has_the_first(settings: Settings) -> None:
    file = register_file(settings)
    content = json.loads(file.read_text())
    assert content["normal_form"] == NORMAL_FORM_VERSION == 2
    assert not register_of(settings).has_old_forms

    del content["normal_form"]
    file.write_text(json.dumps(content))
    _rotated(settings)

    assert register_of(settings).normal_form == json.loads(file.read_text())["normal_form"] == 1
    assert register_of(settings).has_old_forms
