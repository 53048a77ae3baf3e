"""Text files as blocks of whole lines: decompression, transcoding to UTF-8 and line numbers, in bounded memory."""

import codecs
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Protocol

import pyarrow as pa

CHUNK_BYTES = 8 << 20
LONGEST_LINE = 8 << 20
MOST_LINES = 1 << 19  # of a block, give or take; only lines of less than 16 bytes come to more
KEPT_OF_A_LONG_LINE = 1 << 16
BOMB_BYTES = 1 << 30
BOMB_RATIO = 1000
BAD_BYTE = b"\xff"  # never valid in UTF-8: marks what could not be decoded, so that its row is rejected and no other
UTF8_CODECS = ("utf-8", "utf-8-sig", "ascii")
COMPRESSION = {".gz": "gzip", ".zst": "zstd", ".zip": "zip"}


class UnreadableFileError(Exception):
    """A file breaks its contract as a whole; carries what is wrong and what to do, never a value."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that never became columns: its line, the rule it breaks and its text as delivered."""

    line: int
    rule: str
    raw: bytes


class RecordEnd(Protocol):
    """Finds the end of one record in pieces of text."""

    def feed(self, data: bytes) -> int:
        """The offset after the record's line end, or 0 when the record goes on."""
        ...


class FirstLineEnd:
    """The end of a record that is one line."""

    def feed(self, data: bytes) -> int:
        return data.find(b"\n") + 1


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record that was read over: its size, and the search that found its end."""

    lines: int
    size: int
    end: RecordEnd


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines of a file; the last one may lack its newline at the end of the file. `skipped`: the begin of a record too long to keep."""

    data: bytes
    first_line: int
    is_last: bool
    first_byte: int = 0
    skipped: Skipped | None = None

    @property
    def too_long(self) -> bool:
        """Whether this is no more than the begin of one record."""
        return self.skipped is not None


def _mark_bad(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeDecodeError):
        return "\udcff", error.end
    if isinstance(error, UnicodeEncodeError):
        return BAD_BYTE, error.end
    raise error


codecs.register_error("cdp_mark_bad", _mark_bad)


def _decompressed(file: Path) -> Iterator[bytes]:
    compression = COMPRESSION.get(file.suffix.lower())
    size, produced = file.stat().st_size, 0
    try:
        with _opened(file, compression) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                produced += len(chunk)
                _refuse_bomb(size, produced)
                yield chunk
    except FileNotFoundError:
        raise UnreadableFileError("is not there any more", "deliver it again") from None
    except UnreadableFileError:
        raise
    except NotImplementedError:
        raise UnreadableFileError(
            "is packed with a method that is not supported", "deliver it as gzip, zstd or a zip of method deflate"
        ) from None
    except Exception as err:  # noqa: BLE001 - broken archives raise anything: LZMAError, RuntimeError, UnicodeDecodeError, struct.error
        kind = f"is not a complete {compression} file" if compression else f"cannot be read ({type(err).__name__})"
        raise UnreadableFileError(kind, "deliver it again; check size and name at the sender") from None


def _refuse_bomb(size: int, produced: int) -> None:
    if produced > BOMB_BYTES and produced > size * BOMB_RATIO:
        raise UnreadableFileError(
            f"unpacks to more than {BOMB_RATIO} times its size", "check the delivery; if it is genuine, deliver it unpacked"
        )


