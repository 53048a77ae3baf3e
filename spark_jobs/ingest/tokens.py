"""PII columns of parsed rows replaced by tokens, with the ciphertexts for the vault beside them; runs in Spark's Python workers."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from conf.columns import Column
from conf.contracts import Feed
from spark_jobs.common.crypto import KeyReference, Keyring
from spark_jobs.common.pii.coarse import coarsened
from spark_jobs.common.pii.feeds import KeyColumn
from spark_jobs.common.pii.plain import impossible
from spark_jobs.ingest.identifiers import BrokenRules, Cleaner

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
class ErasedRows:
    """What of a table is about people who were erased: masks of rows that are rejected, of rows that stay without anybody, and of values that go."""

    rejected: pa.Array
    emptied: pa.Array
    cleared: Mapping[str, pa.Array]

    @property
    def touched(self) -> pa.Array:
        """Rows of which something goes."""
        found = pc.or_(self.rejected, self.emptied)
        for mask in self.cleared.values():
            found = pc.or_(found, mask)
        return found


@dataclass(frozen=True)
class Erased:
    """Who was erased and must not come back with a file that is delivered late or again.

    Attributes:
        marks: of the erased customer keys (`Keyring.mark`).
        keys: the feed's columns that name customers.
        emptied: columns that lose their value in a row that stays without its customer; None when such rows are rejected.
        token_marks: of tokens that were theirs alone.
        is_about_customers: a row that holds such a token and names nobody is about the erased person.
    """

    marks: frozenset[str]
    keys: Sequence[KeyColumn]
    emptied: Sequence[str] | None
    token_marks: frozenset[str] = frozenset()
    is_about_customers: bool = False

    def rows_of(self, table: pa.Table, tokenised: Mapping[str, Column], ring: Keyring) -> ErasedRows | None:
        """Which rows of delivered values name an erased customer or hold a token of one; None when no row does."""
        nobody = pa.array(np.zeros(table.num_rows, bool))
        by_key, names_somebody = nobody, nobody
        for key in self.keys:
            found = _marked(table.column(key.name), partial(self._is_key, ring, tokenised.get(key.name), key))
            by_key = pc.or_(by_key, found)
            names_somebody = pc.or_(names_somebody, table.column(key.name).combine_chunks().is_valid())
        cleared = {}
        for name, column in tokenised.items() if self.token_marks else ():
            found = _marked(table.column(name), partial(self._is_token, ring, column))
            if pc.any(found).as_py():
                cleared[name] = found
        if not cleared and not pc.any(by_key).as_py():
            return None
        if self.emptied is not None:
            return ErasedRows(nobody, by_key, cleared)
        rejected = by_key
        for found in cleared.values() if self.is_about_customers else ():
            rejected = pc.or_(rejected, pc.and_not(found, names_somebody))
        return ErasedRows(rejected, nobody, cleared)

    def _is_key(self, ring: Keyring, column: Column | None, key: KeyColumn, value: str) -> bool:
        keys = [key.key_of(value)] if column is None else _tokens_of(column, value, ring)
        return any(ring.mark(f"{key.namespace}:{each}") in self.marks for each in keys)

    def _is_token(self, ring: Keyring, column: Column, value: str) -> bool:
        return any(ring.mark(token) in self.token_marks for token in _tokens_of(column, value, ring))


def _tokens_of(column: Column, value: str, ring: Keyring) -> list[str]:
    """The token of a value, and what it was under earlier keys."""
    return ring.possible_tokens(str(column.kind or "other"), value, column.day_order)


def _marked(values: pa.ChunkedArray, is_marked: Callable[[str], bool]) -> pa.Array:
    """A mask of the values for which something holds, asked once for each different one."""
    encoded = values.combine_chunks().dictionary_encode()
    found = pa.array([is_marked(value) for value in encoded.dictionary.to_pylist()], pa.bool_())
    return pc.fill_null(found.take(encoded.indices), False)


def decoded(table: pa.Table) -> pa.Table:
    """The table without dictionaries, which Spark does not take from its workers."""
    return table.cast(
        pa.schema([(item.name, item.type.value_type if pa.types.is_dictionary(item.type) else item.type) for item in table.schema])
    )


@dataclass
class _NewValues:
    """Rows for the vault, column by column: a million small tuples would keep Python's garbage collector busy."""

    tokens: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    ciphertexts: list[bytes] = field(default_factory=list)

    def table(self, key_id: str) -> pa.Table:
        return pa.table([self.tokens, self.kinds, [key_id] * len(self.tokens), self.ciphertexts], schema=VAULT_SCHEMA)


