"""Paths into parsed JSON: the value at a path, the elements of a list of any depth, and a count of the paths that a file never had."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from threading import Lock
from typing import Any, NamedTuple

from spark_jobs.ingest.header import Drift, drifted

# The line number of an element: the number of its line or object × this + its running number in the line, from 1.
ELEMENTS = 1_000_000
DEEPEST = 200  # levels of lists and objects in one object


class Number(str):
    """A number in the digits it was delivered with."""

    __slots__ = ()


class NotAListError(Exception):
    """The path of a list leads to something else, or the list is too long to be numbered."""


class _Absent:
    """The type of the value at a path that an object does not have."""


ABSENT = _Absent()
DECODER = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=Number)


def steps_of(path: str) -> tuple[str, ...]:
    """The names along a path; `refunds[].items[]` and `refunds.items` are the same path."""
    return tuple(path.split("."))


def value_at(value: Any, path: tuple[str, ...]) -> Any:
    """The value at a path of objects, or ABSENT. A name that contains the dots itself comes first."""
    if isinstance(value, dict):
        if len(path) == 1 and path[0] in value:
            return value[path[0]]
        if len(path) > 1 and (whole := ".".join(path)) in value:
            return value[whole]
    for name in path:
        if not isinstance(value, dict):
            return ABSENT
        value = value[name] if name in value else value.get(name.removesuffix("[]"), ABSENT)
    return value


class Element(NamedTuple):
    """An element of a list, with the list it stands in and the values on the way to it: the object, then one for each name of the path."""

    levels: tuple[Any, ...]
    siblings: list[Any]
    position: int


@dataclass
class ListPath:
    """Path of the list whose elements are rows; lists on the way are entered."""

    text: str
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.names = tuple(name.removesuffix("[]") for name in steps_of(self.text))

    def level_of(self, column: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
        """The level of the list's path that a column's path is read from, and the rest of its path."""
        depth = 0
        for ours, theirs in zip(self.names, column, strict=False):
            if theirs not in (ours, f"{ours}[]"):
                break
            depth += 1
        return depth, column[depth:]

    def elements(self, found: dict[str, Any]) -> list[Element]:
        """The elements of the innermost lists, in the order of the text.

        Raises:
            NotAListError: the path leads to something that is no list, or to too many elements.
        """
        if self.text in found or ".".join(self.names) in found:
            last = found.get(self.text, found.get(".".join(self.names)))
            elements = list(islice(_members(last, (found,) * len(self.names)), ELEMENTS))
        else:
            elements = list(islice(self._below((found,)), ELEMENTS))
        if len(elements) >= ELEMENTS:
            raise NotAListError
        return elements

    def _below(self, levels: tuple[Any, ...]) -> Iterator[Element]:
        above = levels[-1]
        if above is None:
            return
        if not isinstance(above, dict):
            raise NotAListError
        name, is_last = self.names[len(levels) - 1], len(levels) == len(self.names)
        inside = value_at(above, (name,)) if name in above else above.get(f"{name}[]")
        if is_last:
            yield from _members(inside, levels)
        elif isinstance(inside, list):
            for member in inside:
                yield from self._below((*levels, member))
        else:
            yield from self._below((*levels, inside))

    def is_missing_in(self, found: Any, depth: int = 0) -> bool:
        """True when a name of the path is absent, in the object or in a member of a list on the way; an empty list or null tells nothing."""
        if depth == len(self.names) or found is None:
            return False
        if isinstance(found, list):
            return any(self.is_missing_in(member, depth) for member in found)
        name = self.names[depth]
        if depth == 0 and isinstance(found, dict) and (self.text in found or ".".join(self.names) in found):
            return False
        if not isinstance(found, dict) or not (name in found or f"{name}[]" in found):
            return True
        return self.is_missing_in(found.get(name), depth + 1)

    def is_present_in(self, found: Any, depth: int = 0) -> bool:
        """True when every name of the path is there, in the object or in a member of each list on the way; the list itself may be empty."""
        if depth == len(self.names):
            return True
        if isinstance(found, list):
            return any(self.is_present_in(member, depth) for member in found)
        if not isinstance(found, dict):
            return False
        if depth == 0 and (self.text in found or ".".join(self.names) in found):
            return True
        name = self.names[depth]
        inside = found.get(name, found.get(f"{name}[]"))
        return (name in found or f"{name}[]" in found) and self.is_present_in(inside, depth + 1)


def _members(siblings: Any, levels: tuple[Any, ...]) -> Iterator[Element]:
    if siblings is None:
        return
    if not isinstance(siblings, list) or len(siblings) >= ELEMENTS:
        raise NotAListError
    for position, member in enumerate(siblings):
        yield Element((*levels, member), siblings, position)


def without_elements(raw: bytes, each: str, elements: Collection[int]) -> bytes:
    """The object with some elements of its list (running numbers from 1) replaced by null; empty when none is left or it has no such list."""
    try:
        found = DECODER.decode(raw.decode("utf-8").strip())
        listed = ListPath(each).elements(found) if isinstance(found, dict) else []
        for number in elements:
            if 1 <= number <= len(listed):
                listed[number - 1].siblings[listed[number - 1].position] = None
        if all(element.siblings[element.position] is None for element in listed):
            return b""
        return json_text(found).encode("utf-8", "backslashreplace")  # the JSON escape of a lone surrogate
    except (ValueError, RecursionError, NotAListError):
        return b""


def json_text(value: Any) -> str:
    """JSON text of a parsed value, its numbers in the digits they were delivered with."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json_text(name)}: {json_text(part)}" for name, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(json_text, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def is_too_deep(value: Any) -> bool:
    """True when lists and objects are nested more than `DEEPEST` levels deep."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            return True
        parts = [part for whole in level for part in (whole.values() if isinstance(whole, dict) else whole)]
        level = [part for part in parts if isinstance(part, dict | list)]
    return False


class PathCount:
    """Counts, over the blocks of a file, which paths were there; adds a note for each that never was.

    Blocks are parsed by several threads: the last one that ends adds the notes.
    """

    def __init__(self, paths: Sequence[str], each: ListPath | None, notes: list[str]) -> None:
        self._paths, self._each, self._notes = paths, each, notes
        self._unseen = set(range(len(paths)))
        self._objects = self._rows = self._without_list = self._open = 0
        self._has_list = self._is_read = False
        self._lock = Lock()

    def begin(self) -> None:
        """A block will be parsed."""
        with self._lock:
            self._open += 1

    def end(self, block: "BlockCount") -> None:
        """A block was parsed."""
        with self._lock:
            self._open -= 1
            self._unseen &= set(block.unseen)
            self._objects += block.objects
            self._rows += block.rows
            self._without_list += block.without_list
            self._has_list |= block.has_list
            self._add_notes()

    def close(self) -> None:
        """The file has no further blocks."""
        with self._lock:
            self._is_read = True
            self._add_notes()

    def _add_notes(self) -> None:
        if self._open or not self._is_read:
            return
        if self._each and self._without_list and not self._has_list:
            self._notes.append(drifted(Drift.MODERATE, f"path {self._each.text} is in none of {_counted(self._objects, 'object')}"))
        elif self._rows:
            what = _counted(self._rows, "element" if self._each else "object")
            self._notes += [drifted(Drift.MODERATE, f"path {self._paths[at]} is in none of {what}") for at in sorted(self._unseen)]


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class BlockCount:
    """The paths that one block has."""

    def __init__(self, paths: int, each: ListPath | None) -> None:
        self.unseen = list(range(paths))
        self.objects = self.rows = self.without_list = 0
        self.has_list = False
        self._each = each

    def add_object(self, found: dict[str, Any]) -> None:
        """An object of the file."""
        self.objects += 1
        if self._each is None or self.has_list:
            return
        self.has_list = self._each.is_present_in(found)
        self.without_list += self._each.is_missing_in(found)

    def add_row(self, values: Sequence[Any]) -> None:
        """The values of a row, ABSENT where its object has no such path."""
        self.rows += 1
        if self.unseen:
            self.unseen = [at for at in self.unseen if values[at] is ABSENT]
