"""The delivered files of a feed, as the manifest knows them: from landing, or decrypted from the archive, laid out to be read again."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from conf.settings import Settings
from spark_jobs.common.crypto import Keyring, file_hash, key_reference
from spark_jobs.common.job import StepContext
from spark_jobs.ingest.landing import LandedFile
from spark_jobs.ingest.manifest import LOADED, MANIFEST, REPLAYED
from spark_jobs.privacy.archive import archived
from spark_jobs.privacy.sealed_files import open_sealed, read_header

LANDING, ARCHIVE, GONE = "landing", "archive", "gone"


@dataclass(frozen=True)
class Delivery:
    """A loaded file: its rows by the manifest (with what was replayed), and when and by which run it was loaded."""

    file: str
    file_hash: str
    size: int
    modified_at_ns: int
    known_on: date
    business_date: date
    loaded_at: datetime
    batch_ids: tuple[str, ...]
    rows_in: int
    rows_valid: int
    rows_quarantined: int
    has_replays: bool


def deliveries(ctx: StepContext, source: str, feed: str) -> list[Delivery]:
    """Files of a feed whose rows are in bronze or quarantine, in order of name."""
    found = ctx.spark.table(MANIFEST).where(f"source = '{source}' and feed = '{feed}' and status in ('{LOADED}', '{REPLAYED}')")
    of_file: dict[tuple[str, str], list[dict[str, object]]] = {}
    for row in found.orderBy("file", "file_hash", "loaded_at", "batch_id").toArrow().to_pylist():
        of_file.setdefault((row["file"], row["file_hash"]), []).append(row)
    return [_delivery(rows) for rows in of_file.values()]


def _delivery(rows: list[dict[str, object]]) -> Delivery:
    first = next((row for row in rows if row["status"] == LOADED), rows[0])
    kept = ("file", "file_hash", "modified_at_ns", "known_on", "business_date", "loaded_at")
    sums = {name: sum(int(str(row[name] or 0)) for row in rows) for name in ("rows_in", "rows_valid", "rows_quarantined")}
    values = {name: first[name] for name in kept} | {"size": first["size_bytes"]} | sums
    batches = tuple(sorted({str(row["batch_id"]) for row in rows}))
    return Delivery(**values, batch_ids=batches, has_replays=len(rows) > 1)  # type: ignore[arg-type]


def lay_out(settings: Settings, found: Sequence[Delivery], folder: Path) -> dict[str, tuple[str, LandedFile | None]]:
    """Lay the files out in a folder as they lay in landing; gives where each came from, and the file itself unless it is gone.

    Files of landing are linked, those of the archive decrypted: remove the folder afterwards.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    ring = key_reference(settings).open()
    return {each.file: _lay_out(settings, ring, each, folder) for each in found}


def _lay_out(settings: Settings, ring: Keyring, each: Delivery, folder: Path) -> tuple[str, LandedFile | None]:
    landed, target = settings.lake.landing / each.file, folder / each.file
    target.parent.mkdir(parents=True, exist_ok=True)
    if landed.is_file() and file_hash(landed) == each.file_hash:
        target.symlink_to(landed)
        return LANDING, _landed(each, target)
    sealed = archived(settings, each.file)
    if not sealed.is_file() or read_header(sealed).file_hash != each.file_hash:
        return GONE, None
    with target.open("wb") as out:
        out.writelines(open_sealed(ring, sealed))
    if target.stat().st_size == 0:  # erasures emptied it, because single rows could not be taken out
        return GONE, None
    return ARCHIVE, _landed(each, target)


def _landed(each: Delivery, file: Path) -> LandedFile:
    stat = file.stat()
    return LandedFile(each.file, stat.st_size, stat.st_mtime_ns, hash=each.file_hash, known_on=each.known_on)
