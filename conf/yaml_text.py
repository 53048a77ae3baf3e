"""YAML text within limits: size, nesting, nodes and aliases are checked on the stream of events, before anything is built from it."""

import re
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import yaml

from conf.errors import ConfigError, Finding

MAX_BYTES = 1_000_000
MAX_NODES = 20_000  # an alias counts as often as it is used
MAX_ALIASES = 1_000
MAX_DEPTH = 50
MAX_DIGITS = 40

MERGE = "tag:yaml.org,2002:merge"  # the key `<<`, with which a map takes over the entries of another one
TEXT = "tag:yaml.org,2002:str"
_INT, _FLOAT, _MOMENT, _VALUE = (f"tag:yaml.org,2002:{name}" for name in ("int", "float", "timestamp", "value"))
# libyaml reads ten times as fast; both loaders give the same nodes and lines.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Parsed:
    """The values of a YAML text, and its nodes; None for a text without a value."""

    values: Any
    node: yaml.Node | None


def invalid(where: str, problem: str, remedy: str, message: str = "a configuration file is not valid") -> ConfigError:
    """The error for one mistake in a file."""
    return ConfigError(message, [Finding(where, problem, remedy)])


def parse(file: Path) -> Parsed:
    """Read one YAML document.

    Raises:
        ConfigError: not readable, too large, not YAML, or a value that is not what it looks like; with file and line.
    """
    text = _text(file)
    loader = _LOADER(text)
    try:
        _check_events(text, file)
        node = loader.get_single_node()
        if node is None:
            return Parsed(None, None)
        if findings := _unusable_nodes(node, file):
            raise ConfigError("a configuration file has keys or values that cannot be used", findings)
        before = _copy(node)
        return Parsed(loader.construct_document(node), before)
    except yaml.YAMLError as err:
        mark = getattr(err, "problem_mark", None)
        where = f"{file}:{mark.line + 1}" if mark else str(file)
        problem = str(getattr(err, "problem", None) or "is not YAML")[:200]
        raise invalid(where, problem, "fix the indentation or the quoting", "a configuration file is not YAML") from None
    finally:
        loader.dispose()


def _text(file: Path) -> str:
    """The text of a file, without a byte order mark."""
    message = "a configuration file cannot be read"
    try:
        if file.exists() and not file.is_file():
            raise invalid(str(file), "is not a regular file", "name a file", message)
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as err:
        problem = "is not there" if isinstance(err, FileNotFoundError) else f"cannot be read ({type(err).__name__})"
        raise invalid(str(file), problem, "name a file that is there", message) from err
    if len(data) > MAX_BYTES:
        raise invalid(str(file), f"has more than {MAX_BYTES:,} bytes", "split it", message)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        where = f"{file}:{_line(data[: err.start].decode('latin-1'))}"
        raise invalid(where, "is no UTF-8 text", "save it as UTF-8 text", message) from None
    if wrong := _UNPRINTABLE.search(text):
        where = f"{file}:{_line(text[: wrong.start()])}"
        raise invalid(where, f"has the invisible character U+{ord(wrong[0]):04X}", "remove it, or write it as an escape in double quotes")
    return text


def _line(before: str) -> int:
    return len(re.findall("\r\n|[\r\n]", before)) + 1


@dataclass
class _Open:
    """A list or map that is not closed yet."""

    anchor: str | None
    is_map: bool
    nodes: int = 1
    height: int = 1
    children: int = 0


@dataclass
class _Counter:
    """Counts nodes as they come: what an alias stands for counts again."""

    file: Path
    open: list[_Open] = field(default_factory=list)
    anchors: dict[str, tuple[int, int]] = field(default_factory=dict)
    aliases: int = 0
    documents: int = 0
    nodes: int = 0

    def take(self, event: yaml.Event) -> None:
        """Count one event."""
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            self._require(self.documents == 1, event, "a second document begins here", "keep one document in a file")
        elif isinstance(event, yaml.CollectionStartEvent):
            is_map = isinstance(event, yaml.MappingStartEvent)
            self._check_node(event, is_text=False)
            self.open.append(_Open(event.anchor, is_map))
            self._require(len(self.open) <= MAX_DEPTH, event, f"is nested deeper than {MAX_DEPTH} levels", "write it flatter")
        elif isinstance(event, yaml.CollectionEndEvent):
            closed = self.open.pop()
            self._add(event, closed.nodes, closed.height, closed.anchor)
        elif isinstance(event, yaml.ScalarEvent):
            self._check_node(event, is_text=True)
            self._add(event, 1, 1, event.anchor)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)

    def _alias(self, event: yaml.AliasEvent) -> None:
        name = str(event.anchor)
        self.aliases += 1
        self._require(self.aliases <= MAX_ALIASES, event, f"is alias number {MAX_ALIASES + 1:,}", "write some of them out")
        self._require(all(each.anchor != name for each in self.open), event, f"alias *{name} contains itself", "remove the alias")
        self._require(name in self.anchors, event, f"alias *{name} has no anchor above it", f"write &{name} where it begins")
        self._check_node(event, is_text=False)
        self._add(event, *self.anchors[name], None)

    def _check_node(self, event: Any, *, is_text: bool) -> None:
        is_key = bool(self.open) and self.open[-1].is_map and self.open[-1].children % 2 == 0
        self._require(is_text or not is_key, event, "a key is not text", "a key is one word or a text in quotes")
        tag = getattr(event, "tag", None)
        self._require(tag in (None, "!", TEXT), event, "has a tag, which cannot be used here", "remove what begins with !")

    def _add(self, event: yaml.Event, nodes: int, height: int, anchor: str | None) -> None:
        if anchor is not None:
            self.anchors[anchor] = (nodes, height)
        if not self.open:
            return
        parent = self.open[-1]
        parent.children += 1
        parent.nodes += nodes
        parent.height = max(parent.height, height + 1)
        # What is open adds up: an outer list gets the count of an inner one when that closes.
        total = sum(each.nodes for each in self.open)
        self._require(total <= MAX_NODES, event, f"has more than {MAX_NODES:,} values, aliases written out", "split the file")
        self._require(len(self.open) + height <= MAX_DEPTH, event, f"is nested deeper than {MAX_DEPTH} levels", "write it flatter")

    def _require(self, is_met: bool, event: Any, problem: str, remedy: str) -> None:
        if not is_met:
            raise invalid(f"{self.file}:{event.start_mark.line + 1}", problem, remedy)


