"""The processing register says of every personal column what is done with it, and what is not declared is found."""

from pathlib import Path

import pytest

from conf.contracts import SourceContract, load_contract
from conf.settings import CONF_DIR
from spark_jobs.privacy.register import NOT_DECLARED, entries, undeclared

SOURCES = sorted([*(CONF_DIR / "sources").glob("*.yml"), *(CONF_DIR / "twin" / "sources").glob("*.yml")])


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.stem)
def test_the_repository_s_contracts_declare_the_processing_of_every_personal_column(file: Path) -> None:
    contract = load_contract(file)

    assert [entry.column for entry in entries({contract.source: contract}) if not entry.is_declared] == []


def test_a_column_s_word_goes_over_its_feed_s_and_the_source_s() -> None:
    contract = SourceContract.model_validate({
        "source": "shop",
        "processing": {"purpose": "sale", "legal_basis": "contract", "retention_days": 365, "recipients": ["courier"]},
        "feeds": {
            "members": {
                "files": "m.csv", "format": "csv", "processing": {"retention_days": 30},
                "columns": [
                    {"name": "no", "type": "string"},
                    {"name": "mobile", "type": "string", "pii": "direct", "kind": "phone", "processing": {"purpose": "calls"}},
                    {"name": "born", "type": "string", "pii": "direct", "kind": "birth_date", "coarse": "year"},
                    {"name": "city", "type": "string", "pii": "quasi"},
                ],
                "maps": [{"entity": "customers", "fields": {"source_customer_id": "no", "phone_token": "mobile", "birth_year": "born_year", "region": "city"}}],
            }
        },
    })  # fmt: skip

    mobile, born, city = entries({"shop": contract})

    assert (mobile.purpose, mobile.legal_basis, mobile.retention_days, mobile.recipients) == ("calls", "contract", "30", "courier")
    assert (born.becomes, born.goes_to) == ("token in bronze, ciphertext in the vault, year in the open", "customers.birth_year")
    assert (city.becomes, city.goes_to, city.purpose) == ("stays as it is", "customers.region", "sale")


def test_what_is_not_declared_is_named() -> None:
    contract = SourceContract.model_validate({
        "source": "shop",
        "feeds": {"a": {"files": "a.csv", "format": "csv", "columns": [{"name": "who", "type": "string", "pii": "direct", "kind": "name"}]}},
    })  # fmt: skip

    [entry] = entries({"shop": contract})
    [finding] = undeclared({"shop": contract})

    assert entry.purpose == entry.legal_basis == entry.retention_days == NOT_DECLARED
    assert "who: purpose, legal_basis, retention_days not declared" in str(finding)
