"""Records of delimited text (RFC 4180): field text never becomes a row, a quote swallows none, and no file takes more than linear time."""

import csv
import io
import random
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from conf.columns import Column
from conf.dialects import Csv
from spark_jobs.ingest import blocks, csv_limits
from spark_jobs.ingest.blocks import UnreadableFileError
from spark_jobs.ingest.csv_rows import read_csv
from tests.fuzzing import examples

AB = (Column(name="a", type="string"), Column(name="b", type="string"))
Found = tuple[list[tuple[int, str, str]], list[tuple[int, str]], list[str]]


def _found(content: bytes, **dialect: Any) -> Found:
    """Rows with their lines (nulls as empty text), rejects with their rules, and notes of a file."""
    good: list[tuple[int, str, str]] = []
    bad: list[tuple[int, str]] = []
    notes: list[str] = []
    with TemporaryDirectory() as folder:
        file = Path(folder) / "f.csv"
        file.write_bytes(content)
        for parse in read_csv(file, Csv.model_validate(dialect), AB, notes):
            rows = parse()
            texts = [(row["a"] or "", row["b"] or "") for row in rows.table.to_pylist()]
            good += [(int(line), *cells) for line, cells in zip(rows.lines, texts, strict=True)]
            bad += [(reject.line, reject.rule) for reject in rows.rejects]
    return good, bad, notes


def _record(data: bytes, at: int) -> tuple[list[bytes], int, bool, bool]:
    """One record read byte by byte: its cells, where it ends, whether it ends inside quotes, whether text follows a quote."""
    cells, place, is_odd = [b""], "start", False
    while at < len(data):
        here = data[at : at + 1]
        if place == "quoted":
            if here != b'"':
                cells[-1] += here
            elif data[at + 1 : at + 2] == b'"':
                cells[-1] += here
                at += 1
            else:
                place = "closed"
        elif here == b"\n":
            return cells, at + 1, False, is_odd
        elif here == b",":
            cells.append(b"")
            place = "start"
        elif here == b'"' and place == "start":
            place = "quoted"
        else:
            is_odd = is_odd or (place == "closed" and here != b"\r")
            cells[-1] += here
            place = "text"
        at += 1
    return cells, at, place == "quoted", is_odd


def _reference(data: bytes, line: int) -> tuple[list[tuple[int, str, str]], list[tuple[int, str]]]:
    """What the text of two columns is, by the definition."""
    good: list[tuple[int, str, str]] = []
    bad: list[tuple[int, str]] = []
    at = 0
    while at < len(data):
        cells, end, is_open, is_odd = _record(data, at)
        raw = data[at:end].removesuffix(b"\n")
        if is_open:
            return good, bad + [(line + n, "line:unclosed_quote") for n, text in enumerate(raw.split(b"\n")) if text.strip(b" \r")]
        cells[-1] = cells[-1][: len(cells[-1]) - len(raw) + len(raw.rstrip(b"\r"))]
        if raw.strip(b" \r\n"):
            if is_odd and b"\n" in raw:
                bad.append((line, "line:quoting"))
            elif b"\0" in raw or b"\xff" in raw:
                bad.append((line, "line:nul_byte" if b"\0" in raw else "line:encoding"))
            elif len(cells) != 2:
                bad.append((line, "line:field_count"))
            else:
                good.append((line, cells[0].decode(), cells[1].decode()))
        line += raw.count(b"\n") + 1
        at = end
    return good, bad


def _hard_text(dice: random.Random) -> bytes:
    """Lines of one of some kinds: clean ones, quoted ones, and any sequence of what is hard to read."""
    pieces = dice.choice(
        [(b"1", b"x", b","), (b'"x"', b'"y ""z"""', b","), (b"x", b",", b'"', b" "), (b"x", b",", b'"', b" ", b"\r", b"\0", b"\xff")]
    )
    ends = dice.choice([(b"\n",), (b"\r\n",), (b"\n", b"\r\n", b"\n\n")])
    return b"".join(b"".join(dice.choices(pieces, k=dice.randint(0, 6))) + dice.choice(ends) for _ in range(dice.randint(1, 8)))


