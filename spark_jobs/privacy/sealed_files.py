"""Files encrypted in pieces of one MiB, so that any size fits into memory and a missing piece is noticed.

Layout: a line of JSON (what it is, bound into every piece), a line with the id of the key, then for each piece four bytes of length (big endian) and its ciphertext, which is
bound to the header, its number and whether it is the last.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from conf.errors import Finding, InputError
from spark_jobs.common.crypto import Keyring

PIECE_BYTES = 1 << 20
FORMAT = "cdp-sealed-1"


@dataclass(frozen=True)
class SealedHeader:
    """What a sealed file is: the delivered file's name, hash and known date, and how many of its lines were taken out since."""

    file: str
    file_hash: str
    known_on: str
    redacted: int = 0

    def line(self) -> bytes:
        """The header as it stands in the file."""
        return json.dumps({"format": FORMAT, **asdict(self)}, sort_keys=True).encode() + b"\n"


def seal_file(ring: Keyring, header: SealedHeader, content: Iterable[bytes], target: Path) -> str:
    """Write a sealed file, complete or not at all; gives the SHA-256 of the content, in hex."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    digest, bound = hashlib.sha256(), header.line().decode()
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(header.line() + f"{ring.key_id}\n".encode())
        for number, (piece, is_last) in enumerate(_pieces(content)):
            digest.update(piece)
            sealed = ring.encrypt(piece, f"{bound}{number}/{is_last}")
            out.write(len(sealed).to_bytes(4, "big") + sealed)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(target)
    return digest.hexdigest()


def read_header(file: Path) -> SealedHeader:
    """The header of a sealed file.

    Raises:
        InputError: it is no sealed file.
    """
    with file.open("rb") as stream:
        return _header(stream.readline(65_536), file)


def read_key_id(file: Path) -> str:
    """Id of the key that sealed a file."""
    with file.open("rb") as stream:
        _header(stream.readline(65_536), file)
        return stream.readline(64).decode("ascii", "replace").strip()


def open_sealed(ring: Keyring, file: Path) -> Iterator[bytes]:
    """The content of a sealed file, piece by piece.

    Raises:
        InputError: it is no sealed file, or was cut.
        ConfigError: no key of the lake opens it, or it was changed.
    """
    with file.open("rb") as stream:
        bound, number, is_last = _header(stream.readline(65_536), file).line().decode(), 0, False
        stream.readline(64)
        while size := stream.read(4):
            length = int.from_bytes(size, "big")
            sealed = stream.read(length)
            if len(sealed) < length:
                is_last = False
                break
            is_last = stream.read(1) == b""
            if not is_last:
                stream.seek(-1, os.SEEK_CUR)
            yield ring.decrypt(sealed, f"{bound}{number}/{is_last}")
            number += 1
        if not is_last or not number:
            raise InputError("a sealed file was cut", [Finding(str(file), f"ends in piece {number}", "restore it from a backup")])


def _header(line: bytes, file: Path) -> SealedHeader:
    try:
        values = json.loads(line)
        if values.pop("format") == FORMAT:
            return SealedHeader(**values)
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise InputError("this is no sealed file", [Finding(str(file), "has no header", "name a file of the archive")])


def _pieces(content: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """The content in pieces of the same size, and whether each is the last; an empty content is one empty piece."""
    waiting = bytearray()
    for chunk in content:
        for start in range(0, len(chunk), PIECE_BYTES):
            waiting += chunk[start : start + PIECE_BYTES]
            while len(waiting) > PIECE_BYTES:
                yield bytes(waiting[:PIECE_BYTES]), False
                del waiting[:PIECE_BYTES]
    yield bytes(waiting), True


def remove_drafts(folder: Path) -> None:
    """Remove what killed writers left; nobody else may be writing."""
    for draft in folder.rglob(".*.sealed.*"):
        draft.unlink(missing_ok=True)
