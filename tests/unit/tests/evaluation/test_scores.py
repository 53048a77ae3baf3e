"""Figures of promises, on a lake and a truth small enough to be counted by hand."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake
from sklearn.metrics import roc_auc_score

from conf.contracts import load_sources
from conf.errors import ConfigError
from conf.settings import CONF_DIR, Settings, load_settings
from spark_jobs.common.crypto import key_reference
from tests.evaluation import intervals, report
from tests.evaluation.customers import b_cubed, clusters, expected_in_top, pairs
from tests.evaluation.lake import opened
from tests.evaluation.promise import Figure, Promise
from tests.evaluation.scores import PROMISES, score

NIGHT = date(2024, 1, 3)


def test_a_share_has_wilson_s_interval() -> None:
    value, low, high = intervals.share(8, 10)
    assert value == 0.8 and (round(low or 0, 4), round(high or 0, 4)) == (0.4902, 0.9433)
    assert intervals.share(0, 0) == (None, None, None)


def test_the_area_is_that_of_sklearn_and_its_interval_holds_it() -> None:
    labels = np.array([0, 0, 1, 0, 1, 1, 0, 1, 1, 0] * 8)
    scores = np.linspace(0, 1, 80) + labels * 0.2
    area, low, high = intervals.auc(scores, labels)
    assert area == pytest.approx(roc_auc_score(labels, scores))
    assert low is not None and high is not None and low < area < high and high - low == pytest.approx(0.2, abs=0.05)
    assert intervals.auc([1, 2], [1, 1]) == (None, None, None)


def test_b_cubed_by_hand() -> None:
    # Customer A holds two keys of person 1 and one of person 2; customer B holds the third key of person 1.
    keys = pd.DataFrame({"customer_id": ["A", "A", "A", "B"], "person_id": [1, 1, 2, 1]})
    precision, recall = b_cubed(keys)
    assert precision.tolist() == pytest.approx([2 / 3, 2 / 3, 1 / 3, 1])
    assert recall.tolist() == pytest.approx([2 / 3, 2 / 3, 1, 1 / 3])
    assert pairs(np.array([3, 1])) == 3


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """A lake of one shop's stores and members, published, with its truth."""
    monkeypatch.setenv("CDP_CONF", str(CONF_DIR / "twin"))
    monkeypatch.setenv("CDP_LAKE__ROOT", str(tmp_path))
    load_sources.cache_clear()
    configured = load_settings()
    _write_lake(configured)
    _write_truth(tmp_path / "truth")
    yield configured
    load_sources.cache_clear()


def _delta(settings: Settings, schema: str, name: str, rows: list[dict[str, object]]) -> Path:
    path = settings.lake.warehouse / schema / name
    write_deltalake(path, pa.Table.from_pylist(rows))
    return path


def _write_lake(settings: Settings) -> None:
    token = key_reference(settings).open().token
    file = "twin_loyalty/members/members_20240102.csv.gz"
    contract = load_sources()["twin_loyalty"].feeds["members"]
    empty = {column.name: "" for column in contract.columns}
    rows = [
        {
            **empty,
            "member_no": f"M{line}",
            "email": token("email", "A@x.example " if line == 2 else f"{line}@x.example"),
            "_source_file": name,
            "_known_on": date(2024, 1, 2),
            "_line": line,
        }
        for line, name in ((2, file), (3, file), (4, file), (4, file.replace("20240102", "20240103")))
    ]
    _delta(settings, "bronze", "twin_loyalty__members", rows)
    rejected = [{"_source_file": file, "_line": 5}, {"_source_file": file, "_line": 9}]
    _delta(settings, "quarantine", "twin_loyalty__members", rejected)
    _delta(
        settings, "ops", "ingest_manifest", [{"source": "twin_loyalty", "feed": "members", "file": file, "status": "loaded", "rows_in": 8}]
    )
    ids = [
        {"source": "twin_member", "source_key": "M2", "customer_id": "c1"}, {"source": "twin_card", "source_key": "62", "customer_id": "c1"},
        {"source": "twin_member", "source_key": "M3", "customer_id": "c1"}, {"source": "twin_wecom", "source_key": "w3", "customer_id": "c2"},
    ]  # fmt: skip
    ids += [{"source": "twin_member", "source_key": f"K{each}", "customer_id": f"m{each}"} for each in range(20)]
    orders = [
        {"order_id": f"twin_oms:O{each}", "channel": "app", "sales_amount": 10.0, "ordered_on": date(2024, 1, 2)} for each in (1, 2, 9)
    ]
    published = [
        {
            "table_name": name,
            "path": str(_delta(settings, "gold_build", name, rows)),
            "version": 0,
            "business_date": NIGHT,
            "published_at": datetime(2024, 1, 4, tzinfo=UTC),
        }
        for name, rows in (("dim_customer_ids", ids), ("fct_orders", orders), ("dim_customers", _scored()))
    ]
    _delta(settings, "ops", "publications", published)


