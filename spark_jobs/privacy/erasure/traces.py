"""Traces outside of tables: logs lose the lines, exports go; and the scan of the whole lake at the end."""

from collections.abc import Sequence
from pathlib import Path

from conf.settings import Settings
from spark_jobs.privacy.needles import Needles
from spark_jobs.privacy.scan import Scan, scan

REMOVED = b"[line removed: erasure]"
LINES_AT_ONCE = 1000


def scan_lake(settings: Settings, needles: Sequence[str], working_folder: Path) -> Scan:
    """Look for needles in everything below the lake's root, without `not_looked_into` and the erasure's own folder."""
    return scan([settings.lake.root], needles, skip=[*not_looked_into(settings), working_folder])


def not_looked_into(settings: Settings) -> list[Path]:
    """Keys, whose place is there; working files of a running engine, which go when it stops; and folders that are not the platform's."""
    return [settings.lake.keys, settings.lake.engine / "tmp", *(settings.lake.root / name for name in settings.privacy.scan_skip)]


def remove_traces(settings: Settings, needles: Sequence[str], working_folder: Path) -> dict[str, int]:
    """Take lines with a needle out of logs (of the platform, the engine, dbt and Airflow), and remove exports that hold one.

    Returns:
        Log files that lost lines, and exports that were removed.
    """
    logs = [
        folder
        for folder in (settings.lake.logs, settings.lake.engine, settings.lake.airflow / "logs", settings.lake.root / "dbt-target")
        if folder.exists()
    ]
    counts = {"logs": 0, "exports": 0}
    for name in sorted({found.file for found in scan(logs, needles, skip=[working_folder]).found}):
        _without_lines(Path(name), needles)
        counts["logs"] += 1
    exports = settings.lake.root / "exports"
    if exports.exists():
        for name in sorted({found.file for found in scan([exports], needles).found}):
            Path(name).unlink()
            counts["exports"] += 1
        for folder in sorted((each for each in exports.rglob("*") if each.is_dir()), reverse=True):
            if not any(folder.iterdir()):
                folder.rmdir()
    return counts


def _without_lines(file: Path, needles: Sequence[str]) -> None:
    """Written in place: a process that still appends to the log goes on with the same file."""
    sought = Needles(needles)
    lines = file.read_bytes().split(b"\n")
    for start in range(0, len(lines), LINES_AT_ONCE):
        if sought.found_in(b"\n".join(lines[start : start + LINES_AT_ONCE])):
            for at in range(start, min(start + LINES_AT_ONCE, len(lines))):
                lines[at] = REMOVED if sought.found_in(lines[at]) else lines[at]
    with file.open("r+b") as out:
        out.write(b"\n".join(lines))
        out.truncate()