@pytest.mark.parametrize("block_bytes", [16, 64, 1 << 20])
@pytest.mark.parametrize("longest", [20, 1 << 20])
def test_rows_and_rejects_are_those_of_the_definition_whatever_the_block_size(
    block_bytes: int, longest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "CHUNK_BYTES", block_bytes)
    monkeypatch.setattr("spark_jobs.ingest.csv_rows.LONGEST_ROW", longest)
    for seed in range(700):
        text = b"0,0\n" + _hard_text(random.Random(seed))

        good, bad, _ = _found(b"a,b\n" + text)

        assert (good, bad) == _reference(text, 2), (seed, text)


PIECES = ["x", "1", ",", '"', "\n", "\r", "é", " ", ";", "\\", "1,2\n3,4"]
VALUES = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
ROWS = st.lists(st.tuples(VALUES, VALUES), max_size=12)
EXAMPLES = examples(300)


@EXAMPLES
@given(
    ROWS,
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(",;\t"),
)
def test_what_python_writes_is_read_as_it_was_written(rows: list[tuple[str, str]], quoting: Any, end: str, delimiter: str) -> None:
    if end == "\n" and quoting == csv.QUOTE_MINIMAL:  # it leaves a carriage return before the line end unquoted
        rows = [(a, b.rstrip("\r")) for a, b in rows]
    rows = [(a or "x", b) for a, b in rows]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows([("a", "b"), *rows])

    good, bad, _ = _found(text.getvalue().encode(), delimiter=delimiter)

    assert [(a, b) for _, a, b in good] == rows
    assert bad == []


