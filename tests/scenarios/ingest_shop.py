"""A shop for the ingest scenarios: one source with a till, whose files the tests write and load through the real step."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from conf.contracts import SourceContract
from conf.settings import Settings
from spark_jobs.common.crypto import key_reference
from spark_jobs.common.delta import table_version
from spark_jobs.common.job import StepContext, StepReport
from spark_jobs.ingest.batch import Batch
from spark_jobs.ingest.landing import LandedFile
from spark_jobs.ingest.replay import Replayed, replay
from spark_jobs.ingest.step import ingest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

HEADER = "receipt,customer,phone,amount,sold_at\n"
GOOD = "1,7,+86 138 0013 8000,9.90,2024-01-05 08:00:00\n2,8,,0.10,2024-01-05 09:00:00\n"


def till(source: str, also: Sequence[str] = (), **changes: Any) -> SourceContract:
    """A contract with a phone number, an amount and a local timestamp; `also` names further feeds of the same shape."""
    feed = {
        "files": "till/till_{date}*.csv",
        "format": "csv",
        "max_rejected_share": 0.5,
        "columns": [
            {"name": "receipt", "type": "bigint", "required": True},
            {"name": "customer", "type": "string"},
            {"name": "phone", "type": "string", "pii": "direct", "kind": "phone"},
            {"name": "amount", "type": "decimal(18,2)", "required": True, "min": 0},
            {"name": "sold_at", "type": "timestamp", "required": True, "format": "yyyy-MM-dd HH:mm:ss"},
        ],
        "unique": ["receipt"],
    }
    others = {name: feed | changes | {"files": f"{name}/{{date}}*.csv"} for name in also}
    return SourceContract.model_validate({"source": source, "time_zone": "Asia/Shanghai", "feeds": {"till": feed | changes} | others})


@dataclass
class Shop:
    """One source on the suite's lake."""

    spark: "SparkSession"
    settings: Settings
    contract: SourceContract
    days: list[date] = field(default_factory=list)

    @property
    def table(self) -> str:
        return f"{self.contract.source}__till"

    def land(self, name: str, content: str | bytes, folder: str = "till") -> None:
        """Deliver a file."""
        file = self.settings.lake.landing / self.contract.source / folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)

    def context(self, day: date) -> StepContext:
        return StepContext(self.spark, self.settings, day, "test")

    def ingest(self, day: date = date(2024, 1, 31)) -> StepReport:
        """Run the real step for this source."""
        return ingest(self.context(day), {self.contract.source: self.contract})

    def batch(self, *files: LandedFile) -> Batch:
        """A batch of the till."""
        key = key_reference(self.settings)
        feed = self.contract.feeds["till"]
        return Batch(self.context(date(2024, 1, 31)), self.contract.source, "till", feed, "Asia/Shanghai", key, list(files))

    def corrected(self, **changes: Any) -> "Shop":
        """The same shop once its contract has changed."""
        return Shop(self.spark, self.settings, till(self.contract.source, **changes))

    def replay(self) -> Replayed:
        """Replay the quarantine of the till."""
        return replay(self.batch())

    def bronze(self, columns: Sequence[str] = ("receipt",)) -> list[tuple[Any, ...]]:
        """Rows in bronze, sorted."""
        return sorted((tuple(row) for row in self.spark.table(f"bronze.{self.table}").select(*columns).collect()), key=repr)

    def vault(self, phone: str) -> int:
        """Rows that the vault has for a phone number."""
        token = key_reference(self.settings).open().token("phone", phone)
        return self.spark.table("vault.pii").where(f"token = '{token}'").count()

    def quarantine(self) -> list[tuple[str, int, list[str], list[str], str]]:
        """File name, line, rules, value classes and status of the rows in quarantine, sorted."""
        rows = self.spark.table(f"quarantine.{self.table}").collect()
        found = [(r["_source_file"].rpartition("/")[2], r["_line"], r["rules"], r["value_classes"], r["status"]) for r in rows]
        return sorted(found)

    def manifest(self) -> list[tuple[str, str, int, int, int]]:
        """File name, status and counts of this source in the manifest, sorted."""
        rows = self.spark.table("ops.ingest_manifest").where(f"source = '{self.contract.source}'").collect()
        return sorted((r["file"].rpartition("/")[2], r["status"], r["rows_in"], r["rows_valid"], r["rows_quarantined"]) for r in rows)

    def versions(self) -> list[int]:
        """Delta versions of every table that ingest writes."""
        return [
            table_version(self.spark, name)
            for name in (f"bronze.{self.table}", f"quarantine.{self.table}", "ops.ingest_manifest", "vault.pii")
        ]
