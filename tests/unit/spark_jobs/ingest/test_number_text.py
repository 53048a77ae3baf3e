"""Signs and marks of numbers: what is negative, what is positive, and what is no number under the declared notation."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from conf.dialects import SIGNS, Numbers
from spark_jobs.ingest.number_text import number_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

BOOKS: dict[str, Any] = {"thousands": ",", "ignore": "$ ", "negative": ["parentheses", "trailing_minus"]}
KONTO: dict[str, Any] = {"decimal": ",", "thousands": ".", "ignore": "€", "negative": "trailing_minus"}
CREDIT: dict[str, Any] = {"thousands": ",", "negative": ["credit_suffix"]}
DEBIT: dict[str, Any] = {"negative": ["debit_suffix", "parentheses"]}

AMOUNTS: list[tuple[dict[str, Any], str, str | None]] = [
    (BOOKS, "34.50", "34.50"),
    (BOOKS, "(34.50)", "-34.50"),
    (BOOKS, "($34.50)", "-34.50"),
    (BOOKS, "$(1,234.50)", "-1234.50"),
    (BOOKS, "( 34.50 )", "-34.50"),
    (BOOKS, "\uff0834.50\uff09", "-34.50"),
    (BOOKS, "34.50-", "-34.50"),
    (BOOKS, "$ 34.50 -", "-34.50"),
    (BOOKS, "-$34.50", "-34.50"),
    (BOOKS, "$-34.50", "-34.50"),
    (BOOKS, "- $ 34.50", "-34.50"),
    (BOOKS, "+$34.50", "34.50"),
    (BOOKS, "-(34.50)", None),
    (BOOKS, "(-34.50)", None),
    (BOOKS, "-34.50-", None),
    (BOOKS, "(34.50", None),
    (BOOKS, "34.50)", None),
    (BOOKS, "()", None),
    (BOOKS, "-", None),
    (BOOKS, "34.50 CR", None),
    (BOOKS, "\u221234.50", None),
    (BOOKS, "\uff13\uff14.50", None),
    (KONTO, "1.234,50-", "-1234.50"),
    (KONTO, "-1.234,50 €", "-1234.50"),
    (KONTO, "34,-", None),  # 34 euros and no cents, not a refund of 34
    (KONTO, "34,50€", "34.50"),
    (CREDIT, "1,234.50 CR", "-1234.50"),
    (CREDIT, "1,234.50DR", "1234.50"),
    (CREDIT, "34.50 cr", "-34.50"),
    (CREDIT, "34.50", "34.50"),
    (CREDIT, "-34.50", "-34.50"),
    (CREDIT, "-34.50 CR", None),
    (CREDIT, "-34.50 DR", None),
    (CREDIT, "(34.50)", None),
    (DEBIT, "34.50 DR", "-34.50"),
    (DEBIT, "34.50 CR", "34.50"),
    (DEBIT, "(34.50)", "-34.50"),
    ({"negative": ["unicode_minus"]}, "\u221234.50", "-34.50"),
    ({"negative": ["unicode_minus"]}, "\uff0d34.50", "-34.50"),
    ({"negative": ["unicode_minus"]}, "\u201334.50", None),
    ({"ignore": "EURDC "}, "34.50 DR", None),  # ignore would have removed what may be a sign
    ({"ignore": "IDR "}, "34.50 IDR", "34.50"),
    ({}, "(34.50)", None),
    ({}, "34.50-", None),
    ({}, "34.50 CR", None),
    ({}, "\u221234.50", None),
    ({}, "\uff13\uff14.50", "34.50"),  # Java reads them as what they are
]


def test_a_sign_is_read_as_declared_or_the_text_is_no_number(spark: "SparkSession") -> None:
    from pyspark.sql import functions as F

    amounts = [
        number_of(F.lit(text), "decimal(18,2)", Numbers.model_validate(numbers)).alias(f"c{number}")
        for number, (numbers, text, _) in enumerate(AMOUNTS)
    ]

    row = spark.range(1).select(*amounts).collect()[0]

    found = [(numbers, text, value) for (numbers, text, _), value in zip(AMOUNTS, row, strict=True)]
    assert found == [(numbers, text, None if value is None else Decimal(value)) for numbers, text, value in AMOUNTS]


def test_whole_numbers_and_doubles_have_the_same_signs(spark: "SparkSession") -> None:
    from pyspark.sql import functions as F

    signs = Numbers.model_validate({"negative": ["parentheses", "trailing_minus"]})
    chosen = [number_of(F.lit(text), kind, signs) for kind in ("int", "bigint", "double") for text in ("(17)", "17-", "17", "17)")]

    assert list(spark.range(1).select(*chosen).collect()[0]) == [-17, -17, 17, None] * 2 + [-17.0, -17.0, 17.0, None]


def test_a_letter_behind_a_double_is_no_part_of_it(spark: "SparkSession") -> None:
    from pyspark.sql import functions as F

    chosen = [number_of(F.lit(text), "double", Numbers()) for text in ("34.50D", "34.50d ", "34.50F", "34.50", "1e3")]

    assert list(spark.range(1).select(*chosen).collect()[0]) == [None, None, None, 34.5, 1000.0]


@pytest.mark.parametrize("sign", SIGNS)
def test_ignore_never_removes_a_sign_or_a_bracket(sign: str) -> None:
    with pytest.raises(ValidationError, match="may make a number negative; say with negative: how"):
        Numbers(ignore=f"${sign}")


def test_either_credit_or_debit_is_negative() -> None:
    with pytest.raises(ValidationError, match="not both"):
        Numbers.model_validate({"negative": ["credit_suffix", "debit_suffix"]})