def _check_events(text: str, file: Path) -> None:
    counter = _Counter(file)
    for event in yaml.parse(text, Loader=_LOADER):
        counter.take(event)


def _copy(node: yaml.Node) -> yaml.Node:
    """A copy of the nodes: constructing values writes merged entries into the maps."""
    copies: dict[int, yaml.Node] = {}

    def copied(each: yaml.Node) -> yaml.Node:
        if id(each) not in copies:
            value = each.value
            if isinstance(each, yaml.MappingNode):
                value = [(copied(key), copied(entry)) for key, entry in value]
            elif isinstance(each, yaml.SequenceNode):
                value = [copied(entry) for entry in value]
            copies[id(each)] = type(each)(each.tag, value, each.start_mark, each.end_mark)
        return copies[id(each)]

    return copied(node)


def _unusable_nodes(root: yaml.Node, file: Path) -> list[Finding]:
    """Keys given twice, keys and values that YAML does not read as what they look like."""
    findings: list[Finding] = []
    todo, done = [root], set()
    while todo:
        node = todo.pop()
        if id(node) in done:
            continue
        done.add(id(node))
        where = f"{file}:{node.start_mark.line + 1}"
        if isinstance(node, yaml.MappingNode):
            findings += _unusable_keys(node, file)
            todo += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            todo += node.value
        elif unusable := _unusable_value(node):
            findings.append(Finding(where, *unusable))
    return sorted(findings, key=lambda finding: int(finding.where.rpartition(":")[2]))


def _unusable_keys(node: yaml.MappingNode, file: Path) -> list[Finding]:
    findings = []
    seen: set[str] = set()
    for key, value in node.value:
        where = f"{file}:{key.start_mark.line + 1}"
        if key.value in seen:
            findings.append(Finding(where, f"key {key.value[:80]!r} is there twice", "keep one of the two"))
        elif key.tag not in (TEXT, MERGE):
            findings.append(Finding(where, f"key {key.value[:80]} is not text", "put it in quotes"))
        elif key.tag == MERGE and not _are_maps(value):
            findings.append(Finding(where, "<< takes over no map", "write <<: *name of a map, or a list of such"))
        seen.add(key.value)
    return findings


def _are_maps(value: yaml.Node) -> bool:
    values = value.value if isinstance(value, yaml.SequenceNode) else [value]
    return all(isinstance(each, yaml.MappingNode) for each in values)


def _unusable_value(node: yaml.Node) -> tuple[str, str] | None:
    """Problem and remedy of a value that is not what it looks like."""
    text = str(node.value)
    if wrong := re.search("[\0\ud800-\udfff]", text):
        return f"has the escape of U+{ord(wrong[0]):04X}, which is no character of a text", "remove it"
    if node.tag in (_VALUE, MERGE):
        return f"{text} has a meaning of its own in YAML", "put it in quotes"
    if node.tag in (_INT, _FLOAT) and (surprise := _surprising_number(node.tag, text)):
        return surprise, "put it in quotes if it is a text, or write it as a plain number"
    if node.tag in (_INT, _FLOAT, _MOMENT):
        try:
            value = yaml.SafeLoader("").construct_object(node)
        except (ValueError, OverflowError):
            return f"{text[:80]} is no date or number that exists", "correct it, or put it in quotes"
        if node.tag == _FLOAT and not isfinite(value):
            return f"{text[:80]} is no finite number", "give a number, or leave it out"
    return None


def _surprising_number(tag: str, text: str) -> str:
    """Why a number is not read as it looks; empty when it is."""
    if ":" in text:
        return f"{text[:80]} would be read as a number of base 60"
    if tag == _INT and re.fullmatch(r"[-+]?0[0-7_]+", text):
        return f"{text[:80]} would be read as an octal number"
    return f"is a number of more than {MAX_DIGITS} digits" if len(text) > MAX_DIGITS else ""
