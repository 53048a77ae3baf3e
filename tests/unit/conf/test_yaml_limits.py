"""Configuration files within limits: any content gives values, or findings with file and line, at once."""

import time
from pathlib import Path

import pytest
import yaml

from conf.contracts import load_contract
from conf.documents import read_document
from conf.errors import ConfigError
from conf.settings import CONF_DIR


def _finding(tmp_path: Path, content: str | bytes) -> str:
    """The first finding, without the folder; it must come within a second."""
    file = tmp_path / "shop.yml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    begin = time.perf_counter()
    with pytest.raises(ConfigError) as caught:
        read_document(file)
    assert time.perf_counter() - begin < 1
    return str(caught.value.findings[0]).removeprefix(f"{tmp_path}/")


def _laughs(levels: int) -> str:
    lines = ["x0: &x0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    return "\n".join([*lines, *(f"x{i}: &x{i} [{', '.join([f'*x{i - 1}'] * 9)}]" for i in range(1, levels))])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a: " + "[" * 3000 + "]" * 3000, "shop.yml:1: is nested deeper than 50 levels"),
        ("".join(" " * i + "a:\n" for i in range(200)), "shop.yml:50: is nested deeper"),
        ("a: 1\nb: " + "[" * 500_000, "shop.yml:2: is nested deeper"),
        (_laughs(9), "shop.yml:5: has more than 20,000 values, aliases written out"),
        ("a: &a {x: 1}\n" + "".join(f"b{i}: {{<<: *a}}\n" for i in range(1200)), "shop.yml:1002: is alias number 1,001"),
        ("a: [" + "1," * 200_000 + "]", "shop.yml:1: has more than 20,000 values"),
        ("a: &a [*a]\n", "shop.yml:1: alias *a contains itself"),
        ("b: 1\na: &a {b: *a}\n", "shop.yml:2: alias *a contains itself"),
        ("a: &a {<<: *a}\n", "shop.yml:1: alias *a contains itself"),
        ("a: *b\n", "shop.yml:1: alias *b has no anchor above it"),
        ("#" * 1_000_001, "shop.yml: has more than 1,000,000 bytes"),
    ],
)
def test_a_file_beyond_a_limit_is_refused_before_it_is_built(content: str, says: str, tmp_path: Path) -> None:
    assert says in _finding(tmp_path, content)


def test_a_map_nested_through_anchors_counts_with_its_whole_depth(tmp_path: Path) -> None:
    deep = "a: &a " + "[" * 30 + "]" * 30

    assert "shop.yml:2: is nested deeper" in _finding(tmp_path, f"{deep}\nb: {'[' * 30}*a{']' * 30}\n")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a: !!python/object/apply:os.system [ls]\n", ":1: has a tag"),
        ("a: 1\nb: !!binary aGk=\n", ":2: has a tag"),
        ("a: !!set {x}\n", ":1: has a tag"),
        ("a: !!omap [x: 1]\n", ":1: has a tag"),
        ("%TAG ! tag:yaml.org,2002:\n---\na: !int 3\n", ":3: has a tag"),
        ("? [1, 2]\n: 3\n", ":1: a key is not text"),
        ("a: &x y\n*x : 3\n", ":2: a key is not text"),
        ("1.5: x\n", ":1: key 1.5 is not text"),
        ("2017-01-01: x\n", ":1: key 2017-01-01 is not text"),
        ("a: 2017-13-45\n", ":1: 2017-13-45 is no date or number that exists"),
        ("a: 0000-01-01\n", ":1: 0000-01-01 is no date"),
        ("a: .inf\n", ":1: .inf is no finite number"),
        ("a: .nan\n", ":1: .nan is no finite number"),
        ("a: 1.0e+999\n", ":1: 1.0e+999 is no finite number"),
        ("a: 0x" + "f" * 900_000, ":1: is a number of more than 40 digits"),
        ("a: " + "9" * 900_000, ":1: is a number of more than 40 digits"),
        ("a: 010\n", ":1: 010 would be read as an octal number"),
        ("a: 12:30\n", ":1: 12:30 would be read as a number of base 60"),
        ("a: =\n", ":1: = has a meaning of its own"),
        ("a: {<<: 3}\n", ":1: << takes over no map"),
        ("a: b\nc: \0\n", ":2: has the invisible character U+0000"),
        ('a: "\\0"\n', ":1: has the escape of U+0000"),
        ("a: 1\n".encode("utf-16"), ":1: is no UTF-8 text"),
        (b"a: 1\nb: \xe9\n", ":2: is no UTF-8 text"),
        ("a:\n\tb: 1\n", ":2: found character that cannot start any token"),
        ("a: 1\r\nb: }\r\n", ":2: "),
        ("a: 1\n---\nb: 2\n", ":2: a second document begins here"),
    ],
)
def test_content_that_is_not_what_it_looks_like_is_named_with_its_line(content: str | bytes, says: str, tmp_path: Path) -> None:
    assert f"shop.yml{says}" in _finding(tmp_path, content)


@pytest.mark.parametrize(
    ("content", "values"),
    [
        ("\ufeffa: 1\n", {"a": 1}),
        ("a: 1\r\nb: two\r\n", {"a": 1, "b": "two"}),
        ("a: '12:30'\nb: '010'\nc: 0\n", {"a": "12:30", "b": "010", "c": 0}),
        ("a: &a {x: 1}\nb: {<<: *a, y: 2}\nc: [*a, *a]\n", {"a": {"x": 1}, "b": {"x": 1, "y": 2}, "c": [{"x": 1}, {"x": 1}]}),
        ("a: !!str 1\n", {"a": "1"}),
        ("", {}),
    ],
)
def test_plain_files_are_read_as_before(content: str, values: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "shop.yml").write_text(content, encoding="utf-8", newline="")

    assert read_document(tmp_path / "shop.yml").values == values


def test_a_folder_and_a_missing_file_are_findings(tmp_path: Path) -> None:
    for path, says in ((tmp_path, "is not a regular file"), (tmp_path / "none.yml", "is not there")):
        with pytest.raises(ConfigError, match=says):
            read_document(path)


def test_both_loaders_give_the_same_lines() -> None:
    def lines(node: yaml.Node) -> list[tuple[str, int]]:
        children = node.value if isinstance(node.value, list) else []
        flat = [each for child in children for each in (child if isinstance(child, tuple) else (child,))]
        return [(node.tag, node.start_mark.line), *(line for each in flat for line in lines(each))]

    for file in sorted(CONF_DIR.rglob("*.yml")):
        text = file.read_text(encoding="utf-8")
        quick, plain = (yaml.compose(text, Loader=loader) for loader in (yaml.CSafeLoader, yaml.SafeLoader))
        assert (quick is None and plain is None) or lines(quick) == lines(plain), file


def test_a_repetition_of_billions_in_a_pattern_is_a_finding_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "s.yml").write_text(
        'source: s\nfeeds:\n  f:\n    files: "f_{date}.csv"\n    format: csv\n    columns:\n'
        '      - {name: a, type: string, pattern: "a{1,99999999999}"}\n'
    )

    with pytest.raises(ConfigError, match=r"s\.yml:7: .*repeats more than 65,535 times"):
        load_contract(tmp_path / "s.yml")
