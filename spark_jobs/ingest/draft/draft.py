"""From sample files to the text of a mapping that loads."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from conf.contracts import load_contract
from conf.errors import Finding, InputError
from conf.types import TABLE_PART
from spark_jobs.ingest.draft.feeds import FeedDraft, draft_feeds
from spark_jobs.ingest.draft.mapping import draft_maps
from spark_jobs.ingest.draft.render import rendered
from spark_jobs.ingest.draft.samples import read_samples


@dataclass(frozen=True)
class FeedSummary:
    """What was looked at for one feed, and how much is left to look at."""

    feed: str
    files: int
    rows_sampled: int
    columns: int
    fills: str
    guesses_to_check: int


@dataclass(frozen=True)
class Draft:
    """A mapping as text; `is_landed` when the samples lie where its patterns look for them, below `landing`."""

    text: str
    feeds: tuple[FeedSummary, ...]
    folders: tuple[str, ...]
    landing: Path
    is_landed: bool


def draft_source(
    source: str,
    files: Sequence[Path],
    landing: Path,
    *,
    time_zone: str | None = None,
    currency: str | None = None,
    schema: str | None = None,
) -> Draft:
    """Infer a mapping from sample files.

    Args:
        source: name of the source.
        files: samples, as the source delivers them.
        landing: the lake's landing folder.
        time_zone: of the source; None for the retailer's.
        currency: of the source; None for the retailer's.
        schema: JSON Schema that lies beside the mapping.

    Raises:
        InputError: a name that cannot be one, or a sample that cannot be read.
    """
    if not re.fullmatch(TABLE_PART, source):
        raise InputError(
            "not a name for a source", [Finding(source, "is not such a name", "use small letters, digits, single underscores")]
        )
    paths = list(dict.fromkeys(file.parent.resolve() / file.name for file in files))
    folder = _folder_of_source(source, paths, landing)
    month_first = (time_zone or "").startswith("America/") or currency == "USD"
    feeds = draft_feeds(
        source, [sample for file in paths for sample in read_samples(file)], folder, month_first=month_first, currency=currency or ""
    )
    maps = draft_maps(feeds)
    routes = {feed.name: feed.routes for feed in feeds}
    head = {"source": source, "title": source.replace("_", " ").capitalize(), "time_zone": time_zone, "currency_code": currency}
    text = rendered(head, feeds, maps, routes, schema)
    _refuse_invalid(source, text)
    fills = {name: ", ".join(each.entity for each in found if not each.missing) for name, found in maps.items()}
    summaries = tuple(
        FeedSummary(feed.name, len(feed.samples), feed.rows, len(feed.columns), fills[feed.name], _doubts(text, feed)) for feed in feeds
    )
    return Draft(
        text, summaries, tuple(dict.fromkeys(feed.folder for feed in feeds)), folder.parent if folder else landing, folder is not None
    )


def _folder_of_source(source: str, files: Sequence[Path], landing: Path) -> Path | None:
    """The folder named like the source that all samples lie in: the landing folder's, or that of another one."""
    landed = landing.resolve() / source
    if all(landed in file.parents for file in files):
        return landed
    return next((parent for parent in files[0].parents if parent.name == source and all(parent in file.parents for file in files)), None)


def _refuse_invalid(source: str, text: str) -> None:
    """A draft must load: what does not is a mistake of ours, and is said so before a file is written."""
    with TemporaryDirectory(prefix="cdp-draft-") as folder:
        file = Path(folder) / f"{source}.yml"
        file.write_text(text, encoding="utf-8")
        load_contract(file)


def _doubts(text: str, feed: FeedDraft) -> int:
    """Comments in the feed's part of the text."""
    parts = re.split(r"(?m)^  (?=\w+:$)", text)
    part = next((part for part in parts if part.startswith(f"{feed.name}:\n")), "")
    return sum("# " in line and not re.search(r"# (key|joins)\b[^;]*$", line) for line in part.splitlines())
