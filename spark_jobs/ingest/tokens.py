"""PII columns of parsed rows replaced by tokens, with the ciphertexts for the vault beside them; runs in Spark's Python workers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from conf.columns import Column
from conf.contracts import Feed
from spark_jobs.common.crypto import KeyReference, Keyring
from spark_jobs.common.pii.coarse import coarsened
from spark_jobs.common.pii.plain import impossible

VAULT_SCHEMA = pa.schema([("token", pa.string()), ("kind", pa.string()), ("key_id", pa.string()), ("ciphertext", pa.binary())])
MOST_REMEMBERED = 1_000_000
MOST_VALUES_REMEMBERED = 300_000
LONGEST_REMEMBERED = 64  # characters: texts are hardly ever the same
ERASED_RULE = "row:erased"
TOKEN = re.compile(r"k\d+:[0-9a-f]{64}")


def raw_binding(file_hash: str, line: int) -> str:
    """What the ciphertext of a raw row is bound to: the place it was delivered at."""
    return f"{file_hash}:{line}"


@dataclass(frozen=True)
class Erased:
    """Who was erased and must not come back with a file that is delivered late or again.

    Attributes:
        marks: of the erased customer keys (`Keyring.mark`).
        keys: (column, namespace) of the feed's columns that name customers.
        emptied: columns that lose their value in a row that stays without its customer; None when such rows are rejected.
    """

    marks: frozenset[str]
    keys: Sequence[tuple[str, str]]
    emptied: Sequence[str] | None

    def rows_of(self, table: pa.Table, tokenised: Mapping[str, Column], ring: Keyring) -> pa.Array | None:
        """Which rows of delivered values name an erased customer; None when no row does."""
        is_erased = pa.array(np.zeros(table.num_rows, bool))
        for name, namespace in self.keys:
            encoded = table.column(name).combine_chunks().dictionary_encode()
            values = [_key_values(tokenised.get(name), value, ring) for value in encoded.dictionary.to_pylist()]
            found = pa.array([any(ring.mark(f"{namespace}:{each}") in self.marks for each in value) for value in values], pa.bool_())
            is_erased = pc.or_(is_erased, pc.fill_null(found.take(encoded.indices), False))
        return is_erased if pc.any(is_erased).as_py() else None


def _key_values(column: Column | None, value: str, ring: Keyring) -> list[str]:
    """A customer's key as silver has it, or had it under an earlier key."""
    return [value.strip()] if column is None else ring.possible_tokens(str(column.kind or "other"), value, column.day_order)


@dataclass
class _NewValues:
    """Rows for the vault, column by column: a million small tuples would keep Python's garbage collector busy."""

    tokens: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    ciphertexts: list[bytes] = field(default_factory=list)

    def table(self, key_id: str) -> pa.Table:
        return pa.table([self.tokens, self.kinds, [key_id] * len(self.tokens), self.ciphertexts], schema=VAULT_SCHEMA)


