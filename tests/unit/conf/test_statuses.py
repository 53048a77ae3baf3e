"""The vocabulary of order statuses, and the words that a mapping translates."""

from pathlib import Path

import pytest

from conf.documents import read_document
from conf.errors import ConfigError
from conf.maps import FieldSource
from conf.vocabularies import statuses as vocabulary
from conf.vocabularies.statuses import statuses, word


def test_the_words_of_both_languages_say_what_is_a_purchase() -> None:
    purchase, none = statuses().purchase, statuses().non_purchase

    assert {"completed", "paid", "pending", "部分退款", "交易成功", "已发货"} <= purchase
    assert {"cancelled", "canceled", "void", "refunded", "return", "unpaid", "交易关闭", "已全额退款", "待付款"} <= none
    assert not purchase & none


def test_words_are_compared_without_blanks_case_and_full_width_forms() -> None:
    assert word("\u3000\tＣａｎｃｅｌｌｅｄ\u00a0") == "cancelled"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("purchase: {paid: [bezahlt]}\nnon_purchase: {failed: [Bezahlt]}\n", "'bezahlt' is a purchase and none"),
        ("purchase: {paid: [it's]}\n", "paid is no list of words"),
        ("purchases: {paid: [bezahlt]}\n", "unknown key 'purchases'"),
        ("purchase: [paid]\n", "is no map of states"),
    ],
)
def test_a_wrong_vocabulary_is_named_with_its_line(text: str, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "statuses.yml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        vocabulary._meanings(read_document(file))

    assert problem in str(caught.value)
    assert f"{file}:" in str(caught.value)


def test_values_go_with_a_column_or_an_expression_and_have_each_word_once() -> None:
    assert FieldSource(column="state", values={" Ja ": True, "２": "two"}).translations == {"ja": "true", "2": "two"}
    with pytest.raises(ValueError, match="values goes with column or expr"):
        FieldSource(const="paid", values={"a": "b"})
    with pytest.raises(ValueError, match="values are equal without blanks and case: paid"):
        FieldSource(column="state", values={"Paid": "a", "paid ": "b"})
