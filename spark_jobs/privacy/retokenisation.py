"""Tokens under the newest key: every token that the lake holds becomes the one that the key of today makes of the same value.

Order: the register says that it began, so that nothing makes tokens meanwhile; a table of old and new tokens is made from the vault; then all tables,
quarantine and the vault; the marts are published anew, and what older versions hold goes; the register names the new key last. Each step leaves alone
what is done, so a run that was killed is repeated.
"""

import logging
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from conf.catalog import Schema, catalog
from conf.erasure import load_erasure
from conf.errors import CdpError, Finding, InputError
from conf.settings import Settings
from spark_jobs.common.audit.journal import note
from spark_jobs.common.audit.records import Action
from spark_jobs.common.crypto import KeyReference, key_reference
from spark_jobs.common.delta import ensure_table
from spark_jobs.common.job import StepContext
from spark_jobs.common.keys import Register, new_place, register_of, write_register
from spark_jobs.common.pii.normal import NORMAL_FORM_VERSION
from spark_jobs.ingest.reloads import roll_back_killed
from spark_jobs.ingest.tokens import TOKEN
from spark_jobs.marts import standing
from spark_jobs.privacy.erasure import purge
from spark_jobs.privacy.lake_tables import delta_tables
from spark_jobs.privacy.new_tokens import mover, pair_maker, row_changer, tokens_in_rows
from spark_jobs.publish import publications

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

log = logging.getLogger(__name__)

VAULT = "vault.pii"
PAIRS_DDL = "token string, new_token string"
SCHEMAS = tuple(schema for schema in Schema if schema not in {Schema.VAULT, Schema.QUARANTINE, Schema.GOLD})


@dataclass(frozen=True)
class Retokenised:
    """What has other tokens now."""

    key_id: str
    tokens: int
    tables: int
    in_quarantine: int


def retokenise(ctx: StepContext, *, resume: bool = False) -> Retokenised:
    """Make all tokens anew with the key that encrypts; the caller holds the writer's lock.

    Raises:
        InputError: tokens have that key already, or (`resume`) nothing was begun.
        ConfigError: the new key is not there, or the old one.
        CdpError: two tokens would become one, or tokens stand where they cannot be replaced.
    """
    roll_back_killed(ctx)  # later it would bring old tokens back
    publications.check_published(ctx)
    register = _begun(ctx.settings, resume=resume)
    old = key_reference(ctx.settings, register=register)
    new = replace(old, tokens=register.place(str(register.tokens_next)))
    pairs = _pairs(ctx, old, new, may_join=register.has_old_forms)
    changed = _Changed(_folder(ctx.settings) / "changed.txt")
    holding = {name: _columns_with_tokens(ctx, name, register.tokens) for name in delta_tables(ctx.spark, ctx.settings, SCHEMAS)}
    for name, columns in holding.items():
        if columns:
            changed.add(name)
            _replace_in(ctx, name, columns, pairs, may_join=register.has_old_forms)
    quarantined = {
        name: _replace_in_quarantine(ctx, name, new, pairs) for name in delta_tables(ctx.spark, ctx.settings, (Schema.QUARANTINE,))
    }
    _replace_in_vault(ctx, old, new)
    standing.forget(ctx.settings)  # marts may have made keys of their own from tokens
    publications.republish(ctx)
    touched = [*changed.names(), *quarantined, VAULT]
    purge.rewrite(ctx.spark, ctx.settings, touched)
    purge.vacuum(ctx.spark, ctx.settings, touched, load_erasure().retain_old_versions_hours)
    done = Retokenised(new.tokens.key_id, pairs.count(), len(changed.names()), sum(quarantined.values()))
    write_register(ctx.settings, replace(register, tokens=done.key_id, tokens_next=None, normal_form=NORMAL_FORM_VERSION))
    note(ctx.settings, Action.CONFIGURATION_CHANGED, "keys", encryption=register.encryption, tokens=done.key_id)
    shutil.rmtree(_folder(ctx.settings))
    return done


@dataclass(frozen=True)
class _Changed:
    """Tables that held old tokens: their older versions do still, also when they were changed by a run that was killed later."""

    file: Path

    def add(self, name: str) -> None:
        with self.file.open("a", encoding="utf-8") as out:
            out.write(f"{name}\n")

    def names(self) -> list[str]:
        return sorted(set(self.file.read_text(encoding="utf-8").split())) if self.file.exists() else []


def _begun(settings: Settings, *, resume: bool) -> Register:
    """The register of a retokenisation that is under way, from now on or since before.

    Tokens of an older normal form under the newest key get a new key: by its id the tokens that are done are told from the others.
    """
    register = register_of(settings)
    if register.tokens_next is not None:
        return register
    if resume:
        raise InputError("nothing was begun", [Finding("--resume", "no retokenisation is under way", "cdp keys retokenise")])
    if register.tokens == register.encryption and register.has_old_forms:
        register = register.with_new(new_place(settings, register.next_id()))
    if register.tokens == register.encryption:
        raise InputError("tokens have the newest key", [Finding(register.tokens, "is the key of tokens already", "cdp keys rotate first")])
    shutil.rmtree(_folder(settings), ignore_errors=True)
    register = replace(register, tokens_next=register.encryption)
    write_register(settings, register)
    note(
        settings,
        Action.CONFIGURATION_CHANGED,
        "keys",
        encryption=register.encryption,
        tokens=register.tokens,
        tokens_next=register.encryption,
    )
    return register


def _folder(settings: Settings) -> Path:
    """Of the table of pairs; it outlives a kill, and holds no value."""
    return settings.lake.root / "privacy" / "retokenisation"


