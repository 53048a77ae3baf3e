"""The format version of a lake: which release's commands may write to it. `cdp upgrade` brings an older lake to today's.

`<lake>/format.json` is written when a lake is made. Tables without it are of version 1 (the releases before the file).
"""

import json
import os
from pathlib import Path

from conf.errors import CdpError, Finding
from conf.settings import Settings

FORMAT_VERSION = 2
FIRST_VERSION = 1


class LakeFormatError(CdpError):
    """The lake has another format than this release writes."""

    exit_code = 2


def lake_version(settings: Settings) -> int | None:
    """The format version of the lake; None while it has no table.

    Raises:
        LakeFormatError: the format file cannot be understood.
    """
    file = _file(settings)
    try:
        version = json.loads(file.read_text(encoding="utf-8"))["version"]
    except FileNotFoundError:
        return FIRST_VERSION if _has_tables(settings) else None
    except (ValueError, KeyError, TypeError):
        version = None
    if not isinstance(version, int) or isinstance(version, bool) or version < FIRST_VERSION:
        finding = Finding(str(file), "is not a format file", "restore it from the lake's backup")
        raise LakeFormatError("the lake's format is unknown", [finding])
    return version


def write_version(settings: Settings, version: int) -> None:
    """Write the format version, in one piece."""
    settings.lake.root.mkdir(parents=True, exist_ok=True)
    draft = settings.lake.root / f".format.{os.getpid()}"
    with draft.open("w", encoding="utf-8") as out:
        json.dump({"version": version}, out)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(_file(settings))


def mark_new_lake(settings: Settings) -> None:
    """Give a lake without tables today's format version; any other lake is left as it is."""
    if not _file(settings).exists() and not _has_tables(settings):
        write_version(settings, FORMAT_VERSION)


def check_format(settings: Settings) -> None:
    """Refuse to write to a lake of another format; a new lake gets today's version.

    Raises:
        LakeFormatError: the lake is older or newer than this release, or its format file is damaged.
    """
    mark_new_lake(settings)
    if error := format_error(settings):
        raise error


def format_error(settings: Settings) -> LakeFormatError | None:
    """Why this release must not write to the lake; None when it may."""
    try:
        version = lake_version(settings)
    except LakeFormatError as err:
        return err
    if version is None or version == FORMAT_VERSION:
        return None
    problem = f"has format {version}, this release writes format {FORMAT_VERSION}"
    if version < FORMAT_VERSION:
        return LakeFormatError("the lake was made by an older release", [Finding(str(settings.lake.root), problem, "run: cdp upgrade")])
    finding = Finding(str(settings.lake.root), problem, "install the release that made it, or a newer one")
    return LakeFormatError("the lake was made by a newer release", [finding])


def _file(settings: Settings) -> Path:
    return settings.lake.root / "format.json"


def _has_tables(settings: Settings) -> bool:
    return next(settings.lake.warehouse.glob("*/*/_delta_log"), None) is not None
