"""PII columns of parsed rows: tokens in the rows, ciphertexts beside them."""

import pickle
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from conf.contracts import Feed
from conf.settings import Lake, Retailer, Settings
from spark_jobs.common.crypto import key_reference
from spark_jobs.common.keys import new_place, register_of, write_register
from spark_jobs.common.pii.feeds import KeyColumn
from spark_jobs.ingest.tokens import ERASED_RULE, Erased, Tokeniser, decoded

FEED = Feed.model_validate(
    {
        "files": "f.csv",
        "format": "csv",
        "columns": [
            {"name": "a", "type": "string"},
            {"name": "phone", "type": "string", "pii": "direct", "kind": "phone", "pattern": r"\+\d+"},
        ],
    }
)


def _table(*phones: str | None) -> pa.Table:
    return pa.table({"a": pa.array(["x"] * len(phones)), "phone": pa.array(phones, pa.string())})


def test_a_row_of_ours_keeps_its_tokens_and_gets_the_ones_it_lacks(tmp_path: Path) -> None:
    key = key_reference(Settings().model_copy(update={"lake": Lake(root=tmp_path)}))
    one, other = key.open().token("phone", "+8613800138000"), key.open().token("phone", "+8613900139000")
    ours = Tokeniser.for_feed(FEED, key, keeps_tokens=True)

    rows, vault = ours.apply(_table(one, "+86 139 0013 9000", "+8613900139000", None))

    assert rows["phone"].to_pylist() == [one, other, other, None]
    assert rows["_pii_rule"].to_pylist() == [None, "phone:pattern", None, None]
    assert vault["token"].to_pylist() == [other]


def test_a_value_longer_than_is_matched_breaks_the_pattern(tmp_path: Path) -> None:
    key = key_reference(Settings().model_copy(update={"lake": Lake(root=tmp_path)}))
    column = {"name": "note", "type": "string", "pii": "direct", "kind": "other", "pattern": "[a-z ]+"}
    feed = Feed.model_validate({"files": "f.csv", "format": "csv", "columns": [column]})

    rows, _ = Tokeniser.for_feed(feed, key).apply(pa.table({"note": pa.array(["a" * 2_000, "a" * 2_001])}))

    assert rows["_pii_rule"].to_pylist() == [None, "note:pattern"]


def test_a_delivered_value_is_tokenised_also_when_it_looks_like_a_token(tmp_path: Path) -> None:
    key = key_reference(Settings().model_copy(update={"lake": Lake(root=tmp_path)}))
    token = key.open().token("phone", "+8613800138000")

    rows, vault = Tokeniser.for_feed(FEED, key).apply(_table(token))

    assert rows["phone"].to_pylist() != [token]
    assert vault.num_rows == 1


def test_a_retailer_s_country_reaches_the_workers_with_the_key(tmp_path: Path) -> None:
    at_home = Settings().model_copy(update={"lake": Lake(root=tmp_path), "retailer": Retailer(country_code="CN")})
    sent = pickle.loads(pickle.dumps(key_reference(at_home)))

    rows, vault = Tokeniser.for_feed(FEED, sent).apply(
        _table("+8613800138000", "138 0013 8000", "\uff11\uff13\uff18\uff10\uff10\uff11\uff13\uff18\uff10\uff10\uff10")
    )

    assert len(set(rows["phone"].to_pylist())) == 1
    assert len(vault) == 1


def test_who_comes_again_in_another_spelling_has_the_same_token_and_one_entry_in_the_vault(tmp_path: Path) -> None:
    key = key_reference(Settings().model_copy(update={"lake": Lake(root=tmp_path)}))
    tokeniser, ring = Tokeniser.for_feed(FEED, key), key.open()

    first, new = tokeniser.apply(_table(ANN, "+86 138 0013 8000", None, BOB))
    second, newer = tokeniser.apply(_table(None, BOB, "+86 139-0013-9000", ANN, CID))

    ann, bob, cid = (ring.token("phone", value) for value in (ANN, BOB, CID))
    assert first["phone"].to_pylist() == [ann, ann, None, bob]
    assert second["phone"].to_pylist() == [None, bob, bob, ann, cid]
    assert [*new["token"].to_pylist(), *newer["token"].to_pylist()] == [ann, bob, cid]
    assert decoded(second)["phone"].type == pa.string()


ANN, BOB, CID = "+8613800138000", "+8613900139000", "+8613700137000"


@pytest.mark.parametrize(
    ("emptied", "about_customers", "rows"),
    [
        # (customer's column, telephone, rejected): by her key, by her number alone, by her number in another one's row, nobody's
        (None, True, [(None, None, True), (None, None, True), ("m2", None, False), ("m2", BOB, False)]),
        (None, False, [(None, None, True), (None, None, False), ("m2", None, False), ("m2", BOB, False)]),
        (["a"], True, [(None, None, False), (None, None, False), ("m2", None, False), ("m2", BOB, False)]),
    ],
)
def test_rows_and_values_of_who_was_erased(
    emptied: list[str] | None, about_customers: bool, rows: list[tuple[str | None, str | None, bool]], tmp_path: Path
) -> None:
    # given Ann, who was customer m1, and whose number nobody else had
    key = key_reference(Settings().model_copy(update={"lake": Lake(root=tmp_path)}))
    ring = key.open()
    erased = Erased(
        frozenset({ring.mark("shop:m1")}),
        [KeyColumn("a", "shop")],
        emptied,
        frozenset({ring.mark(ring.token("phone", ANN))}),
        about_customers,
    )
    delivered = pa.table({"a": ["m1", None, "m2", "m2"], "phone": [ANN, ANN, ANN, BOB]})
    tokeniser = Tokeniser.for_feed(FEED, key, erased=erased)

    # when
    found, vault = tokeniser.apply(delivered)

    # then nothing of her is kept, and every row of which something went is named
    tokens = [phone and ring.token("phone", phone) for _, phone, _ in rows]
    assert found["phone"].to_pylist() == tokens
    assert [rule == ERASED_RULE for rule in found["_pii_rule"].to_pylist()] == [rejected for *_, rejected in rows]
    assert vault["token"].to_pylist() == [ring.token("phone", BOB)]
    assert tokeniser.erased_rows is not None and tokeniser.erased_rows.touched.to_pylist() == [True, True, True, False]
    if emptied:
        assert found["a"].to_pylist() == [customer for customer, *_ in rows]


def test_who_was_erased_is_known_by_the_tokens_of_earlier_keys_too(tmp_path: Path) -> None:
    settings = Settings().model_copy(update={"lake": Lake(root=tmp_path)})
    before = key_reference(settings).open()
    marks = frozenset({before.mark(f"guest:{before.token('phone', ANN)}")})
    register = register_of(settings)
    register = register.with_new(new_place(settings, register.next_id()))
    write_register(settings, replace(register, tokens="k2"))
    key = key_reference(settings)

    found, _ = Tokeniser.for_feed(FEED, key, erased=Erased(marks, [KeyColumn("phone", "guest")], None)).apply(_table(ANN, BOB))

    assert found["phone"].to_pylist() == [None, key.open().token("phone", BOB)]
    assert key.open().token("phone", BOB).startswith("k2:")
