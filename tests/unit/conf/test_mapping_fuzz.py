"""Any mapping file gives a contract, or findings that name the file, within a second."""

import re
import time
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from conf.contracts import load_contract
from conf.errors import ConfigError
from conf.settings import CONF_DIR
from tests.fuzzing import examples

LINES = (CONF_DIR / "sources" / "complete_journey.yml").read_text(encoding="utf-8").splitlines()[:60]
LEAKS = re.compile(r"Input should|type=|Traceback|Value error|Field required")
PIECES = [
    "&a", "*a", "<<: *a", "{", "}", "[", "]", ":", "- ", "? ", "!!set", "!!python/name:os.system", "|", ">", "'", '"', "#", "---", "\t", "\0", "%",
    "12:30", "010", "0x" + "f" * 5_000, ".inf", "1e999", "2017-99-99", "null", "yes", "=", "~", "-1", "1.5", "[" * 200, "a: " * 60, "\ufeff", "\u2028",
    "\ud7ff", '"\\ud800"', "(a+)+", 'pattern: "(a|a)*b"', 'pattern: "a{1,999999999}"', "{name: [x]}", "type: decimal(99,1)", "x" * 20_000, "中",
]  # fmt: skip
changes = st.lists(
    st.tuples(st.integers(0, len(LINES) - 1), st.integers(0, 80), st.sampled_from(["insert", "replace", "drop", "double", "cut"]), st.sampled_from(PIECES)),
    min_size=1, max_size=4,
)  # fmt: skip


def _changed(line: str, at: int, how: str, piece: str) -> str:
    if how == "insert":
        return line[:at] + piece + line[at:]
    if how == "replace":
        return re.sub(r"(?<=: )[^,}]+", lambda _: piece, line, count=1)
    return {"drop": "", "double": f"{line}\n{line}", "cut": line[:at]}[how]


def _outcome(file: Path) -> list[str]:
    """The findings about a file; none when it is a contract."""
    begin = time.perf_counter()
    try:
        load_contract(file)
        found = []
    except ConfigError as err:
        found = [str(finding) for finding in err.findings] or ["no finding"]
    assert time.perf_counter() - begin < 1
    return found


@examples(120, shared_fixture=True)
@given(changes=changes)
def test_a_changed_mapping_gives_a_contract_or_findings(changes: list[tuple[int, int, str, str]], tmp_path: Path) -> None:
    lines = list(LINES)
    for number, at, how, piece in changes:
        lines[number] = _changed(lines[number], at, how, piece)
    file = tmp_path / "complete_journey.yml"
    file.write_text("\n".join(lines), encoding="utf-8")

    assert [found for found in _outcome(file) if not found.startswith(str(file)) or LEAKS.search(found)] == []


@examples(120, shared_fixture=True)
@given(content=st.binary(max_size=200) | st.text(alphabet=":{}[]&*!|>-? \n'\"#%a1.,<", max_size=200).map(str.encode))
def test_any_bytes_give_findings(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "shop.yml"
    file.write_bytes(content)

    assert [found for found in _outcome(file) if not found.startswith(str(file)) or LEAKS.search(found)] == []
