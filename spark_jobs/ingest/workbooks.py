"""Excel workbooks (.xlsx) as XML parts of a zip archive, read row by row within stated limits; cells are text.

openpyxl knows dates and number formats. Its sheet reader is not used: it creates every row and cell that a sheet leaves out.
"""

import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Protocol, cast

from openpyxl.styles.numbers import builtin_format_code, is_date_format, is_timedelta_format
from openpyxl.utils import column_index_from_string
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel, from_ISO8601
from openpyxl.xml.functions import fromstring, iterparse

from spark_jobs.ingest.blocks import UnreadableFileError
from spark_jobs.ingest.cells import cell_text

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384  # Excel's own
MOST_CELLS = 20_000_000  # of a sheet, and of its different texts
SHEET_BYTES = 1 << 30  # of XML
TEXT_BYTES = 256 << 20
OTHER_BYTES = 64 << 20
BYTES_AT_ONCE = 64 << 20  # of one row or one text
MARKS_AT_ONCE = 1_000_000  # XML tags, likewise
LONGEST_FORMAT = 1_000
DELIVER_AGAIN = "open it in a spreadsheet program and save it as .xlsx, or deliver it as csv"

_ZEROS = re.compile("0{2,40}")
_ESCAPE = re.compile(r"_x(005F|000[9AD])_", re.IGNORECASE)


class XmlElement(Protocol):
    """What is used of an XML element."""

    tag: str
    text: str | None

    def get(self, key: str) -> str | None: ...
    def clear(self) -> None: ...
    def __iter__(self) -> Iterator["XmlElement"]: ...


class _Part:
    """A part of the archive as a stream that counts what is read, in all and since the last row."""

    def __init__(self, stream: IO[bytes], most_bytes: int) -> None:
        self._stream, self._bytes_left = stream, most_bytes
        self._end = b""
        self.begin_row()

    def begin_row(self) -> None:
        self._row_bytes, self._row_marks = BYTES_AT_ONCE, MARKS_AT_ONCE

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size if size >= 0 else 1 << 20)
        self._bytes_left -= len(data)
        self._row_bytes -= len(data)
        self._row_marks -= data.count(b"<")
        if min(self._bytes_left, self._row_bytes, self._row_marks) < 0:
            raise too_large("more XML than the limits of a workbook allow")
        seen = (self._end + data).replace(b"\0", b"")
        if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:  # no spreadsheet program writes them
            raise UnreadableFileError("is not a complete Excel workbook: it declares XML entities", DELIVER_AGAIN)
        self._end = data[-20:]
        return data

    def skip_rest(self) -> None:
        """Read to the end, where the archive's checksum is compared."""
        while self._stream.read(1 << 20):
            pass


def too_large(what: str) -> UnreadableFileError:
    """The error for a workbook beyond a limit."""
    return UnreadableFileError(f"has {what}", "check the delivery; split it, or deliver it as csv")


