"""How long a backtracking engine may search: an upper bound, told from the automaton of an expression.

Two questions (Weideman et al., "Analyzing Matching Time Behavior of Backtracking Regular Expression Matchers", 2016): can one text
be read in two ways inside a repetition (exponential time), and how many repetitions can share one text (a polynomial's degree).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

from conf.regex_characters import Test
from conf.regex_syntax import Parser, PatternError
from conf.regex_tree import Chain, Chars, Choice, Dialect, Look, Node, Repeat

# The longest value that is matched, and the most steps that this may take. A longer value breaks the pattern without being matched.
LIMITS = ((2_000, 10 * 2_000**2), (500, 500**3))
MAX_STATES = 600
MAX_EFFORT = 300_000
FIXED_COPIES = 20
# Beside the characters of an expression itself: one of each kind that classes tell apart.
_SAMPLE = [chr(code) for code in range(128)] + list("é\xa0Éß中あアЖж٣१Ａ한αא\u2028€😀\u0301\x85")


@dataclass(frozen=True)
class _Part:
    """The states that a part of an expression may begin and end with."""

    is_nullable: bool
    first: tuple[int, ...] = ()
    last: tuple[int, ...] = ()


@dataclass
class _Automaton:
    """One state for each character test; what may follow it; and the outermost repetition that it is in."""

    sample: list[str]
    longest: int
    masks: list[int] = field(default_factory=list)
    loops: list[int | None] = field(default_factory=list)
    follow: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    widths: list[int] = field(default_factory=list)
    looks: list[Node] = field(default_factory=list)

    def add(self, node: Node, loop: int | None) -> _Part:
        """Add a part of an expression."""
        if isinstance(node, Chars):
            return self._state(node.test, loop)
        if isinstance(node, Chain):
            return self._chain([self.add(part, loop) for part in node.parts])
        if isinstance(node, Choice):
            parts = [self.add(branch, loop) for branch in node.branches]
            firsts, lasts = (tuple(state for part in parts for state in getattr(part, end)) for end in ("first", "last"))
            nullable = sum(part.is_nullable for part in parts)
            if nullable > 1 and loop is not None:
                raise _ambiguous()
            return _Part(nullable > 0, firsts, lasts)
        if isinstance(node, Look):
            if loop is not None and _varies(node.body):
                raise PatternError("a repetition looks around for a text of any length")
            self.looks.append(node.body)
            return _Part(True)
        return self._repeat(node, loop)

    def _state(self, test: Test, loop: int | None) -> _Part:
        if len(self.masks) >= MAX_STATES:
            raise PatternError("it is too large to check its running time")
        state = len(self.masks)
        self.masks.append(sum(1 << bit for bit, character in enumerate(self.sample) if test(character)))
        self.loops.append(loop)
        return _Part(False, (state,), (state,))

    def _chain(self, parts: Iterable[_Part]) -> _Part:
        whole = _Part(True)
        for part in parts:
            self._join(whole.last, part.first)
            first = whole.first + part.first if whole.is_nullable else whole.first
            last = whole.last + part.last if part.is_nullable else part.last
            whole = _Part(whole.is_nullable and part.is_nullable, first, last)
        return whole

    def _join(self, lasts: tuple[int, ...], firsts: tuple[int, ...]) -> None:
        for last in lasts:
            for first in firsts:
                if first in self.follow[last] and self.loops[last] is not None and self.loops[last] == self.loops[first]:
                    raise _ambiguous()
                self.follow[last].append(first)

    def _repeat(self, node: Repeat, loop: int | None) -> _Part:
        if node.most == 0:
            return _Part(True)
        if isinstance(node.body, Chars) and node.least == node.most:
            return self._chain([self.add(node.body, loop) for _ in range(min(node.least, FIXED_COPIES))])
        is_single = node.most == 1 and not isinstance(node.body, Chars)
        if not is_single and loop is None and (node.least, node.most) != (1, 1):
            loop = self._new_loop(node)
        part = self.add(node.body, loop)
        if part.is_nullable and loop is not None:  # empty in one way more than once
            raise PatternError("a part that may be empty is repeated")
        if not is_single and (node.least, node.most) != (1, 1):
            self._join(part.last, part.first)
        return _Part(part.is_nullable or node.least == 0, part.first, part.last)

    def _new_loop(self, node: Repeat) -> int:
        is_open = node.most is None or _varies(node.body)
        ways = self.longest if is_open or node.most is None else node.most - node.least + 1
        self.widths.append(min(ways, self.longest))
        return len(self.widths) - 1


def _varies(node: Node) -> bool:
    """True when a part may match texts of different lengths."""
    if isinstance(node, Repeat):
        return node.least != node.most or _varies(node.body)
    children = node.parts if isinstance(node, Chain) else node.branches if isinstance(node, Choice) else ()
    return isinstance(node, Choice) or any(_varies(child) for child in children)


def _ambiguous() -> PatternError:
    return PatternError("a repetition can read one text in many ways, which may take for ever")


class _Effort:
    """Steps that the check itself may take."""

    def __init__(self) -> None:
        self.left = MAX_EFFORT

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise PatternError("it is too complicated to check its running time")


@cache
def longest_value(text: str, dialect: Dialect, *, searches: bool = False) -> int:
    """The most characters of a value on which an expression cannot take long.

    Args:
        text: the expression.
        dialect: the engine that runs it.
        searches: it may begin anywhere in a value, unless it begins with `^`.

    Raises:
        PatternError: it cannot be read, or may take long on short values too.
    """
    parser = Parser(text, dialect)
    root = parser.parse()
    if searches and not text.startswith("^"):
        root = Chain((Repeat(Chars(lambda _: True), 0, None), root))
    if parser.ignores_case:
        root = _folded(root)
    sample = list(dict.fromkeys([*_SAMPLE, *parser.seen]))
    for longest, most_steps in LIMITS:
        if _most_steps(root, sample, longest) <= most_steps:
            return longest
    raise PatternError("several repetitions beside each other can match the same text, which takes long")


def _most_steps(root: Node, sample: list[str], longest: int) -> int:
    todo, effort, steps = [root], _Effort(), 1
    while todo:
        automaton = _Automaton(sample, longest)
        automaton.add(todo.pop(), None)
        _check_ambiguity(automaton, effort)
        steps = max(steps, _steps(automaton, effort))
        todo += automaton.looks
    return steps


def _folded(node: Node) -> Node:
    """The same expression for capitals and small letters."""
    if isinstance(node, Chars):
        test = node.test
        return Chars(lambda each: any(test(form) for form in (each, each.lower(), each.upper()) if len(form) == 1))  # ß has no capital
    if isinstance(node, Chain):
        return Chain(tuple(_folded(part) for part in node.parts))
    if isinstance(node, Choice):
        return Choice(tuple(_folded(branch) for branch in node.branches))
    if isinstance(node, Look):
        return Look(_folded(node.body), node.behind)
    return Repeat(_folded(node.body), node.least, node.most)


def _inside(automaton: _Automaton, state: int) -> Iterator[int]:
    """States that follow within the same repetition."""
    return (after for after in automaton.follow[state] if automaton.loops[after] == automaton.loops[state])


def _check_ambiguity(automaton: _Automaton, effort: _Effort) -> None:
    """Two ways apart and together again inside one repetition are exponentially many."""
    todo = [(state, state) for state, loop in enumerate(automaton.loops) if loop is not None]
    done = set(todo)
    while todo:
        left, right = todo.pop()
        for one in _inside(automaton, left):
            for other in _inside(automaton, right):
                effort.spend()
                if not automaton.masks[one] & automaton.masks[other]:
                    continue
                if one == other and left != right:
                    raise _ambiguous()
                pair = (min(one, other), max(one, other))
                if pair not in done:
                    done.add(pair)
                    todo.append(pair)


def _steps(automaton: _Automaton, effort: _Effort) -> int:
    """The most ways in which repetitions that share a text can divide it among them."""
    loops = range(len(automaton.widths))
    states = {loop: [state for state, each in enumerate(automaton.loops) if each == loop] for loop in loops}
    most: dict[int, int] = {}
    # A repetition comes after those whose number is smaller.
    for later in loops:
        shared = [most[before] for before in range(later) if _share(automaton, states[before], states[later], effort)]
        most[later] = automaton.widths[later] * max(shared, default=1)
    return max(most.values(), default=1)


def _share(automaton: _Automaton, before: list[int], later: list[int], effort: _Effort) -> bool:
    """True when one text leads around the first repetition, from it to the second, and around the second."""
    return any(_meets(automaton, start, end, effort) for start in before for end in later)


def _meets(automaton: _Automaton, start: int, end: int, effort: _Effort) -> bool:
    todo, goal = [(start, start, end)], (start, end, end)
    done = set(todo)
    while todo:
        first, between, second = todo.pop()
        for one in _inside(automaton, first):
            for other in automaton.follow[between]:
                common = automaton.masks[one] & automaton.masks[other]
                for third in _inside(automaton, second) if common else ():
                    effort.spend()
                    state = (one, other, third)
                    if common & automaton.masks[third] and state not in done:
                        if state == goal:
                            return True
                        done.add(state)
                        todo.append(state)
    return False
