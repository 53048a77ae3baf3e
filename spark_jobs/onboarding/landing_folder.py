"""The landing folder of one source, as its mapping sees it: whether it is there, and files that match no feed."""

from datetime import date
from pathlib import Path

from conf.contracts import SourceContract
from conf.errors import Finding
from spark_jobs.ingest.landing import UNFINISHED, landed_files

MOST_FILES = 10


def folder_findings(landing: Path, contract: SourceContract) -> list[Finding]:
    """A folder that is not there, and files in it that match the pattern of no feed; feeds of database tables have no files."""
    folder = landing / contract.source
    feeds = [feed for feed in contract.feeds.values() if feed.jdbc is None]
    if not feeds:
        return []
    if not folder.is_dir():
        inside = f"; {landing} may be the source's own folder: give the one above it" if landing.name == contract.source else ""
        return [Finding(str(folder), "no such folder", f"create it and put the files there, or give --landing DIR{inside}")]
    matched = {landed.file for feed in feeds for landed in landed_files(landing, contract.source, feed, date.max)[0]}
    misnamed = {found.finding.where for feed in feeds for found in landed_files(landing, contract.source, feed, date.max)[1]}
    others = sorted(name for name in _files(landing, folder) if name not in matched | misnamed)
    findings = [
        Finding(name, "matches no feed, so it is never loaded", "correct `files` of its feed, or move it") for name in others[:MOST_FILES]
    ]
    if len(others) > MOST_FILES:
        findings.append(Finding(str(folder), f"{len(others) - MOST_FILES} more file(s) match no feed", "correct `files`, or move them"))
    return findings


def _files(landing: Path, folder: Path) -> list[str]:
    """Files below a source's folder that are complete, relative to landing; a name that is no UTF-8 is shown with escapes."""
    found = (path for path in folder.rglob("*") if path.is_file())
    names = [
        path.relative_to(landing).as_posix()
        for path in found
        if not path.name.lower().endswith(UNFINISHED) and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    return [name.encode("utf-8", "backslashreplace").decode() for name in names]
