"""Whether the audit log is as it was written: signatures, roots, chains, and what has not been sealed yet."""

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from conf.errors import Finding
from spark_jobs.common.audit.heads import Head, root_of
from spark_jobs.common.audit.records import BEGINNING, Record, hash_of
from spark_jobs.common.audit.signing import is_signed


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found; `records` in the log, `sealed` of them under the last head, `waiting` in journals only."""

    findings: tuple[Finding, ...]
    records: int
    sealed: int
    waiting: int


def verify(
    log: Sequence[tuple[int, Record]], journals: Sequence[Record], heads: Sequence[Head], key: Ed25519PublicKey, kept: Sequence[Head] = ()
) -> Verdict:
    """Compare the log with the heads, with itself and with the journals.

    Args:
        log: position (from 1) and record, as the table has them.
        journals: the records of the journals.
        heads: signed heads, oldest first.
        key: public key of the heads.
        kept: heads that an auditor has kept elsewhere.
    """
    ordered = sorted(log, key=lambda each: each[0])
    records = [record for _, record in ordered]
    findings = [
        *_positions(ordered),
        *_heads(records, heads, key),
        *_end(records, heads),
        *_kept(records, heads, kept, key),
        *_chains(records),
        *_against_journals(records, journals),
    ]
    there = {(record.writer, record.sequence) for record in records}
    waiting = sum((record.writer, record.sequence) not in there for record in journals)
    return Verdict(tuple(findings), len(records), heads[-1].size if heads else 0, waiting)


def _positions(ordered: Sequence[tuple[int, Record]]) -> list[Finding]:
    expected = 1
    for position, _ in ordered:
        if position != expected:
            what = "is there twice" if position < expected else f"is missing; the next one is {position}"
            return [Finding(f"position {min(position, expected)}", what, "compare with a backup")]
        expected += 1
    return []


def _heads(records: Sequence[Record], heads: Sequence[Head], key: Ed25519PublicKey) -> list[Finding]:
    """Heads that nobody signed, that shrink, or whose root the log does not have any more."""
    findings, size = [], 0
    for number, head in enumerate(heads, 1):
        where = f"head {number} of {head.sealed_for}"
        if not is_signed(key, head.content, _bytes(head.signature)):
            findings.append(Finding(where, "its signature is wrong", "somebody changed the heads, or this is another log's key"))
        elif head.size < size:
            findings.append(
                Finding(where, f"the log shrank from {size} to {head.size} records", "records were taken away before it was sealed")
            )
        elif head.size > len(records):
            findings.append(
                Finding(
                    where, f"{head.size} records were sealed, {len(records)} are left", "the tail was cut, or the table was rolled back"
                )
            )
        elif root_of(records[: head.size]) != head.root:
            findings.append(
                Finding(where, "the records under it have another root", "a sealed record was changed, added, moved or taken away")
            )
        size = max(size, head.size)
    return findings


def _bytes(signature: str) -> bytes:
    """A signature; nothing when it is no hexadecimal number."""
    try:
        return bytes.fromhex(signature)
    except ValueError:
        return b""


def _end(records: Sequence[Record], heads: Sequence[Head]) -> list[Finding]:
    """Records that no head signs: sealing signs all of them."""
    sealed = max((head.size for head in heads), default=0)
    if len(records) <= sealed:
        return []
    problem = f"{len(records) - sealed} record(s) after {sealed} are under no head"
    return [Finding("heads", problem, "the last head was taken away, or its night was killed while it sealed: then run that night again")]


def _kept(records: Sequence[Record], heads: Sequence[Head], kept: Sequence[Head], key: Ed25519PublicKey) -> list[Finding]:
    """What an auditor's heads say of the log, and whether they are still among its own."""
    found = _heads(records, kept, key)
    gone = [head for head in kept if head not in heads]
    return [*found, *(Finding(f"kept head of {head.sealed_for}", "is not among the heads", "the heads were replaced") for head in gone)]


def _chains(records: Sequence[Record]) -> list[Finding]:
    """Records that do not follow the one before of their writer, or whose content does not have their hash."""
    findings, last = [], dict[str, Record]()
    for record in records:
        before = last.get(record.writer)
        where = f"record {record.sequence} of {record.writer}"
        if hash_of(record) != record.hash:
            findings.append(Finding(where, "its content does not have its hash", "it was edited"))
        if record.sequence != (before.sequence + 1 if before else 1):
            findings.append(
                Finding(
                    where, f"follows record {before.sequence if before else 0}", "records between them are missing, or they were reordered"
                )
            )
        elif record.previous != (before.hash if before else BEGINNING):
            findings.append(Finding(where, "does not follow the record before it", "one of the two was replaced"))
        last[record.writer] = record
    return findings


def _against_journals(records: Sequence[Record], journals: Sequence[Record]) -> list[Finding]:
    """Records that the log and the journals tell differently, and records of the log that no journal has."""
    told = {(record.writer, record.sequence): record for record in journals}
    writers = {writer for writer, _ in told}
    findings = [
        Finding(f"journal of {writer}", "is not there", "it was taken away; restore it from its backup")
        for writer in sorted({record.writer for record in records} - writers)
    ]
    for record in records:
        other = told.get((record.writer, record.sequence))
        if other is None and record.writer in writers:
            findings.append(
                Finding(
                    f"record {record.sequence} of {record.writer}",
                    "is not in the writer's journal",
                    "it was added to the table, or the journal was cut",
                )
            )
        elif other is not None and other != record:
            findings.append(
                Finding(f"record {record.sequence} of {record.writer}", "the journal says something else", "one of the two was edited")
            )
    return findings
