"""Mistakes on the way into a file: which rows, what is done to them, and what a platform should make of it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.demo.twin.day import FeedFile, FileColumn
from spark_jobs.demo.twin.draws import Draws, Ints

REJECT, REPAIR = "reject", "repair"
_CELL_KINDS = ("number", "money", "moment", "date", "code", "flag")
_WIDE = {ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)}


@dataclass(frozen=True, slots=True)
class Fault:
    """A mistake that can happen to rows of a feed: to one column, or to the line as it is written (`column` is −1)."""

    kind: str
    expected: str
    column: int = -1
    cell: Callable[[str], str | None] | None = None
    line: Callable[[bytes, bytes], bytes] | None = None


@dataclass(frozen=True, slots=True)
class Injected:
    """The mistakes of a file: position of the row, number of the fault in `faults_of`, and the cell before."""

    rows: Ints
    faults: Ints
    before: tuple[str | None, ...] = ()


def faults_of(feed: FeedFile) -> tuple[Fault, ...]:
    """All mistakes that can happen to a feed. Those that nobody could repair are expected in quarantine."""
    faults = [fault for place, column in enumerate(feed.columns) for fault in _of_column(place, column)]
    if feed.format == "csv":
        faults += [
            Fault("too many fields", REJECT, line=lambda line, delimiter: line + delimiter + b"x"),
            Fault("too few fields", REJECT, line=lambda line, delimiter: line.split(delimiter, 1)[0]),
        ]
    if feed.format == "jsonl":
        faults.append(Fault("cut line", REJECT, line=lambda line, _: line[: len(line) // 2]))
    return tuple(faults)


def _of_column(place: int, column: FileColumn) -> list[Fault]:
    faults = []
    if column.required:
        faults.append(Fault("blank", REJECT, place, lambda _: None))
    if column.kind in _CELL_KINDS:
        faults.append(Fault(f"garbled {column.kind}", REJECT, place, lambda text: f"??{text}"))
    if column.kind == "phone":
        faults.append(
            Fault(
                "phone with country code", REPAIR, place, lambda text: f"+86 {text[:3]}-{text[3:7]}-{text[7:]}" if text.isdigit() else text
            )
        )
        faults.append(Fault("phone in wide digits", REPAIR, place, lambda text: text.translate(_WIDE)))
    if column.kind == "email":
        faults.append(Fault("e-mail in capitals", REPAIR, place, lambda text: f" {text.upper()}"))
    return faults


def inject(feed: FeedFile, table: pa.Table, draws: Draws, number: int, share: float) -> tuple[pa.Table, Injected]:
    """A day's table with mistakes in some cells; mistakes of lines come when the lines are written.

    Columns that are no text (of JSON and Parquet) can only go blank. A phone number that is not there cannot be written in another way.
    """
    faults = faults_of(feed)
    purpose = f"dirt {feed.source}.{feed.feed}"
    if not feed.may_be_dirty or not faults or not table.num_rows:
        return table, Injected(np.zeros(0, np.int64), np.zeros(0, np.int64))
    rows = np.flatnonzero(draws.happens(share, purpose, number, np.arange(table.num_rows)))
    chosen = draws.integers(0, len(faults), f"{purpose} kind", number, rows)
    happened, before = np.ones(len(rows), np.bool_), np.full(len(rows), None, object)
    for each in np.unique(chosen).tolist():
        fault, hit = faults[each], np.flatnonzero(chosen == each)
        if fault.cell is None:
            continue
        before[hit] = [None if value is None else str(value) for value in table.column(fault.column).take(pa.array(rows[hit])).to_pylist()]
        table, done = _in_column(table, fault, rows[hit])
        happened[hit[~done]] = False
    return table, Injected(rows[happened], chosen[happened], tuple(before[happened].tolist()))


def _in_column(table: pa.Table, fault: Fault, rows: Ints) -> tuple[pa.Table, np.ndarray]:
    """The table with a fault in a column at `rows`, and which of them it could happen to."""
    assert fault.cell is not None
    column = table.column(fault.column).combine_chunks()
    is_text = pa.types.is_string(column.type)
    before = column.take(pa.array(rows)).to_pylist()
    is_blank = fault.kind == "blank"
    done = np.array([value is not None and (is_text or is_blank) and (is_blank or value != "") for value in before], np.bool_)
    after = [fault.cell(value if is_text else "") if can else value for value, can in zip(before, done.tolist(), strict=True)]
    done &= np.array([old != new for old, new in zip(before, after, strict=True)], np.bool_)  # a number that is written so already stays
    mask = np.zeros(len(column), np.bool_)
    mask[rows] = True
    changed = pc.replace_with_mask(column, pa.array(mask), pa.array(after, column.type)) if _replaceable(column.type) else None
    if changed is None:
        return table, np.zeros(len(rows), np.bool_)
    return table.set_column(fault.column, table.schema.field(fault.column), changed), done


def _replaceable(kind: pa.DataType) -> bool:
    return not pa.types.is_nested(kind)