@EXAMPLES
@given(ROWS, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_python_writes_with_an_escape_is_read_as_it_was_written(rows: list[tuple[str, str]], end: str, has_quotes: bool) -> None:
    rows = [(a or "x", b.rstrip("\r")) for a, b in rows]
    text = io.StringIO()
    quoting: Any = csv.QUOTE_ALL if has_quotes else csv.QUOTE_NONE
    csv.writer(text, quoting=quoting, escapechar="\\", doublequote=False, lineterminator=end).writerows([("a", "b"), *rows])

    good, bad, _ = _found(text.getvalue().encode(), escape="\\", quote='"' if has_quotes else None)

    assert [(a, b) for _, a, b in good] == rows
    assert bad == []


@EXAMPLES
@given(st.lists(st.tuples(*[st.text(st.sampled_from("x1\"' é"), min_size=1, max_size=8)] * 2), max_size=12))
def test_a_writer_who_quotes_nothing_never_gives_more_rows_than_it_wrote(rows: list[tuple[str, str]]) -> None:
    rows = [("x" + a, b) for a, b in rows]
    content = "".join(f"{a},{b}\n" for a, b in [("a", "b"), *rows]).encode()

    good, bad, _ = _found(content)
    plain, plain_bad, _ = _found(content, quote="none")

    assert len(good) + len(bad) <= len(rows)
    assert ([(a, b) for _, a, b in plain], plain_bad) == (rows, [])


@EXAMPLES
@given(st.lists(st.tuples(*[st.text(st.sampled_from('x1" \n'), max_size=8)] * 2), max_size=12))
def test_a_writer_who_doubles_no_quote_never_gives_more_rows_than_it_wrote(rows: list[tuple[str, str]]) -> None:
    content = "a,b\n" + "".join(f'"{a}","{b}"\n' for a, b in rows)

    good, _, _ = _found(content.encode())

    assert len(good) <= len(rows)


NOTE = b"order,amount\n" + b"7,10.00\n" * 1199


def test_a_note_of_1200_lines_is_one_row_when_so_many_are_allowed() -> None:
    content = b'a,b\n1,ok\n2,"' + NOTE + b'"\n3,ok\n'

    good, bad, notes = _found(content, max_field_lines=1201)

    assert good == [(2, "1", "ok"), (3, "2", NOTE.decode()), (1204, "3", "ok")]
    assert (bad, notes) == ([], [])


def test_a_note_of_too_many_lines_rejects_its_row_and_says_where_it_is() -> None:
    content = b'a,b\n1,ok\n2,"' + NOTE + b'"\n3,ok\n'

    good, bad, notes = _found(content)

    assert good == [(2, "1", "ok"), (1204, "3", "ok")]
    assert bad == [(3, "line:field_lines")]
    assert notes == ["line 3: a field has 1,201 lines (bytes 9–9,619), allowed are 50 (csv.max_field_lines)"]
    assert content[9:9619].startswith(b"2,") and content[9:9619].endswith(b'"\n')


@pytest.mark.parametrize("longest", [64, 1 << 20])
def test_the_line_limit_is_that_of_a_field_and_does_not_depend_on_blocks(longest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "CHUNK_BYTES", 32)
    monkeypatch.setattr("spark_jobs.ingest.csv_rows.LONGEST_ROW", longest)
    allowed, too_many = "x\n" * 2 + "x", "x\n" * 99 + "x"
    content = f'a,b\n"{allowed}","{allowed}"\n"{too_many}",1\n5,6\n'.encode()

    good, bad, notes = _found(content, max_field_lines=3)

    assert good == [(2, allowed, allowed), (107, "5", "6")]
    assert bad == [(7, "line:field_lines")]
    assert notes == ["line 7: a field has 100 lines (bytes 20–224), allowed are 3 (csv.max_field_lines)"]


def test_a_row_of_many_lines_and_more_than_a_megabyte_is_rejected_once(monkeypatch: pytest.MonkeyPatch) -> None:
    content = b'a,b\n1,"' + b"x" * csv_limits.LONGEST_ROW + b'\n7,8\n"\n5,6\n'

    for block_bytes in (1 << 16, 1 << 23):
        monkeypatch.setattr(blocks, "CHUNK_BYTES", block_bytes)
        good, bad, notes = _found(content)

        assert (good, bad) == ([(5, "5", "6")], [(2, "line:too_long")])
        assert notes == [f"line 2: a record has 3 line(s) (bytes 4–{len(content) - 4:,}), more than 1,048,576 bytes"]


def test_of_an_unclosed_quote_every_line_is_rejected_with_its_line_number(monkeypatch: pytest.MonkeyPatch) -> None:
    content = b'a,b\n1,ok\n2,"open\n' + b"3,4\n" * 200

    for longest in (100, 1 << 20):
        monkeypatch.setattr(blocks, "CHUNK_BYTES", 64)
        monkeypatch.setattr("spark_jobs.ingest.csv_rows.LONGEST_ROW", longest)
        good, bad, notes = _found(content)

        assert good == [(2, "1", "ok")]
        assert bad == [(line, "line:unclosed_quote") for line in range(3, 204)]
        assert notes == ["line 3: a quote is not closed (from byte 9 to the end), set csv.quote: none if quotes mean nothing"]


def test_a_line_of_megabytes_that_opens_a_quote_makes_no_rows_of_what_the_quote_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "CHUNK_BYTES", 64)
    monkeypatch.setattr(blocks, "LONGEST_LINE", 64)

    good, bad, _ = _found(b'a,b\n1,2\n3,"' + b"x" * 1000 + b'\n7,8\n"\n5,6\n')

    assert (good, bad) == ([(2, "1", "2"), (6, "5", "6")], [(3, "line:too_long")])


def test_a_title_that_begins_with_an_inch_mark_takes_no_other_row_with_it_when_quotes_mean_nothing() -> None:
    content = b'a\tb\nN-5\t"5 inch nail\nR-1\tRack\nR-2\tRack 19" black\nR-3\tRack\n'

    read = _found(content, delimiter="\t", quote="none")
    default = _found(content, delimiter="\t")

    assert read == ([(2, "N-5", '"5 inch nail'), (3, "R-1", "Rack"), (4, "R-2", 'Rack 19" black'), (5, "R-3", "Rack")], [], [])
    assert default[:2] == ([(5, "R-3", "Rack")], [(2, "line:quoting")])
    assert default[2] == [
        "line 2: text follows the closing quote of a field of several lines (bytes 4–49), set csv.quote: none if quotes mean nothing"
    ]


def test_ignored_lines_are_none_inside_a_note_and_their_quotes_open_nothing() -> None:
    content = b'a,b\n# 5" and "more\n1,"x\n# no comment\ny"\n#,"\n3,4\n'

    good, bad, _ = _found(content, ignore_lines=["^#"])

    assert (good, bad) == ([(3, "1", "x\n# no comment\ny"), (7, "3", "4")], [])


