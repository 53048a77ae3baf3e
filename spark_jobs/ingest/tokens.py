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
from spark_jobs.common.pii.normal import is_possible

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
            values = [_key_value(tokenised.get(name), value, ring) for value in encoded.dictionary.to_pylist()]
            found = pa.array([ring.mark(f"{namespace}:{value}") in self.marks for value in values], pa.bool_())
            is_erased = pc.or_(is_erased, pc.fill_null(found.take(encoded.indices), False))
        return is_erased if pc.any(is_erased).as_py() else None


def _key_value(column: Column | None, value: str, ring: Keyring) -> str:
    """A customer's key as silver has it."""
    return value.strip() if column is None else ring.token(str(column.kind or "other"), value, column.day_order)


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
        vault: list[tuple[str, str, str, bytes]] = []
        for column in self.columns:
            encoded = table.column(column.name).combine_chunks().dictionary_encode()
            values = encoded.dictionary.to_pylist()
            table = self._with_kept(table, column, encoded.indices, values)
            known = self._known.setdefault(column.name, {})
            tokens = pa.array([known.get(value) or self._token(column, value, vault) for value in values], pa.string()).take(
                encoded.indices
            )
            table = table.set_column(table.schema.get_field_index(column.name), column.name, tokens)
            rules = {code: rule for code, value in enumerate(values) if (rule := self._broken_rule(column, value))}
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
        vault_columns = list(zip(*vault, strict=True)) or [()] * len(VAULT_SCHEMA)
        return table.append_column("_pii_rule", rule_of_row), pa.table([list(values) for values in vault_columns], schema=VAULT_SCHEMA)

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

    def _token(self, column: Column, value: str, vault: list[tuple[str, str, str, bytes]]) -> str:
        if self._is_token(value):
            return value
        kind = str(column.kind or "other")
        token = self.ring.token(kind, value, column.day_order)
        if self.fills_vault and token not in self._seen:
            self._seen.add(token)
            vault.append((token, kind, self.ring.key_id, self.ring.encrypt(value.strip().encode(), token)))
        if len(value) < LONGEST_REMEMBERED:
            self._known.setdefault(column.name, {})[value] = token
        return token

    def _broken_rule(self, column: Column, value: str) -> str | None:
        if self._is_token(value):
            return None
        if column.pattern is not None and not re.fullmatch(column.pattern, value):
            return f"{column.name}:pattern"
        if column.allowed is not None and value not in column.allowed:
            return f"{column.name}:allowed"
        if column.valid and not is_possible(str(column.kind), value, self.ring.country, column.day_order):
            return f"{column.name}:valid"
        return None
