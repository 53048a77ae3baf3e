"""Merkle trees as in RFC 6962, "Certificate Transparency", section 2.1: one hash that stands for a list of records in their order."""

import hashlib
from collections.abc import Sequence

_LEAF, _NODE = b"\x00", b"\x01"  # of a leaf and of an inner node, so that neither can pass for the other


def leaf_hash(record: bytes) -> bytes:
    """Hash of one record."""
    return hashlib.sha256(_LEAF + record).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Root of a tree over leaf hashes; of no leaves the hash of nothing."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    # The tree of n leaves splits at the greatest power of two below n; merging neighbours upwards gives the same tree.
    subtrees: list[tuple[int, bytes]] = []
    for leaf in leaves:
        subtrees.append((1, leaf))
        while len(subtrees) > 1 and subtrees[-2][0] == subtrees[-1][0]:
            (size, left), (_, right) = subtrees[-2:]
            subtrees[-2:] = [(2 * size, _node(left, right))]
    found = subtrees[-1][1]
    for _, left in reversed(subtrees[:-1]):
        found = _node(left, found)
    return found


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()
