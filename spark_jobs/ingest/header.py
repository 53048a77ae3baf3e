"""Header of a delivered table against the columns of its contract: what is where, what is missing, what is new."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from unicodedata import category, normalize

from conf.columns import Column
from spark_jobs.ingest.blocks import UnreadableFileError

DELIMITERS = ",;\t|"
COLUMN_NAME = re.compile(r"[^\W\d][\w .-]{0,60}")


class Drift(StrEnum):
    """What a change of a file's schema means: nothing is lost; values are missing; the file cannot be loaded."""

    SAFE = "safe"
    MODERATE = "moderate"
    BREAKING = "breaking"


@dataclass(frozen=True)
class Header:
    """Contract column (or None for an undeclared one) at each position of a delivered row, and what drifted."""

    positions: tuple[str | None, ...]
    notes: tuple[str, ...] = ()

    @property
    def present(self) -> tuple[str, ...]:
        """Contract columns that the file has."""
        return tuple(name for name in self.positions if name is not None)


def declared_header(columns: Sequence[Column]) -> Header:
    """The header of a file without one: the contract's columns in their order."""
    return Header(tuple(column.name for column in columns))


def matched_header(delivered: Sequence[str], columns: Sequence[Column], line: str = "", delimiter: str = "", number: int = 1) -> Header:
    """Match delivered column names with the contract: exactly first, then without regard to case, blanks, width and characters nobody sees.

    Cells are not quoted in the error: in a file without header they would be a customer's values.

    Raises:
        UnreadableFileError: a required column is missing, or a column is there twice.
    """
    exact = {column.delivered_name: column.name for column in columns}
    loose = {_loose(name): column for name, column in exact.items()}
    positions = [exact.get(cell) or loose.get(_loose(cell)) for cell in delivered]
    names = [name for name in positions if name is not None]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise _repeated(twice, columns, number)
    missing = [column for column in columns if column.name not in names]
    if any(column.required for column in missing) or not names:
        raise _missing(missing, delivered, columns, line, delimiter, number)
    notes = [drifted(Drift.MODERATE, f"no column {column.delivered_name}, its values are empty") for column in missing]
    named_cells = delivered if delivered[-1].strip() else delivered[:-1]  # a delimiter that ends the header names no column
    if undeclared := [cell for cell, name in zip(named_cells, positions, strict=False) if name is None]:
        named = ", ".join(cell for cell in undeclared if COLUMN_NAME.fullmatch(cell)) or "without a usable name"
        notes.append(drifted(Drift.SAFE, f"{len(undeclared)} undeclared column(s) left out: {named}"))
    if names != [column.name for column in columns if column.name in names]:
        notes.append(drifted(Drift.SAFE, "columns in another order than in the contract"))
    return Header(tuple(positions), tuple(notes))


def drifted(kind: Drift, what: str) -> str:
    """A note about a file's schema, as the manifest has it."""
    return f"{kind}: {what}"


def _repeated(names: Sequence[str], columns: Sequence[Column], number: int) -> UnreadableFileError:
    known = {column.name: column.delivered_name for column in columns}
    shown = sorted({known[name] if COLUMN_NAME.fullmatch(known[name]) else name for name in names})
    remedy = f"deliver each column once, or read columns by their place: csv.header: false and csv.skip_lines: {number}"
    return UnreadableFileError(f"line {number}: has column {', '.join(shown)} twice", remedy)


def _loose(name: str) -> str:
    text = "".join(letter for letter in normalize("NFKC", name) if category(letter) != "Cf")
    return text.strip().casefold().replace(" ", "_")


def _missing(
    missing: Sequence[Column], delivered: Sequence[str], columns: Sequence[Column], line: str, delimiter: str, number: int
) -> UnreadableFileError:
    names = [column.delivered_name for column in missing]
    problem = f"line {number}: no column {', '.join(names)} ({len(columns) - len(missing)} of {len(columns)} declared columns found)"
    better = [mark for mark in DELIMITERS if mark != delimiter and line.count(mark) >= max(1, len(columns) - 1)]
    if delimiter and len(delivered) < len(columns) and better:
        return UnreadableFileError(problem, f"the first line is split by {better[0]!r}: set csv.delimiter in the mapping")
    if close := [name for name in names if get_close_matches(name, delivered, n=1, cutoff=0.75)]:
        return UnreadableFileError(problem, f"line {number} has a name much like {', '.join(close)}: set source_name in the mapping")
    if len(delivered) == len(columns) and len(missing) == len(columns):
        return UnreadableFileError(problem, "if the file has no header line set csv.header: false in the mapping")
    return UnreadableFileError(problem, "deliver the column, or correct source_name or required in the mapping")
