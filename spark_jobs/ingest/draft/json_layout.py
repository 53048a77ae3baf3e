"""Paths of JSON samples: the values of the objects themselves, and for each list of objects in them the values of its elements."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from spark_jobs.ingest.blocks import UnreadableFileError
from spark_jobs.ingest.json_rows import numbered_objects, parse_object

OBJECTS = 5_000
MANY_NAMES = 40  # objects in an object: above this, names are values
DEEPEST_LIST = 3  # orders of a page, their refunds, and the lines of each
IDENTIFYING = frozenset({"id", "no", "number", "code", "key", "currency", "uuid", "nr", "date", "time", "at", "ts"})
FEW = 2  # values of an object that are all kept beside its elements


@dataclass(frozen=True)
class JsonLayout:
    """The rows of a JSON file: its objects, or the elements of a list in them (`each`), and the paths of their values."""

    each: str | None
    paths: tuple[str, ...]
    notes: tuple[str, ...] = ()


def json_layouts(file: Path, encoding: str) -> list[JsonLayout]:
    """The layouts of a file: its objects first, then each list of objects in them.

    Raises:
        UnreadableFileError: the file has no objects, or ids in the place of names.
    """
    objects = list(_objects(file, encoding))
    if not objects:
        raise UnreadableFileError("has no JSON objects", "deliver one object a line, or one array of objects")
    if len(objects) == 1 and _has_ids_as_names(objects[0]):
        raise UnreadableFileError("is one object whose names are ids", "deliver a list of objects, with the id as a value of each")
    lists: dict[str, list[tuple[dict[str, Any], ...]]] = {}
    for found in objects:
        _add_lists(lists, (found,), "", 0)
    root = _root(objects, set(lists))
    below = [_of_list(each, rows) for each, rows in lists.items()]
    return [*([] if len(objects) == 1 and below else [root]), *below]


def _objects(file: Path, encoding: str) -> Iterator[dict[str, Any]]:
    lines = (raw for block, _ in numbered_objects(file, encoding) for _, raw in block if raw.strip())
    for raw in islice(lines, OBJECTS):
        found = parse_object(raw)
        if isinstance(found, dict):
            yield found


def _has_ids_as_names(value: dict[str, Any]) -> bool:
    return len(value) > MANY_NAMES and sum(isinstance(part, dict) for part in value.values()) > 0.8 * len(value)


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(element, dict) for element in value)


def _add_lists(lists: dict[str, list[tuple[dict[str, Any], ...]]], levels: tuple[dict[str, Any], ...], above: str, depth: int) -> None:
    """Collect the elements of all lists of objects by their path, each with the objects it is in."""
    for path, value in _leaves(levels[-1]):
        if depth < DEEPEST_LIST and _is_list_of_objects(value):
            each = f"{above}{path}[]"
            for element in (element for element in value if isinstance(element, dict)):
                lists.setdefault(each, []).append((*levels, element))
                _add_lists(lists, (*levels, element), f"{each}.", depth + 1)


def _leaves(value: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, part in value.items():
        path = f"{above}{name}"
        if isinstance(part, dict) and part and not _has_ids_as_names(part):
            yield from _leaves(part, f"{path}.")
        else:
            yield path, part


def _root(objects: Iterable[dict[str, Any]], lists: set[str]) -> JsonLayout:
    paths: Counter[str] = Counter()
    notes: dict[str, None] = {}
    for found in objects:
        for path, value in _leaves(found):
            if f"{path}[]" in lists or (isinstance(value, list) and not value):
                continue
            paths[path] += 1
            if isinstance(value, dict) and value:
                notes[f"check {path}: it is an object whose names seem to be values, and stays text"] = None
            elif isinstance(value, list):
                notes[f"check {path}: it is a list, and stays text"] = None
    return JsonLayout(None, _without_parents(paths), tuple(notes))


def _without_parents(paths: Iterable[str]) -> tuple[str, ...]:
    """An object that is empty or null somewhere would be a column of its own, with all that its parts hold."""
    known = list(dict.fromkeys(paths))
    return tuple(path for path in known if not any(other.startswith(f"{path}.") for other in known))


def _of_list(each: str, rows: list[tuple[dict[str, Any], ...]]) -> JsonLayout:
    """The values of the elements of a list, and what identifies the objects they are in."""
    names = each.split("[]")[:-1]
    above = ["[]".join(names[:level]) + "[]." if level else "" for level in range(len(names) + 1)]
    above[-1] = f"{each}."
    paths: dict[str, None] = {}
    for levels in rows[:OBJECTS]:
        for level, found in enumerate(levels):
            is_element = level == len(levels) - 1
            values = [path for path, value in _leaves(found) if not isinstance(value, list)]
            kept = values if is_element or len(values) <= FEW else filter(_identifies, values)
            paths |= dict.fromkeys(f"{above[level]}{path}" for path in kept)
    return JsonLayout(each, _without_parents(paths))


def _identifies(path: str) -> bool:
    """Whether a value of an object tells its elements apart from those of others: ids and moments."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", path.rsplit(".", 1)[-1])
    return bool(words) and words[-1].lower() in IDENTIFYING
