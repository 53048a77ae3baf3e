"""Contracts: a mapping is one file, and its mistakes are named with line and nearest word."""

from pathlib import Path

import pytest

from conf.contract_schema import contract_schema
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
        (("entity: orders", "entity: orders\n        routes: [retrun]"), 12, "feed receipts has no route 'retrun'"),
        (("entity: orders", "entity: orders\n        dedup: full_row_per_document"), 12, "needs document"),
        (
            ("entity: orders", "entity: orders\n        dedup: full_row_per_document\n        document: [reciept]"),
            13,
            "did you mean 'receipt'?",
        ),
        (("entity: orders", "entity: orders\n        dedup: none"), 13, "leave it out of fields"),
        (("order_id: receipt", "order_id: {first: [receipt, at]}"), 12, "write a map for each"),
        (("order_id: receipt", "order_id: {first: [receipt]}"), 12, "two sources or more"),
        (("{order_id: receipt, ", "{"), 12, "say with dedup"),
        (("    maps:", "    routes: [{name: default, where: 'true'}]\n    maps:"), 3, "name of the rest: default"),
        (("order_id: receipt", "order_id: reciept"), 12, "did you mean 'receipt'?"),
        (("order_id: receipt", "orderid: receipt"), 12, "did you mean 'order_id'?"),
        (("{const: pos}", "{const: pos, expr: x}"), 12, "exactly one"),
        (("type: string, pii", "type: bigint, pii"), 9, "a token replaces it"),
        (('"receipts_{date}.csv"', '"../other/{date}.csv"'), 4, "must stay inside"),
        (("format: csv", "format: csv\n    format: jsonl"), 6, "there twice"),
        (("source: till", "source: tills"), 1, "name the file tills.yml"),
        (("source: till", "source: ti__ll"), 1, "it must match"),
        (("  receipts:", '  "receipts; x":'), 3, "it must match"),
        (("  receipts:", "  re__ceipts:"), 3, "it must match"),
        (("  receipts:", "  receipts_:"), 3, "it must match"),
        (("  receipts:", "  2017-01-01:"), 3, "put it in quotes"),
        (("required: true", "min: abc"), 7, "'abc' is no bigint"),
        (("required: true", "max: 1.5"), 7, "'1.5' is no bigint"),
        (("required: true", "min: 9223372036854775808"), 7, "is no bigint"),
        (("type: timestamp", "type: timestamp, min: soon"), 8, "'soon' is no timestamp"),
        (("type: bigint, required: true", 'type: "decimal(4,2)", max: 100'), 7, "is no decimal(4,2)"),
        (("kind: phone", 'kind: phone, pattern: "("'), 9, "is no regular expression"),
        (("type: timestamp", "type: timestamp, time_zone: Mars/X"), 8, "use an IANA name"),
        (("type: timestamp", "type: timestamp, format: QQQQQ"), 8, "cannot be read by Spark (QQQQQ)"),
        (("type: timestamp", 'type: timestamp, format: "yyyy-MM-dd\'T"'), 8, "a quote that is not closed"),
        (("type: timestamp", "type: timestamp, format: YYYY-MM-dd"), 8, "cannot be read by Spark (YYYY)"),
        ((", kind: phone", ""), 9, "needs its kind → use one of address"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_remedy(change: tuple[str, str], line: int, says: str, tmp_path: Path) -> None:
    assert change[0] in GOOD

    found = _findings(tmp_path, GOOD.replace(*change, 1))

    assert f"till.yml:{line}:" in found
    assert says in found


@pytest.mark.parametrize(
    "change",
    [
        ("type: bigint, required: true", "type: date, min: 2017-01-01, max: 2017-12-31"),
        ("type: bigint, required: true", 'type: "decimal(18,2)", min: -5, max: 99.95'),
        ("type: bigint, required: true", "type: bigint, min: 0, max: 9223372036854775807"),
        ("type: bigint, required: true", "type: double, max: 1e300"),
        ("kind: phone", 'kind: phone, pattern: "\\\\+?[0-9 ]{6,}"'),
        ("type: bigint, required: true", 'type: string, pattern: "[\\\\p{L}\\\\s]+|(?<year>\\\\d{4})"'),
        ("type: timestamp", "type: timestamp, format: \"yyyy-MM-dd'T'HH:mm:ss[.SSSSSS]XXX\", time_zone: Asia/Shanghai"),
        ("type: timestamp", "type: timestamp, format: dd/MM/yyyy h:mm a"),
    ],
)
def test_what_spark_can_use_is_accepted(change: tuple[str, str], tmp_path: Path) -> None:
    assert change[0] in GOOD
    (tmp_path / "till.yml").write_text(GOOD.replace(*change, 1))

    assert load_contract(tmp_path / "till.yml").source == "till"


def test_maps_share_fields_by_the_merge_key_and_lines_stay_right(tmp_path: Path) -> None:
    shared = "fields: &shared {order_id: receipt, ordered_at: at, ordered_on: {local_date: at}, channel: {const: pos}}"
    second = "\n      - entity: orders\n        fields: {<<: *shared, channel: {const: app}}\n"
    text = GOOD.replace(GOOD[GOOD.index("fields: {order_id") :], shared + second)
    (tmp_path / "till.yml").write_text(text)

    first, other = load_contract(tmp_path / "till.yml").feeds["receipts"].maps

    assert other.fields["channel"].const == "app" and other.fields["order_id"] == first.fields["order_id"]
    assert "till.yml:14" in _findings(tmp_path, text.replace("const: app}}", "const: app}, chanel: at}"))


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


def test_two_feeds_can_never_share_a_table(tmp_path: Path) -> None:
    # given a source and a feed that would both be bronze.a__b__c
    (tmp_path / "a__b.yml").write_text(GOOD.replace("source: till", "source: a__b").replace("receipts:", "c:"))
    (tmp_path / "a.yml").write_text(GOOD.replace("source: till", "source: a").replace("receipts:", "b__c:"))

    for name in ("a__b.yml", "a.yml"):
        with pytest.raises(ConfigError, match=rf"{name}:\d+: "):
            load_contract(tmp_path / name)


def test_an_entity_stands_in_the_file_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "entities").mkdir()
    (tmp_path / "entities" / "stores.yml").write_text(
        "entity: store\ngrain: one row per store\nkey: store_id\ncolumns: [{name: store_id, type: string, description: store}]\n"
    )
    monkeypatch.setenv("CDP_CONF", str(tmp_path))

    with pytest.raises(ConfigError, match=r"name the file store\.yml"):
        load_entities.__wrapped__()


def test_every_canonical_entity_is_valid_and_carries_no_direct_pii() -> None:
    entities = load_entities()

    assert {"customers", "orders", "order_items", "products", "stores"} <= set(entities)
    for entity in entities.values():
        assert entity.column(entity.key).type == "string"


def test_the_schema_for_editors_knows_entities_and_their_fields() -> None:
    schema = contract_schema()

    entity_map = schema["$defs"]["EntityMap"]
    orders = next(each for each in entity_map["allOf"] if each["if"]["properties"]["entity"]["const"] == "orders")
    assert "returns" in entity_map["properties"]["entity"]["enum"]
    assert "ordered_on" in orders["then"]["properties"]["fields"]["propertyNames"]["enum"]
    assert schema["$defs"]["Column"]["properties"]["type"]["pattern"]
