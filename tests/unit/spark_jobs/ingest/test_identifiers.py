"""Keys and identifiers: which columns they are, clean values, and rows that a spreadsheet damaged."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.contracts import Feed
from conf.entities import load_entities
from conf.settings import Lake, Retailer, Settings
from spark_jobs.common.crypto import KeyReference, key_reference
from spark_jobs.common.pii.clean import INVISIBLE, clean_text, cleaned, trimmed, undamaged
from spark_jobs.common.pii.feeds import KeyColumn, customer_columns
from spark_jobs.ingest.identifiers import BrokenRules, Cleaner, identifier_columns
from spark_jobs.ingest.tokens import ERASED_RULE, Erased, Tokeniser, decoded


def _feed(**changes: Any) -> Feed:
    """A bicycle workshop's job sheets."""
    definition = {
        "files": "jobs.csv",
        "format": "csv",
        "columns": [
            {"name": "job", "type": "string"},
            {"name": "bench", "type": "string"},
            {"name": "rider", "type": "string"},
            {"name": "frame", "type": "bigint"},
            {"name": "mobile", "type": "string", "pii": "direct", "kind": "phone"},
            {"name": "remark", "type": "string", "pii": "direct", "kind": "free_text"},
            {"name": "colour", "type": "string"},
        ],
        "maps": [
            {
                "entity": "orders",
                "fields": {"order_id": {"key": ["job", "bench"]}, "source_customer_id": {"first": ["rider", "mobile"]}, "status": "colour"},
            }
        ],
    } | changes
    return Feed.model_validate(definition)


def _key(folder: Path) -> KeyReference:
    return key_reference(Settings().model_copy(update={"lake": Lake(root=folder), "retailer": Retailer(country_code="CN")}))


def test_keys_ids_documents_references_and_numbers_of_people_are_identifiers() -> None:
    found = identifier_columns(_feed(unique=["frame"]), load_entities())

    assert sorted(found) == ["bench", "frame", "job", "mobile", "rider"]


def test_columns_of_a_document_a_reference_and_an_expression_are_identifiers_and_words_of_its_texts_are_not() -> None:
    feed = _feed(
        foreign_keys=[{"name": "bench_known", "columns": ["bench"], "feed": "benches"}],
        maps=[
            {
                "entity": "order_items",
                "dedup": "full_row_per_document",
                "document": ["frame"],
                "fields": {"order_id": {"expr": "concat(rider, '-colour-', lower(`job`))"}},
            }
        ],
    )

    assert sorted(identifier_columns(feed, load_entities())) == ["bench", "frame", "job", "mobile", "rider"]


def test_a_contract_takes_a_column_out_and_puts_one_in() -> None:
    columns = [
        {"name": "job", "type": "string", "clean": False},
        {"name": "colour", "type": "string", "clean": "nfkc"},
        {"name": "gears", "type": "string"},
    ]
    feed = _feed(columns=columns, maps=[{"entity": "orders", "fields": {"order_id": "job"}}])

    table = Cleaner.for_feed(feed).apply(pa.table({"job": ["1.5E+3\t"], "colour": [" Ｒ２ "], "gears": [" 7 "]}), BrokenRules(1))

    assert table.to_pylist() == [{"job": "1.5E+3\t", "colour": "R2", "gears": " 7 "}]


@pytest.mark.parametrize(
    "delivered",
    ["K7\t", "\u00a0K7", "\ufeffK7", "K7\u200b", "\u3000K7\u3000", "K7\u00ad", "\u2060K7\u200d", "\x00K7\x1f", "K7\u3164", "K7\r\n"],
)
def test_invisible_characters_at_the_ends_of_a_key_go(delivered: str) -> None:
    assert cleaned(pa.array([delivered, "K 7"])).values.to_pylist() == ["K7", "K 7"]
    assert clean_text(delivered) == "K7"


@pytest.mark.parametrize("delivered", ["", " ", "\t", "\u3000\u200b", "\ufeff", '=""', '="\t"'])
def test_a_key_of_nothing_is_null(delivered: str) -> None:
    found = cleaned(pa.array([delivered, None, "a"]))

    assert found.values.to_pylist() == [None, None, "a"]
    assert found.damaged is None


@pytest.mark.parametrize(
    ("delivered", "right"),
    [
        ('="00017"', "00017"),
        ('="0012345678901234567"', "0012345678901234567"),
        ('="B-4 "\t', "B-4"),
        ("'00017", "00017"),
        ("'+8613800138000", "+8613800138000"),
        ("13800138000.0", "13800138000"),
        ("00017.00", "00017"),
        ("9007199254740992.0", "9007199254740992"),
        ("1.38001380000E+10", "13800138000"),
        ("4.07E+02", "407"),
        ("4.070000e+02", "407"),
        ("1,5E+1", "15"),
        ("13800138000,0", "13800138000"),
        ("00017,00", "00017"),
        ('="407,0"', "407"),
        # nothing that a spreadsheet did
        ("#1001", "#1001"),
        ("1E5", "1E5"),
        ("12E34", "12E34"),
        ("1.000", "1.000"),
        ("1,000", "1,000"),
        ("1,05", "1,05"),
        ("5 x 10", "5 x 10"),
        ("12 E 34", "12 E 34"),
        ("#shelf", "#shelf"),
        ("#Nr", "#Nr"),
        ("12:30:502", "12:30:502"),
        ("K:502", "K:502"),
        ("1.05", "1.05"),
        ("'s-Hertogenbosch", "'s-Hertogenbosch"),
        ("=A1", "=A1"),
        ("e4e-12", "e4e-12"),
        ("#7 N/A", "#7 N/A"),
    ],
)
def test_spreadsheet_damage_is_undone_where_it_is_exact(delivered: str, right: str) -> None:
    found = cleaned(pa.array([delivered, "x"]))

    assert found.values.to_pylist() == [right, "x"]
    assert found.damaged is None


