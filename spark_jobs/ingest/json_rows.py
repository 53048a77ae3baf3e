"""Reader of JSON lines: one object a line; numbers keep the digits they were delivered with, nested fields are reached by a dotted name."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from conf.contracts import Column
from spark_jobs.ingest.blocks import BlockReader, Reject, numbered_lines, utf8_chunks
from spark_jobs.ingest.rows import Rows, text_table

Parse = Callable[[], Rows]
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)


def read_jsonl(file: Path, encoding: str, columns: tuple[Column, ...]) -> Iterator[Parse]:
    """Parses to run, in the order of the file; each gives the rows of one block.

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
            return _rows(lines, rejects, names, paths)

        yield parse


def _rows(lines: list[tuple[int, bytes]], rejects: list[Reject], names: tuple[str, ...], paths: tuple[tuple[str, ...], ...]) -> Rows:
    values: list[list[str | None]] = [[] for _ in names]
    numbers: list[int] = []
    for number, raw in lines:
        if not raw.strip():
            continue
        found = parse_object(raw)
        if isinstance(found, str):
            rejects.append(Reject(number, found, raw))
            continue
        numbers.append(number)
        for column, path in zip(values, paths, strict=True):
            column.append(_text(_at(found, path)))
    return Rows(text_table(names, values), np.array(numbers, np.int64), rejects)


def parse_object(raw: bytes) -> dict[str, Any] | str:
    """The object of a line, or the rule it breaks."""
    if b"\0" in raw:
        return "line:nul_byte"
    try:
        value = _DECODER.decode(raw.decode("utf-8").strip())
    except UnicodeDecodeError:
        return "line:encoding"
    except (ValueError, RecursionError):
        return "line:not_json"
    return value if isinstance(value, dict) else "line:not_an_object"


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
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate is valid JSON but not valid text
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)
