"""The tree of a regular expression."""

from dataclasses import dataclass
from enum import StrEnum

from conf.regex_characters import Test


class Dialect(StrEnum):
    """Which engine runs an expression."""

    JAVA = "Java"
    PYTHON = "Python"


@dataclass(frozen=True)
class Chars:
    """One character for which a test is true."""

    test: Test


@dataclass(frozen=True)
class Chain:
    """Parts one after the other; without a part it matches the empty text."""

    parts: "tuple[Node, ...]" = ()


@dataclass(frozen=True)
class Choice:
    """One of several branches."""

    branches: "tuple[Node, ...]"


@dataclass(frozen=True)
class Repeat:
    """A body, `least` to `most` times; without `most` any number of times."""

    body: "Node"
    least: int
    most: int | None


@dataclass(frozen=True)
class Look:
    """A condition on the text around a place."""

    body: "Node"
    behind: bool


Node = Chars | Chain | Choice | Repeat | Look
NOTHING = Chain()


def is_unbounded(node: Node) -> bool:
    """True when no length is the greatest one that it matches."""
    if isinstance(node, Repeat):
        return node.most is None or is_unbounded(node.body)
    children = node.parts if isinstance(node, Chain) else node.branches if isinstance(node, Choice) else ()
    return any(is_unbounded(child) for child in children)
