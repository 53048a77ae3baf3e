"""Reader of JSON lines: one object a line, or one row for each element of a list in it.

Numbers keep the digits they were delivered with; nested fields are reached by a dotted name.
"""

import json
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from conf.columns import Column
from spark_jobs.ingest.blocks import BlockReader, Reject, numbered_lines, utf8_chunks
from spark_jobs.ingest.rows import Rows, text_table

Parse = Callable[[], Rows]
Steps = tuple[str, ...]


class _Number(str):
    """A number in the digits it was delivered with."""

    __slots__ = ()


_DECODER = json.JSONDecoder(parse_float=_Number, parse_int=_Number, parse_constant=_Number)


# The place of an element: its line × this + its number in the list, from 1.
ELEMENTS = 1_000_000


def read_jsonl(file: Path, encoding: str, columns: tuple[Column, ...], each: str | None = None) -> Iterator[Parse]:
    """Parses to run, in the order of the file; each gives the rows of one block.

    Args:
        file: the file.
        encoding: of its text.
        columns: what to read.
        each: path of a list: every element is a row, and columns below the path are read from the element.

    Raises:
        UnreadableFileError: the file breaks its contract as a whole.
    """
    reader = BlockReader(utf8_chunks(file, encoding))
    names = tuple(column.name for column in columns)
    paths = tuple(tuple(column.delivered_name.split(".")) for column in columns)
    while (block := reader.read()) is not None:
        if block.too_long:
            lines: list[tuple[int, bytes]] = []
            rejects = [Reject(block.first_line, "line:too_long", block.data)]
        else:
            lines, rejects = list(numbered_lines(block)), []

        def parse(lines: list[tuple[int, bytes]] = lines, rejects: list[Reject] = rejects) -> Rows:
            return _rows(lines, rejects, names, paths, tuple(each.split(".")) if each else None)

        yield parse


def _rows(
    lines: list[tuple[int, bytes]], rejects: list[Reject], names: tuple[str, ...], paths: tuple[Steps, ...], each: Steps | None
) -> Rows:
    values: list[list[str | None]] = [[] for _ in names]
    numbers: list[int] = []
    for number, raw in lines:
        if not raw.strip():
            continue
        found = _cells(raw, paths, each)
        if isinstance(found, str):
            rejects.append(Reject(number if each is None else number * ELEMENTS, found, raw))
            continue
        for element, cells in enumerate(found, 1):
            numbers.append(number if each is None else number * ELEMENTS + element)
            for column, cell in zip(values, cells, strict=True):
                column.append(cell)
    return Rows(text_table(names, values), np.array(numbers, np.int64), rejects)


def _cells(raw: bytes, paths: tuple[Steps, ...], each: Steps | None) -> list[list[str | None]] | str:
    """The text at each path of a line's rows, or the rule that the line breaks."""
    try:
        found = parse_object(raw)
        if isinstance(found, str):
            return found
        if each is None:
            return [[_text(_at(found, path)) for path in paths]]
        elements = _at(found, each)
        if elements is None:
            return []
        if not isinstance(elements, list) or len(elements) >= ELEMENTS:
            return "line:not_a_list"
        inside = [path[len(each) :] if path[: len(each)] == each else None for path in paths]
        return [
            [_text(_at(found, path) if part is None else _at(element, part)) for path, part in zip(paths, inside, strict=True)]
            for element in elements
        ]
    except RecursionError:
        return "line:not_json"


def parse_object(raw: bytes) -> dict[str, Any] | str:
    """The object of a line, or the rule it breaks."""
    if b"\0" in raw:
        return "line:nul_byte"
    try:
        value = _DECODER.decode(raw.decode("utf-8").strip())
    except UnicodeDecodeError:
        return "line:encoding"
    except ValueError:
        return "line:not_json"
    return value if isinstance(value, dict) else "line:not_an_object"


def without_elements(raw: bytes, each: str, elements: Collection[int]) -> bytes:
    """A line of a list without some of its elements (from 1), which become null; nothing of it when none is left, or when it is no such line."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return b""
    listed = _at(found, tuple(each.split(".")))
    if not isinstance(listed, list):
        return b""
    for number in elements:
        if 1 <= number <= len(listed):
            listed[number - 1] = None
    return b"" if all(element is None for element in listed) else json.dumps(found, ensure_ascii=False).encode()


def _at(value: Any, path: tuple[str, ...]) -> Any:
    if isinstance(value, dict) and (whole := ".".join(path)) in value:
        return value[whole]
    for step in path:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    text = value if isinstance(value, str) else _json(value)
    return text.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate is valid JSON but not valid text


def _json(value: Any) -> str:
    """JSON text of a parsed value, its numbers as they were."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_json(name)}: {_json(part)}" for name, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
