"""New tokens of a batch, with their ciphertexts, into the vault: one row per token, whichever feed brings it first."""

import threading

from conf.catalog import catalog
from spark_jobs.common.delta import conform_frame
from spark_jobs.ingest.batch import Batch

VAULT = "vault.pii"
_one_feed_at_a_time = threading.Lock()  # other processes are kept out by the ingest lock


def fill_vault(batch: Batch) -> None:
    """Add the staged tokens that the vault does not have yet."""
    from pyspark.sql import functions as F

    if not batch.plan.folder_of("vault").exists():
        return
    staged = batch.read("vault").groupBy("token").agg(F.min(F.struct("kind", "key_id", "ciphertext")).alias("entry"))
    view = f"staged_{batch.source}__{batch.feed_name}_vault"
    conform_frame(catalog().table(VAULT), staged.select("token", "entry.*")).createOrReplaceTempView(view)
    with _one_feed_at_a_time:
        batch.ctx.spark.sql(f"merge into {VAULT} v using {view} s on v.token = s.token when not matched then insert *").collect()
    batch.ctx.spark.catalog.dropTempView(view)
