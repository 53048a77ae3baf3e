"""Tokens and encryption against Spark's own functions: HMAC of three identifiers beside `sha2`, AES-GCM of a column beside `aes_encrypt`.

Both sides read the same Parquet, and write to nothing. The peer's key stands in its plan, which ours may not.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from conf.columns import Column
from conf.settings import Settings
from spark_jobs.common.crypto import key_reference
from spark_jobs.common.session import engine_session
from spark_jobs.ingest.tokens import Tokeniser, decoded
from tests.bench.result import Result

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ROWS, CUSTOMERS = 10_000_000, 1_000_000
KINDS = {"phone": "phone", "email": "email", "device": "other"}


def measure(settings: Settings) -> list[Result]:
    """Rows of a million customers, as a night has them; and rows of which every value is another."""
    results = []
    with TemporaryDirectory() as folder, engine_session(settings) as spark:
        for name, customers in (("tokens", CUSTOMERS), ("tokens, all different", ROWS)):
            source = Path(folder) / f"{customers}.parquet"
            _write(source, customers)
            rows = spark.read.parquet(source.as_uri())
            native = _best(lambda rows=rows: _hashed(rows))  # type: ignore[misc]
            ours = _best(lambda rows=rows: _tokenised(rows, settings))  # type: ignore[misc]
            detail = f"3 identifiers of {ROWS:,} rows, {customers:,} people: {ours:.1f} s against {native:.1f} s of sha2"
            results.append(Result(f"Privacy: {name}", "≤ 1.3 × sha2", round(ours / native, 2), "×", ours <= 1.3 * native, detail))
        rows = spark.read.parquet((Path(folder) / f"{CUSTOMERS}.parquet").as_uri()).select("email")
        native, ours = _best(lambda: _encrypted_by_spark(rows)), _best(lambda: _encrypted(rows, settings))
        detail = f"one column of {ROWS:,} rows: {ours:.1f} s against {native:.1f} s of aes_encrypt (GCM, nonce by chance)"
        results.append(Result("Privacy: encryption", "≤ 1.5 × aes_encrypt", round(ours / native, 2), "×", ours <= 1.5 * native, detail))
    return results


def _write(file: Path, customers: int) -> None:
    who = np.random.default_rng(5).permutation(ROWS) % customers
    with pq.ParquetWriter(file, pa.schema([(name, pa.string()) for name in KINDS])) as out:
        for part in np.array_split(who, 10):
            numbers = pa.array(part).cast(pa.string())
            values = {
                "phone": pa.array(13_000_000_000 + part).cast(pa.string()),
                "email": pa.compute.binary_join_element_wise("customer.", numbers, "@example.com", ""),
                "device": pa.compute.binary_join_element_wise("device-", numbers, "-a", ""),
            }
            out.write_table(pa.table(values))


def _best(run: Callable[[], None], times: int = 2) -> float:
    """Seconds of the fastest of some runs."""
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def _to_nothing(frame: "DataFrame") -> None:
    frame.write.format("noop").mode("overwrite").save()


def _hashed(rows: "DataFrame") -> None:
    from pyspark.sql import functions as F

    _to_nothing(rows.select(*[F.sha2(name, 256).alias(name) for name in KINDS]))


def _tokenised(rows: "DataFrame", settings: Settings) -> None:
    columns = [Column.model_validate({"name": name, "type": "string", "pii": "direct", "kind": kind}) for name, kind in KINDS.items()]
    key = key_reference(settings)

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        tokeniser = Tokeniser(columns, key, fills_vault=False)  # the peer keeps no value either
        for batch in batches:
            tokens, _ = tokeniser.apply(pa.Table.from_batches([batch]))
            yield from decoded(tokens.select(list(KINDS))).combine_chunks().to_batches()

    _to_nothing(rows.mapInArrow(work, ", ".join(f"{name} string" for name in KINDS)))


def _encrypted_by_spark(rows: "DataFrame") -> None:
    from pyspark.sql import functions as F

    _to_nothing(rows.select(F.aes_encrypt("email", F.lit("0" * 32), F.lit("GCM")).alias("email")))


def _encrypted(rows: "DataFrame", settings: Settings) -> None:
    key = key_reference(settings)

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        ring = key.open()
        for batch in batches:
            sealed = [ring.encrypt(value.encode(), "bench") for value in batch["email"].to_pylist()]
            yield pa.RecordBatch.from_arrays([pa.array(sealed, pa.binary())], ["email"])

    _to_nothing(rows.mapInArrow(work, "email binary"))
