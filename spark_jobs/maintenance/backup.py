"""A copy of a lake at little cost: Parquet files are never changed in place and are hard-linked, all others are copied.

The copy holds what an upgrade may change. Landing, archive and exports are not in it: no upgrade touches them.
"""

import os
import shutil
from collections.abc import Collection
from pathlib import Path

COPIED = ("warehouse", "metastore", "keys", "privacy", "audit", "ingest", "dbt-target", "format.json")
METASTORE = "metastore"
STAGING = "staging"


def copy_lake(root: Path, target: Path, *, without: Collection[str] = ()) -> Path:
    """Copy the lake to a folder of the same disk, completely or not at all; a copy that is there is replaced.

    Args:
        root: the lake; nobody else may write to it.
        target: folder of the copy.
        without: names of `COPIED` to leave out.
    """
    draft = target.with_name(f".{target.name}")
    remove(draft)
    draft.mkdir(parents=True, mode=0o700)
    for name in COPIED:
        source = root / name
        if name in without or not source.exists():
            continue
        if source.is_dir():
            shutil.copytree(source, draft / name, symlinks=True, copy_function=_link_or_copy, ignore=_without_staging)
        else:
            shutil.copy2(source, draft / name)
    remove(target)
    draft.replace(target)
    return target


def remove(folder: Path) -> None:
    """Remove a copy, if it is there."""
    if folder.exists():
        shutil.rmtree(folder)


def _link_or_copy(source: str, target: str) -> None:
    if source.endswith(".parquet"):
        try:
            os.link(source, target)
        except OSError:  # the file system has no hard links
            pass
        else:
            return
    shutil.copy2(source, target)


def _without_staging(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name == STAGING and Path(folder).name == "ingest"]
