"""Keys and tokens: equal people get equal tokens, a wrong or missing key is a clear error, and no key shows itself."""

import pickle
from pathlib import Path

import pytest

from conf.errors import ConfigError
from conf.settings import Lake, Settings
from spark_jobs.common.crypto import Key, Keyring, key_reference, trial_key
from spark_jobs.common.pii.normal import normalise

RING = Keyring.of(Key("k1", bytes(range(32))))
AT_HOME = Keyring.of(Key("k1", bytes(range(32))), "CN")


def _settings(tmp_path: Path) -> Settings:
    return Settings().model_copy(update={"lake": Lake(root=tmp_path)})  # the environment would outrank an argument


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("phone", "+86 138-0013 8000", "+8613800138000"),
        ("phone", "(020) 555 0100", "0205550100"),
        ("phone", "0049 30 123456", "+4930123456"),
        ("phone", "(+49) 30/123456", "004930123456"),
        ("email", " Anna@Example.com ", "anna@example.com"),
        ("name", "Anna  BELL", "anna bell"),
        ("name", "Ａｎｎａ", "anna"),
        ("plate", "京a-12345", "京A12345"),
    ],
)
def test_two_spellings_of_the_same_thing_have_one_token(kind: str, one: str, other: str) -> None:
    assert normalise(kind, one) == normalise(kind, other)
    assert RING.token(kind, one) == RING.token(kind, other)


def test_a_token_shows_its_key_and_nothing_of_the_value() -> None:
    token = RING.token("phone", "13800138000")

    assert token.startswith("k1:")
    assert len(token) == 3 + 64
    assert token != Keyring.of(Key("k1", bytes(32))).token("phone", "13800138000")


def test_a_ciphertext_opens_only_with_its_key_and_its_place() -> None:
    sealed = RING.encrypt(b"13800138000", "file:1")

    assert RING.decrypt(sealed, "file:1") == b"13800138000"
    assert sealed == RING.encrypt(b"13800138000", "file:1")
    for ring, place, data in (
        (Keyring.of(Key("k1", bytes(32))), "file:1", sealed),
        (RING, "file:2", sealed),
        (RING, "file:1", sealed[:-1]),
        (RING, "file:1", b""),
    ):
        with pytest.raises(ConfigError, match="cannot be opened"):
            ring.decrypt(data, place)


def test_a_key_file_is_made_once_with_mode_0600(tmp_path: Path) -> None:
    first, second = key_reference(_settings(tmp_path)), key_reference(_settings(tmp_path))

    assert first == second
    assert Path(first.tokens.file).stat().st_mode & 0o777 == 0o600
    assert list(Path(first.tokens.file).parent.iterdir()) == [Path(first.tokens.file)]


def test_a_trial_uses_the_key_that_is_there_and_makes_none_otherwise(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    configured = _settings(tmp_path)

    with trial_key(configured) as thrown_away:
        assert thrown_away.open().token("name", "x").startswith("k0:")
    assert (list(tmp_path.rglob("*")), Path(thrown_away.tokens.file).exists(), caplog.text) == ([], False, "")

    mine = key_reference(configured)
    with trial_key(configured) as found:
        assert found == mine


def test_what_travels_in_a_plan_holds_no_key(tmp_path: Path) -> None:
    reference = key_reference(_settings(tmp_path))
    secret = reference.open().tokens.secret

    assert secret not in pickle.dumps(reference)
    assert secret.hex().encode() not in pickle.dumps(reference)
    assert secret.hex() not in repr(reference.open())
    assert repr(secret) not in repr(reference.open())


def test_a_key_from_the_environment_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_KEYS__K1", bytes(range(32)).hex())

    reference = key_reference(_settings(tmp_path))

    assert reference.open().token("name", "x") == RING.token("name", "x")
    assert not Path(reference.tokens.file).exists()


def test_another_key_than_the_one_referred_to_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = key_reference(_settings(tmp_path))
    monkeypatch.setenv("CDP_KEYS__K1", "00" * 32)

    with pytest.raises(ConfigError, match="different key"):
        reference.open()


@pytest.mark.parametrize(
    ("content", "mode", "says"), [("abc", 0o600, "not 32 bytes"), ("00" * 32, 0o644, "chmod 600"), (None, 0, "cannot be read")]
)
def test_a_bad_key_file_says_what_to_do(content: str | None, mode: int, says: str, tmp_path: Path) -> None:
    reference = key_reference(_settings(tmp_path))
    file = Path(reference.tokens.file)
    file.unlink()
    if content is not None:
        file.write_text(content)
        file.chmod(mode)

    with pytest.raises(ConfigError) as caught:
        reference.open()

    assert says in str(caught.value)


def test_a_lost_key_is_not_replaced_when_the_lake_needs_it(tmp_path: Path) -> None:
    file = tmp_path / "warehouse" / "vault" / "pii" / "part-0.parquet"
    file.parent.mkdir(parents=True)
    file.touch()

    with pytest.raises(ConfigError, match="restore the key file"):
        key_reference(_settings(tmp_path))


@pytest.mark.parametrize(
    "spelling",
    [
        "+86 138-0013-8000",
        "0086 13800138000",
        "138 0013 8000",
        "\uff11\uff13\uff18\uff10\uff10\uff11\uff13\uff18\uff10\uff10\uff10",
        "(+86)13800138000",
    ],
)
def test_a_number_with_and_without_its_country_is_one_person_s(spelling: str) -> None:
    assert AT_HOME.token("phone", spelling) == AT_HOME.token("phone", "13800138000")
    assert AT_HOME.token("phone", spelling) != AT_HOME.token("phone", "13800138001")


def test_numbers_of_other_countries_and_extensions_stay_apart() -> None:
    tokens = {
        AT_HOME.token("phone", number)
        for number in ("13800138000", "+1 380 013 8000", "+44 20 7946 0018", "021-6128-0000", "12", "10086", "")
    }
    assert len(tokens) == 7
