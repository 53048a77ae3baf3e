"""What Spark's Python workers do where tokens are made anew: rows of the vault and of quarantine under another key."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from spark_jobs.common.crypto import KeyReference, Keyring
from spark_jobs.ingest.tokens import TOKEN, raw_binding

DAY_ORDERS = tuple("".join(letters) for letters in itertools.permutations("yMd"))
Batches = Iterator[pa.RecordBatch]


@dataclass(frozen=True)
class Rings:
    """Both keys of tokens, opened by a worker when it has rows."""

    old: KeyReference
    new: KeyReference

    @cached_property
    def before(self) -> Keyring:
        return self.old.open()

    @cached_property
    def after(self) -> Keyring:
        return self.new.open()

    def new_token(self, token: str, kind: str, sealed: bytes) -> str:
        """The new token of a value; days are read in the order in which they give the old token."""
        value = self.before.decrypt(sealed, token).decode()
        orders = DAY_ORDERS if kind == "birth_date" else DAY_ORDERS[:1]
        order = next((each for each in orders if self.before.token(kind, value, each) == token), "yMd")
        return self.after.token(kind, value, order)


def _vault_rows(batch: pa.RecordBatch) -> list[tuple[str, str, bytes]]:
    return list(zip(*(batch[name].to_pylist() for name in ("token", "kind", "ciphertext")), strict=True))


def pair_maker(old: KeyReference, new: KeyReference) -> Callable[[Batches], Batches]:
    """Rows of the vault → (token, new_token)."""

    def make(batches: Batches) -> Batches:
        rings = Rings(old, new)
        for batch in batches:
            made = [(row[0], rings.new_token(*row)) for row in _vault_rows(batch)]
            columns = ([pair[at] for pair in made] for at in (0, 1))
            yield pa.RecordBatch.from_arrays([pa.array(column, pa.string()) for column in columns], ["token", "new_token"])

    return make


def _texts(rings: Rings, batch: pa.RecordBatch) -> list[tuple[str, str]]:
    """Of each raw row the place that it is bound to, and its text."""
    places = [raw_binding(*place) for place in zip(batch["_file_hash"].to_pylist(), batch["_line"].to_pylist(), strict=True)]
    rows = zip(batch["raw_row"].to_pylist(), places, strict=True)
    return [(place, rings.after.decrypt(raw, place).decode("utf-8", "surrogateescape")) for raw, place in rows]


def tokens_in_rows(key: KeyReference) -> Callable[[Batches], Batches]:
    """Encrypted rows → the tokens in them."""

    def find(batches: Batches) -> Batches:
        rings = Rings(key, key)
        for batch in batches:
            tokens = sorted({match[0] for _, text in _texts(rings, batch) for match in TOKEN.finditer(text)})
            yield pa.RecordBatch.from_arrays([pa.array(tokens, pa.string())], ["token"])

    return find


def row_changer(key: KeyReference, new: Mapping[str, str]) -> Callable[[Batches], Batches]:
    """Encrypted rows → the same with other tokens, encrypted anew."""

    def change(batches: Batches) -> Batches:
        rings = Rings(key, key)
        for batch in batches:
            texts = [(place, TOKEN.sub(lambda match: new.get(match[0], match[0]), text)) for place, text in _texts(rings, batch)]
            sealed = [rings.after.encrypt(text.encode("utf-8", "surrogateescape"), place) for place, text in texts]
            yield _with(batch, raw_row=pa.array(sealed, pa.binary()), key_id=_same(batch, key.key_id))

    return change


def mover(old: KeyReference, new: KeyReference) -> Callable[[Batches], Batches]:
    """Rows of the vault → the same under their new tokens."""

    def move(batches: Batches) -> Batches:
        rings = Rings(old, new)
        for batch in batches:
            rows = _vault_rows(batch)
            tokens = [rings.new_token(*row) for row in rows]
            sealed = [rings.after.encrypt(rings.before.decrypt(row[2], row[0]), token) for row, token in zip(rows, tokens, strict=True)]
            yield _with(
                batch, token=pa.array(tokens, pa.string()), ciphertext=pa.array(sealed, pa.binary()), key_id=_same(batch, new.key_id)
            )

    return move


def _with(batch: pa.RecordBatch, **columns: pa.Array) -> pa.RecordBatch:
    """The batch with other columns in the place of some."""
    return pa.RecordBatch.from_arrays([columns.get(name, batch[name]) for name in batch.schema.names], batch.schema.names)


def _same(batch: pa.RecordBatch, text: str) -> pa.Array:
    return pa.array([text] * batch.num_rows, pa.string())