def _scored() -> list[dict[str, object]]:
    """Twenty-two customers, c1 (two persons) among them; the higher the number, the higher the churn score, and the lower the expected spend."""
    scored: list[dict[str, object]] = [
        {"customer_id": f"m{each}", "churn_score": each / 40, "recency_days": each % 7, "clv_amount": 100.0 - each} for each in range(20)
    ]
    never = [{"customer_id": "guest", "churn_score": None, "recency_days": 3, "clv_amount": None}]
    return [*scored, *never, {"customer_id": "c1", "churn_score": 0.99, "recency_days": 0, "clv_amount": 1.0}]


def _write_truth(folder: Path) -> None:
    def put(name: str, rows: list[dict[str, object]]) -> None:
        (folder / name).mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(rows), folder / name / "part-0.parquet")

    error = {
        "source": "twin_loyalty",
        "feed": "members",
        "file": "members/members_20240102.csv.gz",
        "key": "k",
        "column": "member_no",
        "before": None,
    }
    put("injected_errors", [
        {**error, "line": 5, "kind": "blank", "expected": "reject"}, {**error, "line": 3, "kind": "blank", "expected": "reject"},
        {**error, "line": 2, "kind": "e-mail in capitals", "expected": "repair", "column": "email", "before": "a@x.example"},
    ])  # fmt: skip
    put("feed_days", [
        {"source": "twin_loyalty", "feed": "members", "day": date(2024, 1, 2), "rows": 4}, {"source": "twin_pos", "feed": "receipts", "day": date(2024, 1, 2), "rows": 6},
    ])  # fmt: skip
    put("orders", [
        {"order_number": f"O{each}", "channel": "app", "amount": 12.0, "delivery_fee": 2.0, "ordered_on": date(2024, 1, 2), "is_cancelled": each == 3} for each in (1, 2, 3, 4)
    ])  # fmt: skip
    put("identifiers", [
        {"identifier_type": kind, "value": value, "person_id": person}
        for kind, value, person in (*(("member_id", f"K{each}", 100 + each) for each in range(20)), ("member_id", "M2", 1), ("loyalty_card", "62", 1), ("member_id", "M3", 2), ("wecom_id", "w3", 2), ("loyalty_card", "66", 3))
    ])  # fmt: skip
    # Persons 115 to 119 leave within four weeks, 114 much later, 100 has left before.
    left = {**{100 + each: date(2024, 1, 20) for each in range(15, 20)}, 114: date(2024, 6, 1), 100: date(2024, 1, 2)}
    put("churn", [{"person_id": 100 + each, "churned_on": left.get(100 + each), "cause": None} for each in range(20)])
    put(
        "lifetime_values",
        [{"person_id": 100 + each, "as_of": NIGHT, "horizon_days": 90, "orders": 1, "amount": 98.0 - each} for each in range(20)],
    )
    (folder / "run.json").write_text(json.dumps({"seed": 1}), encoding="utf-8")


def figures(settings: Settings, key: str) -> dict[str, Figure]:
    with opened(settings, settings.lake.root / "truth") as lake:
        [promise] = score(lake, (key,))
    return {figure.name: figure for figure in promise.figures}


def test_errors_are_caught_missed_and_wrongly_rejected(settings: Settings) -> None:
    found = figures(settings, "data_repair")
    assert (found["errors caught"].value, found["errors caught"].n) == (0.5, 2)
    assert found["rows wrongly rejected"].value == 1 / 8
    assert found["repaired to the same token"].value == 1.0


def test_a_channel_without_rows_is_not_reached_and_rows_delivered_twice_count_once(settings: Settings) -> None:
    found = figures(settings, "capture")
    assert (found["channel access rate"].value, found["channel access rate"].n) == (0.5, 2)
    assert found["behaviour capture rate"].value == 3 / 10


def test_orders_are_known_or_never_happened(settings: Settings) -> None:
    found = figures(settings, "orders")
    assert (found["orders known"].value, found["orders known"].n) == (2 / 3, 3)
    assert found["orders that never happened"].value == pytest.approx(1 / 3)
    assert found["sales known over sales"].value == pytest.approx(1.0)


