"""`cdp source new`: from sample files to a mapping that loads, and what to do next."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from conf.contracts import load_contract
from conf.errors import CdpError, ConfigError, Finding
from conf.settings import overlay_dir, settings
from conf.types import TABLE_PART
from spark_jobs.common.crypto import file_hash
from spark_jobs.ingest.draft.feeds import DraftFeed, draft_feeds
from spark_jobs.ingest.draft.samples import read_sample
from spark_jobs.ingest.draft.writer import mapping_text, to_check


def new_source(
    console: Console,
    name: str,
    files: Sequence[Path],
    to: Path | None,
    time_zone: str | None,
    currency_code: str | None,
    *,
    land: bool,
    force: bool,
) -> None:
    """Write the mapping, say what was guessed, and what comes next.

    Raises:
        ConfigError: the name cannot be one, the mapping is there already, or time zone or currency are none.
        InputError: a file cannot be read.
    """
    if not re.fullmatch(TABLE_PART, name):
        raise ConfigError("no such name", [Finding(name, "is no name of a source", "use small letters, digits and single underscores")])
    target = (to or (overlay_dir() or Path.cwd()) / "sources" / f"{name}.yml").resolve()
    if target.exists() and not force:
        raise ConfigError("a mapping is there already", [Finding(str(target), "is not replaced", "give --to, or --force")])
    feeds = draft_feeds([read_sample(file) for file in files])
    _write(target, name, mapping_text(name, feeds, str(target), time_zone, currency_code))
    _show(console, feeds)
    landing = settings().lake.landing / name
    if land:
        _land(feeds, files, landing)
    console.print(f"written to {target}", markup=False)
    if overlay_dir() is None or target.parent != overlay_dir() / "sources":  # type: ignore[operator]
        console.print("for nightly runs put it into sources/ of your overlay folder (CDP_CONF)", markup=False)
    for feed in feeds if not land else ():
        console.print(f"put files of this kind into {landing / feed.name}: {feed.files}", markup=False)
    console.print(f"next: read it, then: cdp source check {target}", markup=False)


def _write(target: Path, name: str, text: str) -> None:
    """Write the mapping once it is known to load; a file that was there stays until then."""
    target.parent.mkdir(parents=True, exist_ok=True)
    trial_folder = target.parent / f".{name}.part"
    trial_folder.mkdir(exist_ok=True)
    trial = trial_folder / f"{name}.yml"
    try:
        trial.write_text(text, encoding="utf-8")
        load_contract(trial)
        trial.replace(target)
    finally:
        shutil.rmtree(trial_folder)


def _show(console: Console, feeds: Sequence[DraftFeed]) -> None:
    table = Table("feed", "format", "rows sampled", "columns", "fills", "look at")
    from spark_jobs.ingest.draft.maps import draft_maps

    for feed in feeds:
        fills = ", ".join(each.entity for each in draft_maps(feed, feeds)) or "nothing yet"
        look_at = "\n".join(to_check(feed, feeds))
        table.add_row(feed.name, feed.sample.format, f"{feed.sample.rows:,}", str(len(feed.columns)), fills, look_at)
    console.print(table, markup=False)


def _land(feeds: Sequence[DraftFeed], files: Sequence[Path], landing: Path) -> None:
    """Copy the files to where the mapping looks for them; a file that is there with other content is not touched.

    Raises:
        CdpError: another file of that name is there.
    """
    samples = {feed.name: {tuple(feed.sample.columns)} for feed in feeds}
    for file in files:
        columns = tuple(read_sample(file).columns)
        feed = next(name for name, found in samples.items() if columns in found)
        target = landing / feed / file.name
        if target.exists() and file_hash(target) != file_hash(file):
            raise CdpError("a file is not copied", [Finding(str(target), "is there with other content", "give the new file another name")])
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target.with_name(f"{target.name}.part"))
            target.with_name(f"{target.name}.part").replace(target)