class Workbook:
    """An open workbook; anything its parts have wrong raises whatever the libraries raise."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members = {name.lower(): name for name in archive.namelist()}
        top = self._relations("")
        path = next((target for kind, target in top.values() if kind == "officeDocument"), "xl/workbook.xml")
        parts = self._relations(path)
        book = self._xml(path)
        self._sheets = self._sheet_paths(book, parts)
        epochs = [child.get("date1904") in ("1", "true") for child in book if _name(child) == "workbookPr"]
        self._epoch = CALENDAR_MAC_1904 if any(epochs) else CALENDAR_WINDOWS_1900
        by_kind = dict(parts.values())
        self._dates, self._durations, self._zeros = self._number_styles(by_kind.get("styles"))
        self._texts = self._shared_texts(by_kind.get("sharedStrings"))

    @property
    def sheet_names(self) -> list[str]:
        """Names of the worksheets, in their order."""
        return list(self._sheets)

    def rows(self, sheet: str) -> Iterator[tuple[int, dict[int, str]]]:
        """Rows that are in the sheet, with their numbers: text by column, both from 1."""
        number, cells_left = 0, MOST_CELLS
        with self._part(self._sheets[sheet], SHEET_BYTES) as part:
            for row in _elements(part, "row", "sheetData"):
                given = row.get("r")
                following = number + 1 if given is None else int(given)
                if following > MOST_ROWS:
                    raise too_large(f"a row beyond {MOST_ROWS:,}, the last one of a sheet")
                if following <= number:
                    raise UnreadableFileError("is not a complete Excel workbook: its rows are not in order", DELIVER_AGAIN)
                number = following
                cells, count = self._cells(row)
                cells_left -= count
                if cells_left < 0:
                    raise too_large(f"more than {MOST_CELLS:,} cells")
                yield number, cells
            part.skip_rest()

    def _cells(self, row: XmlElement) -> tuple[dict[int, str], int]:
        found: dict[int, str] = {}
        column = count = 0
        for cell in row:
            count += 1
            place = cell.get("r")
            column = column + 1 if place is None else _column(place.rstrip("0123456789"))
            if column > MOST_COLUMNS:
                raise too_large(f"more than {MOST_COLUMNS:,} columns")
            if (text := self._text(cell)) is not None:
                found[column] = text
        return found, count

    def _text(self, cell: XmlElement) -> str | None:
        kind = cell.get("t") or "n"
        value: str | None = None
        for child in cell:
            name = _name(child)
            if name == "is" and kind == "inlineStr":
                return cell_text(_content(child))
            if name == "v":
                value = child.text
        return None if value is None or kind == "inlineStr" else cell_text(self._value(kind, value, int(cell.get("s") or 0)))

    def _value(self, kind: str, value: str, style: int) -> object:
        if kind == "n":
            number = float(value) if set(value) & set(".eE") else int(value)
            if style in self._zeros and float(number).is_integer():
                return f"{'-' if number < 0 else ''}{abs(int(number)):0{self._zeros[style]}d}"
            return self._moment(number, style) if style in self._dates else number
        if kind == "s":
            place = int(value)
            return self._texts[place] if place >= 0 else self._texts[len(self._texts)]
        if kind == "b":
            return bool(int(value))
        return cast("Any", from_ISO8601)(value) if kind == "d" else _unescaped(value)

    def _moment(self, number: float, style: int) -> object:
        try:
            return from_excel(number, self._epoch, timedelta=style in self._durations)
        except (OverflowError, ValueError):
            return "#VALUE!"

    def _relations(self, path: str) -> dict[str, tuple[str, str]]:
        """Kind and path of the parts that a part refers to, by id."""
        folder, name = posixpath.split(path)
        found = {}
        for item in self._xml(posixpath.join(folder, "_rels", f"{name}.rels")):
            target = posixpath.normpath(posixpath.join("/", folder, item.get("Target") or "")).lstrip("/")
            found[item.get("Id") or ""] = ((item.get("Type") or "").rpartition("/")[2], target)
        return found

    def _sheet_paths(self, book: XmlElement, parts: Mapping[str, tuple[str, str]]) -> dict[str, str]:
        found = {}
        for item in (sheet for child in book if _name(child) == "sheets" for sheet in child):
            ids = [value for key, value in cast("Any", item).attrib.items() if key.rpartition("}")[2] == "id"]
            kind, path = parts.get(ids[0] if ids else "", ("", ""))
            if kind == "worksheet" and path.lower() in self._members:
                found[item.get("name") or ""] = path
        return found

    def _number_styles(self, path: str | None) -> tuple[set[int], set[int], dict[int, int]]:
        """Cell styles that show a moment, those that show a duration, and how many digits those show at least that fill up with zeros."""
        if path is None or path.lower() not in self._members:
            return set(), set(), {}
        tree = list(self._xml(path))
        formats = [item for child in tree if _name(child) == "numFmts" for item in child]
        custom = {item.get("numFmtId"): (item.get("formatCode") or "")[:LONGEST_FORMAT] for item in formats}
        ids = [item.get("numFmtId") or "0" for child in tree if _name(child) == "cellXfs" for item in child]
        codes = {key: custom[key] if key in custom else builtin_format_code(int(key)) for key in set(ids)}
        dates = {key for key, code in codes.items() if is_date_format(code)}
        durations = {key for key, code in codes.items() if is_timedelta_format(code)}
        zeros = {at: len(codes[key] or "") for at, key in enumerate(ids) if _ZEROS.fullmatch(codes[key] or "")}
        return {at for at, key in enumerate(ids) if key in dates}, {at for at, key in enumerate(ids) if key in durations}, zeros

    def _shared_texts(self, path: str | None) -> list[str]:
        if path is None or path.lower() not in self._members:
            return []
        found: list[str] = []
        with self._part(path, TEXT_BYTES) as part:
            for item in _elements(part, "si", "sst"):
                found.append(_content(item))
                if len(found) > MOST_CELLS:
                    raise too_large(f"more than {MOST_CELLS:,} different texts")
            part.skip_rest()
        return found

    def _xml(self, path: str) -> XmlElement:
        with self._part(path, OTHER_BYTES) as part:
            data = b"".join(iter(lambda: part.read(1 << 20), b""))
        return cast("XmlElement", fromstring(data))

    @contextmanager
    def _part(self, path: str, most_bytes: int) -> Iterator[_Part]:
        with self._archive.open(self._members[path.lower()]) as stream:
            yield _Part(stream, most_bytes)


@contextmanager
def open_workbook(file: Path) -> Iterator[Workbook]:
    """The workbook of a file.

    Raises:
        UnreadableFileError: it is none, is not complete or is beyond a limit; so also while its rows are read.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            yield Workbook(archive)
    except UnreadableFileError:
        raise
    except FileNotFoundError:
        raise UnreadableFileError("is not there any more", "deliver it again") from None
    except Exception:  # noqa: BLE001 - broken XML, archives and numbers raise anything, with values of cells in their messages
        raise UnreadableFileError("is not a complete Excel workbook", DELIVER_AGAIN) from None


def _elements(part: _Part, name: str, container: str) -> Iterator[XmlElement]:
    """The elements of a name in their container, one at a time; each is forgotten afterwards."""
    inside: Any = None
    wanted = ending = ""
    for event, element in iterparse(cast("Any", part), ("start", "end")):
        if event == "start":
            if inside is None and _name(element) == container:
                inside = element
                space = element.tag[: -len(container)]
                wanted, ending = space + name, element.tag
        elif element.tag == wanted:
            yield element
            inside.clear()
            part.begin_row()
        elif element.tag == ending:
            return


def _name(element: XmlElement) -> str:
    return element.tag.rpartition("}")[2]


def _content(item: XmlElement) -> str:
    """Text of a string item: its own or that of its runs; without the phonetic guides of Japanese."""
    texts = []
    for child in item:
        name = _name(child)
        if name == "t":
            texts.append(child.text or "")
        elif name == "r":
            texts += [part.text or "" for part in child if _name(part) == "t"]
    return _unescaped("".join(texts))


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


@lru_cache(maxsize=MOST_COLUMNS)
def _column(letters: str) -> int:
    return int(column_index_from_string(letters))
