"""Views of silver on the real engine: they show what was published, and a publication moves them without making them again."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conf.access import load_access
from conf.catalog import catalog
from conf.contracts import SourceContract, load_contract
from conf.entities import load_entities
from conf.settings import Settings
from spark_jobs.common.delta import ensure_table
from spark_jobs.common.job import StepContext
from spark_jobs.publish.publications import PUBLICATIONS, Published, record
from spark_jobs.publish.role_views import refresh

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow

FIRST, SECOND = date(2031, 2, 1), date(2031, 2, 2)
KENNEL = """
source: kennel
feeds:
  calls:
    files: "calls_{date}.csv"
    format: csv
    columns:
      - {name: call_no, type: string, required: true}
      - {name: owner_no, type: string}
      - {name: moment, type: timestamp, required: true}
    maps:
      - entity: messages
        fields: {message_id: call_no, source_customer_id: owner_no, channel: {const: call}, began_at: moment}
"""


@pytest.fixture
def ctx(spark: "SparkSession", settings: Settings) -> Iterator[StepContext]:
    """Three calls: a plain one, one that was deleted, and one that is known a day later; the first day is published."""
    ctx = StepContext(spark, settings, FIRST, "test")
    for name in ("silver.messages", PUBLICATIONS):
        ensure_table(spark, settings, catalog().table(name))
    columns = "message_id, source_customer_id, channel, text, _source, _known_on, _is_deleted"
    spark.sql(
        f"insert into silver.messages ({columns}) values "
        f"('kennel:1', 'kennel:ann', 'call', 'a dog', 'kennel', date'{FIRST}', false), "
        f"('kennel:2', 'kennel:bob', 'call', 'a cat', 'kennel', date'{FIRST}', true), "
        f"('kennel:3', 'kennel:cem', 'call', 'a cow', 'kennel', date'{SECOND}', null)"
    )
    record(ctx, [Published("t_views", 0, "nowhere")])
    yield ctx
    spark.sql("delete from silver.messages where _source = 'kennel'")
    spark.sql(f"delete from {PUBLICATIONS} where table_name = 't_views'")
    for role in load_access().roles:
        spark.sql(f"drop database if exists silver_{role} cascade")


@pytest.fixture
def kennel(tmp_path: Path) -> dict[str, SourceContract]:
    file = tmp_path / "kennel.yml"
    file.write_text(KENNEL, encoding="utf-8")
    return {"kennel": load_contract(file)}


def seen(ctx: StepContext, role: str) -> list[tuple[str | None, str | None]]:
    rows = ctx.spark.sql(f"select source_customer_id, text from silver_{role}.messages where source = 'kennel' order by known_on").collect()
    return [(row[0], row[1]) for row in rows]


def test_a_role_sees_published_rows_with_its_masks_and_the_views_are_made_once(ctx: StepContext, kennel: dict[str, SourceContract]) -> None:
    made = refresh(ctx.spark, ctx.settings, load_access(), load_entities(), kennel)
    published = seen(ctx, "admin")
    masked = seen(ctx, "analyst")

    record(replace(ctx, business_date=SECOND), [Published("t_views", 1, "nowhere")])
    made_again = refresh(ctx.spark, ctx.settings, load_access(), load_entities(), kennel)

    assert made > 0 and made_again == 0
    assert published == [("kennel:ann", "a dog")]
    assert seen(ctx, "admin") == [("kennel:ann", "a dog"), ("kennel:cem", "a cow")]
    [(key, text)] = masked
    assert str(key).startswith("t_") and "ann" not in str(key) and text is None


def test_an_entity_that_is_no_longer_mapped_loses_its_views(ctx: StepContext, kennel: dict[str, SourceContract]) -> None:
    refresh(ctx.spark, ctx.settings, load_access(), load_entities(), kennel)

    refresh(ctx.spark, ctx.settings, load_access(), load_entities(), {})

    assert not ctx.spark.catalog.tableExists("silver_admin.messages")
