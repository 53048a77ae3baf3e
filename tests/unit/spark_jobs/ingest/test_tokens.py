"""PII columns of parsed rows: tokens in the rows, ciphertexts beside them."""

import pickle
from pathlib import Path

import pyarrow as pa

from conf.contracts import Feed
from conf.settings import Lake, Retailer, Settings
from spark_jobs.common.crypto import key_reference
from spark_jobs.ingest.tokens import Tokeniser

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