@pytest.mark.parametrize("quote", [None, "none"])
def test_no_quote_is_written_as_none_or_null(quote: str | None) -> None:
    assert Csv.model_validate({"quote": quote}).quote is None


def test_a_quote_of_two_characters_is_refused() -> None:
    with pytest.raises(ValidationError, match="at most 1 character"):
        Csv.model_validate({"quote": "no"})


def _hostile(size: int) -> list[bytes]:
    """Files of about the same size that made readers go back."""
    return [
        b'a,b\n"' + b"x,y\n" * (size // 4),
        b'a,b\n1,"' + b"1,2\n" * (size // 4) + b'"\n',
        b"a,b\n" + b'1,"\n' * (size // 4),
        b"a,b\n" + b'x"y,"\n' * (size // 6),
        b'a,b\n1,"' + b'"' * size,
        b'a,b\n1,5" x"' + b'""' * (size // 2),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("kind", range(6))
def test_ten_times_the_text_takes_about_ten_times_as_long(kind: int) -> None:
    def seconds(size: int) -> float:
        content = _hostile(size)[kind]
        started = time.process_time()
        _found(content)
        return time.process_time() - started

    seconds(1 << 16)

    small, large = (min(seconds(size) for _ in range(3)) for size in (1 << 18, 10 << 18))

    assert large < 50 * max(small, 0.02)  # a hundred times would be quadratic


@pytest.mark.parametrize("encoding", ["hex", "rot13", "idna", "no such encoding"])
def test_a_codec_that_is_none_of_text_is_named_with_the_setting_to_change(encoding: str) -> None:
    with pytest.raises(UnreadableFileError, match="unknown encoding") as caught:
        _found(b"a,b\n1,2\n", encoding=encoding)

    assert "csv.encoding" in caught.value.remedy


@pytest.mark.parametrize(
    "encoding", ["utf-7", "utf-8", "gb18030", "shift_jis", "utf-32", "cp1252", "iso2022_jp", "unicode_escape", "punycode"]
)
@pytest.mark.parametrize("seed", range(5))
def test_bytes_that_an_encoding_does_not_know_are_rejects_or_one_problem_of_the_file(encoding: str, seed: int) -> None:
    content = "a,b\n1,2\n".encode(encoding, "replace") + random.Random(seed).randbytes(200) + b"\n"

    with suppress(UnreadableFileError):
        good, bad, _ = _found(content, encoding=encoding)
        assert len(good) + len(bad) > 0


def test_a_header_of_too_many_columns_is_refused() -> None:
    with pytest.raises(UnreadableFileError, match="has 10,001 columns"):
        _found(b"a" + b",b" * 10_000 + b"\n1,2\n")


UNUSUAL: list[dict[str, Any]] = [
    {"delimiter": "¦"},
    {"quote": "'"},
    {"quote": "¤", "delimiter": "¦"},
    {"quote": "¤", "escape": "^"},
    {"quote": "^", "delimiter": "]", "escape": "\\"},
    {"delimiter": "|", "escape": "¬"},
]


@pytest.mark.parametrize("dialect", UNUSUAL)
@examples(100)
@given(rows=st.lists(st.tuples(*[st.lists(st.sampled_from("x1\n\r\\^'\"¤¦¬|]-"), max_size=8).map("".join)] * 2), max_size=8))
def test_unusual_marks_are_read_as_they_were_written(dialect: dict[str, Any], rows: list[tuple[str, str]]) -> None:
    rows = [(a or "x", b) for a, b in rows]
    text = io.StringIO()
    given_marks = {"delimiter": dialect.get("delimiter", ","), "quotechar": dialect.get("quote", '"'), "escapechar": dialect.get("escape")}
    marks: Any = {**given_marks, "doublequote": "escape" not in dialect, "quoting": csv.QUOTE_ALL, "lineterminator": "\r\n"}
    csv.writer(text, **marks).writerows([("a", "b"), *rows])

    good, bad, _ = _found(text.getvalue().encode(), **dialect)

    assert [(a, b) for _, a, b in good] == rows
    assert bad == []
