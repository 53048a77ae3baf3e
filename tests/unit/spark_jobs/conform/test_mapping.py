"""A feed's rows as rows of an entity: ids, keys, clocks, casts, and why a row cannot be one."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from conf.contracts import SourceContract
from conf.entities import Entity
from conf.settings import Retailer
from spark_jobs.conform.contributions import Contribution, contributions
from spark_jobs.conform.mapping import mapped

if TYPE_CHECKING:
    from pyspark.sql import Row, SparkSession

VISITS = Entity.model_validate(
    {
        "entity": "visits",
        "grain": "one row per visit",
        "key": "visit_id",
        "columns": [
            {"name": "visit_id", "type": "string", "id": True, "description": "key"},
            {"name": "store_id", "type": "string", "id": True, "description": "where"},
            {"name": "visited_on", "type": "date", "required": True, "description": "local day"},
            {"name": "spent_amount", "type": "decimal(18,2)", "description": "money"},
            {"name": "currency_code", "type": "string", "description": "currency"},
        ],
    }
)
PROVENANCE = {"_source_file": "shop/visits/2024-01-05_sent_2024-01-08.csv", "_line": 2, "_known_on": date(2024, 1, 9)}


def the_map(**fields: Any) -> Contribution:
    every = {"visit_id": {"key": ["till", "number"]}, "store_id": "store", "visited_on": "moment", "spent_amount": "spent"}
    contract = SourceContract.model_validate(
        {
            "source": "shop",
            "time_zone": "America/New_York",
            "feeds": {
                "visits": {
                    "files": "visits/{date}*.csv",
                    "format": "csv",
                    "columns": [
                        {"name": "till", "type": "string"},
                        {"name": "number", "type": "string"},
                        {"name": "store", "type": "string"},
                        {"name": "moment", "type": "timestamp"},
                        {"name": "spent", "type": "string"},
                    ],
                    "maps": [{"entity": "visits", "fields": every | fields}],
                }
            },
        }
    )
    return contributions({"shop": contract}, {"visits": VISITS}, Retailer(currency_code="EUR"))["visits"][0]


def visit(spark: "SparkSession", part: Contribution | None = None, *, late_files: bool = False, **values: Any) -> "Row":
    """One visit, mapped."""
    row = {"till": "a", "number": "1", "store": "7", "moment": datetime(2024, 1, 2, 3, tzinfo=UTC), "spent": "1.10"} | values | PROVENANCE
    schema = "till string, number string, store string, moment timestamp, spent string, _source_file string, _line bigint, _known_on date"
    return mapped(spark.createDataFrame([tuple(row.values())], schema), part or the_map(), late_files=late_files).collect()[0]


def test_ids_carry_their_namespace_and_a_moment_becomes_a_day_of_the_sources_clock(spark: "SparkSession") -> None:
    row = visit(spark)

    assert (row["visit_id"], row["store_id"], row["visited_on"], row["currency_code"]) == ("shop:a|1", "shop:7", date(2024, 1, 1), "EUR")
    assert row["_reject"] is None


def test_parts_of_a_key_never_run_together(spark: "SparkSession") -> None:
    ids = {
        visit(spark, till=till, number=number)["visit_id"]
        for till, number in [("a|", "1"), ("a", "|1"), ("a\\", "1"), ("a", "\\|1"), ("a\\|", "1")]
    }

    assert len(ids) == 5


def test_an_empty_id_is_a_missing_id_and_a_missing_key_rejects_the_row(spark: "SparkSession") -> None:
    assert visit(spark, store=" ")["store_id"] is None
    assert visit(spark, number=None)["_reject"] == ["visit_id: missing"]


def test_the_first_source_with_a_value_speaks_and_keeps_its_namespace(spark: "SparkSession") -> None:
    part = the_map(store_id={"first": [{"column": "store", "namespace": "crm"}, {"column": "till", "namespace": "erp"}, {"const": "none"}]})

    assert visit(spark, part)["store_id"] == "crm:7"
    assert visit(spark, part, store=" ")["store_id"] == "erp:a"
    assert visit(spark, part, store=None, till=None)["store_id"] == "shop:none"


def test_every_reason_is_told_at_once(spark: "SparkSession") -> None:
    assert visit(spark, moment=None, spent="a lot")["_reject"] == ["visited_on: missing", "spent_amount: not a decimal(18,2)"]


def test_a_required_field_that_the_map_leaves_out_rejects_the_row(spark: "SparkSession") -> None:
    part = the_map()
    fields = {name: field for name, field in part.map.fields.items() if name != "visited_on"}
    without = Contribution(**{**vars(part), "map": part.map.model_copy(update={"fields": fields})})

    assert visit(spark, without)["_reject"] == ["visited_on: not mapped"]


def test_a_late_file_is_ordered_by_the_date_that_its_pattern_finds_in_its_path(spark: "SparkSession") -> None:
    assert visit(spark, late_files=True)["_delivered_on"] == date(2024, 1, 5)
    assert visit(spark, late_files=False)["_delivered_on"] == date(2024, 1, 9)
    assert the_map().delivered_on(str(PROVENANCE["_source_file"]), date(2024, 1, 9)) == date(2024, 1, 5)


def test_words_of_the_source_are_translated_and_others_go_on_as_they_are(spark: "SparkSession") -> None:
    values = {"已全额退款": "7.50", "Free": "0"}
    part = the_map(spent_amount={"column": "spent", "values": values}, store_id={"column": "store", "values": {"main": 1}})

    amounts = [visit(spark, part, spent=spent)["spent_amount"] for spent in ("\u3000已全额退款\t", "ｆｒｅｅ", "3.20", None)]

    assert amounts == [Decimal("7.50"), Decimal("0.00"), Decimal("3.20"), None]
    assert visit(spark, part, store=" MAIN ")["store_id"] == "shop:1"
    assert visit(spark, part, spent="gratis")["_reject"] == ["spent_amount: not a decimal(18,2)"]
