"""Files in the landing folder: which feed they belong to, their delivery date, and whether they are new."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path, PurePath

from conf.contracts import Feed
from conf.errors import Finding
from spark_jobs.common.crypto import file_hash
from spark_jobs.common.deliveries import DATE_GLOBS, date_in_path

HASH_THREADS = 4
Mark = tuple[str, date | int | None]
UNFINISHED = (".tmp", ".part")
CHANGED_REMEDY = (
    "put the original back, and deliver corrections as a new file with a new name; if it was read while it was being copied, "
    "give the complete file a new name, and from now on copy under a name that ends in .part and rename at the end"
)


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
    """What the manifest says of a file that was loaded before, or found to be a copy of one (`is_copy`)."""

    file: str
    hash: str
    size: int
    modified_at_ns: int
    delivered_on: date | None = None
    is_copy: bool = False


@dataclass(frozen=True, slots=True)
class BadFile:
    """A file that cannot be loaded as a whole, and why; its name is shown as text also where it is none."""

    landed: LandedFile
    finding: Finding


@dataclass
class Decision:
    """What to do with the files of a feed. `bad` files stop it; those in `set_aside` are left out and the others load."""

    new: list[LandedFile] = field(default_factory=list)
    copies: list[LandedFile] = field(default_factory=list)
    empty: list[LandedFile] = field(default_factory=list)
    unchanged: list[LandedFile] = field(default_factory=list)
    bad: list[BadFile] = field(default_factory=list)
    set_aside: list[BadFile] = field(default_factory=list)


def landed_files(landing: Path, source: str, feed: Feed, until: date) -> tuple[list[LandedFile], list[BadFile]]:
    """Files of a feed delivered on or before `until`, in order of delivery date and name, and names that are no text or have an impossible date."""
    found, bad = [], []
    patterns = {feed.files.replace("{date}", written) for written in DATE_GLOBS}
    for path in {path for pattern in patterns for path in (landing / source).glob(pattern)}:
        name = path.relative_to(landing).as_posix()
        if _is_unfinished(path.relative_to(landing / source)) or not path.is_file():
            continue
        if not _is_text(name):
            shown = name.encode("utf-8", "backslashreplace").decode()
            remedy = "rename the file; its sender names files in another encoding, such as GBK"
            bad.append(_bad(LandedFile(shown, 0, 0), "its name is not UTF-8", remedy))
            continue
        text = date_in_path(source, feed.files, name)
        try:
            delivered_on = date.fromisoformat(text) if text else None
        except ValueError:
            bad.append(_bad(LandedFile(name, 0, 0), f"{text} is not a date", "rename the file"))
            continue
        if delivered_on is None or delivered_on <= until:
            stat = path.stat()
            found.append(LandedFile(name, stat.st_size, stat.st_mtime_ns, delivered_on))
    return sorted(found, key=_in_order), sorted(bad, key=lambda each: each.landed.file)


def _bad(landed: LandedFile, problem: str, remedy: str) -> BadFile:
    return BadFile(landed, Finding(landed.file, problem, remedy))


def is_as_found(landed: LandedFile, landing: Path) -> bool:
    """True when the file still has the size and the modification time that it had when it was found."""
    try:
        stat = (landing / landed.file).stat()
    except OSError:
        return False
    return (stat.st_size, stat.st_mtime_ns) == (landed.size, landed.modified_at_ns)


def decide(files: Sequence[LandedFile], known: Iterable[KnownFile], landing: Path) -> Decision:
    """Which files are new, which are copies of what is loaded; files that cannot be read or whose content changed are bad.

    A file whose size and modification time are those of the manifest is not read.
    """
    by_name = {entry.file: entry for entry in known}
    decision = Decision()
    to_read, to_place = [], []
    for landed in files:
        entry = by_name.get(landed.file)
        if entry and (entry.size, entry.modified_at_ns) == (landed.size, landed.modified_at_ns):
            to_place.append(replace(landed, hash=entry.hash))
        elif landed.size == 0 and entry is None:
            decision.empty.append(landed)
        else:
            to_read.append(landed)
    for landed in _hashed(to_read, landing):
        entry = by_name.get(landed.file)
        if not landed.hash:
            decision.bad.append(_bad(landed, "cannot be read", "see that it exists and that this account may read it"))
        elif entry is not None and entry.hash != landed.hash:
            decision.bad.append(_bad(landed, "its content changed after it was loaded", CHANGED_REMEDY))
        else:
            to_place.append(landed)
    _place(to_place, by_name, decision)
    return decision


def _place(files: Sequence[LandedFile], by_name: Mapping[str, KnownFile], decision: Decision) -> None:
    """Tell copies from news: a copy says what a loaded file of its day says, or what the feed said last before or next after it.

    A file that was a copy becomes news once a late file with other content has come in between.
    """
    known = [entry for entry in by_name.values() if not entry.is_copy]
    stretch = _stretches([*by_name.values(), *files])
    loaded: set[Mark] = {mark for entry in known for mark in _marks(entry, stretch)}
    for landed in sorted(files, key=_in_order):
        entry = by_name.get(landed.file)
        marks = _marks(landed, stretch)
        if entry is not None and (not entry.is_copy or marks & loaded):
            decision.unchanged.append(landed)
        elif marks & loaded:
            decision.copies.append(landed)
        else:
            decision.new.append(landed)
            loaded |= marks


def _marks(file: LandedFile | KnownFile, stretch: Mapping[str, int]) -> set[Mark]:
    return {(file.hash, file.delivered_on), (file.hash, stretch[file.file])}


def _stretches(files: Sequence[LandedFile | KnownFile]) -> dict[str, int]:
    """The files in order of delivery, numbered by stretches of equal content."""
    number, last, found = 0, "", {}
    for each in sorted(files, key=_in_order):
        number += each.hash != last
        found[each.file], last = number, each.hash
    return found


def _in_order(file: LandedFile | KnownFile) -> tuple[date, str]:
    return file.delivered_on or date.min, file.file


def _is_text(name: str) -> bool:
    """False for names with bytes that are no UTF-8: no table can hold them."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _is_unfinished(path: PurePath) -> bool:
    """True for names that senders give to a file until it is complete."""
    return any(part.startswith(".") for part in path.parts) or path.name.lower().endswith(UNFINISHED)


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
    """The files with their hashes; the hash of a file that cannot be read stays empty."""

    def hash_of(landed: LandedFile) -> str:
        try:
            return file_hash(landing / landed.file)
        except OSError:
            return ""

    with ThreadPoolExecutor(HASH_THREADS) as pool:
        hashes = pool.map(hash_of, files)
        return [replace(landed, hash=value) for landed, value in zip(files, hashes, strict=True)]
