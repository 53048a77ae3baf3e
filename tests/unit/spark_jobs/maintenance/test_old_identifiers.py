"""What an upgrade takes for a key that ingest would clean: everything that the cleaner changes, and no ordinary key."""

import re

import pytest

from spark_jobs.common.pii.clean import clean_text
from spark_jobs.maintenance.old_identifiers import UNCLEAN

# Python's dialect of the same expression.
PATTERN = re.compile(UNCLEAN.replace(r"\p{Z}\p{Cc}\p{Cf}", r"\s\x00-\x1f\x7f-\xa0\xad\u200b-\u200f\u2028-\u202f\u2060\u3000\ufeff"))


@pytest.mark.parametrize("key", ["T1\t", "\u00a0A1", "A1\u200b", "I1\u3000", '="00017"', "'00017", "1001.0", "17.00", "1.38001380000E+10"])
def test_a_key_that_is_cleaned_is_found(key: str) -> None:
    assert clean_text(key) != key
    assert PATTERN.search(key)


@pytest.mark.parametrize("key", ["A1", "00017", "1001", "A-1.0b", "1.000", "17.5", "Müller 4", "SKU#12"])
def test_an_ordinary_key_is_left_alone(key: str) -> None:
    assert clean_text(key) == key
    assert not PATTERN.search(key)
