"""The journal: a file for each writer, outside the warehouse, to which a record is added before anybody goes on.

A record is there when its line is complete; a line that a kill cut short never was one, and is cut off by the next record.
"""

import fcntl
import json
import os
import pwd
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from conf.errors import ConfigError, Finding
from conf.settings import Settings
from spark_jobs.common.audit.records import Action, Record, follow

TAIL_BYTES = 65_536  # a record is far shorter


def audit_folder(settings: Settings) -> Path:
    """Journals and signed heads; no part of the warehouse."""
    return settings.lake.root / "audit"


def account() -> str:
    """The account of this process, as the operating system has it: environment variables would be believed too easily."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's number without a name
        return f"uid{os.getuid()}"


def actor() -> str:
    """Who acts: CDP_ACTOR where an orchestrator or a portal acts for somebody, else the account of this process."""
    return os.environ.get("CDP_ACTOR") or account()


def note(settings: Settings, action: Action, subject: str, *, purpose: str = "", **details: object) -> Record:
    """Add a record to the journal of this account, on disk when this returns.

    Args:
        settings: where the lake is.
        action: what was done.
        subject: to what, such as a table or a model.
        purpose: why, where the law asks for it.
        details: figures and names, never a customer's value.

    Raises:
        ConfigError: the journal's last line is no record.
    """
    writer = re.sub(r"[^A-Za-z0-9_.-]", "_", account())
    file = audit_folder(settings) / "journal" / f"{writer}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with file.open("a+b") as journal:
        fcntl.flock(journal, fcntl.LOCK_EX)
        last = _last(journal, file)
        record = follow(last, writer, actor=actor(), action=action, subject=subject, purpose=purpose, details=details)
        journal.write(json.dumps(asdict(record), ensure_ascii=False, sort_keys=True).encode() + b"\n")
        journal.flush()
        os.fsync(journal.fileno())
    return record


def read_journals(settings: Settings) -> Iterator[Record]:
    """All complete records, writer by writer."""
    for file in sorted((audit_folder(settings) / "journal").glob("*.jsonl")):
        with file.open("rb") as journal:
            for number, line in enumerate(journal, 1):
                if line.endswith(b"\n"):
                    yield _record(line, f"{file.name}:{number}")


def _last(journal: BinaryIO, file: Path) -> Record | None:
    """The last record; what a killed writer left after it is cut off."""
    size = journal.seek(0, os.SEEK_END)
    journal.seek(max(0, size - TAIL_BYTES))
    tail = journal.read()
    complete = tail[: tail.rfind(b"\n") + 1]
    if len(complete) < len(tail):
        journal.truncate(size - len(tail) + len(complete))
    lines = complete.splitlines()
    return _record(lines[-1], file.name) if lines else None


def _record(line: bytes, where: str) -> Record:
    try:
        return Record(**json.loads(line))
    except (ValueError, TypeError):
        finding = Finding(where, "is no record of the audit log", "run cdp audit verify; restore the file from its backup")
        raise ConfigError("the journal of the audit log is damaged", [finding]) from None
