"""Every model is described: YAML beside it, grain, typed and described columns, a tested key, a contract when people read it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from conf.settings import PROJECT_ROOT

DBT = PROJECT_ROOT / "dbt"
MODELS = sorted((DBT / "models").rglob("*.sql"))
MARTS = [model for model in MODELS if "marts" in model.parts]
# They decide nothing a unit test could show: plain columns of one table, a join of decided parts, or (changes) what two nights must show.
WITHOUT_UNIT_TESTS = {
    "dim_customer_ids",
    "dim_customers",
    "dim_products",
    "dim_stores",
    "fct_order_items",
    "int_customers__profiled",
    "int_orders__changed",
    "int_predictions__pivoted",
}


def _yaml(model: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(model.with_suffix(".yml").read_text(encoding="utf-8"))
    return document


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.stem)
def test_a_model_has_its_grain_and_columns_described_beside_it(model: Path) -> None:
    (described,) = _yaml(model)["models"]

    assert described["name"] == model.stem
    assert described["description"].startswith("Grain: one row per")
    assert all(column.get("data_type") and column.get("description") for column in described["columns"])


@pytest.mark.parametrize("model", MARTS, ids=lambda model: model.stem)
def test_a_mart_has_a_tested_key(model: Path) -> None:
    (described,) = _yaml(model)["models"]

    keys = [test["is_key"]["arguments"]["columns"] for test in described["data_tests"] if "is_key" in test]

    assert len(keys) == 1
    assert set(keys[0]) <= {column["name"] for column in described["columns"]}


def test_marts_have_an_enforced_contract() -> None:
    project = yaml.safe_load((DBT / "dbt_project.yml").read_text(encoding="utf-8"))

    assert project["models"]["cdp"]["marts"]["+contract"] == {"enforced": True}


@pytest.mark.parametrize("model", [model for model in MODELS if "staging" not in model.parts], ids=lambda model: model.stem)
def test_a_model_that_decides_something_has_unit_tests(model: Path) -> None:
    assert ("unit_tests" in _yaml(model)) == (model.stem not in WITHOUT_UNIT_TESTS)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.stem)
def test_a_model_imports_first_and_ends_with_final(model: Path) -> None:
    text = model.read_text(encoding="utf-8")

    assert text.rstrip().endswith("select * from final")
    assert not re.search(r"\b(now|current_date|current_timestamp)\s*\(", text)


def test_there_is_no_package_inside_the_project() -> None:
    assert not list(DBT.rglob("__init__.py"))


def test_every_amount_that_a_staging_model_reads_is_converted() -> None:
    converted = (DBT / "macros" / "currencies.sql").read_text(encoding="utf-8") + "".join(
        argument for model in MODELS for argument in re.findall(r"in_retailer_currency\(([^)]*)\)", model.read_text(encoding="utf-8"))
    )
    read = {
        column["name"]
        for model in MODELS
        if "staging" in model.parts
        for column in _yaml(model)["models"][0]["columns"]
        if re.search(r"(^|_)(amount|fee|price|cost|budget)$", column["name"])
    }

    assert read >= {"order_amount", "sales_amount", "refund_amount"}
    assert {name for name in read if not re.search(rf"\b{name}\b", converted)} == set()
