"""A new key: it encrypts from now on, and everything that is encrypted is encrypted anew with it. Tokens keep their key, so that they still meet.

Order: the register names the new key first, so what is loaded meanwhile is written with it; then vault, quarantine and archive follow, each table in
one commit. A run that was killed is repeated: what has the new key already is left alone.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from conf.catalog import Schema
from conf.settings import Settings
from spark_jobs.common.audit.journal import note
from spark_jobs.common.audit.records import Action
from spark_jobs.common.crypto import KeyReference, key_reference
from spark_jobs.common.keys import new_place, register_of, write_register
from spark_jobs.ingest.tokens import raw_binding
from spark_jobs.privacy.archive import SUFFIX
from spark_jobs.privacy.sealed_files import open_sealed, read_header, read_key_id, remove_drafts, seal_file

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

log = logging.getLogger(__name__)

VAULT = "vault.pii"


@dataclass(frozen=True)
class Rotated:
    """What was encrypted anew."""

    key_id: str
    vault_rows: int
    quarantine_rows: int
    archive_files: int


def rotate(settings: Settings, spark: "SparkSession", *, new_key: bool = True) -> Rotated:
    """Bring everything encrypted under a new key, or (`new_key` false) go on with a rotation that was killed; the caller holds the writer's lock.

    Raises:
        ConfigError: the new key is not there, or an old one, which is needed to read what it encrypted.
    """
    key = key_reference(settings)
    if new_key:
        known = register_of(settings)
        register = known.with_new(new_place(settings, known.next_id()))
        write_register(settings, register)
        note(settings, Action.CONFIGURATION_CHANGED, "keys", encryption=register.encryption, tokens=register.tokens)
        key = key_reference(settings)
    vault = _encrypt_anew(spark, key, VAULT, "ciphertext", ("token",))
    tables = [f"{Schema.QUARANTINE}.{row['tableName']}" for row in spark.sql(f"show tables in {Schema.QUARANTINE}").collect()]
    quarantine = sum(_encrypt_anew(spark, key, name, "raw_row", ("_file_hash", "_line")) for name in sorted(tables))
    archived = _archive_anew(settings, key)
    note(settings, Action.DATA_CHANGED, "keys", encryption=key.key_id, vault=vault, quarantine=quarantine, archive=archived)
    return Rotated(key.key_id, vault, quarantine, archived)


def _encrypt_anew(spark: "SparkSession", key: KeyReference, name: str, column: str, bound_by: tuple[str, ...]) -> int:
    """Rows of a table that another key encrypted, under the key of today; no commit when there are none."""
    from pyspark.sql import functions as F

    if not spark.catalog.tableExists(name):
        return 0
    table = spark.table(name)
    old = f"key_id <> '{key.key_id}' and {column} is not null"
    count = table.where(old).count()
    if count:
        anew = _converted(table.where(old), key, column, bound_by)
        kept = table.where(f"not ({old})")
        anew.select(*table.columns).unionByName(kept).writeTo(name).overwrite(F.lit(True))
        log.info("encrypted_anew table=%s rows=%d key_id=%s", name, count, key.key_id)
    return count


def _converted(rows: "DataFrame", key: KeyReference, column: str, bound_by: tuple[str, ...]) -> "DataFrame":
    """The rows with `column` decrypted by its old key and encrypted by the new one, in Spark's Python workers."""
    names = rows.columns
    return rows.mapInArrow(_converter(key, column, bound_by), rows.schema).select(*names)


def _converter(key: KeyReference, column: str, bound_by: tuple[str, ...]) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def convert(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        ring = None
        for batch in batches:
            ring = ring or key.open()
            bound = zip(*(batch[name].to_pylist() for name in bound_by), strict=True)
            places = [each[0] if len(each) == 1 else raw_binding(*each) for each in bound]
            sealed = [ring.encrypt(ring.decrypt(old, place), place) for old, place in zip(batch[column].to_pylist(), places, strict=True)]
            changed = {column: pa.array(sealed, pa.binary()), "key_id": pa.array([key.key_id] * batch.num_rows, pa.string())}
            yield pa.RecordBatch.from_arrays([changed.get(name, batch[name]) for name in batch.schema.names], batch.schema.names)

    return convert


def _archive_anew(settings: Settings, key: KeyReference) -> int:
    remove_drafts(settings.lake.archive)
    ring, changed = key.open(), 0
    for file in sorted(settings.lake.archive.rglob(f"*{SUFFIX}")):
        if read_key_id(file) != key.key_id:
            seal_file(ring, read_header(file), open_sealed(ring, file), file)
            changed += 1
    return changed
