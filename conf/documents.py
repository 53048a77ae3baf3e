"""YAML documents that remember their lines, so that every mistake is reported with file, line and remedy."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import reduce
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from conf.errors import ConfigError, Finding
from conf.wording import Error, problem_of
from conf.yaml_text import MERGE, invalid, parse

Location = tuple[int | str, ...]
T = TypeVar("T", bound=BaseModel)
MAX_ERRORS = 200  # of one file
MAX_PROBLEM = 500  # characters of a finding


@dataclass(frozen=True)
class Document:
    """A parsed YAML file: its values, and the line on which each of them begins."""

    file: Path
    values: dict[str, Any]
    lines: dict[Location, int]

    def knows(self, location: Location) -> bool:
        """True when there is a value at `location`."""
        return location in self.lines

    def where(self, location: Location) -> str:
        """`file:line` of the value at `location`, or of its nearest parent that is in the file."""
        for length in range(len(location), -1, -1):
            if location[:length] in self.lines:
                return f"{self.file}:{self.lines[location[:length]]}"
        return str(self.file)


@dataclass(frozen=True)
class _Layered(Document):
    """Two documents merged; a location is looked up in the upper one when it is there as exactly."""

    upper: Document
    lower: Document

    def knows(self, location: Location) -> bool:
        return self.upper.knows(location) or self.lower.knows(location)

    def where(self, location: Location) -> str:
        for length in range(len(location), -1, -1):
            for document in (self.upper, self.lower):
                if document.knows(location[:length]):
                    return document.where(location[:length])
        return str(self.file)


def layered(files: Sequence[Path]) -> Document:
    """Several files as one document: maps are merged key by key, anything else of a later file replaces what was there.

    Raises:
        ConfigError: see `read_document`.
    """
    return reduce(over, (read_document(file) for file in files))


def over(lower: Document, upper: Document) -> Document:
    """`upper` laid over `lower`."""
    return _Layered(upper.file, _merged(lower.values, upper.values), {}, upper, lower)


def _merged(low: dict[str, Any], high: dict[str, Any]) -> dict[str, Any]:
    merged = dict(low)
    for key, value in high.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(value, dict) and isinstance(old, dict) else value
    return merged


def _index(node: yaml.Node, location: Location, lines: dict[Location, int]) -> None:
    lines[location] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in sorted(node.value, key=lambda entry: entry[0].tag != MERGE):
            if key.tag == MERGE:
                _index(value, location, lines)
                continue
            _index(value, (*location, key.value), lines)
            lines[(*location, key.value)] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            _index(value, (*location, number), lines)


def read_document(file: Path) -> Document:
    """Parse one YAML file whose top level is a map; a file without a value is an empty map.

    Raises:
        ConfigError: not readable, beyond a limit, not YAML, not a map, or a key that is given twice or is not text.
    """
    parsed = parse(file)
    values = {} if parsed.values is None else parsed.values
    if not isinstance(values, dict):
        remedy = "remove the dashes, or what stands before the first key"
        raise invalid(f"{file}:1", "expected `key: value` lines at the top level", remedy, "a configuration file is not a map")
    lines: dict[Location, int] = {}
    if parsed.node is not None:
        _index(parsed.node, (), lines)
    return Document(file, values, lines)


def nearest(word: str, known: list[str] | set[str]) -> str:
    """Remedy text that offers the most similar known word, or all of them when none is similar."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"use one of: {', '.join(sorted(known))}"


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The pydantic model inside an annotation such as `tuple[Column, ...]`, `dict[str, Feed]` or `Csv | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    models = (_model_in(argument) for argument in get_args(annotation))
    return next((model for model in models if model), None)


def _allowed_fields(model: type[BaseModel], location: Location) -> set[str]:
    """Names that pydantic accepts beside the unknown key at `location`."""
    current = model
    for part in location[:-1]:
        if isinstance(part, str) and part in current.model_fields:
            current = _model_in(current.model_fields[part].annotation) or current
    return set(current.model_fields)


def validate(model: type[T], document: Document) -> T:
    """Build `model` from a document.

    Raises:
        ConfigError: every mistake at once, each with file and line.
    """
    try:
        return model.model_validate(document.values)
    except ValidationError as err:
        raise ConfigError(f"{document.file.name} is not valid", findings(model, document, err)) from None


def findings(model: type[BaseModel], document: Document, err: ValidationError) -> list[Finding]:
    """Every mistake in our own words, with its line and, where there is one, the remedy."""
    errors: dict[tuple[Location, str], list[Error]] = {}
    listed = err.errors(include_input=False, include_url=False)[:MAX_ERRORS]
    places = {error["loc"][:length] for error in listed for length in range(len(error["loc"]))}
    for error in listed:
        if error["type"] == "too_short" and error["loc"] in places:  # its entries that are wrong do not count
            continue
        location = _in_document(error["loc"], document, keeps_last=error["type"] in {"missing", "extra_forbidden"})
        # A value that fits none of several types is one mistake; each rule of ours that it breaks is one too.
        rule = error["msg"] if error["type"] in {"value_error", "extra_forbidden", "string_pattern_mismatch"} else ""
        errors.setdefault((location, rule), []).append(error)
    return [_finding(model, document, location, same) for (location, _), same in errors.items()]


def _finding(model: type[BaseModel], document: Document, location: Location, errors: Sequence[Error]) -> Finding:
    """One finding for the errors about one value."""
    first, name, remedy = errors[0], ".".join(str(part)[:80] for part in location), ""
    if first["type"] == "extra_forbidden":
        problem, remedy = f"unknown key {name!r}", nearest(str(location[-1])[:80], _allowed_fields(model, location))
    elif first["type"] == "string_pattern_mismatch":
        problem, remedy = f"{name}: is not such a name or text", f"it must match {first['ctx']['pattern']}"
    elif first["type"] == "value_error":
        problem, _, remedy = first["msg"].removeprefix("Value error, ").partition("; ")
        problem = f"{name}: {problem}"
    else:
        problem = f"{name or document.file.name}: {problem_of(errors, _field_at(model, location))}"
    return Finding(document.where(location), problem[:MAX_PROBLEM], remedy)


def _field_at(model: type[BaseModel], location: Location) -> FieldInfo | None:
    """The field that a location belongs to; None when it belongs to none."""
    field, current = None, model
    for part in location:
        if isinstance(part, str) and part in current.model_fields:
            field = current.model_fields[part]
            current = _model_in(field.annotation) or current
    return field


def _in_document(location: Location, document: Document, *, keeps_last: bool) -> Location:
    """A location of pydantic's without its own words for validators, types and keys."""
    kept: Location = ()
    for number, part in enumerate(location):
        if document.knows((*kept, part)) or (keeps_last and number == len(location) - 1):
            kept = (*kept, part)
    return kept
