"""Deliveries, rejected rows and logs without people who were erased: what goes, what stays, and what comes again."""

from datetime import date
from pathlib import Path

import pytest

from conf.settings import Lake, Settings
from spark_jobs.common.crypto import Keyring, file_hash, key_reference
from spark_jobs.common.pii.feeds import KeyColumn
from spark_jobs.privacy.archive import Loaded, archive, archived, redact
from spark_jobs.privacy.erasure.quarantine import KeysOf, Sought
from spark_jobs.privacy.erasure.traces import REMOVED, remove_traces
from spark_jobs.privacy.sealed_files import open_sealed, read_header

TOKEN, OTHERS = "k1:" + "0f" * 32, "k1:" + "e1" * 32


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings().model_copy(update={"lake": Lake(root=tmp_path)})


def _land(settings: Settings, name: str, text: str) -> Loaded:
    file = settings.lake.landing / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return Loaded("complete_journey", "transactions", name, file_hash(file), date(2017, 1, 1))


def _content(settings: Settings, file: str) -> bytes:
    ring: Keyring = key_reference(settings).open()
    return b"".join(open_sealed(ring, archived(settings, file)))


def test_lines_leave_a_file_in_landing_and_later_one_in_the_archive(settings: Settings) -> None:
    loaded = _land(settings, "a.csv", "h\nanna\nbob\ncarl\n")

    first = redact(settings, {"a.csv": {2}}, [loaded])
    second = redact(settings, {"a.csv": {2, 4}, "elsewhere.csv": {1}}, [loaded])

    assert (first["lines"], second["redacted"], read_header(archived(settings, "a.csv")).redacted) == (1, 1, 3)
    assert _content(settings, "a.csv") == b"h\n\nbob\n\n"
    assert not (settings.lake.landing / "a.csv").exists()


def test_what_a_killed_writer_left_of_a_sealed_file_goes(settings: Settings) -> None:
    loaded = _land(settings, "a.csv", "h\nanna\n")
    draft = settings.lake.archive / ".a.csv.sealed.4711"
    draft.parent.mkdir(parents=True)
    draft.write_bytes(b"half of it")

    redact(settings, {"a.csv": {2}}, [loaded])

    assert not draft.exists()


def test_a_file_that_is_not_what_was_loaded_stays_in_landing(settings: Settings) -> None:
    loaded = _land(settings, "a.csv", "h\nanna\n")
    _land(settings, "a.csv", "h\nanna\nnew\n")

    assert archive(settings, [loaded]) == 0
    assert redact(settings, {"a.csv": {2}}, [loaded])["redacted"] == 0
    assert (settings.lake.landing / "a.csv").read_text() == "h\nanna\nnew\n"


@pytest.mark.parametrize(
    ("text", "is_line", "is_found"),
    [
        ('{"member": "4711", "amount": "x"}', False, True),
        ('{"member": "007", "amount": "x"}', False, True),  # the key 7, in a column of whole numbers
        ('{"member": "8", "note": "4711"}', False, False),  # another column
        (f'{{"member": "8", "phone": "{TOKEN}"}}', False, True),
        (f'{{"member": "8", "phone": "{OTHERS}"}}', False, False),
        ('1,"cut off,ann@example.com', True, True),
        ("M4711,cut", True, False),  # inside of another word
        ("55555,cut", True, True),  # her key as a word
        ("7,7,7", True, False),  # too short to be told from a quantity
        ('{"items": 3, "buyer": {"mail": "ann@example.com"}}', True, True),  # an object that never became columns
        ("99999,cut", True, False),  # a key of hers in another system
    ],
)
def test_whose_a_rejected_row_is(text: str, is_line: bool, is_found: bool) -> None:
    sought = Sought(frozenset({"shop:4711", "shop:7", "shop:55555", "app:99999"}), frozenset({TOKEN}), ["ann@example.com", "0"])
    keys = KeysOf([KeyColumn("member", "shop", is_integer=True)], frozenset({"55555"}))

    assert sought.is_in(text, keys, is_line=is_line) is is_found


def test_logs_lose_lines_and_exports_go_with_their_folder(settings: Settings) -> None:
    log, export, other = (
        settings.lake.logs / "a.log",
        settings.lake.root / "exports" / "privacy" / "r1" / "facts.json",
        settings.lake.root / "exports" / "b",
    )
    for file, text in ((log, f"one\nrow {TOKEN} broke\nthree\n"), (export, f'{{"a": "{TOKEN}"}}'), (other, OTHERS)):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    counts = remove_traces(settings, [TOKEN], settings.lake.root / "privacy")

    assert counts == {"logs": 1, "exports": 1}
    assert log.read_bytes() == b"one\n" + REMOVED + b"\nthree\n"
    assert other.exists() and not export.parent.exists()
