"""Phone numbers: what hides digits, joins two numbers or says something else is no number, and ordinary ways of writing one are."""

import pytest

from spark_jobs.common.pii.normal import is_possible, normalise


def _is_rejected(country: str | None, written: str) -> bool:
    return normalise("phone", written, country).startswith("?phone:") and not is_possible("phone", written, country)


@pytest.mark.parametrize("country", ["CN", "DE", "GB", "US", None])
@pytest.mark.parametrize(
    "written",
    [
        "138****8000", "138••••8000", "138----8000", "138....8000", "138 **** 8000", "138＊＊＊＊8000", "138____8000", "138    8000", "138xxxx8000",
        "07***123456", "0171*****67", "+1******0123", "0301234***", "13800138???", "13800138----", "13800138●●●", "XXX-XXX-0123", "###-555-0123",
    ],
)  # fmt: skip
def test_a_number_with_hidden_digits_is_none(country: str | None, written: str) -> None:
    assert _is_rejected(country, written)


@pytest.mark.parametrize(
    ("country", "written"),
    [
        ("CN", "13800138000;13900139000"),
        ("CN", "13800138000；13900139000"),
        ("CN", "13800138000,1390013"),
        ("DE", "01711234567;01721234567"),
        ("US", "2125550123;2125550124"),
        (None, "07700900123;07700900456"),
        ("CN", "021-61280000转6128111"),
    ],
)
def test_an_extension_as_long_as_a_number_is_a_second_number(country: str | None, written: str) -> None:
    assert _is_rejected(country, written)


@pytest.mark.parametrize("country", ["CN", "DE", "US", None])
@pytest.mark.parametrize(
    "written",
    [
        "QQ1234567", "qq 1234567890", "微信:abc1234567", "工号1234567", "N/A 1234567", "member 5550101234", "T4155552671",  # words
        "2024-01-02", "2024-01-02 10:00:00", "01.02.2024", "12/31/1999 10:00", "1999/12/31",  # days
        "12,50 EUR", "1234567,89", "1.234.567,89", "¥13800138", "$ 2125550123", "13800138000元", "4155552671 USD",  # amounts
    ],
)  # fmt: skip
def test_a_name_an_account_a_day_and_an_amount_are_no_number(country: str | None, written: str) -> None:
    assert _is_rejected(country, written)


@pytest.mark.parametrize(
    ("country", "written", "form"),
    [
        ("DE", "+49 (0)341 5550101", "+493415550101"),
        ("DE", "(0341) - 555 01 01", "+493415550101"),
        ("DE", "0341 / 5550101", "+493415550101"),
        ("DE", "Tel.: 0341-555-0101", "+493415550101"),
        ("DE", "Handy-Nr.: 0171 2345678", "+491712345678"),
        ("DE", "030 1234567-12", "+4930123456712"),
        ("FR", "01.23.45.67.89", "+33123456789"),
        ("FR", "Téléphone portable : 06 12 34 56 78", "+33612345678"),
        ("US", "h: (415) 555-2671", "+14155552671"),
        ("US", "Cell 415–555–2671", "+14155552671"),
        ("CN", "联系电话：138\u200b0013\u200b8000", "+8613800138000"),
        ("CN", "公司电话 021-61280000", "+862161280000"),
        ("CN", "20240102", "+8620240102"),
        ("RU", "тел. 8 (495) 123-45-67", "+74951234567"),
        ("JP", "電話：03-1234-5678", "+81312345678"),
    ],
)
def test_an_ordinary_spelling_is_the_number(country: str, written: str, form: str) -> None:
    assert normalise("phone", written, country) == form
    assert is_possible("phone", written, country)


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("010-12345678-12", "+861012345678"),
        ("01012345678-8001", "+861012345678"),
        ("+86 10 12345678-12", "+861012345678"),
        ("(0571) 8765432-105", "+865718765432"),
        ("13800138000-1234", "+8613800138000"),
        ("138 0013 8000 (2)", "+8613800138000"),
        ("010-1234-5678", "+861012345678"),
    ],
)
def test_an_extension_after_a_hyphen_is_cut_where_numbers_are_complete_before_it(written: str, form: str) -> None:
    assert normalise("phone", written, "CN") == form
