"""Findings are in our own words: what is allowed in a field, never a sentence of the validation library."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError
from pydantic_core.core_schema import ErrorType

from conf.access import Access
from conf.contracts import SourceContract, load_contract
from conf.documents import Document, findings
from conf.entities import Entity
from conf.erasure import Erasure
from conf.errors import ConfigError
from conf.models import FeatureSet, Register
from conf.settings import Settings
from conf.wording import ALLOWED, problem_of
from spark_jobs.demo.twin.knobs import Knobs

LIBRARY = re.compile(
    r"Input should|type=|Value error|pydantic|valid (string|integer|number|boolean|dict|list|tuple)|Field required|Extra inputs"
)
WRONG: list[Any] = [None, True, -1, 3, 1.5, 10**30, "", "no such value", "x" * 3_000, [], [1, []], {}, {"a": 1}, {"b": {"c": []}}]


def _models(annotation: Any, found: dict[type[BaseModel], None]) -> dict[type[BaseModel], None]:
    """A model and the models in its fields."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in found:
        found[annotation] = None
        for field in annotation.model_fields.values():
            _models(field.annotation, found)
    for argument in getattr(annotation, "__args__", ()):
        _models(argument, found)
    return found


def _every_model() -> Iterator[type[BaseModel]]:
    found: dict[type[BaseModel], None] = {}
    for root in (SourceContract, Entity, Access, Erasure, Register, FeatureSet, Settings, Knobs):
        _models(root, found)
    return iter(found)


@pytest.mark.parametrize("model", list(_every_model()), ids=lambda model: model.__name__)
def test_no_field_answers_in_the_words_of_the_library(model: type[BaseModel]) -> None:
    answers = [answer for name in model.model_fields for value in WRONG for answer in _answers(model, name, value)]

    assert [answer for answer in answers if LIBRARY.search(answer) or "a value that does not belong there" in answer] == []


def _answers(model: type[BaseModel], name: str, value: Any) -> list[str]:
    values = {name: value, "no_such_key": 1}
    try:
        model.model_validate(values)
    except ValidationError as err:
        return [str(finding) for finding in findings(model, Document(Path("shop.yml"), values, {(): 1, (name,): 2}), err)]
    return []


def test_every_error_type_of_the_library_has_a_sentence() -> None:
    context = {"expected": "1, 2", "gt": 1, "ge": 1, "lt": 1, "le": 1, "multiple_of": 2, "max_length": 3, "min_length": 1}
    known = get_args(ErrorType)

    for kind in known:
        sentence = problem_of([{"type": kind, "ctx": context}], None)
        assert re.match(r"must be .|is missing$|has a value that does not belong there$", sentence), kind
        assert not LIBRARY.search(sentence)
    assert set(ALLOWED) - {"path_type"} <= set(known)  # a path's is made in Python


MAPPING = """\
source: till
feeds:
  receipts:
    files: "receipts_{date}.csv"
    format: csv
    max_rejected_share: 0.5
    csv: {quote: '"', skip_lines: 0}
    columns:
      - {name: receipt, type: bigint, required: true, min: 0, allowed: [a]}
"""


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("max_rejected_share: 0.5", "max_rejected_share: 1.5"), ":6: feeds.receipts.max_rejected_share: must be a number from 0 to 1"),
        (("max_rejected_share: 0.5", "max_rejected_share: some"), ":6: feeds.receipts.max_rejected_share: must be a number"),
        (("skip_lines: 0", "skip_lines: -1"), ":7: feeds.receipts.csv.skip_lines: must be 0 or more"),
        (("skip_lines: 0", "skip_lines: 1.5"), ":7: feeds.receipts.csv.skip_lines: must be a whole number"),
        (("quote: '\"'", "quote: ''"), ":7: feeds.receipts.csv.quote: must be text of at least 1 character"),
        (("quote: '\"'", "quote: 'ab'"), ":7: feeds.receipts.csv.quote: must be text of at most 1 character"),
        (("format: csv", "format: xml"), ":5: feeds.receipts.format: must be one of the allowed values: 'csv', 'jsonl'"),
        (("format: csv", "format: [csv]"), ":5: feeds.receipts.format: must be one of the allowed values"),
        (("required: true", "required: perhaps"), ":9: feeds.receipts.columns.0.required: must be true or false"),
        (("min: 0", "min: [0]"), ":9: feeds.receipts.columns.0.min: must be a number, a whole number or text (put it in quotes)"),
        (("allowed: [a]", "allowed: a"), ":9: feeds.receipts.columns.0.allowed: must be a list"),
        (("allowed: [a]", "allowed: [no]"), ":9: feeds.receipts.columns.0.allowed.0: must be text (put it in quotes)"),
        (("name: receipt, ", ""), ":9: feeds.receipts.columns.0.name: is missing"),
        (("allowed: [a]", "pii: secret"), ":9: feeds.receipts.columns.0.pii: must be one of the allowed values: 'none', 'quasi'"),
        (("csv: {quote: '\"', skip_lines: 0}", "csv: ;"), ":7: feeds.receipts.csv: must be a map"),
        (("source: till", "source: [till]"), ":1: source: must be text (put it in quotes)"),
    ],
)
def test_a_value_that_does_not_fit_is_answered_with_what_is_allowed(change: tuple[str, str], says: str, tmp_path: Path) -> None:
    assert change[0] in MAPPING
    (tmp_path / "till.yml").write_text(MAPPING.replace(*change, 1))

    with pytest.raises(ConfigError) as caught:
        load_contract(tmp_path / "till.yml")

    assert len(caught.value.findings) == 1
    assert str(caught.value.findings[0]).startswith(f"{tmp_path}/till.yml{says}")


def test_a_long_wrong_value_does_not_fill_the_screen(tmp_path: Path) -> None:
    (tmp_path / "till.yml").write_text(MAPPING.replace("bigint", "x" * 100_000))

    with pytest.raises(ConfigError) as caught:
        load_contract(tmp_path / "till.yml")

    assert len(str(caught.value)) < 2_000
