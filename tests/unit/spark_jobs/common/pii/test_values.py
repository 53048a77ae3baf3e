"""Personal values: one form for all spellings, what is possible, what stays in the open, and texts without numbers."""

import math
import time

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conf.types import Coarse, PiiKind
from spark_jobs.common.pii import national_id
from spark_jobs.common.pii.coarse import KM_PER_DEGREE, coarsened, grid_cell
from spark_jobs.common.pii.normal import LONGEST, birth_date, is_possible, normalise
from spark_jobs.common.pii.plain import impossible, normalised
from spark_jobs.common.pii.scrub import scrub
from tests.fuzzing import examples

# The example of GB 11643-1999 itself.
MOST_SECONDS = 0.05 * 4  # of the thread's own time; four times the limit, for machines that others use too
OFFICIAL = "11010519491231002X"


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("email", "Anna Bell <A.nna+news@GoogleMail.com>", "anna@gmail.com"),
        ("email", "mailto:Li.Si@Example.CN", "li.si@example.cn"),
        ("email", "ann+a@outlook.com", "ann@outlook.com"),
        ("email", "x@例子.中国", "x@xn--fsqu00a.xn--fiqs8s"),
        ("national_id", "110105 19491231 002x", OFFICIAL),
        ("national_id", "110105491231002", OFFICIAL),
        ("birth_date", "19800102", "1980-01-02"),
        ("birth_date", "1980年1月2日", "1980/01/02 00:00:00"),
        ("plate", "沪A·12345", "沪a12345"),
        ("address", "上海市， 张杨路 500号。", "上海市 张杨路 500号"),
    ],
)
def test_two_spellings_are_one_value(kind: str, one: str, other: str) -> None:
    assert normalise(kind, one) == normalise(kind, other)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("email", "ann+a@example.com", "ann@example.com"),
        ("email", "a.nn@outlook.com", "ann@outlook.com"),
        ("birth_date", "1980-01-02", "1980-02-01"),
        ("name", "李明", "李鸣"),
    ],
)
def test_different_values_stay_apart(kind: str, one: str, other: str) -> None:
    assert normalise(kind, one) != normalise(kind, other)


@pytest.mark.parametrize(
    ("country", "written", "form"),
    [
        # an extension is no part of the number
        ("DE", "0341 5550101 Durchwahl 12", "+493415550101"),
        ("US", "415-555-2671 x44", "+14155552671"),
        ("US", "+1 415 555 2671;ext=99", "+14155552671"),
        ("US", "(415) 555-2671 ext. 5", "+14155552671"),
        ("CN", "021-61280000转12", "+862161280000"),
        ("CN", "021-61280000 分机802", "+862161280000"),
        ("AT", "+43 1 5550101 Klappe 12", "+4315550101"),
        ("BR", "(11) 5555-0101 ramal 12", "+551155550101"),
        (None, "555-123-1234 x44", "5551231234"),
        # a spreadsheet's number
        ("CN", "13800138000.0", "+8613800138000"),
        ("CN", "1.38001380000E+10", "+8613800138000"),
        ("CN", '="13800138000"', "+8613800138000"),
        (None, "13800138000.00", "13800138000"),
        # a slash after the area, a label
        ("DE", "03641/123456", "+493641123456"),
        ("CN", "手机：13800138000", "+8613800138000"),
        ("US", "+1 415 555 2671 (work)", "+14155552671"),
        ("AE", "٠٥٠١٢٣٤٥٦٧", "+971501234567"),
        # what is no possible number has a form that no number has
        ("CN", "1.38E+10", "?phone:1.38e+10"),
        (None, "1.38E+10", "?phone:1.38e+10"),
        ("CN", "13800138000/13900139000", "?phone:13800138000/13900139000"),
        ("DE", "0341 5550101/02", "?phone:0341 5550101/02"),
        ("GB", "020 7946 0018 or 07700 900123", "?phone:020 7946 0018 or 07700 900123"),
        ("DE", "0341 5550101 +49 171 2345678", "?phone:0341 5550101 +49 171 2345678"),
        ("US", "1-800-FLOWERS", "?phone:1-800-flowers"),
        ("CN", "138OO138000", "?phone:138oo138000"),
        ("CN", "Unknown ", "?phone:unknown"),
        ("CN", "?phone:13800138000", "?phone:13800138000"),
    ],
)
def test_a_phone_number_is_the_number_that_is_dialled_or_none(country: str | None, written: str, form: str) -> None:
    assert normalise("phone", written, country) == form
    assert normalise("phone", form, country) == form
    assert is_possible("phone", written, country) == (not form.startswith("?"))


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("Bell, Anna <a@b.cn>", "a@b.cn"),
        ("ann @ b.cn", "ann@b.cn"),
        ("ann smith@b.cn", "?email:ann smith@b.cn"),
        ("a@b.cn; c@d.cn", "?email:a@b.cn; c@d.cn"),
        ("<a@b.cn", "?email:<a@b.cn"),
        ("?email:a@b.cn", "?email:a@b.cn"),
        ("N/A", "?email:n/a"),
        ("'a@b.cn'", "a@b.cn"),
        ('"a@b.cn"', "a@b.cn"),
        ("„a@b.cn“", "a@b.cn"),
        ("'a@b.cn", "a@b.cn"),
        ("a@b.cn;", "a@b.cn"),
        (";;a@b.cn, ,", "a@b.cn"),
        ("Bell, Anna <'a@b.cn'>;", "a@b.cn"),
        ("MAILTO:a@b.cn", "a@b.cn"),
        ("Mailto: a@b.cn?subject=Hi", "a@b.cn"),
        ("a\u200b@b\u00ad.cn", "a@b.cn"),
        ("o'neil@b.cn", "o'neil@b.cn"),
        ("a!#$%&*/=?^_`{|}~-@b-c.cn", "a!#$%&*/=?^_`{|}~-@b-c.cn"),
        ("mail:a@b.cn", "?email:mail:a@b.cn"),
        ("a@b.cn,c", "?email:a@b.cn,c"),
        ("a,b@c.cn", "?email:a,b@c.cn"),
        ("an***@b.cn", "?email:an***@b.cn"),
    ],
)
def test_an_address_is_one_mailbox_or_none(written: str, form: str) -> None:
    assert normalise("email", written) == normalise("email", form) == form
    assert is_possible("email", written) == (not form.startswith("?"))


