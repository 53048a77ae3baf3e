"""Rows of a query as a table on the screen, as JSON or as CSV."""

import csv
import itertools
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

NUMBERS = ("INT", "DECIMAL", "DOUBLE", "FLOAT", "LONG")


@dataclass(frozen=True)
class Result:
    """A result that is read once: column names, type names and an iterator of rows."""

    columns: Sequence[str]
    types: Sequence[str]
    rows: Iterator[Sequence[Any]]


def print_table(result: Result, limit: int | None) -> None:
    """Show at most `limit` rows, and say so when there are more."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name, type_ in zip(result.columns, result.types, strict=True):
        is_number = any(word in type_.upper() for word in NUMBERS)
        table.add_column(Text(name), justify="right" if is_number else "left", overflow="fold")
    rows = list(itertools.islice(result.rows, None if limit is None else limit + 1))
    for row in rows[:limit]:
        table.add_row(*(Text("null", style="dim") if value is None else Text(_shown(value)) for value in row))
    console = Console(highlight=False)
    console.print(table)
    if limit is not None and len(rows) > limit:
        console.print(f"the first {limit} rows; more with --limit N, all with --csv or --json", style="dim")
    else:
        console.print(f"{len(rows)} row{'' if len(rows) == 1 else 's'}", style="dim")


def print_json(result: Result, limit: int | None) -> None:
    """Write an array of objects, one row per line."""
    separator = "["
    for row in itertools.islice(result.rows, limit):
        sys.stdout.write(f"{separator}\n  {_as_json(result.columns, row)}")
        separator = ","
    sys.stdout.write("[]\n" if separator == "[" else "\n]\n")


def print_csv(result: Result, limit: int | None) -> None:
    """Write a header line and the rows; null is an empty field."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(result.columns)
    writer.writerows([None if value is None else _shown(value) for value in row] for row in itertools.islice(result.rows, limit))


def _as_json(columns: Sequence[str], row: Sequence[Any]) -> str:
    values = dict(zip(columns, map(_finite, row), strict=True))
    return json.dumps(values, default=_plain, ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    """The value with text in place of NaN and infinity, which JSON does not have, and in place of keys that are no text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key if isinstance(key, str) else str(key): _finite(inner) for key, inner in value.items()}
    if hasattr(value, "asDict"):  # a struct of Spark Connect
        return _finite(value.asDict())
    return [_finite(inner) for inner in value] if isinstance(value, list | tuple) else value


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, bytes | bytearray):
        return value.hex()
    return str(value).lower() if isinstance(value, bool) else str(value)


def _plain(value: object) -> object:
    """A value JSON has no type for. A decimal stays a number as long as a double holds all of its digits."""
    if isinstance(value, Decimal):
        return float(value) if len(value.as_tuple().digits) <= 15 else str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes | bytearray) else str(value)