def zipped_files(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files of an archive, without what a Mac adds beside them."""
    return [each for each in archive.infolist() if not each.is_dir() and not each.filename.startswith("__MACOSX/")]


@contextmanager
def _opened(file: Path, compression: str | None) -> Iterator[IO[bytes] | pa.NativeFile]:
    if compression != "zip":
        with pa.input_stream(str(file), compression=compression) as stream:
            yield stream
        return
    with zipfile.ZipFile(file) as archive:
        members = zipped_files(archive)
        if len(members) != 1:
            raise UnreadableFileError(f"holds {len(members)} files", "deliver archives of one file, or unpack it before it lands")
        if members[0].flag_bits & 1:
            raise UnreadableFileError("is encrypted", "deliver it without a password, or unpack it before it lands")
        with archive.open(members[0]) as member:
            yield member


def utf8_chunks(file: Path, encoding: str) -> Iterator[bytes]:
    """The text of a file as UTF-8 chunks without byte order mark; bytes that cannot be decoded become `BAD_BYTE`.

    Raises:
        UnreadableFileError: broken archive, or another encoding than declared.
    """
    is_utf8, decode = _decoder(encoding)
    first, newlines = True, None
    for chunk in chain(_decompressed(file), [None]):
        if first and chunk:
            _refuse_other_mark(chunk, encoding)
        text = decode(chunk)
        if first and text:
            if is_utf8 and text[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                raise UnreadableFileError("is UTF-16 text, the contract says " + encoding, "set csv.encoding: utf-16 in the mapping")
            text = text.removeprefix(codecs.BOM_UTF8)
            first = False
        if newlines is None and (b"\n" in text or b"\r" in text[:-1]):
            newlines = b"\n" in text
        if text:
            yield text if newlines is not False else text.replace(b"\r", b"\n")


def _refuse_other_mark(begin: bytes, encoding: str) -> None:
    """A byte order mark of UTF-8 under another encoding: the text would be read, but as other characters."""
    if begin.startswith(codecs.BOM_UTF8) and codecs.lookup(encoding).name not in UTF8_CODECS:
        raise UnreadableFileError(
            "is UTF-8 text with a byte order mark, the contract says " + encoding, "set csv.encoding: utf-8 in the mapping"
        )


def _decoder(encoding: str) -> tuple[bool, Callable[[bytes | None], bytes]]:
    """Whether text is UTF-8 already, and what makes a chunk of it UTF-8; None is the end of the file."""
    try:
        codec = codecs.lookup(encoding).name
        b"a".decode(codec, "replace")  # some codecs are none of text
        decoder = codecs.getincrementaldecoder(codec)("cdp_mark_bad")
    except (LookupError, ValueError):
        raise UnreadableFileError(
            f"has an unknown encoding {encoding!r} in its contract", "set csv.encoding, for example utf-8, gb18030, cp1252"
        ) from None
    if codec in UTF8_CODECS:
        return True, lambda chunk: chunk or b""

    def decode(chunk: bytes | None) -> bytes:
        try:
            return decoder.decode(chunk or b"", final=chunk is None).encode("utf-8", "cdp_mark_bad")
        except ValueError:  # idna, punycode: codecs that cannot pass over what they do not understand
            raise UnreadableFileError(f"is no text in {encoding}", "set csv.encoding, for example utf-8, gb18030, cp1252") from None

    return False, decode


class BlockReader:
    """Cuts chunks of text into blocks of whole lines and counts lines and bytes."""

    def __init__(self, chunks: Iterator[bytes], record_end: Callable[[], RecordEnd] = FirstLineEnd) -> None:
        self._chunks = chunks
        self._record_end = record_end
        self._carry = b""
        self._line = 1
        self._byte = 0
        self._ended = False
        self._wants_more = False
        self._tail_lines = 0  # of what was given back

    def read(self) -> Block | None:
        """The next block, or None at the end of the file."""
        data, self._carry = self._carry, b""
        cut = data.rfind(b"\n") + 1
        while not self._ended and (cut == 0 or self._wants_more or len(data) < CHUNK_BYTES):
            if cut == 0 and len(data) > LONGEST_LINE:
                return self._skip(data)
            chunk = next(self._chunks, None)
            if chunk is None:
                self._ended = True
                break
            self._wants_more = False
            found = chunk.rfind(b"\n") + 1
            cut = len(data) + found if found else cut
            data += chunk
        if not self._ended:
            data, self._carry = data[:cut], data[cut:]
        if not data:
            return None
        lines = data.count(b"\n")
        if lines > MOST_LINES + self._tail_lines:
            cut = _end_after_lines(data, MOST_LINES + self._tail_lines)
            data, self._carry = data[:cut], data[cut:] + self._carry
            lines = data.count(b"\n")
        self._tail_lines = 0
        block = Block(data, self._line, self._ended and not self._carry, self._byte)
        self._line += lines
        self._byte += len(data)
        return block

    def unread(self, tail: bytes) -> None:
        """Give back the unfinished end of the last block; it begins the next one."""
        self._carry = tail + self._carry
        self._wants_more = True
        self._tail_lines = tail.count(b"\n")
        self._line -= self._tail_lines
        self._byte -= len(tail)

    def skip(self, tail: bytes) -> Block:
        """Read over the record that begins with the end of the last block, in bounded memory."""
        self.unread(tail)
        data, self._carry, self._wants_more, self._tail_lines = self._carry, b"", False, 0
        return self._skip(data)

    def _skip(self, head: bytes) -> Block:
        end = self._record_end()
        lines = size = 0
        for piece in chain([head], self._chunks):
            used = end.feed(piece)
            self._carry = piece[used:] if used else b""
            size += len(piece) - len(self._carry)
            lines += piece.count(b"\n") - self._carry.count(b"\n")
            if used:
                break
        else:
            self._ended = True
        block = Block(head[: min(size, KEPT_OF_A_LONG_LINE)], self._line, self._ended, self._byte, Skipped(lines, size, end))
        self._line += lines
        self._byte += size
        return block


def _end_after_lines(data: bytes, most: int) -> int:
    """The end of a line, soon after so many lines."""
    at = lines = 0
    while lines <= most:
        lines += data.count(b"\n", at, at + KEPT_OF_A_LONG_LINE)
        at += KEPT_OF_A_LONG_LINE
    return data.rfind(b"\n", 0, at) + 1


def numbered_lines(block: Block) -> Iterator[tuple[int, bytes]]:
    """Line number and text without line end, for each line of a block."""
    lines = block.data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    for offset, line in enumerate(lines):
        yield block.first_line + offset, line.removesuffix(b"\r")