def test_fifteen_digits_without_a_day_of_birth_are_no_identity_number() -> None:
    assert normalise("national_id", "110105499931002") == "110105499931002"
    assert normalise("national_id", "110105491231002") == OFFICIAL


KINDS = [str(kind) for kind in PiiKind]
# What costs much where nothing limits it: heaps of marks, brackets, digits, blanks, texts that grow when they are normalised.
PIECES = [
    "\u0301",
    "\u0316\u0301",
    "(",
    "<",
    "@",
    ".",
    "1",
    "0",
    " ",
    "\ufdfa",
    "ß",
    "İ",
    "x",
    "+",
    "-",
    "/",
    "转",
    "\ud800",
    "a@",
    "1 ",
    "①",
]
HEAPS = st.builds(
    lambda piece, times, end: piece * times + end,
    st.sampled_from(PIECES),
    st.sampled_from([1, 7, 40, 64, 200, 320, 1000, 400_000]),
    st.text(max_size=5),
)


@example("<" + "(" * 600, "email", "CN")
@example("1" + "\u0316\u0301" * 80_000, "phone", "CN")
@example("a" + "\u0316\u0301" * 30_000, "free_text", "CN")
@example("\ufdfa" * 200, "name", "CN")
@examples(300)
@given(HEAPS | st.text(max_size=80), st.sampled_from(KINDS), st.sampled_from(["CN", "US", "DE", None]))
def test_any_text_has_a_form_soon_and_the_form_is_its_own(text: str, kind: str, country: str | None) -> None:
    started = time.thread_time()
    once = normalise(kind, text, country)
    is_possible(kind, text, country)
    seconds = time.thread_time() - started

    assert normalise(kind, once, country) == once
    assert seconds < MOST_SECONDS
    for how in (each for each in Coarse if each.kind == kind):
        coarsened(how, text)


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_longer_than_its_kind_is_not_possible_and_shares_its_form_with_no_other(kind: str) -> None:
    longest = "7" * LONGEST[kind]

    assert not is_possible(kind, longest + "7", "CN")
    assert len({normalise(kind, longest + end, "CN") for end in ("", "7", "8", "77")}) == 4
    assert normalise(kind, longest + "7").startswith(f"?{kind}:too_long:")


@example("U\u00af", "national_id")  # an accent with a blank of its own, which goes
@given(
    st.text(max_size=30), st.sampled_from(["phone", "email", "name", "national_id", "birth_date", "plate", "address", "geo", "free_text"])
)
def test_a_normal_form_is_its_own_normal_form_and_no_text_breaks_it(text: str, kind: str) -> None:
    once = normalise(kind, text, "CN")

    assert normalise(kind, once, "CN") == once
    is_possible(kind, text, "CN")
    scrub(text)


