"""Which customer a person is who gives a telephone number or an e-mail address."""

from typing import TYPE_CHECKING

from conf.errors import Finding, InputError
from spark_jobs.common.crypto import key_reference
from spark_jobs.common.job import StepContext
from spark_jobs.privacy.requests.corrections import CORRECTIONS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def customer_of(ctx: StepContext, text: str) -> str:
    """The one customer whose record has this number or address; the text itself goes nowhere.

    Raises:
        InputError: there is none, or there are several.
    """
    from pyspark.sql import functions as F

    ring = key_reference(ctx.settings).open()
    field, kind = ("email_token", "email") if "@" in text else ("phone_token", "phone")
    token = ring.token(kind, text)
    records = _as_corrected(ctx, field).where(F.col(field) == token).select("source_customer_id")
    ids = ctx.spark.table("identity.customer_ids")
    found = ids.join(records, "source_customer_id", "left_semi").select("customer_id").distinct().collect()
    if not found:  # a guest, whose key is the token: <namespace>:k1:<hex>
        found = ids.where(F.substring_index("source_customer_id", ":", -2) == token).select("customer_id").distinct().collect()
    if len(found) != 1:
        problem = "no customer has it" if not found else f"{len(found)} customers have it"
        raise InputError("the person is not known by this", [Finding(kind, problem, "ask for another number, or name the customer id")])
    customer: str = found[0]["customer_id"]
    return customer


def _as_corrected(ctx: StepContext, field: str) -> "DataFrame":
    """(source_customer_id, field) of every record, with what the person corrected last."""
    from pyspark.sql import functions as F

    records = ctx.spark.table("silver.customers").where("_is_deleted is not true").select("source_customer_id", field)
    if not ctx.spark.catalog.tableExists(CORRECTIONS):
        return records
    last = (
        ctx.spark.table(CORRECTIONS)
        .where((F.col("field") == field) & (F.col("known_on") <= ctx.business_date))
        .groupBy("source_customer_id")
        .agg(F.max_by("value", F.struct("known_on", "request_id")).alias("_value"))
        .withColumn("_is_corrected", F.lit(True))
    )
    value = F.when(F.col("_is_corrected"), F.col("_value")).otherwise(F.col(field))
    return records.join(last, "source_customer_id", "left").select("source_customer_id", value.alias(field))
