"""Roles see what access.yml lets them, mistakes in it are found with their line, and every personal column of gold has a label."""

import re
from pathlib import Path

import pytest
import yaml

from conf.access import Mask, load_access
from conf.errors import ConfigError
from conf.settings import PROJECT_ROOT
from spark_jobs.privacy.access.masks import masked

PERSONAL = re.compile(
    r"customer_id$|_token$|birth|gender|age_band|income|ownership|marital|household|kids|district|^text$|^region$|evidence"
)
# Columns that look personal and are none.
OPEN = {"has_demographics"}


@pytest.mark.parametrize(
    ("kind", "value", "partial"),
    [
        ("phone", "+86 138 0013 8000", "138****8000"),
        ("phone", "021-61280000", "021****0000"),
        ("phone", "12345", "****45"),
        ("email", "anna@example.com", "a***@example.com"),
        ("name", "欧阳若兮", "欧***"),
        ("national_id", "11010519491231002X", "110****002X"),
        ("address", "上海市徐汇区天平路1号", "上海市徐汇区****"),
        ("address", "12 Main St", None),
        ("birth_date", "1980-01-02", "1980"),
        ("free_text", "请回电", None),
        ("other", "x", None),
    ],
)
def test_a_part_of_a_value(kind: str, value: str, partial: str | None) -> None:
    assert masked(kind, value, Mask.PARTIAL) == partial
    assert masked(kind, value, Mask.FULL) == value
    assert masked(kind, value, Mask.NONE) is None


def test_every_role_says_what_it_sees_and_none_but_admins_see_all() -> None:
    access = load_access()

    assert set(access.roles) == {"admin", "engineer", "analyst", "marketer", "auditor"}
    assert [name for name, role in access.roles.items() if role.may_open("phone") is Mask.FULL] == ["admin"]
    assert [name for name, role in access.roles.items() if role.mask_of("contact") is Mask.FULL] == ["admin"]
    assert access.roles["analyst"].mask_of(access.label_of("customer_id")) is Mask.TOKEN


def test_every_personal_column_of_a_mart_has_a_label() -> None:
    access = load_access()
    columns = {
        (model["name"], column["name"])
        for file in (PROJECT_ROOT / "dbt" / "models" / "marts").rglob("*.yml")
        for model in yaml.safe_load(file.read_text(encoding="utf-8")).get("models", [])
        for column in model.get("columns", [])
    }
    personal = {(model, name) for model, name in columns if PERSONAL.search(name) and name not in OPEN}

    unlabelled = sorted((model, name) for model, name in personal if access.label_of(name) is None and not model.startswith("dim_stores"))

    assert len(personal) > 20
    assert not unlabelled


def test_mistakes_are_found_with_line_and_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "access.yml").write_text(
        "roles:\n  analyst:\n    columns: {'*': full, contct: none}\n    vault: {'*': none, fone: full, email: token}\naccounts: {ann: [analist]}\n"
    )
    monkeypatch.setenv("CDP_CONF", str(tmp_path))
    load_access.cache_clear()
    try:
        with pytest.raises(ConfigError) as caught:
            load_access()
    finally:
        monkeypatch.undo()
        load_access.cache_clear()

    found = "\n".join(map(str, caught.value.findings))
    assert all(text in found for text in ("access.yml:3", "contact", "access.yml:4", "phone", "who has a token", "access.yml:5", "analyst"))