@pytest.mark.parametrize(
    ("kind", "possible", "impossible"),
    [
        ("national_id", OFFICIAL, "110105194912310021"),
        ("national_id", "110105491231002", "110105194902310021"),
        ("phone", "138 0013 8000", "138001380001234567"),
        ("email", "a@b.cn", "a@b"),
        ("birth_date", "2000-02-29", "2001-02-29"),
    ],
)
def test_a_value_is_possible_or_not(kind: str, possible: str, impossible: str) -> None:
    assert is_possible(kind, possible, "CN")
    assert not is_possible(kind, impossible, "CN")


@given(st.integers(0, 10**17 - 1), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_never_has_the_right_check_digit(number: int, place: int, change: int) -> None:
    right = f"{number:017d}"
    wrong = right[:place] + str((int(right[place]) + change) % 10) + right[place + 1 :]

    assert national_id.check_sign(right) != national_id.check_sign(wrong)


def test_a_date_of_birth_is_read_in_its_order() -> None:
    assert birth_date("02.01.1980", "dMy") == birth_date("01/02/1980", "Mdy") == birth_date("1980-01-02", "dMy")
    assert birth_date("02011980", "dMy") == birth_date("19800102")
    assert birth_date("80-01-02") is birth_date("??1980-01-02") is None


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("请打138 0013 8000或１３９００１３９０００联系", "请打[phone]或[phone]联系"),
        ("一三八零零一三八零零零", "[phone]"),
        ("weixin13800138000在线", "weixin[phone]在线"),
        ("1380013800013900139000", "[phone]"),
        ("电话021-61280000转2，+44 20 7946 0018", "电话[phone]转2，[phone]"),
        ("400-820-8820", "[phone]"),
        ("邮箱 a.b+c@ex-am.co.uk 谢谢", "邮箱 [email] 谢谢"),
        ("qq：123456789＠qq.com", "qq：[email]"),
        (f"身份证{OFFICIAL}，卡号6222 0212 3456 7890 128", "身份证[id]，卡号[card]"),
        ("4111-1111-1111-1111", "[card]"),
        ("订单O20240126000123456 共3件 128.50元 单号2024013800138000123", "订单O20240126000123456 共3件 128.50元 单号2024013800138000123"),
        ("2024-01-26 13:45 到货 12 13 14 15 16 17 18", "2024-01-26 13:45 到货 12 13 14 15 16 17 18"),
        ("110105194912310021", "110105194912310021"),
    ],
)
def test_a_text_loses_what_identifies_people_and_nothing_else(text: str, clean: str) -> None:
    assert scrub(text) == clean


@given(st.text("的是了不在有人 ，。", max_size=8), st.text("的是了不在有人 ，。", max_size=8), st.integers(0, 999_999_999))
def test_a_mobile_number_never_stays_between_words(before: str, after: str, number: int) -> None:
    phone = f"13{number:09d}"

    assert scrub(f"{before}{phone}{after}") == f"{before}[phone]{after}"


@pytest.mark.parametrize(
    ("address", "district"),
    [
        ("上海市浦东新区张杨路500号", "上海市浦东新区"),
        ("浙江省杭州市西湖区文三路1号", "浙江省杭州市西湖区"),
        ("北京朝阳区建国路", "北京朝阳区"),
        ("江苏省昆山市玉山镇", "江苏省昆山市"),
        ("12 Main St", None),
    ],
)
def test_an_address_keeps_its_district(address: str, district: str | None) -> None:
    assert coarsened(Coarse.DISTRICT, address) == district


def test_another_country_says_what_its_district_is() -> None:
    assert coarsened(Coarse.DISTRICT, "Hauptstr. 5, 60311 Frankfurt", pattern=r"\b(\d{2})\d{3}\b") == "60"


def test_an_address_too_long_to_search_has_no_district() -> None:
    assert coarsened(Coarse.DISTRICT, "60311 Frankfurt" + "a" * 2_000, pattern=r"\b(\d{2})\d{3}\b") is None


