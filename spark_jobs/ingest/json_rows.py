"""Reader of JSON: one object a line, an array of objects or objects over several lines; one row for each object or each element of a list in it.

Numbers keep the digits they were delivered with; nested fields are reached by a dotted name.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from conf.columns import Column
from spark_jobs.ingest.blocks import CHUNK_BYTES, BlockReader, Reject, numbered_lines, utf8_chunks
from spark_jobs.ingest.json_documents import Layout, layout_of, pieces
from spark_jobs.ingest.json_paths import (
    ABSENT,
    DECODER,
    DEEPEST,
    ELEMENTS,
    BlockCount,
    ListPath,
    NotAListError,
    PathCount,
    is_too_deep,
    json_text,
    steps_of,
    value_at,
)
from spark_jobs.ingest.rows import Rows, text_table

Parse = Callable[[], Rows]
Steps = tuple[str, ...]
MOST_OBJECTS = 1 << 16  # of a block
ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*+\\u0000")
Numbered = tuple[list[tuple[int, bytes]], list[Reject]]


def read_jsonl(
    file: Path, encoding: str, columns: tuple[Column, ...], each: str | None = None, notes: list[str] | None = None
) -> Iterator[Parse]:
    """Parses to run, in the order of the file; each gives the rows of one block.

    Args:
        file: the file.
        encoding: of its text.
        columns: what to read.
        each: path of a list, through other lists too: every element is a row, and columns below a level of the path are read from that level.
        notes: gets a line for each path that no object has, when the last block was parsed.

    Raises:
        UnreadableFileError: the file breaks its contract as a whole.
    """
    reader = _RowReader(columns, ListPath(each) if each else None)
    count = PathCount([column.delivered_name for column in columns], reader.each, [] if notes is None else notes)
    for lines, rejects in numbered_objects(file, encoding):
        count.begin()
        yield partial(reader.rows, lines, rejects, count)
    count.close()


def numbered_objects(file: Path, encoding: str) -> Iterator[Numbered]:
    """The texts of the lines or objects of a file with their numbers, in blocks, and the lines that are too long to be read."""
    layout, chunks = layout_of(utf8_chunks(file, encoding))
    return _blocks_of_lines(chunks) if layout is Layout.LINES else _blocks_of_objects(chunks, layout)


def _blocks_of_lines(chunks: Iterator[bytes]) -> Iterator[Numbered]:
    reader = BlockReader(chunks)
    while (block := reader.read()) is not None:
        if block.too_long:
            yield [], [Reject(block.first_line, "line:too_long", block.data)]
        else:
            yield list(numbered_lines(block)), []


def _blocks_of_objects(chunks: Iterator[bytes], layout: Layout) -> Iterator[Numbered]:
    """The objects of an array with their numbers; null stands for one that was taken out, as an empty line does."""
    block: list[tuple[int, bytes]] = []
    size = 0
    for number, raw in pieces(chunks, layout):
        if number and raw != b"null":
            block.append((number, raw))
            size += len(raw)
        if size >= CHUNK_BYTES or len(block) >= MOST_OBJECTS:
            yield block, []
            block, size = [], 0
    if block:
        yield block, []


class _RowReader:
    """Reads the rows of a block."""

    def __init__(self, columns: tuple[Column, ...], each: ListPath | None) -> None:
        self.each = each
        self._names = tuple(column.name for column in columns)
        paths = [steps_of(column.delivered_name) for column in columns]
        self._places = [each.level_of(path) if each else (0, path) for path in paths]

    def rows(self, lines: list[tuple[int, bytes]], rejects: list[Reject], count: PathCount) -> Rows:
        """The rows of numbered lines or objects."""
        values: list[list[str | None]] = [[] for _ in self._names]
        numbers: list[int] = []
        block = BlockCount(len(self._names), self.each)
        first = 1 if self.each is None else ELEMENTS
        rejects = [Reject(reject.line * first, reject.rule, reject.raw) for reject in rejects]
        for number, raw in lines:
            if not raw.strip():
                continue
            found = self._cells(raw, block)
            if isinstance(found, str):
                rejects.append(Reject(number * first, found, raw))
                continue
            for element, cells in found:
                numbers.append(number if self.each is None else number * ELEMENTS + element)
                for column, cell in zip(values, cells, strict=True):
                    column.append(cell)
        count.end(block)
        return Rows(text_table(self._names, values), np.array(numbers, np.int64), rejects)

    def _cells(self, raw: bytes, block: BlockCount) -> list[tuple[int, list[str | None]]] | str:
        """The number of each row of an object and the text at each path, or the rule that the object breaks."""
        try:
            found = parse_object(raw)
            if isinstance(found, str):
                return found
            rows: list[tuple[Any, ...]] = [(found,)] if self.each is None else [element.levels for element in self.each.elements(found)]
            block.add_object(found)
            # null is no element: an erasure leaves it in place of one, so that the others keep their numbers
            return [(number, self._row(levels, block)) for number, levels in enumerate(rows, 1) if levels[-1] is not None]
        except NotAListError:
            return "line:not_a_list"
        except RecursionError:
            return "line:too_deep"

    def _row(self, levels: tuple[Any, ...], block: BlockCount) -> list[str | None]:
        values = [value_at(levels[level], path) for level, path in self._places]
        block.add_row(values)
        return [_text(value) for value in values]


def parse_object(raw: bytes) -> dict[str, Any] | str:
    """The object of a line, or the rule it breaks."""
    if b"\0" in raw or (b"u0000" in raw and ESCAPED_NUL.search(raw)):
        return "line:nul_byte"
    try:
        value = DECODER.decode(raw.decode("utf-8").strip())
    except UnicodeDecodeError:
        return "line:encoding"
    except ValueError:
        return "line:not_json"
    except RecursionError:
        return "line:too_deep"
    if not isinstance(value, dict):
        return "line:not_an_object"
    may_be_deep = raw.count(b"{") + raw.count(b"[") > DEEPEST
    return "line:too_deep" if may_be_deep and is_too_deep(value) else value


def _text(value: Any) -> str | None:
    if value is None or value is ABSENT or value == "":
        return None
    text = value if isinstance(value, str) else json_text(value)
    return text.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate is valid JSON but not valid text