@pytest.mark.parametrize(
    "delivered",
    [
        "1.23457E+17", "1.23457e+17", "1,23457E+17", "1.38E+10", "2E+05", "1.5E-3", "7.3E10", "1.2345678901234567E+16", "12345678901234567.0",
        "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#BEZUG!", "#ÜBERLAUF!", "#NV", "########", '="1.23457E+17"', " #N/A\t",
        "#¡VALOR!", "#¿NOMBRE?", "#ЗНАЧ!", "#ДЕЛ/0!", "#Н/Д", "#DEĞER!", "#N/B", "#YOK", "#HIÁNYZIK", "#ÉRTÉK!", "#JAKO/0!", "#n/a", "#ref!",
        "Err:502", "Err :508", "Fehler:504", "#ERR502", '="Err:502"', "12345678901234567,0",
        "1.23457E +17", "1.23457 E+17", "1,23457E+ 17", "1.2346E + 017", "1.23457\u00a0E+17", "1.23457×10^17", "1.23457 x 10^17", "1.23457×10¹⁷",
        "1,5·10^+4", "7.3 E10",
    ],
)  # fmt: skip
def test_damage_that_cannot_be_undone_is_found(delivered: str) -> None:
    found = cleaned(pa.array(["x", delivered, None]))

    assert found.damaged is not None and found.damaged.to_pylist() == [False, True, False]


WRITTEN = st.text(alphabet=f"0157.,eE+-'=\"#N/A!¡?xé×^:r² \u00a0{INVISIBLE[9]}\u3000\u200b", max_size=14)


@given(st.lists(WRITTEN | st.none(), min_size=1, max_size=12), st.booleans())
def test_a_column_at_once_is_cleaned_as_each_of_its_values_and_a_clean_value_stays(values: list[str | None], nfkc: bool) -> None:
    found = cleaned(pa.array(["left out", *values], pa.string()).slice(1), nfkc=nfkc)

    assert found.values.to_pylist() == [None if value is None else clean_text(value, nfkc=nfkc) or None for value in values]
    assert (found.damaged.to_pylist() if found.damaged is not None else [False] * len(values)) == [
        value is not None and undamaged(clean_text(value, nfkc=nfkc)) is None for value in values
    ]
    kept = [value for value in found.values.to_pylist() if value is not None]
    assert cleaned(pa.array(kept, pa.string())).values.to_pylist() == kept
    assert all(trimmed(value) == value for value in kept)


def test_a_row_with_a_damaged_key_is_rejected_by_a_rule_that_names_it_and_no_token_is_made_of_a_damaged_number(tmp_path: Path) -> None:
    # given four job sheets: a rounded number of the job, a rounded telephone, both, none
    feed, key = _feed(), _key(tmp_path)
    rows = [("1.23457E+17", "13800138000"), ("J2", "1.38E+10"), ("#N/A", "#N/A"), ("J4\t", "13800138000.0")]
    delivered = {name: [None] * len(rows) for name in feed.column_names} | dict(
        zip(("job", "mobile"), zip(*rows, strict=True), strict=True)
    )
    table = pa.table({name: pa.array(values, pa.string()) for name, values in delivered.items()})

    # when
    found, vault = Tokeniser.for_feed(feed, key, cleaner=Cleaner.for_feed(feed)).apply(table)

    # then
    token = key.open().token("phone", "13800138000")
    assert found["_pii_rule"].to_pylist() == ["job:spreadsheet_damage", "mobile:spreadsheet_damage", "job:spreadsheet_damage", None]
    assert found["job"].to_pylist() == ["1.23457E+17", "J2", "#N/A", "J4"]
    assert decoded(found)["mobile"].to_pylist() == [token, None, None, token]
    assert vault["token"].to_pylist() == [token]


def test_a_value_longer_than_any_of_its_kind_is_rejected_and_kept_nowhere(tmp_path: Path) -> None:
    feed, key = _feed(), _key(tmp_path)
    values = {
        "job": ["J" * 1025, "J2", "J3"],
        "mobile": [None, "1\u0301" + "\u0316\u0301" * 155_000, None],
        "remark": [None, None, "x" * 65_537],
    }
    table = pa.table({name: pa.array(values.get(name, [None] * 3), pa.string()) for name in feed.column_names})

    found, vault = Tokeniser.for_feed(feed, key, cleaner=Cleaner.for_feed(feed)).apply(table)

    assert found["_pii_rule"].to_pylist() == ["job:too_long", "mobile:too_long", "remark:too_long"]
    assert vault.num_rows == 0


@pytest.mark.parametrize("redelivered", ["M-1\t", "\u3000M-1", "M-1\u200b", '="M-1"'])
def test_who_was_erased_is_recognised_by_a_key_with_invisible_ends(redelivered: str, tmp_path: Path) -> None:
    # given rider M-1, who was erased
    feed, key = _feed(), _key(tmp_path)
    marks = frozenset({key.open().mark("workshop:M-1")})
    columns = customer_columns(feed, "workshop")
    assert columns[0] == KeyColumn("rider", "workshop")
    riders: list[str | None] = [redelivered, "M-2"]
    table = pa.table({name: pa.array(riders if name == "rider" else [None, None], pa.string()) for name in feed.column_names})

    # when a job sheet of M-1 comes again
    erased = Erased(marks, columns, None)
    found, _ = Tokeniser.for_feed(feed, key, erased=erased, cleaner=Cleaner.for_feed(feed)).apply(table)

    # then
    assert found["_pii_rule"].to_pylist() == [ERASED_RULE, None]
    assert columns[0].key_of(redelivered) == "M-1"
