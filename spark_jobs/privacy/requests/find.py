"""Which customer a person is who gives a telephone number or an e-mail address."""

from conf.errors import Finding, InputError
from spark_jobs.common.crypto import key_reference
from spark_jobs.common.job import StepContext


def customer_of(ctx: StepContext, text: str) -> str:
    """The one customer whose record has this number or address; the text itself goes nowhere.

    Raises:
        InputError: there is none, or there are several.
    """
    from pyspark.sql import functions as F

    ring = key_reference(ctx.settings).open()
    field, kind = ("email_token", "email") if "@" in text else ("phone_token", "phone")
    records = ctx.spark.table("silver.customers").where(F.col(field) == ring.token(kind, text)).select("source_customer_id")
    found = (
        ctx.spark.table("identity.customer_ids").join(records, "source_customer_id", "left_semi").select("customer_id").distinct().collect()
    )
    if len(found) != 1:
        problem = "no customer has it" if not found else f"{len(found)} customers have it"
        raise InputError("the person is not known by this", [Finding(kind, problem, "ask for another number, or name the customer id")])
    customer: str = found[0]["customer_id"]
    return customer
