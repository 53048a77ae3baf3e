"""Contracts: a mapping is one file, and its mistakes are named with line and nearest word."""

from pathlib import Path

import pytest

from conf.contracts import load_contract, load_sources
from conf.entities import load_entities
from conf.errors import ConfigError

GOOD = """\
source: till
feeds:
  receipts:
    files: "receipts_{date}.csv"
    format: csv
    columns:
      - {name: receipt, type: bigint, required: true}
      - {name: at, type: timestamp}
      - {name: phone, type: string, pii: direct, kind: phone}
    maps:
      - entity: orders
        fields: {order_id: receipt, ordered_at: at, ordered_on: {local_date: at}, channel: {const: pos}}
"""


def _findings(tmp_path: Path, text: str) -> str:
    file = tmp_path / "till.yml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_contract(file)
    return "\n".join(map(str, caught.value.findings))


def test_a_short_mapping_loads(tmp_path: Path) -> None:
    (tmp_path / "till.yml").write_text(GOOD)

    contract = load_contract(tmp_path / "till.yml")

    feed = contract.feeds["receipts"]
    assert feed.maps[0].fields["order_id"].column == "receipt"
    assert feed.column("phone").is_tokenised


@pytest.mark.parametrize(
    ("change", "line", "says"),
    [
        (("type: bigint", "type: bigin"), 7, "unknown type 'bigin'"),
        (("required: true", "requird: true"), 7, "did you mean 'required'?"),
        (("entity: orders", "entity: order"), 11, "did you mean 'orders'?"),
        (("order_id: receipt", "order_id: reciept"), 12, "did you mean 'receipt'?"),
        (("order_id: receipt", "orderid: receipt"), 12, "did you mean 'order_id'?"),
        (("{const: pos}", "{const: pos, expr: x}"), 12, "exactly one"),
        (("type: string, pii", "type: bigint, pii"), 9, "a token replaces it"),
        (('"receipts_{date}.csv"', '"../other/{date}.csv"'), 4, "must stay inside"),
        (("format: csv", "format: csv\n    format: jsonl"), 6, "there twice"),
        (("source: till", "source: tills"), 1, "name the file tills.yml"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_remedy(change: tuple[str, str], line: int, says: str, tmp_path: Path) -> None:
    assert change[0] in GOOD

    found = _findings(tmp_path, GOOD.replace(*change, 1))

    assert f"till.yml:{line}:" in found
    assert says in found


def test_two_mistakes_are_reported_together(tmp_path: Path) -> None:
    found = _findings(tmp_path, GOOD.replace("type: bigint", "type: bigin").replace("format: csv", "format: xml"))

    assert "bigin" in found
    assert "csv" in found


def test_text_that_is_not_yaml_names_the_line(tmp_path: Path) -> None:
    assert "till.yml:4" in _findings(tmp_path, "source: till\nfeeds:\n  receipts: [unclosed\n")


def test_an_overlay_adds_a_source_and_can_leave_the_others_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "till.yml").write_text(GOOD)
    monkeypatch.setenv("CDP_CONF", str(tmp_path))

    with_demo = load_sources.__wrapped__()
    (tmp_path / "sources" / "ONLY_THESE").touch()
    alone = load_sources.__wrapped__()

    assert set(with_demo) == {"complete_journey", "till"}
    assert set(alone) == {"till"}


def test_every_canonical_entity_is_valid_and_carries_no_direct_pii() -> None:
    entities = load_entities()

    assert {"customers", "orders", "order_items", "products", "stores"} <= set(entities)
    for entity in entities.values():
        assert entity.column(entity.key).type == "string"
