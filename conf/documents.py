"""YAML documents that remember their lines, so that every mistake is reported with file, line and remedy."""

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from conf.errors import ConfigError, Finding

Location = tuple[int | str, ...]
T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class Document:
    """A parsed YAML file: its values, and the line on which each of them begins."""

    file: Path
    values: dict[str, Any]
    lines: dict[Location, int]

    def where(self, location: Location) -> str:
        """`file:line` of the value at `location`, or of its nearest parent that is in the file."""
        for length in range(len(location), -1, -1):
            if location[:length] in self.lines:
                return f"{self.file}:{self.lines[location[:length]]}"
        return str(self.file)


def _index(node: yaml.Node, location: Location, lines: dict[Location, int]) -> None:
    lines[location] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            _index(value, (*location, key.value), lines)
            lines[(*location, key.value)] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            _index(value, (*location, number), lines)


def _repeated_keys(node: yaml.Node | None, file: Path) -> list[Finding]:
    findings = []
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                findings.append(Finding(f"{file}:{key.start_mark.line + 1}", f"key {key.value!r} is there twice", "keep one of the two"))
            seen.add(key.value)
            findings += _repeated_keys(value, file)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            findings += _repeated_keys(value, file)
    return findings


def read_document(file: Path) -> Document:
    """Parse one YAML file whose top level is a map.

    Raises:
        ConfigError: not readable, not YAML, not a map, or a key given twice.
    """
    try:
        text = file.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigError("a configuration file cannot be read", [Finding(str(file), type(err).__name__, "save it as UTF-8 text")]) from err
    except yaml.YAMLError as err:
        mark = getattr(err, "problem_mark", None)
        where = f"{file}:{mark.line + 1}" if mark else str(file)
        problem = str(getattr(err, "problem", None) or err)
        raise ConfigError("a configuration file is not YAML", [Finding(where, problem, "fix the indentation or the quoting")]) from None
    if not isinstance(values, dict):
        raise ConfigError("a configuration file is not a map", [Finding(f"{file}:1", "expected `key: value` lines at the top level")])
    if repeated := _repeated_keys(node, file):
        raise ConfigError("a configuration file repeats keys", repeated)
    lines: dict[Location, int] = {}
    if node is not None:
        _index(node, (), lines)
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
        findings = []
        for error in err.errors(include_input=False, include_url=False):
            location = tuple(
                part for part in error["loc"] if not (isinstance(part, str) and part.startswith(("function-", "str", "const[")))
            )
            name = ".".join(map(str, location))
            if error["type"] == "extra_forbidden":
                remedy = nearest(str(location[-1]), _allowed_fields(model, location))
                findings.append(Finding(document.where(location), f"unknown key {name!r}", remedy))
            else:
                findings.append(Finding(document.where(location), f"{name}: {error['msg'].removeprefix('Value error, ')}"))
        raise ConfigError(f"{document.file.name} is not valid", findings) from None
