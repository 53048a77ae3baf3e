"""Signed heads: how long the log was and what its Merkle root was, each time it was sealed. They lie outside the warehouse."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from conf.errors import ConfigError, Finding
from conf.settings import Settings
from spark_jobs.common.audit.journal import audit_folder
from spark_jobs.common.audit.merkle import leaf_hash, root
from spark_jobs.common.audit.records import Record
from spark_jobs.common.audit.signing import signing_key


@dataclass(frozen=True, slots=True)
class Head:
    """The log when it was sealed: `size` records in the order of their positions, with this root (hex)."""

    size: int
    root: str
    sealed_for: str  # business date of the night that sealed it
    signature: str = ""

    @property
    def content(self) -> bytes:
        """What is signed."""
        values = {name: value for name, value in asdict(self).items() if name != "signature"}
        return json.dumps(values, sort_keys=True).encode()


def heads_file(settings: Settings) -> Path:
    """The file of heads, a line each."""
    return audit_folder(settings) / "heads.jsonl"


def root_of(records: Sequence[Record]) -> str:
    """Merkle root of records in their order; a record's hash is part of its leaf."""
    return root([leaf_hash(record.content + record.hash.encode()) for record in records]).hex()


def add_head(settings: Settings, records: Sequence[Record], sealed_for: str) -> Head:
    """Sign the log as it is, and keep the head."""
    bare = Head(len(records), root_of(records), sealed_for)
    head = Head(bare.size, bare.root, bare.sealed_for, signing_key(settings).sign(bare.content).hex())
    file = heads_file(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps(asdict(head), sort_keys=True) + "\n")
        out.flush()
        os.fsync(out.fileno())
    return head


def read_heads(file: Path) -> list[Head]:
    """All heads of a file, oldest first; none when it is not there.

    Raises:
        ConfigError: a line is no head.
    """
    if not file.exists():
        return []
    try:
        return [Head(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]
    except (ValueError, TypeError):
        raise ConfigError(
            "the heads of the audit log are damaged", [Finding(str(file), "a line is no head", "restore it from its backup")]
        ) from None
