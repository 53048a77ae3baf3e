"""A drafted mapping tried on real files: it checks right away, and rejected rows are shown as masks."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conf.contracts import load_contract
from conf.settings import Settings
from spark_jobs.common.crypto import trial_key
from spark_jobs.common.job import StepContext
from spark_jobs.ingest.draft.draft import draft_source
from spark_jobs.onboarding.dry_run import check_source

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow

HEADER = "receipt,customer_id,phone,qty,amount,sold_at\n"


def test_a_draft_checks_right_away_and_rejected_rows_are_shown_as_masks(spark: "SparkSession", settings: Settings, tmp_path: Path) -> None:
    till = tmp_path / "landing" / "kiosk" / "till_2024-01-31.csv"
    till.parent.mkdir(parents=True)
    good = "".join(f"R{row // 2},C{row % 9},1380013{row:04d},{row % 3},{row}.50,31/01/2024 08:{row % 60:02d}\n" for row in range(100))
    till.write_text(HEADER + good, encoding="utf-8")
    draft = draft_source("kiosk", [till], tmp_path / "landing", time_zone="Asia/Shanghai", currency="CNY")
    mapping = tmp_path / "kiosk.yml"
    mapping.write_text(draft.text.replace("kind: phone}", 'kind: phone, pattern: "\\\\d+"}'), encoding="utf-8")
    ctx = StepContext(spark, settings, date.max, "check")

    with trial_key(settings) as key:
        clean = check_source(ctx, load_contract(mapping), draft.landing, key).feeds
        bad = "R7,C1,Li Na,1,1.50,31/01/2024 08:00\nR8,C1,13800138000,1,12 Euro,31/01/2024 08:00\nR9,C1\n"
        till.write_text(HEADER + good + bad, encoding="utf-8")
        found = check_source(ctx, load_contract(mapping), draft.landing, key).feeds

    assert draft.is_landed
    assert [(each.rows_valid, each.rows_rejected, each.examples) for each in clean] == [(100, 0, ())]
    assert [(example.line, example.rule, example.value) for example in found[0].examples] == [
        (103, "amount:type", "99 xxxx"),
        (104, "line:field_count", "line(5, 1 × ',')"),
        (102, "phone:pattern", "phone(5)"),
    ]
