"""Files in the landing folder: which feed they belong to, their delivery date, and whether they are new."""

import fnmatch
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

from conf.contracts import Feed
from conf.errors import Finding
from spark_jobs.common.crypto import file_hash

DATE_GLOB = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
DATE_PATTERN = r"(?P<date>\d{4}-\d{2}-\d{2})"
HASH_THREADS = 4


@dataclass(frozen=True, slots=True)
class LandedFile:
    """A delivered file; `file` is its path relative to landing, `hash` is empty until it had to be read."""

    file: str
    size: int
    modified_at_ns: int
    delivered_on: date | None = None
    hash: str = ""
    known_on: date | None = None


@dataclass(frozen=True, slots=True)
class KnownFile:
    """What the manifest says of a file that was loaded before, or found to be a copy of one."""

    file: str
    hash: str
    size: int
    modified_at_ns: int


@dataclass
class Decision:
    """What to do with the files of a feed."""

    new: list[LandedFile] = field(default_factory=list)
    copies: list[LandedFile] = field(default_factory=list)
    empty: list[LandedFile] = field(default_factory=list)
    unchanged: int = 0
    findings: list[Finding] = field(default_factory=list)


def landed_files(landing: Path, source: str, feed: Feed, until: date) -> tuple[list[LandedFile], list[Finding]]:
    """Files of a feed delivered on or before `until`, in order of delivery date and name, and names with an impossible date."""
    pattern = _name_pattern(feed.files)
    found, findings = [], []
    for path in (landing / source).glob(feed.files.replace("{date}", DATE_GLOB)):
        if not path.is_file():
            continue
        name = path.relative_to(landing / source).as_posix()
        match = pattern.match(name)
        text = match.groupdict().get("date") if match else None
        try:
            delivered_on = date.fromisoformat(text) if text else None
        except ValueError:
            findings.append(Finding(f"{source}/{name}", f"{text} is not a date", "rename the file"))
            continue
        if delivered_on is None or delivered_on <= until:
            stat = path.stat()
            found.append(LandedFile(f"{source}/{name}", stat.st_size, stat.st_mtime_ns, delivered_on))
    return sorted(found, key=lambda landed: (landed.delivered_on or date.min, landed.file)), findings


def decide(files: Sequence[LandedFile], known: Iterable[KnownFile], landing: Path) -> Decision:
    """Which files are new, which are copies of content already loaded; content that changed under a known name is a finding.

    A file whose size and modification time are those of the manifest is not read.
    """
    by_name = {entry.file: entry for entry in known}
    first_name = {entry.hash: entry.file for entry in by_name.values()}
    decision = Decision()
    to_read = []
    for landed in files:
        entry = by_name.get(landed.file)
        if entry and (entry.size, entry.modified_at_ns) == (landed.size, landed.modified_at_ns):
            decision.unchanged += 1
        elif landed.size == 0 and entry is None:
            decision.empty.append(landed)
        else:
            to_read.append(landed)
    for landed in _hashed(to_read, landing):
        entry = by_name.get(landed.file)
        if entry is not None and entry.hash == landed.hash:
            decision.unchanged += 1
        elif entry is not None:
            remedy = "put the original back, and deliver corrections as a new file with a new name"
            decision.findings.append(Finding(landed.file, "its content changed after it was loaded", remedy))
        elif landed.hash in first_name:
            decision.copies.append(landed)
        else:
            first_name[landed.hash] = landed.file
            decision.new.append(landed)
    return decision


def known_on(landed: LandedFile, business_date: date, last_published: date | None) -> date:
    """First date on which the platform could know the rows of a file: a late file never changes a published night."""
    delivered_on = landed.delivered_on or business_date
    return delivered_on if last_published is None else max(delivered_on, last_published + timedelta(days=1))


def with_known_on(files: Iterable[LandedFile], business_date: date, last_published: date | None) -> list[LandedFile]:
    """The files with their `known_on`."""
    return [replace(landed, known_on=known_on(landed, business_date, last_published)) for landed in files]


def balanced_groups(files: Sequence[LandedFile], most: int) -> tuple[tuple[LandedFile, ...], ...]:
    """Files in at most `most` groups of about equal size; the order of delivery is kept inside a group."""
    count = min(most, len(files))
    groups: list[list[LandedFile]] = [[] for _ in range(count)]
    sizes = [0] * count
    for landed in sorted(files, key=lambda landed: (-landed.size, landed.file)):
        smallest = sizes.index(min(sizes))
        groups[smallest].append(landed)
        sizes[smallest] += landed.size + 1
    return tuple(tuple(sorted(group, key=lambda landed: landed.file)) for group in groups)


def _hashed(files: Sequence[LandedFile], landing: Path) -> list[LandedFile]:
    with ThreadPoolExecutor(HASH_THREADS) as pool:
        hashes = pool.map(lambda landed: file_hash(landing / landed.file), files)
        return [replace(landed, hash=value) for landed, value in zip(files, hashes, strict=True)]


def _name_pattern(files: str) -> re.Pattern[str]:
    parts = [fnmatch.translate(part)[4:-3] for part in files.split("{date}")]
    return re.compile(DATE_PATTERN.join(parts) + r"\Z", re.DOTALL)
