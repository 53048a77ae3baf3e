"""Regular expressions: read in the dialect that runs them, and never slow."""

import re
import time

import pytest

from conf.columns import Column
from conf.dialects import Csv
from conf.patterns import check_line_patterns, check_pattern, check_searched_pattern
from conf.regex_cost import longest_value
from conf.regex_tree import Dialect

QUICK = [
    r"[a-z_]+", r"\+?[0-9 ]{6,}", r"[\w.+-]+@[\w-]+\.[\w.-]+", r"\d{4}-\d{2}-\d{2}", r"([A-Z]+-)*[A-Z]+", r"(\d{1,3},)*\d{3}",
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}", r"(?i)[a-z]+( [a-z]+)*", r"(\d{1,3}\.){3}\d{1,3}", r"[^,]+,[^,]+,[^,]+",
    r"(?=.*\d)(?=.*[a-z]).{8,}", r"\+?\d{1,3}\s?\d{2,4}\s?\d{2,4}", r"[A-Z]{2}\d{2}[A-Z0-9]{1,30}", r"\d{17}[\dXx]", r"[一-鿿]{2,8}", r".*\d.*",
]  # fmt: skip
SLOW = [
    r"(a+)+", r"(a*)*b", r"(a|a)*", r"(a|ab|b)*", r"(\w+\s?)*x", r"(\w+\.\w*)*", r"(a?){30}a{30}", r"a?" * 30 + r"a{30}", r"(\d{1,3})*",
    r"(x+x+)+y", r".*.*.*=.*", r"\s+\s+\s+\s+x", r"(\d{2}|\d{3})*", r"((a{0,5}){0,5}){0,5}", r"(?i)(a|A)*x", r"(?=(a+)+b)a", r"(a+){10}x", r"(a-((\w\d)*)?)*",
    r"(((ab){0,40})?(\s|\d))+", r"(a(b?|c?))*",
]  # fmt: skip


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("pattern", QUICK)
def test_usual_patterns_are_accepted(pattern: str, dialect: Dialect) -> None:
    assert check_pattern(pattern, dialect) == pattern


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("pattern", SLOW)
def test_a_pattern_that_may_search_for_ever_is_refused(pattern: str, dialect: Dialect) -> None:
    with pytest.raises(ValueError, match=r"for ever|takes long|may be empty is repeated"):
        check_pattern(pattern, dialect)


@pytest.mark.parametrize("pattern", [each for each in QUICK if "一" not in each] + [r"\S+@\S+\.\S+", r"(.*)(.*)(.*)x"])
@pytest.mark.parametrize("unit", ["a", "1", " ", "a-", "@.", "a1 ", "A.", ","])
def test_the_longest_value_that_is_matched_takes_no_time(pattern: str, unit: str) -> None:
    longest = longest_value(pattern, Dialect.PYTHON)
    begin = time.perf_counter()

    re.fullmatch(pattern, unit * ((longest - 1) // len(unit)) + "!\n"[:1])

    assert time.perf_counter() - begin < 3


@pytest.mark.parametrize(
    ("pattern", "java", "python"),
    [
        (r"\p{L}+", True, False),
        (r"\p{IsHan}{2,4}", True, False),
        (r"\p{Foo}", False, False),
        (r"(?<year>\d{4})", True, False),
        (r"(?P<year>\d{4})", False, True),
        (r"\Qa(b\E\d", True, False),
        (r"\Qa(b", False, False),
        (r"a++b", True, True),
        (r"[a-z&&[^x]]+", True, True),
        (r"[]a]", False, True),
        (r"(?i:\p{IsLatin}+ß)", True, False),
        (r"[[]", False, True),
        (r"a{", False, True),
        (r"a{,3}", False, True),
        (r"\h+", True, False),
        (r"a\z", True, False),
        (r"a\Z", True, True),
        (r"[\x{4e00}-\x{9fff}]+", True, False),
        (r"(?<=a*)b", False, False),
        (r"a**", False, False),
        (r"*a", False, False),
        (r"(?x)a # b", False, False),
        (r"(a)\1", False, False),
        (r"a(?i)b", True, False),
        (r"\y", False, False),
        (r"[z-a]", False, False),
        (r"(a", False, False),
        (r"a)", False, False),
        ("(" * 100 + "a" + ")" * 100, False, False),
        ("a" * 1_001, False, False),
        (r"a{65536}", False, False),
        (r"a{3,2}", False, False),
    ],
)
def test_a_pattern_is_read_in_the_dialect_that_runs_it(pattern: str, java: bool, python: bool) -> None:
    for dialect, is_accepted in ((Dialect.JAVA, java), (Dialect.PYTHON, python)):
        if is_accepted:
            assert check_pattern(pattern, dialect) == pattern
        else:
            with pytest.raises(ValueError, match=f"is no regular expression of {dialect}"):
                check_pattern(pattern, dialect)


def test_the_pattern_of_an_open_column_is_java_and_that_of_a_tokenised_one_python() -> None:
    Column(name="a", type="string", pattern=r"\p{L}+")

    with pytest.raises(ValueError, match="is no regular expression of Python"):
        Column.model_validate({"name": "a", "type": "string", "pattern": r"\p{L}+", "pii": "direct", "kind": "name"})


def test_repetitions_that_share_text_are_matched_on_shorter_values_only() -> None:
    assert Column(name="a", type="string", pattern=r"[a-z]+").longest_matched == 2_000
    assert Column(name="a", type="string", pattern=r"\S+@\S+\.\S+").longest_matched == 500


@pytest.mark.parametrize(
    ("patterns", "says"),
    [
        (("",), "matches every line"),
        ((r"\p{L}",), "is no regular expression of Python"),
        (("^(?i)total",), "is no regular expression of Python"),
        (("^a", "(?i)^total"), "cannot be joined"),
        (("^(?P<a>x)", "^(?P<a>y)"), "cannot be joined"),
        ((r"^\u4e00",), "cannot be joined"),
        (("^[äö]",), "beyond ASCII"),
        (("^é+x",), "beyond ASCII"),
        (("^(a+)+$",), "for ever"),
    ],
)
def test_expressions_for_lines_are_checked_as_they_run(patterns: tuple[str, ...], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        check_line_patterns(patterns)


def test_expressions_for_lines_run_over_bytes() -> None:
    ignored = Csv(ignore_lines=("^#", "^合计", "(?i:^total)")).ignored

    assert ignored is not None
    assert [bool(ignored.search(line.encode())) for line in ("# a", "合计 3", "TOTAL", "a # b")] == [True, True, True, False]


def test_a_searched_pattern_needs_a_group() -> None:
    assert check_searched_pattern(r"^[^,]*, ([A-Z]{2})") is not None
    with pytest.raises(ValueError, match="needs a group"):
        check_searched_pattern(r"^[^,]*, (?:[A-Z]{2})")