@dataclass
class Tokeniser:
    """Tokenises the PII columns of one feed and remembers which tokens it has already handed to the vault.

    `keeps_tokens`: a value that is a token already stays; only for rows of ours, since a delivered file may hold anything. `fills_vault` false: tokens alone.
    """

    columns: Sequence[Column]
    key: KeyReference
    keeps_tokens: bool = False
    erased: "Erased | None" = None
    fills_vault: bool = True
    _seen: set[str] = field(default_factory=set)
    _known: dict[str, dict[str, str]] = field(default_factory=dict)  # column → value → token: customers come again and again
    _ring: Keyring | None = None

    @classmethod
    def for_feed(cls, feed: Feed, key: KeyReference, *, keeps_tokens: bool = False, erased: "Erased | None" = None) -> "Tokeniser":
        """The tokeniser of a feed's direct and sensitive columns."""
        return cls([column for column in feed.columns if column.is_tokenised], key, keeps_tokens, erased)

    @property
    def ring(self) -> Keyring:
        """The key, opened when it is first needed."""
        if self._ring is None:
            self._ring = self.key.open()
        return self._ring

    def apply(self, table: pa.Table) -> tuple[pa.Table, pa.Table]:
        """The table with tokens, the columns of what stays in the open, and `_pii_rule` (the first rule a PII value breaks); and new rows for the vault."""
        is_erased = None
        if self.erased is not None:
            is_erased = self.erased.rows_of(table, {column.name: column for column in self.columns}, self.ring)
            table = table if is_erased is None else self._emptied(table, is_erased, self.erased)
        broken: dict[int, str] = {}
        vault = _NewValues()
        for column in self.columns:
            encoded = table.column(column.name).combine_chunks().dictionary_encode()
            values = encoded.dictionary.to_pylist()
            table = self._with_kept(table, column, encoded.indices, values)
            tokens = pa.array(self._tokens(column, encoded.dictionary, values, vault), pa.string()).take(encoded.indices)
            table = table.set_column(table.schema.get_field_index(column.name), column.name, tokens)
            rules = self._broken_rules(column, encoded.dictionary, values)
            if rules:
                codes = encoded.indices.to_pylist()
                broken = {row: rules[code] for row, code in enumerate(codes) if code in rules} | broken
        if len(self._seen) > MOST_REMEMBERED:
            self._seen.clear()
            self._known.clear()
        if sum(map(len, self._known.values())) > MOST_VALUES_REMEMBERED:
            self._known.clear()
        rule_of_row = (
            pa.nulls(table.num_rows, pa.string())
            if not broken
            else pa.array([broken.get(row) for row in range(table.num_rows)], pa.string())
        )
        if self.erased is not None and is_erased is not None and self.erased.emptied is None:
            rule_of_row = pc.if_else(is_erased, ERASED_RULE, rule_of_row)
        return table.append_column("_pii_rule", rule_of_row), vault.table(self.ring.key_id)

    def _emptied(self, table: pa.Table, rows: pa.Array, erased: Erased) -> pa.Table:
        """The table with nothing personal in these rows: no token of theirs may be made, and nothing go into the vault."""
        for name in dict.fromkeys([*(column.name for column in self.columns), *(erased.emptied or ())]):
            at = table.schema.get_field_index(name)
            if at >= 0:
                table = table.set_column(at, name, pc.if_else(rows, pa.scalar(None, pa.string()), table.column(name)))
        return table

    def _with_kept(self, table: pa.Table, column: Column, codes: pa.Array, values: list[str]) -> pa.Table:
        """The table with the column of what stays of these values; where a value is a token already, what stayed of it when it became one."""
        if column.kept is None or column.coarse is None:
            return table
        order, pattern = column.day_order, column.coarse_pattern
        parts = [None if self._is_token(value) else coarsened(column.coarse, value, order, pattern) for value in values]
        kept, name = pa.array(parts, pa.string()).take(codes), column.kept.name
        at = table.schema.get_field_index(name)
        return table.append_column(name, kept) if at < 0 else table.set_column(at, name, pc.coalesce(kept, table.column(name)))

    def _is_token(self, value: str) -> bool:
        return self.keeps_tokens and TOKEN.fullmatch(value) is not None

    def _tokens(self, column: Column, encoded: pa.Array, values: list[str], vault: "_NewValues") -> list[str]:
        """The tokens of different values (`encoded` and `values` are the same ones); what is new goes to the vault."""
        known = self._known.setdefault(column.name, {})
        tokens = [value if self._is_token(value) else known.get(value, "") for value in values]
        missing = [at for at, token in enumerate(tokens) if not token]
        kind = str(column.kind or "other")
        for at, token in zip(
            missing, self.ring.tokens_of(kind, encoded.take(pa.array(missing, pa.int64())), column.day_order), strict=True
        ):
            value, tokens[at] = values[at], token
            if self.fills_vault and token not in self._seen:
                self._seen.add(token)
                vault.tokens.append(token)
                vault.kinds.append(kind)
                vault.ciphertexts.append(self.ring.encrypt(value.strip().encode(), token))
            if len(value) < LONGEST_REMEMBERED:
                known[value] = token
        return tokens

    def _broken_rules(self, column: Column, encoded: pa.Array, values: list[str]) -> dict[int, str]:
        """The first rule that a value breaks, for each that breaks one; tokens are not looked at."""
        broken: dict[int, str] = {}
        if column.valid:
            broken |= dict.fromkeys(impossible(str(column.kind), encoded, self.ring.country, column.day_order), f"{column.name}:valid")
        if column.allowed is not None:
            broken |= {at: f"{column.name}:allowed" for at, value in enumerate(values) if value not in column.allowed}
        if column.pattern is not None:
            pattern = re.compile(column.pattern)
            broken |= {at: f"{column.name}:pattern" for at, value in enumerate(values) if not pattern.fullmatch(value)}
        return {at: rule for at, rule in broken.items() if not self._is_token(values[at])}
