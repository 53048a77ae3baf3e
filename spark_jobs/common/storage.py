"""Recognises a full disk and a lake that cannot be written, in whatever Python, Spark, dbt, Delta, DuckDB, SQLite and MLflow raise."""

import errno
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from conf.errors import CdpError, EngineError, Finding
from conf.settings import Settings

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
REFUSED = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
LOG_BYTES = 1 << 20
LEAST_FREE_BYTES = 1 << 20

_FULL = re.compile(r"No space left on device|Disk quota exceeded|File too large|database or disk is full|\bos error (?:28|122|27)\b")
_REFUSED = re.compile(
    r"Permission denied|Read-only file system|Operation not permitted|attempt to write a readonly database|unable to open database file"
    r"|Mkdirs failed to create|\bos error (?:13|30|1)\b"
)
# Of a path in a message only what names the lake's own folders: the rest may be a name that a customer gave.
_FOLDER = re.compile(
    r"/[^\s'\":]*?/(?:warehouse/\w+/\w+|(?:warehouse|engine|metastore|logs|mlflow|airflow|dbt-target|keys|landing|ingest|archive)\b)"
)


class DiskFullError(EngineError):
    """No space is left, or a quota or file size limit is reached. Transient: tried again, since space is often freed by somebody else."""


class NotWritableError(CdpError):
    """A file or folder of the lake refuses access. Permanent: a person must change its permissions or its mount."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Fault:
    """What the file system refused: in its own words, and where."""

    is_full: bool
    problem: str
    where: str = ""

    def error(self) -> CdpError:
        """The error to show."""
        where = self.where or "the lake"
        again = "then run the same again: every step can be repeated and nothing is lost"
        if self.is_full:
            return DiskFullError(f"the disk is full: {self.problem}", [Finding(where, "cannot grow", f"free disk space, {again}")])
        remedy = f"give this user access, or mount the disk writable; {again}"
        return NotWritableError(f"a file or folder cannot be used: {self.problem}", [Finding(where, "access is refused", remedy)])


def fault_in_text(text: str) -> Fault | None:
    """The fault that a message names."""
    found = _FULL.search(text)
    is_full = found is not None
    found = found or _REFUSED.search(text)
    if found is None:
        return None
    folder = _FOLDER.search(text)
    return Fault(is_full, found[0], folder[0].removeprefix("file:") if folder else "")


def fault_of(err: BaseException) -> Fault | None:
    """The fault that an operating system error is, or that the errors it was raised from are."""
    current: BaseException | None = err
    while current is not None:
        if isinstance(current, OSError):
            if current.errno in FULL | REFUSED:
                where = os.fsdecode(current.filename) if isinstance(current.filename, (str, bytes, os.PathLike)) else ""
                return Fault(current.errno in FULL, os.strerror(current.errno), where)
            if current.errno is None and (found := fault_in_text(str(current))):
                return found  # Delta's and Arrow's own
        current = current.__cause__
    return None


def fault_now(settings: Settings) -> Fault | None:
    """What the lake's disk refuses at this moment; leaves nothing behind."""
    folder = next((each for each in (settings.lake.root, *settings.lake.root.parents) if each.is_dir()), Path("/"))
    try:
        if shutil.disk_usage(folder).free < LEAST_FREE_BYTES:
            return Fault(is_full=True, problem=os.strerror(errno.ENOSPC), where=str(folder))
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(4096))
    except OSError as err:
        found = fault_of(err)
        return Fault(found.is_full, found.problem, str(folder)) if found else None
    return None


def engine_log_size(settings: Settings) -> int:
    """Where the engine's log ends now, for `fault_of_engine`."""
    file = _engine_log(settings)
    return file.stat().st_size if file.is_file() else 0


def fault_of_engine(settings: Settings, since: int) -> Fault | None:
    """What the engine's log says after the byte `since`, else what the disk refuses now: dbt keeps only Spark's outermost sentence."""
    file = _engine_log(settings)
    if file.is_file():
        with file.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(since if since <= size else 0, size - LOG_BYTES))
            if found := fault_in_text(log.read().decode("utf-8", errors="replace")):
                return found
    return fault_now(settings)


def _engine_log(settings: Settings) -> Path:
    return settings.lake.engine / "log" / "engine.log"
