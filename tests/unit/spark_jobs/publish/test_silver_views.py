"""Views of silver: an entity is in them when a source maps it, and what names a customer is masked whatever column it is in."""

import re
from pathlib import Path

import pytest

from conf.access import load_access
from conf.contracts import SourceContract, load_contract
from conf.entities import load_entities
from conf.settings import PROJECT_ROOT
from spark_jobs.publish.silver_views import labels_of, statements

GYM = """
source: gym
feeds:
  visits:
    files: "visits_{date}.csv"
    format: csv
    columns:
      - {name: visit_no, type: string, required: true}
      - {name: member_no, type: string}
      - {name: day, type: date, required: true}
      - {name: moment, type: timestamp, required: true}
      - {name: device, type: string}
    maps:
      - entity: events
        fields:
          event_id: {key: [member_no, moment]}
          source_customer_id: member_no
          channel: {const: gate}
          event_type: {const: visit}
          occurred_at: moment
          session_id: visit_no
          page: {expr: "concat('/members/', member_no)"}
          device_id: device
  remarks:
    files: "remarks_{date}.csv"
    format: csv
    columns:
      - {name: remark_no, type: string, required: true}
      - {name: visit_no, type: string}
      - {name: moment, type: timestamp, required: true}
    maps:
      - entity: reviews
        fields: {review_id: remark_no, order_id: visit_no, reviewed_at: moment}
"""


@pytest.fixture
def gym(tmp_path: Path) -> dict[str, SourceContract]:
    """A source with two mapped entities, one of whose keys contains the member's number."""
    file = tmp_path / "gym.yml"
    file.write_text(GYM, encoding="utf-8")
    return {"gym": load_contract(file)}


def test_every_role_has_a_view_of_each_mapped_entity_and_of_no_other(gym: dict[str, SourceContract]) -> None:
    access = load_access()

    views = statements(access, load_entities(), gym)

    assert set(views) == {f"silver_{role}.{entity}" for role in access.roles for entity in ("events", "reviews")}


def test_deleted_rows_and_rows_known_after_the_published_date_are_left_out(gym: dict[str, SourceContract]) -> None:
    view = statements(load_access(), load_entities(), gym)["silver_admin.reviews"]

    assert view.endswith(
        "from silver.`reviews` where _is_deleted is not true and _known_on <= (select max_by(business_date, published_at) from ops.publications)"
    )
    assert not re.search(r"\d{4}-\d{2}", view)


def test_a_column_that_is_made_of_a_customer_s_key_is_masked_as_one(gym: dict[str, SourceContract]) -> None:
    entities = load_entities()

    labels = labels_of(load_access(), entities["events"], entities["customers"], gym)

    masked = {name for name, label in labels.items() if label == "key"}
    assert masked == {"event_id", "source_customer_id", "page", "device_id", "cookie_id", "openid", "unionid"}
    assert labels["phone_token"] == labels["email_token"] == "contact"
    assert labels["session_id"] is None and labels["occurred_at"] is None


def test_analysts_see_neither_keys_nor_tokens_nor_words(gym: dict[str, SourceContract]) -> None:
    views = statements(load_access(), load_entities(), gym)

    assert "concat('t_', substring(sha2(concat('analyst/', `event_id`), 256), 1, 20)) as `event_id`" in views["silver_analyst.events"]
    assert "cast(null as string) as `phone_token`" in views["silver_analyst.events"]
    assert "cast(null as string) as `text`," in views["silver_analyst.reviews"]
    assert "`stars`," in views["silver_analyst.reviews"]


def test_every_quasi_column_of_an_entity_has_a_label() -> None:
    entities = load_entities()

    for entity in entities.values():
        labels = labels_of(load_access(), entity, entities["customers"], {})
        assert [c.name for c in entity.columns if (c.pii != "none" or c.name.endswith("_token")) and labels[c.name] is None] == []


def test_the_page_lists_every_entity() -> None:
    page = (PROJECT_ROOT / "docs" / "sql.md").read_text(encoding="utf-8")

    section = page.partition("## Entities of silver")[2].partition("\n## ")[0]

    assert set(re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)) == set(load_entities())
