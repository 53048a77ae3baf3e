"""Records of the audit log, each bound to the one before it by the same writer."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum

BEGINNING = "0" * 64  # what the first record of a writer follows


class Action(StrEnum):
    """What is recorded."""

    DATA_CHANGED = "data_changed"
    DATA_PUBLISHED = "data_published"
    DATA_REPLAYED = "data_replayed"
    CONFIGURATION_CHANGED = "configuration_changed"
    PII_READ = "pii_read"
    PII_REFUSED = "pii_refused"
    MODEL_PROMOTED = "model_promoted"
    DECIDED = "decided"
    EXPORTED = "exported"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that was done. `details` are figures and names of tables, never a customer's value.

    `sequence` counts a writer's records from 1; `previous` is the hash of the one before, and `hash` that of this one, `previous` included.
    """

    writer: str
    sequence: int
    at: str
    actor: str
    action: str
    subject: str
    purpose: str
    details: str
    previous: str
    hash: str

    @property
    def content(self) -> bytes:
        """What is hashed: everything but the hash, in one form."""
        values = asdict(self)
        del values["hash"]
        return json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def follow(
    last: Record | None, writer: str, *, actor: str, action: Action, subject: str, purpose: str = "", details: dict[str, object] | None = None,
    at: datetime | None = None,
) -> Record:  # fmt: skip
    """The record that follows a writer's last one.

    Raises:
        ValueError: the last record is another writer's.
    """
    if last is not None and last.writer != writer:
        raise ValueError(f"{last.writer} is another writer than {writer}")
    moment = (at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="microseconds")
    text = json.dumps(details or {}, sort_keys=True, ensure_ascii=False, default=str)
    bare = Record(
        writer, last.sequence + 1 if last else 1, moment, actor, action.value, subject, purpose, text, last.hash if last else BEGINNING, ""
    )
    return Record(**{**asdict(bare), "hash": hash_of(bare)})


def hash_of(record: Record) -> str:
    """The hash that a record must have."""
    return hashlib.sha256(record.content).hexdigest()
