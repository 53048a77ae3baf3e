"""Why the last `cdp run` ended without publishing, also when the disk was too full to write it into `ops.runs`.

The file's blocks are reserved before a run, so that a full disk still takes the note.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from conf.errors import CdpError
from conf.settings import Settings
from spark_jobs.common.errors import readable, without_values

ROOM = 4096


@dataclass(frozen=True, slots=True)
class RunFailure:
    """The first date of a run that ended without publishing, and its message."""

    business_date: date
    message: str


@contextmanager
def noted_failure(settings: Settings, first: date) -> Iterator[None]:
    """Note why the block failed or was stopped; a block that succeeds empties the note.

    Raises:
        OSError: the disk is full or cannot be written before the block begins.
    """
    file = _file(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    _write(file, RunFailure(first, "the run was killed"))
    try:
        yield
    except BaseException as err:
        with suppress(OSError):
            _write(file, RunFailure(first, _message(err)))
        raise
    with suppress(OSError):
        _write(file, None)


def last_failure(settings: Settings) -> RunFailure | None:
    """The note; None when the last run succeeded, or goes on."""
    try:
        found = json.loads(_file(settings).read_text(encoding="utf-8"))
        return RunFailure(date.fromisoformat(found["business_date"]), str(found["message"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _file(settings: Settings) -> Path:
    return settings.lake.logs / "failed-run.json"


def _message(err: BaseException) -> str:
    if isinstance(err, KeyboardInterrupt):
        return "the run was stopped"
    short = readable(err)
    text = short.message if isinstance(short, CdpError) else f"{type(err).__name__}: {err}"
    return without_values(" ".join(text.split()))[:1000]


def _write(file: Path, failure: RunFailure | None) -> None:
    """Replace the note in its own blocks: in place, and always with the same size."""
    text = json.dumps(asdict(failure), default=str) if failure else ""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(descriptor, text.encode().ljust(ROOM), 0)
    finally:
        os.close(descriptor)
