"""Regular expressions as trees, in the two dialects that run them: Java's (Spark) and Python's. What the tree cannot hold is refused."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from conf.regex_characters import Test, any_of, escaped, negated, one, property_test, span
from conf.regex_tree import NOTHING, Chain, Chars, Choice, Dialect, Look, Node, Repeat, is_unbounded

MAX_LENGTH = 1_000
MAX_DEPTH = 30
MAX_REPEAT = 65_535


_QUANTIFIER = re.compile(r"\{(\d*)(?:(,)(\d*))?\}")
_GROUP = re.compile(r"\?(?:P?<(?P<name>[^>=!][^>]*)>|(?P<kind>:|>|=|!|<=|<!)|(?P<flags>[A-Za-z]*)(?:-(?P<off>[A-Za-z]*))?(?P<end>[:)]))")
_FLAGS = {Dialect.JAVA: "idmsuU", Dialect.PYTHON: "aimsu"}
_ANCHORS = {Dialect.JAVA: "bBAGZz", Dialect.PYTHON: "bBAZ"}


class PatternError(ValueError):
    """An expression that its engine, or the check of its running time, cannot read."""


@dataclass
class Parser:
    """Reads an expression from left to right. `seen` collects the characters at which tests change."""

    text: str
    dialect: Dialect
    at: int = 0
    groups: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    ignores_case: bool = False

    def parse(self) -> Node:
        """The whole expression.

        Raises:
            PatternError: where and why it cannot be read.
        """
        if len(self.text) > MAX_LENGTH:
            raise PatternError(f"it has more than {MAX_LENGTH:,} characters")
        if self.dialect is Dialect.JAVA:
            self.text = re.sub(r"(?s)\\Q(.*?)\\E|\\.", self._unquoted, self.text)
        node = self._choice(0)
        if self.at < len(self.text):
            raise self._problem("a bracket closes what was not opened")
        return node

    def _unquoted(self, match: re.Match[str]) -> str:
        r"""A quoted text `\Q…\E` as single escapes; any other escape as it is."""
        if match[1] is None and match[0] == "\\Q":
            raise PatternError("\\Q is not closed by \\E")
        return match[0] if match[1] is None else re.escape(match[1])

    def _problem(self, text: str) -> PatternError:
        return PatternError(f"at character {min(self.at, len(self.text)) + 1}: {text}")

    def _peek(self, ahead: int = 0) -> str:
        return self.text[self.at + ahead : self.at + ahead + 1]

    def _take(self, expected: str) -> bool:
        found = self.text.startswith(expected, self.at)
        self.at += len(expected) if found else 0
        return found

    def _choice(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self._problem(f"brackets are nested deeper than {MAX_DEPTH} levels")
        branches = [self._chain(depth)]
        while self._take("|"):
            branches.append(self._chain(depth))
        return Choice(tuple(branches)) if len(branches) > 1 else branches[0]

    def _chain(self, depth: int) -> Node:
        parts: list[Node] = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._quantified(self._atom(depth)))
        return Chain(tuple(parts))

    def _quantified(self, atom: Node) -> Node:
        start = self.at
        bounds = self._bounds()
        if bounds is None:
            return atom
        if isinstance(atom, Look) or atom == NOTHING:
            self.at = start
            raise self._problem("there is nothing to repeat")
        if self._peek() in ("?", "+"):
            self.at += 1
        again = self.at
        if self._bounds() is not None:
            self.at = again
            raise self._problem("a repetition is repeated without a group")
        return Repeat(atom, *bounds)

    def _bounds(self) -> tuple[int, int | None] | None:
        """The quantifier at this place; None when there is none."""
        simple: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        if (sign := self._peek()) in simple:
            self.at += 1
            return simple[sign]
        if sign != "{":
            return None
        match = _QUANTIFIER.match(self.text, self.at)
        is_java = self.dialect is Dialect.JAVA
        if match is None or not (match[1] or (match[2] and not is_java)):
            if is_java:
                raise self._problem("a brace begins no repetition such as {2} or {2,5}")
            return None
        least, most = match[1] or "0", match[3] if match[2] else match[1]
        if max(len(least), len(most)) > 9 or max(int(least), int(most or 0)) > MAX_REPEAT:
            raise self._problem(f"it repeats more than {MAX_REPEAT:,} times")
        if most and int(most) < int(least):
            raise self._problem("the greatest number of repetitions is below the smallest")
        self.at = match.end()
        return int(least), int(most) if most else None

    def _atom(self, depth: int) -> Node:
        sign = self._peek()
        self.at += 1
        if sign == "(":
            return self._group(depth + 1)
        if sign == "[":
            return Chars(self._class(depth + 1))
        if sign == "\\":
            return self._escape()
        if sign in "^$":
            return NOTHING
        if sign == ".":
            return Chars(lambda _: True)
        if sign in "*+?" or (sign == "{" and self.dialect is Dialect.JAVA):
            self.at -= 1
            raise self._problem("there is nothing to repeat")
        return Chars(self._literal(sign))

    def _literal(self, character: str) -> Test:
        self.seen.add(character)
        return one(character)

    def _group(self, depth: int) -> Node:
        if self._peek() != "?":
            return self._closed(self._choice(depth))
        match = _GROUP.match(self.text, self.at)
        if match is None:
            raise self._problem("this kind of group cannot be used")
        if name := match["name"]:
            self._name(name, match[0])
        for flag in (match["flags"] or "") + (match["off"] or ""):
            if flag not in _FLAGS[self.dialect]:
                raise self._problem(f"flag {flag} cannot be used")
        self.ignores_case |= "i" in (match["flags"] or "")
        self.at = match.end()
        if match["end"] == ")":
            return NOTHING
        body = self._closed(self._choice(depth))
        if match["kind"] not in ("=", "!", "<=", "<!"):
            return body
        if match["kind"].startswith("<") and self.dialect is Dialect.JAVA and is_unbounded(body):
            raise self._problem("what is looked for behind a place has no greatest length")
        return Look(body, match["kind"].startswith("<"))

    def _name(self, name: str, written: str) -> None:
        is_java = self.dialect is Dialect.JAVA
        if written.startswith("?P") is is_java or not re.fullmatch("[a-zA-Z][a-zA-Z0-9]*" if is_java else r"[a-zA-Z_]\w*", name):
            raise self._problem(f"a named group is written {'(?<name>…) with letters and digits' if is_java else '(?P<name>…)'}")
        if name in self.groups:
            raise self._problem("two groups have one name")
        self.groups.add(name)

    def _closed(self, node: Node) -> Node:
        if not self._take(")"):
            raise self._problem("a bracket is not closed")
        return node

    def _escape(self) -> Node:
        """What a backslash begins, outside of a class."""
        sign = self._peek()
        if sign and sign in _ANCHORS[self.dialect]:
            self.at += 1
            return NOTHING
        if sign == "k" or (sign.isdigit() and sign != "0" and not self._is_octal()):
            raise self._problem("a reference back to a group cannot be checked for its running time")
        return Chars(self._escaped(in_class=False))

    def _is_octal(self) -> bool:
        return self.dialect is Dialect.PYTHON and re.match("[0-3][0-7][0-7]", self.text[self.at :]) is not None

    def _escaped(self, *, in_class: bool) -> Test:
        """The test of an escape; a single character is added to `seen`."""
        rest = self.text[self.at :]
        if self.dialect is Dialect.JAVA and (match := re.match(r"([pP])(?:\{(\^?)([\w=]+)\}|([A-Z]))", rest)):
            test = property_test(match[3] or match[4])
            if test is None or match[2]:
                raise self._problem(f"\\{match[0]} is no property that can be used; write \\p{{L}}, \\p{{Alpha}}, \\p{{IsHan}} or a range")
            self.at += match.end()
            return negated(test) if match[1] == "P" else test
        found = escaped(rest, is_java=self.dialect is Dialect.JAVA, in_class=in_class)
        if found is None:
            raise self._problem("a backslash begins nothing that is known")
        length, test_or_character = found
        self.at += length
        return self._literal(test_or_character) if isinstance(test_or_character, str) else test_or_character

    def _class(self, depth: int) -> Test:
        """A class in square brackets, after its first bracket."""
        if depth > MAX_DEPTH:
            raise self._problem(f"brackets are nested deeper than {MAX_DEPTH} levels")
        is_negated = self._take("^")
        test = self._members(depth)
        while self._take("&&"):
            left, right = test, self._members(depth)
            test = _both(left, right)
        if not self._take("]"):
            raise self._problem("a class is not closed")
        return negated(test) if is_negated else test

    def _members(self, depth: int) -> Test:
        """The members of a class up to its end or an intersection."""
        is_java, tests, first = self.dialect is Dialect.JAVA, list[Test](), self.at
        while (sign := self._peek()) and not (is_java and self.text.startswith("&&", self.at)):
            if sign == "]" and (is_java or self.at > first):
                break
            if sign == "[" and is_java:
                self.at += 1
                tests.append(self._class(depth + 1))
                continue
            tests.append(self._member())
        if not tests:
            raise self._problem("a class is empty; write a literal bracket as \\]")
        return any_of(tests)

    def _member(self) -> Test:
        """A character, an escape or a range."""
        low, test = self._end_of_range()
        if self._peek() != "-" or self._peek(1) in ("]", "") or low is None:
            return test
        self.at += 1
        if self.dialect is Dialect.JAVA and self._peek() in ("[", "&"):
            raise self._problem("a range has no end; write a literal hyphen as \\-")
        high, _ = self._end_of_range()
        if high is None or high < low:
            raise self._problem("a range does not end at a later character than it begins with")
        self.seen.update(chr(code) for code in (ord(low) - 1, ord(high) + 1) if 0 <= code <= 0x10FFFF)
        return span(low, high)

    def _end_of_range(self) -> tuple[str | None, Test]:
        """One character with its test, or no character and the test of an escape for many."""
        sign, before = self._peek(), set(self.seen)
        self.at += 1
        if sign != "\\":
            return sign, self._literal(sign)
        self.seen = set()
        test = self._escaped(in_class=True)
        single = next(iter(self.seen), None)
        self.seen |= before
        return single, test


def _both(left: Test, right: Test) -> Callable[[str], bool]:
    return lambda character: left(character) and right(character)