def _pairs(ctx: StepContext, old: KeyReference, new: KeyReference, *, may_join: bool) -> "DataFrame":
    """(token, new_token) of everything in the vault, written once; where tokens have an older normal form, several may become one (`may_join`).

    Raises:
        CdpError: values that had two tokens have one, and the normal form did not change.
    """
    from pyspark.sql import functions as F

    folder = _folder(ctx.settings) / "pairs"
    if not (folder / "_SUCCESS").exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        ensure_table(ctx.spark, ctx.settings, catalog().table(VAULT))
        rows = ctx.spark.table(VAULT).where(F.startswith("token", F.lit(f"{old.tokens.key_id}:"))).select("token", "kind", "ciphertext")
        made = rows.mapInArrow(pair_maker(old, new), PAIRS_DDL)
        made.write.mode("overwrite").parquet(folder.as_uri())
    pairs = ctx.spark.read.schema(PAIRS_DDL).parquet(folder.as_uri())
    if not may_join and (twice := pairs.groupBy("new_token").count().where("count > 1").count()):
        problem = f"{twice} value(s) had several tokens, and would have one: their normal form has changed since they were loaded"
        raise CdpError("tokens cannot be made anew", [Finding(VAULT, problem, "load the lake anew from its deliveries")])
    return pairs


def _columns_with_tokens(ctx: StepContext, name: str, key_id: str) -> list[str]:
    """Columns of texts that hold tokens of a key.

    Raises:
        CdpError: there are tokens inside of arrays, maps or structs; nothing was changed yet.
    """
    from pyspark.sql import functions as F

    table, pattern = ctx.spark.table(name), TOKEN.pattern.replace(r"k\d+", re.escape(key_id))
    texts = sorted(column for column, kind in table.dtypes if kind == "string")
    nested = [column for column, kind in table.dtypes if "string" in kind and column not in texts]
    sought = [F.max(F.col(f"`{column}`").rlike(pattern)).alias(column) for column in texts]
    sought += [F.max(F.to_json(F.struct(F.col(f"`{column}`"))).rlike(pattern)).alias(column) for column in nested]
    if not sought:
        return []
    holds = table.agg(*sought).collect()[0].asDict()
    if found := [column for column in nested if holds[column]]:
        problem = f"{', '.join(found)} holds tokens inside of other values"
        raise CdpError("tokens cannot be made anew", [Finding(name, problem, "keep tokens in columns of their own")])
    return [column for column in texts if holds[column]]


def _replace_in(ctx: StepContext, name: str, columns: Sequence[str], pairs: "DataFrame", *, may_join: bool) -> None:
    """Replace the token that a text holds, in one commit; of rows whose keys become one (`may_join`) the newest stays."""
    from pyspark.sql import functions as F

    table = anew = ctx.spark.table(name)
    for column in columns:
        text = F.col(f"`{column}`")
        both = pairs.select(F.col("token").alias("_old"), F.col("new_token").alias("_new"))
        anew = anew.withColumn("_token", F.regexp_extract(text, f"({TOKEN.pattern})", 1)).join(
            both, F.col("_token") == F.col("_old"), "left"
        )
        anew = anew.withColumn(column, F.when(F.col("_new").isNotNull(), F.replace(text, F.col("_old"), F.col("_new"))).otherwise(text))
        anew = anew.drop("_token", "_old", "_new")
    anew = anew.select(*[F.col(f"`{column}`") for column in table.columns])
    key = catalog().tables[name].key if name in catalog().tables else ()
    if may_join and set(key) & set(columns):
        anew = newest_of_each(anew, key)
    anew.writeTo(name).overwrite(F.lit(True))
    log.info("retokenised table=%s columns=%s", name, ",".join(columns))


def newest_of_each(rows: "DataFrame", key: Sequence[str]) -> "DataFrame":
    """One row of each key: the one that became known last, of several the one with the greatest content. Rows without a whole key stay."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    known_on = [F.col(name).desc() for name in ("_known_on",) if name in rows.columns]
    content = F.to_json(F.struct(*[F.col(f"`{name}`") for name in rows.columns])).desc()
    place = F.row_number().over(Window.partitionBy(*key).orderBy(*known_on, content))
    has_key = F.lit(True)
    for name in key:
        has_key &= F.col(f"`{name}`").isNotNull()
    return rows.withColumn("_place", F.when(has_key, place).otherwise(1)).where("_place = 1").drop("_place")


def _replace_in_quarantine(ctx: StepContext, name: str, key: KeyReference, pairs: "DataFrame") -> int:
    """Replace tokens in the encrypted rows of a quarantine table, which are few; gives the number of tokens."""
    from pyspark.sql import functions as F

    table = ctx.spark.table(name)
    sealed = table.where(F.col("raw_row").isNotNull())
    found = sealed.mapInArrow(tokens_in_rows(key), "token string").distinct()
    new = {row["token"]: row["new_token"] for row in pairs.join(found, "token").collect()}
    if new:
        changed = sealed.mapInArrow(row_changer(key, new), table.schema)
        changed.select(*table.columns).unionByName(table.where(F.col("raw_row").isNull())).writeTo(name).overwrite(F.lit(True))
    return len(new)


def _replace_in_vault(ctx: StepContext, old: KeyReference, new: KeyReference) -> None:
    """Values move to their new tokens, to which their ciphertexts are bound; no commit when they did before."""
    from pyspark.sql import functions as F

    table = ctx.spark.table(VAULT)
    is_old = F.startswith("token", F.lit(f"{old.tokens.key_id}:"))
    if table.where(is_old).isEmpty():
        return
    moved = table.where(is_old).mapInArrow(mover(old, new), table.schema)
    anew = newest_of_each(moved.select(*table.columns).unionByName(table.where(~is_old)), ("token",))
    anew.writeTo(VAULT).overwrite(F.lit(True))