@dataclass(frozen=True)
class _Known:
    """Values of a column and their tokens, in one order."""

    values: pa.Array = field(default_factory=lambda: pa.array([], pa.string()))
    tokens: pa.Array = field(default_factory=lambda: pa.array([], pa.string()))

    def and_also(self, values: pa.Array, tokens: pa.Array) -> "_Known":
        """Some more, without long texts."""
        short = pc.less(pc.utf8_length(values), LONGEST_REMEMBERED)
        return _Known(pa.concat_arrays([self.values, values.filter(short)]), pa.concat_arrays([self.tokens, tokens.filter(short)]))


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
    cleaner: Cleaner | None = None
    erased_rows: ErasedRows | None = None  # of the last table
    _seen: set[str] = field(default_factory=set)
    _known: dict[str, "_Known"] = field(default_factory=dict)  # by column: customers come again and again
    _ring: Keyring | None = None

    @classmethod
    def for_feed(
        cls, feed: Feed, key: KeyReference, *, keeps_tokens: bool = False, erased: "Erased | None" = None, cleaner: Cleaner | None = None
    ) -> "Tokeniser":
        """The tokeniser of a feed's direct and sensitive columns; with a cleaner of its identifiers."""
        return cls([column for column in feed.columns if column.is_tokenised], key, keeps_tokens, erased, cleaner=cleaner)

    @property
    def ring(self) -> Keyring:
        """The key, opened when it is first needed."""
        if self._ring is None:
            self._ring = self.key.open()
        return self._ring

    def apply(self, table: pa.Table) -> tuple[pa.Table, pa.Table]:
        """The table with clean identifiers and tokens (as a dictionary), the columns of what stays in the open, and `_pii_rule`; and new rows for the vault.

        `_pii_rule` is the first rule that a row breaks before Spark sees it: damaged or too long values, and what a token hides later.
        """
        self.erased_rows = None
        broken = BrokenRules(table.num_rows)
        # Whoever was erased is recognised by the clean key, as silver has it.
        table = table if self.cleaner is None else self.cleaner.apply(table, broken)
        if self.erased is not None:
            gone = self.erased.rows_of(table, {column.name: column for column in self.columns}, self.ring)
            table = table if gone is None else self._without(table, gone, self.erased)
            self.erased_rows = gone
        vault = _NewValues()
        for column in self.columns:
            encoded = table.column(column.name).combine_chunks().dictionary_encode()
            table = self._with_kept(table, column, encoded)
            tokens = self._tokens(column, encoded.dictionary, vault).dictionary_encode()  # two spellings have one token
            codes = tokens.indices.take(encoded.indices)
            table = table.set_column(
                table.schema.get_field_index(column.name), column.name, pa.DictionaryArray.from_arrays(codes, tokens.dictionary)
            )
            rules = self._broken_rules(column, encoded.dictionary)
            if rules:
                labels = pa.array([rules.get(code) for code in range(len(encoded.dictionary))], pa.string()).take(encoded.indices)
                broken.add_labels(labels)
        self._forget_some()
        rule_of_row = broken.labels
        if self.erased_rows is not None:
            rule_of_row = pc.if_else(self.erased_rows.rejected, ERASED_RULE, rule_of_row)
        return table.append_column("_pii_rule", rule_of_row), vault.table(self.ring.key_id)

    def _forget_some(self) -> None:
        """Memory has a limit; what is forgotten is only made again."""
        if len(self._seen) > MOST_REMEMBERED:
            self._seen.clear()
            self._known.clear()
        if sum(len(known.values) for known in self._known.values()) > MOST_VALUES_REMEMBERED:
            self._known.clear()

    def _without(self, table: pa.Table, gone: ErasedRows, erased: Erased) -> pa.Table:
        """The table without what was erased: no token of it may be made, and nothing go into the vault."""
        rows, nothing = pc.or_(gone.rejected, gone.emptied), pa.scalar(None, pa.string())
        for name in dict.fromkeys([*(column.name for column in self.columns), *(erased.emptied or ())]):
            at = table.schema.get_field_index(name)
            if at >= 0:
                mask = pc.or_(rows, gone.cleared[name]) if name in gone.cleared else rows
                table = table.set_column(at, name, pc.if_else(mask, nothing, table.column(name)))
        return table

    def _with_kept(self, table: pa.Table, column: Column, encoded: pa.DictionaryArray) -> pa.Table:
        """The table with the column of what stays of these values; where a value is a token already, what stayed of it when it became one."""
        if column.kept is None or column.coarse is None:
            return table
        order, pattern = column.day_order, column.coarse_pattern
        values = zip(encoded.dictionary.to_pylist(), self._are_tokens(encoded.dictionary).to_pylist(), strict=True)
        parts = [None if is_token else coarsened(column.coarse, value, order, pattern) for value, is_token in values]
        kept, name = pa.array(parts, pa.string()).take(encoded.indices), column.kept.name
        at = table.schema.get_field_index(name)
        return table.append_column(name, kept) if at < 0 else table.set_column(at, name, pc.coalesce(kept, table.column(name)))

    def _are_tokens(self, values: pa.Array) -> pa.Array:
        """A mask of the values that are tokens already."""
        return pc.match_substring_regex(values, f"^{TOKEN.pattern}$") if self.keeps_tokens else pa.repeat(False, len(values))

    def _tokens(self, column: Column, values: pa.Array, vault: "_NewValues") -> pa.Array:
        """The tokens of different values; what is new goes to the vault."""
        known = self._known.get(column.name, _Known())
        tokens = pc.if_else(self._are_tokens(values), values, known.tokens.take(pc.index_in(values, value_set=known.values)))
        missing = pc.is_null(tokens)
        new_values = values.filter(missing)
        if not len(new_values):
            return tokens
        kind = str(column.kind or "other")
        new_tokens = self.ring.tokens_of(kind, new_values, column.day_order)
        if self.fills_vault:
            for value, token in zip(new_values.to_pylist(), new_tokens, strict=True):
                if token not in self._seen:
                    self._seen.add(token)
                    vault.tokens.append(token)
                    vault.kinds.append(kind)
                    vault.ciphertexts.append(self.ring.encrypt(value.strip().encode(), token))
        found = pa.array(new_tokens, pa.string())
        self._known[column.name] = known.and_also(new_values, found)
        return pc.replace_with_mask(tokens, missing, found)

    def _broken_rules(self, column: Column, values: pa.Array) -> dict[int, str]:
        """The first rule that a value breaks, for each that breaks one; tokens are not looked at."""
        broken: dict[int, str] = {}
        if column.valid:
            broken |= dict.fromkeys(impossible(str(column.kind), values, self.ring.country, column.day_order), f"{column.name}:valid")
        if column.allowed is not None:
            broken |= {at: f"{column.name}:allowed" for at, value in enumerate(values.to_pylist()) if value not in column.allowed}
        if column.pattern is not None:
            pattern, longest = re.compile(column.pattern), column.longest_matched
            fits = [len(value) <= longest and pattern.fullmatch(value) is not None for value in values.to_pylist()]
            broken |= {at: f"{column.name}:pattern" for at, is_met in enumerate(fits) if not is_met}
        tokens = self._are_tokens(values.take(pa.array(broken, pa.int64()))).to_pylist()
        return {at: rule for (at, rule), is_token in zip(broken.items(), tokens, strict=True) if not is_token}
