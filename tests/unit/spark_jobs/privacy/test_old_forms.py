"""Tokens of an older normal form: they are named, and renewing them begins with a new key."""

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conf.errors import InputError
from conf.settings import Lake, Settings
from conf.settings import settings as configured
from spark_jobs.common.keys import register_of, write_register
from spark_jobs.privacy.keys_cli import app
from spark_jobs.privacy.retokenisation import _begun


def _settings(folder: Path) -> Settings:
    return Settings().model_copy(update={"lake": Lake(root=folder)})


def test_tokens_of_an_older_form_are_renewed_without_a_rotation_and_get_a_new_key(tmp_path: Path) -> None:
    lake = _settings(tmp_path)
    write_register(lake, replace(register_of(lake), normal_form=1))

    begun = _begun(lake, resume=False)

    assert (begun.tokens, begun.tokens_next, begun.encryption, begun.normal_form) == ("k1", "k2", "k2", 1)
    assert register_of(lake) == begun == _begun(lake, resume=True)


def test_after_a_rotation_tokens_of_an_older_form_take_its_key(tmp_path: Path) -> None:
    lake = _settings(tmp_path)
    register = register_of(lake)
    write_register(lake, replace(register, normal_form=1, encryption="k2", keys=(*register.keys, replace(register.keys[0], key_id="k2"))))

    assert _begun(lake, resume=False).tokens_next == "k2"


def test_tokens_of_today_s_form_and_key_are_left_alone(tmp_path: Path) -> None:
    lake = _settings(tmp_path)
    register_of(lake)

    with pytest.raises(InputError, match="newest key"):
        _begun(lake, resume=False)


@pytest.mark.parametrize(("form", "is_named"), [(1, True), (2, False)])
def test_the_list_of_keys_names_tokens_of_an_older_form_and_the_remedy(
    form: int, is_named: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_LAKE__ROOT", str(tmp_path))
    configured.cache_clear()
    write_register(configured(), replace(register_of(configured()), normal_form=form))

    output = CliRunner().invoke(app, ["list"]).output

    configured.cache_clear()
    assert ("normal form 1" in output) == ("cdp keys retokenise" in output) == is_named