def test_a_customer_of_two_persons_costs_precision(settings: Settings) -> None:
    found = figures(settings, "identity")
    assert found["pairwise precision"].value == pytest.approx(1 / 3)  # (M2, card) of three pairs
    assert found["pairwise recall"].value == pytest.approx(1 / 2)
    assert found["customers that are several persons"].value == pytest.approx(1 / 22)


def test_churn_is_scored_for_those_who_are_still_there(settings: Settings) -> None:
    found = figures(settings, "churn")
    assert (found["AUC"].value, found["AUC"].n) == (1.0, 19)
    tenth = found["leavers among the tenth with the highest score"]
    assert (tenth.value, tenth.n) == (1.0, 1)
    assert found["leavers found in that tenth"].value == 1 / 5


def test_expected_spend_is_held_against_what_is_spent(settings: Settings) -> None:
    found = figures(settings, "clv")
    assert found["mean absolute error"].value == pytest.approx(2.0)
    assert found["rank correlation"].value == pytest.approx(1.0)
    assert found["mean absolute error"].baseline == pytest.approx(5.0)


def test_a_promise_without_scores_says_why(settings: Settings) -> None:
    with opened(settings, settings.lake.root / "truth") as lake:
        [tiers] = score(lake, ("tiers",))
    assert not tiers.is_made and "no tiers" in tiers.note


def test_without_truth_there_is_a_remedy(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught, opened(settings, tmp_path / "nowhere"):
        pass
    assert "cdp simulate" in str(caught.value)


def test_the_page_and_the_json_hold_every_figure() -> None:
    promises = [Promise("identity", "One <customer>", "一人一档", (Figure("recall", 0.5, 0.4, 0.6, 0.1, n=10),), "note")]
    page = report.page(promises, NIGHT, "Shop & Co")
    assert "One &lt;customer&gt;" in page and "50.00%" in page and "40.00% to 60.00%" in page and "Shop &amp; Co" in page
    assert json.loads(report.as_json(promises, NIGHT))["promises"][0]["figures"][0]["low"] == 0.4
    assert list(PROMISES)[:3] == ["capture", "data_repair", "orders"]


def test_the_interval_of_a_ratio_counts_clusters_not_pairs() -> None:
    draws = np.random.default_rng(3)
    covered = 0
    for _ in range(300):
        merged = draws.random(400) < 0.05
        sizes = np.where(merged, draws.integers(3, 9, 400), 2)
        together, of = np.where(merged, sizes - 1, 1), np.where(merged, sizes * (sizes - 1) // 2, 1)
        value, low, high = intervals.ratio(together, of)
        assert low is not None and high is not None and value is not None and 0 <= low <= value <= high <= 1
        truth = (0.95 + 0.05 * np.mean([n - 1 for n in range(3, 9)])) / (0.95 + 0.05 * np.mean([n * (n - 1) / 2 for n in range(3, 9)]))
        covered += low <= truth <= high
    assert covered / 300 > 0.88


def test_customers_and_persons_that_hang_together_are_one_cluster() -> None:
    keys = pd.DataFrame({"customer_id": ["a", "a", "b", "c"], "person_id": [1, 2, 2, 3]})
    assert clusters(keys).tolist()[:3] == [clusters(keys)[0]] * 3
    assert clusters(keys)[3] != clusters(keys)[0]


def test_equal_scores_at_the_border_count_as_chance_would_take_them() -> None:
    scores, hits = pd.Series([3, 2, 2, 2, 1]), pd.Series([True, True, False, False, True])
    assert expected_in_top(scores, hits, 3) == pytest.approx(1 + 2 / 3)


def test_who_leaves_after_the_simulation_s_end_is_not_guessed(settings: Settings) -> None:
    file = settings.lake.root / "truth" / "run.json"
    file.write_text(json.dumps({"seed": 1, "first_day": "2024-01-01", "days": 20}), encoding="utf-8")
    with opened(settings, file.parent) as lake:
        [churn] = score(lake, ("churn",))
    assert not churn.is_made and "simulate longer" in churn.note


def test_the_truth_of_another_simulation_is_refused(settings: Settings) -> None:
    settings.lake.landing.mkdir(parents=True, exist_ok=True)
    (settings.lake.landing / "simulation.json").write_text(json.dumps({"seed": 2}), encoding="utf-8")
    with pytest.raises(ConfigError, match="does not belong"), opened(settings, settings.lake.root / "truth"):
        pass
