"""Layout of a JSON file: an object a line, an array of objects, or objects over several lines; the last two are cut into numbered objects."""

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import chain

from spark_jobs.ingest.blocks import LONGEST_LINE, UnreadableFileError
from spark_jobs.ingest.json_paths import DECODER

LONGEST_OBJECT = 32 << 20  # characters of one object that does not stand on a line of its own
_CUT_SHORT = 16  # so near to the end of what was read, an error may be that of a word cut short
_BLANK = " \t\r\n"
_BLANKS = re.compile(r"[ \t\r\n]+")


class Layout(StrEnum):
    """How the objects of a file are separated."""

    LINES = "lines"
    ARRAY = "array"
    OBJECTS = "objects"


def layout_of(chunks: Iterator[bytes]) -> tuple[Layout, Iterator[bytes]]:
    """The layout of a text, and its chunks again.

    A text that begins with `[` is an array, unless its first line is a complete list and further lines follow: then it is JSON lines
    without objects. A text that begins with `{` is JSON lines, unless its first object ends on a later line.
    """
    head = ""
    used: list[bytes] = []
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    layout: Layout | None = None
    while layout is None:
        chunk = next(chunks, None)
        if chunk is not None:
            used.append(chunk)
            head += decoder.decode(chunk)
        layout = _guessed(head.lstrip(_BLANK), is_whole=chunk is None)
    return layout, chain(used, chunks)


def _guessed(head: str, is_whole: bool) -> Layout | None:
    """The layout; None when more of the text is needed to tell."""
    if not head and not is_whole:
        return None
    if head[:1] not in ("[", "{"):
        return Layout.LINES
    line, _, below = head.partition("\n")
    if not is_whole and line == head and len(head) <= LONGEST_LINE:
        return None
    is_enough = is_whole or len(head) > LONGEST_OBJECT
    return _of_list(line, below, is_enough) if head[0] == "[" else _of_object(head, line, is_enough)


def _of_list(line: str, below: str, is_enough: bool) -> Layout | None:
    """The layout of a text whose first line begins with `[`."""
    end = _end_of_value(line, 0) if len(line) <= LONGEST_LINE else None
    if end is None or line[end:].strip(_BLANK):
        return Layout.ARRAY
    if below.strip(_BLANK):
        return Layout.LINES
    return Layout.ARRAY if is_enough else None


def _of_object(head: str, line: str, is_enough: bool) -> Layout | None:
    """The layout of a text whose first line begins with `{`."""
    if line == head or _end_of_value(line, 0) is not None:
        return Layout.LINES
    if _end_of_value(head, 0) is not None:
        return Layout.OBJECTS
    return None if not is_enough and _may_go_on(head) else Layout.LINES


def _end_of_value(text: str, start: int) -> int | None:
    try:
        return DECODER.raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        return None


def _may_go_on(text: str, start: int = 0) -> bool:
    """True when the value that begins there is not wrong, but goes on beyond the text."""
    try:
        DECODER.raw_decode(text, start)
    except json.JSONDecodeError as err:
        return err.pos >= len(text) - _CUT_SHORT or err.msg.startswith("Unterminated string")
    except RecursionError:
        return False
    return True


def pieces(chunks: Iterable[bytes], layout: Layout) -> Iterator[tuple[int, bytes]]:
    """All pieces of an array or of several objects: each object with its number from 1, what is between them with 0.

    Put together, the pieces are the text.

    Raises:
        UnreadableFileError: the text ends too early, or is no JSON.
    """
    text = _Text(chunks)
    if layout is Layout.ARRAY:
        yield 0, text.blanks() + text.mark("[", 0)
    number = 0
    while True:
        yield 0, text.blanks()
        if text.is_at_end or (layout is Layout.ARRAY and text.begins_with("]")):
            break
        if layout is Layout.ARRAY and number:
            yield 0, text.mark(",", number) + text.blanks()
        number += 1
        yield number, text.value(number)
    if layout is Layout.ARRAY:
        yield 0, text.mark("]", number)
        yield 0, text.blanks()
        if not text.is_at_end:
            raise _broken(number)


class _Text:
    """Text that is read from its chunks as far as it is needed; bytes that are no UTF-8 stay what they are."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text, self._at, self._is_whole = "", 0, False

    @property
    def is_at_end(self) -> bool:
        while self._at == len(self._text):
            if not self._read():
                return True
        return False

    def begins_with(self, mark: str) -> bool:
        return not self.is_at_end and self._text[self._at] == mark

    def mark(self, mark: str, number: int) -> bytes:
        if not self.begins_with(mark):
            raise _broken(number)
        self._at += 1
        return mark.encode()

    def blanks(self) -> bytes:
        if self._at < len(self._text) and self._text[self._at] not in _BLANK:
            return b""
        found = ""
        while not self.is_at_end and (blank := _BLANKS.match(self._text, self._at)):
            found += blank[0]
            self._at = blank.end()
        return found.encode()

    def value(self, number: int) -> bytes:
        """The JSON value that begins here."""
        while True:
            end = _end_of_value(self._text, self._at)
            # A number at the end of what was read may have further digits.
            is_complete = end is not None and (end < len(self._text) or self._is_whole)
            size = (end if end is not None else len(self._text)) - self._at
            if size > LONGEST_OBJECT:
                raise UnreadableFileError(
                    f"holds more than {LONGEST_OBJECT >> 20} MiB in element {number}", "deliver JSON lines: one object a line"
                )
            if end is not None and is_complete:
                found = self._text[self._at : end]
                self._at = end
                return found.encode("utf-8", "surrogateescape")
            if end is None and not _may_go_on(self._text, self._at):
                raise _broken(number)
            while self._read() and len(self._text) - self._at < 2 * size:
                pass
            if self._is_whole and _end_of_value(self._text, self._at) is None:
                raise _broken(number)

    def _read(self) -> bool:
        """Read a chunk more; False at the end of the text."""
        if self._is_whole:
            return False
        chunk = next(self._chunks, None)
        self._is_whole = chunk is None
        more = self._decoder.decode(chunk or b"", final=self._is_whole)
        self._text, self._at = self._text[self._at :] + more, 0
        return not self._is_whole or bool(more)


def _broken(number: int) -> UnreadableFileError:
    return UnreadableFileError(f"is not a complete JSON document: it breaks off in or after element {number}", "deliver it again, complete")
