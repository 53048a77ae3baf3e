"""An audit log that was changed says so, whatever was changed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from conf.errors import ConfigError
from conf.settings import Settings, load_settings
from spark_jobs.audit.verify import Verdict, verify
from spark_jobs.common.audit.heads import add_head, heads_file, read_heads, root_of
from spark_jobs.common.audit.journal import audit_folder, note, read_journals
from spark_jobs.common.audit.merkle import leaf_hash, root
from spark_jobs.common.audit.records import Action, Record, follow, hash_of
from spark_jobs.common.audit.signing import public_key

Log = list[tuple[int, Record]]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("CDP_LAKE__ROOT", str(tmp_path))
    return load_settings()


@pytest.fixture
def log(settings: Settings) -> Log:
    """Nine records of two writers, sealed after six and after nine."""
    for number in range(5):
        note(settings, Action.DATA_CHANGED, f"bronze.shop__till_{number}", rows=number)
    mine = list(read_journals(settings))
    other: list[Record] = []
    for number in range(4):
        other.append(follow(other[-1] if other else None, "portal", actor="steward", action=Action.DECIDED, subject=f"case {number}"))
    journal = audit_folder(settings) / "journal" / "portal.jsonl"
    journal.write_text("".join(json.dumps(asdict(record)) + "\n" for record in other))
    records = [record for pair in zip(mine, other, strict=False) for record in pair] + mine[4:]
    add_head(settings, records[:6], "2024-01-01")
    add_head(settings, records, "2024-01-02")
    return list(enumerate(records, 1))


def verdict(settings: Settings, log: Log) -> Verdict:
    return verify(log, list(read_journals(settings)), read_heads(heads_file(settings)), public_key(settings))


def test_the_root_is_that_of_rfc_6962() -> None:
    leaves = [b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43", bytes(range(0x50, 0x58)), bytes(range(0x60, 0x70))]
    assert root([leaf_hash(leaf) for leaf in leaves]).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_an_honest_log_has_no_findings_and_says_what_waits(settings: Settings, log: Log) -> None:
    note(settings, Action.PII_READ, "vault.pii", purpose="complaint 7")
    found = verdict(settings, log)
    assert (found.findings, found.records, found.sealed, found.waiting) == ((), 9, 9, 1)


def edited(log: Log) -> Log:
    return [(at, replace(record, subject="something else") if at == 3 else record) for at, record in log]


def edited_with_its_hash(log: Log) -> Log:
    bare = replace(log[2][1], subject="something else", hash="")
    return [(at, replace(bare, hash=hash_of(bare)) if at == 3 else record) for at, record in log]


def deleted(log: Log) -> Log:
    return [entry for entry in log if entry[0] != 4]


def deleted_and_closed_up(log: Log) -> Log:
    return list(enumerate((record for at, record in log if at != 4), 1))


def inserted(log: Log) -> Log:
    forged = follow(
        log[-1][1] if log[-1][1].writer != "portal" else None, log[-1][1].writer, actor="x", action=Action.DECIDED, subject="forged"
    )
    return [*log, (10, forged)]


def reordered(log: Log) -> Log:
    records = [record for _, record in log]
    return list(enumerate([*records[:2], records[4], records[3], records[2], *records[5:]], 1))


def cut_tail(log: Log) -> Log:
    return log[:-2]


def rolled_back(log: Log) -> Log:
    return log[:6]


def position_twice(log: Log) -> Log:
    return [*log, log[3]]


@pytest.mark.parametrize(
    "attack",
    [edited, edited_with_its_hash, deleted, deleted_and_closed_up, inserted, reordered, cut_tail, rolled_back, position_twice],
    ids=lambda attack: attack.__name__,
)
def test_an_attack_on_the_table_is_found(settings: Settings, log: Log, attack: Callable[[Log], Log]) -> None:
    assert verdict(settings, attack(log)).findings


def test_a_table_and_its_heads_rolled_back_together_are_told_by_the_journal(settings: Settings, log: Log) -> None:
    kept = heads_file(settings).read_text().splitlines()[:1]
    heads_file(settings).write_text("\n".join(kept) + "\n")
    found = verdict(settings, log[:6])
    assert not found.findings and found.waiting == 3  # sealed records are waiting again: seal writes them once more, nothing is lost


def test_a_forged_head_is_found(settings: Settings, log: Log) -> None:
    records = [record for _, record in edited_with_its_hash(log)]
    head = {**asdict(read_heads(heads_file(settings))[-1]), "root": root_of(records)}
    lines = heads_file(settings).read_text().splitlines()
    heads_file(settings).write_text("\n".join([lines[0], json.dumps(head)]) + "\n")
    assert any("signature" in finding.problem for finding in verdict(settings, log).findings)


def test_an_edited_journal_is_found(settings: Settings, log: Log) -> None:
    journal = audit_folder(settings) / "journal" / f"{log[0][1].writer}.jsonl"
    journal.write_text(journal.read_text().replace("till_2", "till_9"))
    assert any("journal says something else" in finding.problem for finding in verdict(settings, log).findings)


def test_a_head_that_was_taken_away_leaves_records_that_nobody_signed(settings: Settings, log: Log) -> None:
    heads_file(settings).write_text(heads_file(settings).read_text().splitlines()[0] + "\n")
    assert [finding.problem for finding in verdict(settings, log).findings] == ["3 record(s) after 6 are under no head"]


def test_a_journal_that_was_taken_away_is_found(settings: Settings, log: Log) -> None:
    (audit_folder(settings) / "journal" / "portal.jsonl").unlink()
    assert ("journal of portal", "is not there") in {(finding.where, finding.problem) for finding in verdict(settings, log).findings}


def test_a_head_that_an_auditor_kept_tells_of_an_older_log_and_of_another_one(settings: Settings, log: Log) -> None:
    kept = read_heads(heads_file(settings))[-1:]
    older, key = log[:6], public_key(settings)
    heads = read_heads(heads_file(settings))[:1]
    journals = [record for _, record in older]

    assert not verify(older, journals, heads, key).findings
    problems = [finding.problem for finding in verify(older, journals, heads, key, kept).findings]
    assert problems == ["9 records were sealed, 6 are left", "is not among the heads"]
    assert not verify(log, list(read_journals(settings)), read_heads(heads_file(settings)), key, kept).findings


def test_a_line_that_a_kill_cut_short_is_no_record_and_the_chain_goes_on(settings: Settings) -> None:
    note(settings, Action.DATA_CHANGED, "one")
    [journal] = (audit_folder(settings) / "journal").glob("*.jsonl")
    with journal.open("ab") as out:
        out.write(b'{"writer": "cut sh')
    assert [record.subject for record in read_journals(settings)] == ["one"]
    second = note(settings, Action.DATA_CHANGED, "two")
    assert [record.subject for record in read_journals(settings)] == ["one", "two"] and second.sequence == 2


def test_many_processes_of_one_account_write_one_chain(settings: Settings, tmp_path: Path) -> None:
    program = (
        "from conf.settings import settings\nfrom spark_jobs.common.audit.journal import note\nfrom spark_jobs.common.audit.records import Action\n"
        "for n in range(20): note(settings(), Action.DATA_CHANGED, str(n))"
    )
    environment = {**os.environ, "CDP_LAKE__ROOT": str(tmp_path)}
    with ThreadPoolExecutor(4) as pool:
        done = list(
            pool.map(lambda _: subprocess.run([sys.executable, "-c", program], env=environment, check=False, capture_output=True), range(4))
        )
    assert all(each.returncode == 0 for each in done), done[0].stderr
    records = list(read_journals(settings))
    assert [record.sequence for record in records] == list(range(1, 81))
    add_head(settings, records, "2024-01-01")
    assert not verdict(settings, list(enumerate(records, 1))).findings


def test_a_key_that_others_can_read_is_refused(settings: Settings, log: Log) -> None:
    (settings.lake.keys / "audit.a1.key").chmod(0o644)
    with pytest.raises(ConfigError, match="not safe"):
        add_head(settings, [], "2024-01-03")