@given(st.floats(-89.9, 89.9), st.floats(-179.9, 179.9))
def test_a_cell_is_about_a_square_kilometre(latitude: float, longitude: float) -> None:
    row, column = map(int, str(grid_cell(f"{latitude:.7f},{longitude:.7f}")).split("_"))
    middle = math.cos(math.radians((row + 0.5) / KM_PER_DEGREE))

    assert abs((row + 0.5) - latitude * KM_PER_DEGREE) <= 0.5001
    assert abs((column + 0.5) - longitude * KM_PER_DEGREE * middle) <= 0.5001


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("39.9S,116.4W", "-39.9,-116.4"),
        ("39.9° N, 116.4° E", "39.9,116.4"),
        ("39.9º s 116.4º e", "-39.9,116.4"),
        ("S39.9 W116.4", "-39.9,-116.4"),
        ("116.4W,39.9N", "39.9,-116.4"),
        ("(\u221239.9; \u2212116.4)", "-39.9,-116.4"),
    ],
)
def test_a_letter_of_a_direction_is_the_sign_of_a_degree(written: str, same: str) -> None:
    assert coarsened(Coarse.GRID, written) == grid_cell(same)


def test_the_four_quarters_of_the_earth_are_four_cells() -> None:
    assert [coarsened(Coarse.GRID, f"1.5{north},0.5{east}") for north in "NS" for east in "EW"] == [
        "166_55",
        "166_-56",
        "-167_55",
        "-167_-56",
    ]


@pytest.mark.parametrize(
    "written", ["39.9X,116.4Y", "39.9N,116.4N", "-39.9S,116.4W", "39.9S,116.4", "lat 39.9 lon 116.4", "POINT(116.4 39.9)", "39.9E5,1"]
)
def test_a_place_with_other_letters_has_no_cell(written: str) -> None:
    assert coarsened(Coarse.GRID, written) is None


def test_what_is_no_such_value_keeps_nothing() -> None:
    assert coarsened(Coarse.GRID, "91,0") is coarsened(Coarse.GRID, "here") is coarsened(Coarse.YEAR, "unknown") is None


SPELLINGS = [
    "13800138000", "+8613800138000", "013800138000", "00861380013800", "4001234567", "1", "110", "138 0013 8000", "１３８００１３８０００", "07700900123",
    "ann@example.com", "Ann.B+x@Gmail.com", "a.nn@googlemail.com", "ann@example", "ann@mail.example.com.", "x" * 70 + "@example.com", "a%b_c@ex-a.cn",
    "110105491231002", "11010519491231002X", "11010519491231002x", "110105194912310021", "沪A12345", "沪a·12345", "AB12345", "ab12345",
    "1980-01-02", "1980-13-02", "19800102", "02/01/1980", "上海市浦东新区张杨路500号", "上海市，张杨路500号.", "12 Main St.; Flat 3", "A  B", " a ", "a\n", "李明",
    "13800138000.0", "1.38E+10", "0341 5550101 x12", "a" * 300, "5550101", "<a@b.cn>", "7" * 65,
    "'a@b.cn'", "a@b.cn;", "MAILTO:a@b.cn", "a\u200b@b.cn", "an***@b.cn", "138****8000", "2024-01-02", "010-12345678-12",
    "Straße", "ＡＢＣ", "①", "device-1-a", "İ", "x;y", "",
]  # fmt: skip


@examples(300)
@given(
    st.lists(st.sampled_from(SPELLINGS) | st.text(max_size=12) | st.from_regex(r"[0-9A-Za-z@.+;, -]{0,16}"), min_size=1, max_size=20),
    st.sampled_from(["phone", "email", "name", "national_id", "birth_date", "plate", "address", "other"]),
    st.sampled_from([None, "CN", "US", "GB"]),
    st.sampled_from(["yMd", "dMy", "Mdy"]),
)
def test_a_column_at_once_has_the_forms_and_the_rules_of_its_values(values: list[str], kind: str, country: str | None, order: str) -> None:
    column = pa.array(values, pa.string())

    assert normalised(kind, column, country, order) == [normalise(kind, value, country, order) for value in values]
    assert impossible(kind, column, country, order) == {
        at for at, value in enumerate(values) if not is_possible(kind, value, country, order)
    }


@pytest.mark.parametrize("kind", ["phone", "email", "name", "national_id", "birth_date", "plate", "address"])
def test_every_spelling_at_once_is_as_one_by_one(kind: str) -> None:
    column = pa.array(SPELLINGS)

    assert normalised(kind, column, "CN") == [normalise(kind, value, "CN") for value in SPELLINGS]
    assert impossible(kind, column, "CN") == {at for at, value in enumerate(SPELLINGS) if not is_possible(kind, value, "CN")}
