"""Corrections: what a person says of themselves goes over what the sources say, from the day on which it became known."""

import re
from datetime import date
from typing import TYPE_CHECKING

from conf.catalog import catalog
from conf.entities import load_entities
from conf.errors import Finding, InputError
from spark_jobs.common.audit.journal import note
from spark_jobs.common.audit.records import Action
from spark_jobs.common.crypto import key_reference
from spark_jobs.common.delta import conform_frame, ensure_table, merge
from spark_jobs.common.job import StepContext
from spark_jobs.common.pii.normal import is_possible

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

CORRECTIONS = "ops.customer_corrections"
TOKENS = {"email_token": "email", "phone_token": "phone"}
FIRST_YEAR = 1900
FIELDS = (
    "gender", "birth_year", "age_band", "income_band", "home_ownership", "marital_status", "household_size", "household_composition", "kids_count", "region",
    *TOKENS,
)  # fmt: skip


def correct(ctx: StepContext, customer_id: str, field: str, value: str | None, known_on: date, request_id: str) -> int:
    """Correct a field of all records of a customer; gives their number. A telephone number or e-mail address becomes a token, its value goes into the vault.

    Raises:
        InputError: there is no such field or customer, or the value cannot be one.
    """
    from pyspark.sql import functions as F

    if field not in FIELDS:
        raise InputError(
            f"{field} cannot be corrected", [Finding("--field", "is no field of a customer", f"use one of {', '.join(FIELDS)}")]
        )
    ids = ctx.spark.table("identity.customer_ids").where(F.col("customer_id") == customer_id)
    keys = ids.join(ctx.spark.table("silver.customers"), "source_customer_id", "left_semi").select("source_customer_id").distinct()
    if keys.isEmpty():
        raise InputError(
            "there is nothing to correct", [Finding(customer_id, "has no record in silver.customers", "see gold.dim_customer_ids")]
        )
    shown = _checked(ctx, field, value, known_on)
    rows = keys.select(
        "source_customer_id",
        F.lit(field).alias("field"),
        F.lit(shown).cast("string").alias("value"),
        F.lit(known_on).alias("known_on"),
        F.lit(request_id).alias("request_id"),
    )
    table = catalog().table(CORRECTIONS)
    counts = merge(ctx.spark, ctx.settings, table, rows)
    note(ctx.settings, Action.DATA_CHANGED, CORRECTIONS, purpose=f"request {request_id}", field=field)
    return counts.inserted + counts.updated


def _checked(ctx: StepContext, field: str, value: str | None, known_on: date) -> str | None:
    """The value as the table has it."""
    if value is None:
        return None
    kind = TOKENS.get(field)
    if kind is None:
        is_year = load_entities()["customers"].column(field).type == "int"
        if is_year and not (re.fullmatch(r"[0-9]{4}", value.strip()) and FIRST_YEAR <= int(value) <= known_on.year):
            raise InputError(
                "the value is not possible", [Finding(field, f"is a year from {FIRST_YEAR} to {known_on.year}", "such as 1985")]
            )
        return value.strip()
    ring = key_reference(ctx.settings).open()
    if not is_possible(kind, value, ring.country):
        raise InputError("the value is not possible", [Finding(field, f"is no {kind}", "look at it again")])
    token = ring.token(kind, value)
    vault = catalog().table("vault.pii")
    ensure_table(ctx.spark, ctx.settings, vault)
    row = (token, kind, ring.key_id, ring.encrypt(value.strip().encode(), token))
    entry: DataFrame = conform_frame(vault, ctx.spark.createDataFrame([row], vault.ddl))
    entry.createOrReplaceTempView("corrected_value")
    ctx.spark.sql("merge into vault.pii v using corrected_value s on v.token = s.token when not matched then insert *").collect()
    return token
