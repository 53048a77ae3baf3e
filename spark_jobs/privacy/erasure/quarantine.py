"""Quarantine without the subjects: its rows are encrypted, so each is opened here to see whom it is about."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from conf.contracts import Feed
from spark_jobs.common.crypto import Keyring
from spark_jobs.common.pii.feeds import KeyColumn, customer_columns
from spark_jobs.ingest.tokens import TOKEN, raw_binding
from spark_jobs.privacy.erasure.bronze import FeedOf
from spark_jobs.privacy.erasure.work import Work
from spark_jobs.privacy.needles import Needles

ROWS_AT_ONCE = 20_000
SHORTEST_WORD = 5  # a shorter one in a line that nobody could read is more likely to be something else
WORD = re.compile(r"[\w@.+-]+")


@dataclass(frozen=True)
class Sought:
    """What tells that a rejected row is about a subject."""

    keys: frozenset[str]
    tokens: frozenset[str]
    values: Sequence[str]

    @cached_property
    def _needles(self) -> Needles:
        return Needles(self.values)

    @cached_property
    def _long_words(self) -> frozenset[str]:
        return frozenset(value for value in self.values if len(value) >= SHORTEST_WORD)

    def keys_of(self, feed: Feed, source: str) -> "KeysOf":
        """The subjects' keys as a feed delivers them."""
        columns = customer_columns(feed, source)
        namespaces = {column.namespace for column in columns}
        bare = (key.split(":", 1) for key in self.keys)
        return KeysOf(columns, frozenset(name for namespace, name in bare if namespace in namespaces and len(name) >= SHORTEST_WORD))

    def is_in(self, text: str, keys: "KeysOf", *, is_line: bool) -> bool:
        """Whether a raw row holds a token, a key in one of the feed's columns, or (`is_line`: it never became columns) a value or key as a word."""
        if any(match[0] in self.tokens for match in TOKEN.finditer(text)):
            return True
        row = None if is_line else _object(text)
        if row is None:
            words = set(WORD.findall(text))
            return bool(words & (self._long_words | keys.words)) or bool(self._needles.found_in(text.encode()))
        named = (f"{each.namespace}:{each.key_of(str(row[each.name]))}" for each in keys.columns if row.get(each.name) is not None)
        return any(key in self.keys for key in named)


@dataclass(frozen=True)
class KeysOf:
    """Columns that name customers; and keys of subjects in these namespaces, as words of a text."""

    columns: Sequence[KeyColumn]
    words: frozenset[str]


def _object(text: str) -> dict[str, Any] | None:
    try:
        row = json.loads(text)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


@dataclass(frozen=True)
class Rejected:
    """What was found in a feed's quarantine: rows of subjects by id, the lines they were delivered in, and subjects' tokens in rows of others."""

    row_ids: Sequence[str]
    lines: Mapping[str, Sequence[int]]
    tokens_of_others: Sequence[str]


def find_rejected(work: Work, of: FeedOf, ring: Keyring, sought: Sought, tokens: frozenset[str]) -> Rejected:
    """Look into the rejected rows of a feed, once: what was found outlives a kill, for the rows do not.

    Args:
        work: the batch.
        of: the feed.
        ring: opens the rows.
        sought: the subjects.
        tokens: of the subjects that others may have too.
    """
    kept = work.folder / f"rejected_{of.source}__{of.name}.json"
    if not kept.exists():
        draft = kept.with_name(f".{kept.name}")
        draft.write_text(json.dumps(asdict(_find(work, of, ring, sought, tokens))), encoding="utf-8")
        draft.replace(kept)
    return Rejected(**json.loads(kept.read_text(encoding="utf-8")))


def _find(work: Work, of: FeedOf, ring: Keyring, sought: Sought, tokens: frozenset[str]) -> Rejected:
    from pyspark.sql import functions as F

    if not (work.settings.lake.warehouse / "quarantine" / f"{of.source}__{of.name}" / "_delta_log").is_dir():
        return Rejected([], {}, [])
    table = work.spark.table(_table(of)).where(F.col("raw_row").isNotNull())
    rows = table.select("row_id", "rules", "raw_row", "_file_hash", "_source_file", "_line").toArrow()
    keys, found, others = sought.keys_of(of.feed, of.source), list[str](), set[str]()
    lines: dict[str, list[int]] = {}
    for batch in rows.to_batches(ROWS_AT_ONCE):
        for row in batch.to_pylist():
            text = ring.decrypt(row["raw_row"], raw_binding(row["_file_hash"], row["_line"])).decode("utf-8", "replace")
            if sought.is_in(text, keys, is_line=row["rules"][0].startswith("line:")):
                found.append(row["row_id"])
                lines.setdefault(row["_source_file"], []).append(row["_line"])
            else:
                others |= tokens & {match[0] for match in TOKEN.finditer(text)}
    return Rejected(sorted(found), lines, sorted(others))


def _table(of: FeedOf) -> str:
    return f"quarantine.{of.source}__{of.name}"


def erase_rejected(work: Work, of: FeedOf, rejected: Rejected) -> None:
    """Remove rows that were found."""
    if not rejected.row_ids:
        return
    work.spark.createDataFrame([(each,) for each in rejected.row_ids], "row_id string").createOrReplaceTempView("erased_rejects")
    work.spark.sql(f"merge into {_table(of)} q using erased_rejects e on q.row_id = e.row_id when matched then delete").collect()
    work.spark.catalog.dropTempView("erased_rejects")
