"""Order statuses that nobody has explained are counted and listed, and many of them stop the night."""

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from conf.contracts import SourceContract
from conf.errors import QualityError
from conf.settings import PROJECT_ROOT, Lake, Settings
from conf.vocabularies.statuses import SQL_FULL_WIDTH, SQL_PLAIN_WIDTH
from spark_jobs.publish.measures import Measure, news
from spark_jobs.publish.statuses import check_statuses, measured_statuses

BEFORE, DAY = date(2024, 5, 1), date(2024, 5, 2)


def figures(tmp_path: Path, statuses: list[tuple[str | None, int]], *, new: int = 0, **column: Any) -> list[Measure]:
    """Figures of a florist whose orders have these statuses, so many each; the last `new` orders are news of the night."""
    words = [word for word, count in statuses for _ in range(count)]
    rows = [
        {
            "_source": "florist", "status": word, "_is_deleted": False,
            "_known_on": DAY if len(words) - number <= new else BEFORE,
        }
        for number, word in enumerate(words)
    ]  # fmt: skip
    rows.append({"_source": "florist", "status": "deleted and odd", "_is_deleted": True, "_known_on": DAY})
    schema = pa.schema([("_source", pa.string()), ("status", pa.string()), ("_is_deleted", pa.bool_()), ("_known_on", pa.date32())])
    settings = Settings().model_copy(update={"lake": Lake(root=tmp_path)})
    write_deltalake(settings.lake.warehouse / "silver" / "orders", pa.Table.from_pylist(rows, schema=schema))
    fields = {"order_id": "number", "ordered_at": "at", "ordered_on": "at", "status": "state"}
    feed = {
        "files": "bills/*.csv",
        "format": "csv",
        "columns": [
            {"name": "number", "type": "string"},
            {"name": "at", "type": "timestamp"},
            {"name": "state", "type": "string"} | column,
        ],
        "maps": [{"entity": "orders", "fields": fields}],
    }
    contract = SourceContract.model_validate({"source": "florist", "feeds": {"bills": feed}})
    with news(settings, BEFORE, DAY) as told:
        return measured_statuses(told, {"florist": contract}, BEFORE, 0.05)


def test_known_words_in_both_languages_and_empty_statuses_are_no_finding(tmp_path: Path) -> None:
    found = figures(tmp_path, [("Completed", 3), ("交易关闭", 2), (" \t已全额退款 ", 1), (None, 2), ("  ", 1)])

    assert [(each.rule, each.rows_checked, each.rows_failed, each.status) for each in found] == [("known", 9, 0, "ok")]
    check_statuses(found)


def test_a_few_unknown_words_are_listed_and_warned_about(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    found = figures(tmp_path, [("versandt", 2), ("Versandt", 1), ("zurück", 1), ("shipped", 96)])

    assert [(each.rule, each.feed, each.rows_checked, each.rows_failed, each.status) for each in found] == [
        ("known", "bills", 100, 4, "warn"),
        ("unknown: versandt", "bills", 100, 3, "warn"),
        ("unknown: zurück", "bills", 100, 1, "warn"),
    ]
    assert "unknown_statuses source=florist orders=4 of=100" in caplog.text
    check_statuses(found)


def test_many_unknown_words_stop_the_night_with_words_shares_and_the_mapping_to_write(tmp_path: Path) -> None:
    found = figures(tmp_path, [("versandt", 4), ("zurück", 2), ("shipped", 94)])

    with pytest.raises(QualityError) as caught:
        check_statuses(found)

    (finding,) = caught.value.findings
    assert finding.where == "florist.bills"
    assert "6 of 100 orders (6.0%) have an unknown status, allowed are 5.0%: versandt (4.0%), zurück (2.0%)" in finding.problem
    assert "values: {versandt: completed}" in finding.remedy


def test_the_share_of_a_nights_news_counts_once_the_night_has_enough_orders(tmp_path: Path) -> None:
    # given a source that has begun to use a new word for everything
    small = figures(tmp_path / "small", [("paid", 400), ("bezahlt", 19)], new=19)
    large = figures(tmp_path / "large", [("paid", 400), ("bezahlt", 20)], new=20)

    # then 19 of 419 pass with a warning, and 20 of 20 do not
    assert [(each.rows_checked, each.rows_failed, each.status) for each in (small[0], large[0])] == [(419, 19, "warn"), (20, 20, "failed")]


def test_texts_that_may_be_about_a_person_are_not_shown(tmp_path: Path) -> None:
    rude = "call me on 13800138000"
    shown = figures(tmp_path / "open", [(rude, 1), ("x" * 41, 1), ("done", 98)])
    token = figures(tmp_path / "tokens", [("k1:ab", 1), ("odd", 1), ("done", 98)], pii="direct", kind="other")

    assert [each.rule for each in shown[1:]] == ["unknown: (text of 22 characters)", "unknown: (text of 41 characters)"]
    assert [(each.rule, each.rows_failed) for each in token[1:]] == [("unknown: (personal data)", 2)]


def test_full_width_forms_are_folded_as_in_the_macro_of_the_marts() -> None:
    macro = (PROJECT_ROOT / "dbt" / "macros" / "statuses.sql").read_text(encoding="utf-8")

    assert [line.strip(" ,'") for line in macro.splitlines() if line.startswith("        '")] == [SQL_FULL_WIDTH, SQL_PLAIN_WIDTH]
    assert dict(zip(SQL_FULL_WIDTH, SQL_PLAIN_WIDTH, strict=True))["（"] == "("
