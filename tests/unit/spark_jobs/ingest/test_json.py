"""JSON of every layout: nested lists as rows, arrays and objects over several lines, paths that are nowhere, and what is too much."""

import json
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.columns import Column
from conf.contracts import Feed
from spark_jobs.ingest.blocks import UnreadableFileError
from spark_jobs.ingest.draft.samples import read_samples
from spark_jobs.ingest.json_documents import Layout, layout_of, pieces
from spark_jobs.ingest.json_paths import without_elements
from spark_jobs.ingest.json_rows import read_jsonl
from spark_jobs.privacy.redaction import without_lines
from tests.fuzzing import examples

ORDERS = [
    {
        "id": 5550000000001,
        "line_items": [{"id": 11, "quantity": 2}, {"id": 12, "quantity": 1}],
        "refunds": [
            {
                "created_at": "2024-03-05",
                "refund_line_items": [{"id": 9001, "quantity": 1, "subtotal": "25.00"}, {"id": 9002, "quantity": 1, "subtotal": "10.00"}],
            }
        ],
    },
    {"id": 5550000000002, "line_items": [{"id": 13, "quantity": 1}], "refunds": []},
    {
        "id": 5550000000003,
        "line_items": [{"id": 14, "quantity": 1}],
        "refunds": [{"created_at": "2024-03-06", "refund_line_items": [{"id": 9003, "quantity": 1, "subtotal": "10.00"}]}],
    },
]
VISITS = [
    {
        "guest": "g1",
        "stays": [{"room": "12", "extras": [{"what": "tea"}, {"what": "sauna"}]}, {"room": "14", "extras": [{"what": "bike"}]}],
    },
    {"guest": "g2", "stays": None},
    {"guest": "g3", "stays": [{"room": "12", "extras": []}, {"room": "15", "extras": [{"what": "tea"}]}]},
]


def _lines(*objects: Any) -> str:
    return "".join(json.dumps(found) + "\n" for found in objects)


def _read(folder: Path, text: str | bytes, paths: list[str], each: str | None = None) -> tuple[list[tuple[Any, ...]], list[Any], list[str]]:
    """Rows with their numbers, rejects, notes."""
    file = folder / "f.jsonl"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    columns = tuple(Column(name=f"c{at}", type="string", source_name=path) for at, path in enumerate(paths))
    rows: list[tuple[Any, ...]] = []
    rejects: list[Any] = []
    notes: list[str] = []
    for parse in read_jsonl(file, "utf-8", columns, each, notes):
        found = parse()
        rows += zip(found.lines.tolist(), *(column.to_pylist() for column in found.table.columns), strict=True)
        rejects += [(reject.line, reject.rule) for reject in found.rejects]
    return rows, rejects, notes


@pytest.mark.parametrize("each", ["refunds.refund_line_items", "refunds[].refund_line_items[]"])
def test_lines_of_refunds_are_rows_with_the_order_and_the_refund_they_belong_to(tmp_path: Path, each: str) -> None:
    paths = ["id", "refunds.created_at", f"{each}.id", "refunds.refund_line_items.subtotal"]

    rows, rejects, notes = _read(tmp_path, _lines(*ORDERS), paths, each)

    assert rows == [
        (1_000_001, "5550000000001", "2024-03-05", "9001", "25.00"),
        (1_000_002, "5550000000001", "2024-03-05", "9002", "10.00"),
        (3_000_001, "5550000000003", "2024-03-06", "9003", "10.00"),
    ]
    assert (rejects, notes) == ([], [])


def test_elements_of_several_lists_in_an_object_have_running_numbers(tmp_path: Path) -> None:
    rows, _, notes = _read(tmp_path, _lines(*VISITS), ["guest", "stays[].room", "stays[].extras[].what"], "stays[].extras[]")

    assert rows == [
        (1_000_001, "g1", "12", "tea"),
        (1_000_002, "g1", "12", "sauna"),
        (1_000_003, "g1", "14", "bike"),
        (3_000_001, "g3", "15", "tea"),
    ]
    assert notes == []


def test_a_path_that_is_nowhere_is_noted(tmp_path: Path) -> None:
    rows, _, notes = _read(tmp_path, _lines(*ORDERS), ["id", "refunds.refund_line_item.id"], "refunds.refund_line_item")
    assert (rows, notes) == ([], ["moderate: path refunds.refund_line_item is in none of 3 objects"])

    _, _, notes = _read(tmp_path, _lines(*ORDERS), ["id", "customer.id"])
    assert notes == ["moderate: path customer.id is in none of 3 objects"]

    _, _, notes = _read(tmp_path, _lines(*VISITS), ["guest", "stays.extras.price"], "stays.extras")
    assert notes == ["moderate: path stays.extras.price is in none of 4 elements"]


def test_a_list_that_some_objects_have_is_not_noted_as_missing(tmp_path: Path) -> None:
    for objects in (
        [{"id": 1, "fees": [{"what": "deposit"}]}, {"id": 2}],
        [{"id": 1}, {"id": 2, "fees": []}],
        [{"id": 1, "fees": None}, {"id": 2}],
    ):
        assert _read(tmp_path, _lines(*objects), ["id", "fees.what"], "fees")[2] == []

    nested = [{"id": 1, "parts": [{}, {"fees": [{"what": "tax"}]}]}, {"id": 2}]
    assert _read(tmp_path, _lines(*nested), ["id", "parts.fees.what"], "parts.fees")[2] == []
    assert _read(tmp_path, _lines({"id": 1, "parts": []}, {"id": 2}), ["id"], "parts.fees")[2] == [
        "moderate: path parts.fees is in none of 2 objects"
    ]


@pytest.mark.parametrize(
    "objects",
    [
        [{"id": 1, "refunds": []}, {"id": 2, "refunds": [{"refund_line_items": []}]}],  # a day without refunds
        [{"id": 1, "refunds": None}],
        [],
    ],
)
def test_a_list_that_is_there_and_empty_is_not_noted(tmp_path: Path, objects: list[Any]) -> None:
    assert _read(tmp_path, _lines(*objects), ["id"], "refunds[].refund_line_items[]") == ([], [], [])


def test_a_path_is_there_when_its_value_is_null(tmp_path: Path) -> None:
    assert _read(tmp_path, '{"id": 1, "note": null}\n', ["id", "note"]) == ([(1, "1", None)], [], [])


def test_what_is_no_list_where_a_list_is_named_is_rejected(tmp_path: Path) -> None:
    text = _lines({"a": 5}, {"a": [{"b": {}}]}, {"a": [7]}, {"a": [{"b": [1]}]})

    assert _read(tmp_path, text, ["a.b"], "a[].b[]")[:2] == (
        [(4_000_001, "1")],
        [(1_000_000, "line:not_a_list"), (2_000_000, "line:not_a_list"), (3_000_000, "line:not_a_list")],
    )


def test_a_name_with_dots_or_brackets_of_its_own_is_found_first(tmp_path: Path) -> None:
    text = _lines({"order.id": 1, "order": {"id": 2}, "tags[]": ["x"], "line.items": [{"sku": "s"}]})

    assert _read(tmp_path, text, ["order.id", "tags[]"])[0] == [(1, "1", '["x"]')]
    assert _read(tmp_path, text, ["order.id", "line.items.sku"], "line.items")[0] == [(1_000_001, "1", "s")]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("end", ["", "\n", "\r\n\r\n"])
def test_an_array_of_objects_is_read_as_its_objects(tmp_path: Path, indent: int | None, end: str) -> None:
    text = json.dumps([{"a": "1"}, {"a": "甲\n"}, None, [2], {"a": "3"}], indent=indent, ensure_ascii=False) + end

    assert _read(tmp_path, text, ["a"]) == ([(1, "1"), (2, "甲\n"), (5, "3")], [(4, "line:not_an_object")], [])


def test_a_list_in_the_objects_of_an_array_is_read_too(tmp_path: Path) -> None:
    rows, _, _ = _read(tmp_path, json.dumps(VISITS, indent=1), ["guest", "stays.extras.what"], "stays.extras")

    assert rows == [(1_000_001, "g1", "tea"), (1_000_002, "g1", "sauna"), (1_000_003, "g1", "bike"), (3_000_001, "g3", "tea")]


def test_a_wide_object_over_several_lines_is_read_by_the_path_of_its_list(tmp_path: Path) -> None:
    text = json.dumps({"page": 1, "orders": [{"id": 17}, {"id": 18}]}, indent=4)

    assert _read(tmp_path, text, ["page", "orders.id"], "orders")[0] == [(1_000_001, "1", "17"), (1_000_002, "1", "18")]
    assert _read(tmp_path, text + "\n" + text, ["page"])[0] == [(1, "1"), (2, "1")]


def test_a_broken_first_line_does_not_make_a_document_of_json_lines(tmp_path: Path) -> None:
    assert _read(tmp_path, '{"a": 1\n{"a": 2}\n', ["a"])[:2] == ([(2, "2")], [(1, "line:not_json")])
    assert _read(tmp_path, '[1]\n{"a": 2}\n', ["a"])[:2] == ([(2, "2")], [(1, "line:not_an_object")])


@pytest.mark.parametrize("text", ['[{"a": 1}', '[{"a": 1}, ', '[{"a": 1} {"a": 2}]', '[{"a": 1}] x', "[", '[{"a": "', "[,]", "[" * 100_000])
def test_an_array_that_breaks_off_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UnreadableFileError, match="is not a complete JSON document") as caught:
        _read(tmp_path, text, ["a"])
    assert caught.value.remedy


def test_bytes_that_are_no_text_reject_their_object_of_an_array_only(tmp_path: Path) -> None:
    assert _read(tmp_path, b'[{"a": "\xff"}, {"a": 2}]', ["a"])[:2] == ([(2, "2")], [(1, "line:encoding")])


def test_objects_of_any_depth_and_numbers_of_any_size_end_in_a_row_or_a_reject(tmp_path: Path) -> None:
    deep = '{"a": ' + "[" * 199 + "]" * 199 + "}\n"
    too_deep = '{"a": ' + "[" * 200 + "]" * 200 + "}\n"
    odd = '{"a": NaN}\n{"a": 1, "a": 2}\n{"a": 1e999999}\n{"a": -Infinity}\n{"a": 12345678901234567890.10}\n'

    rows, rejects, _ = _read(tmp_path, deep + too_deep + odd, ["a"])

    assert [row[1] for row in rows][1:] == ["NaN", "2", "1e999999", "-Infinity", "12345678901234567890.10"]
    assert rejects == [(2, "line:too_deep")]


def test_an_array_is_read_in_little_memory(tmp_path: Path) -> None:
    content = b"[" + b",\n".join(b'{"a": "%d", "text": "%s"}' % (number, b"x" * 20_000) for number in range(3_000)) + b"]"
    file = tmp_path / "f.json"
    file.write_bytes(content)

    tracemalloc.start()
    rows = sum(parse().count for parse in read_jsonl(file, "utf-8", (Column(name="a", type="string"),)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert rows == 3_000
    assert peak < len(content)


def test_one_object_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="more than 32 MiB in element 2"):
        _read(tmp_path, b'[{"a": 1},\n{"a": "' + b"x" * (41 << 20) + b'"}]', ["a"])


def test_a_sample_may_be_an_array(tmp_path: Path) -> None:
    (tmp_path / "guests.json").write_text(json.dumps([{"guest": {"id": 1}, "room": "12"}, {"guest": {"id": 2}, "room": None}], indent=2))

    (sample,) = read_samples(tmp_path / "guests.json")

    assert sample.names == ("guest.id", "room")
    assert sample.rows.to_pylist() == [{"c0": "1", "c1": "12"}, {"c0": "2", "c1": None}]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text("ab.[]", max_size=3), part, max_size=3),
    max_leaves=8,
)


@examples(100)
@given(
    objects=st.lists(st.dictionaries(st.text("ab", max_size=2), JSON, max_size=3), max_size=4),
    indent=st.sampled_from([None, 1]),
    cut=st.integers(1, 30),
)
def test_the_pieces_of_an_array_are_its_text_however_it_is_chunked(objects: list[Any], indent: int | None, cut: int) -> None:
    content = json.dumps(objects, indent=indent, ensure_ascii=False).encode()
    chunks = [content[at : at + cut] for at in range(0, len(content), cut)]

    layout, again = layout_of(iter(chunks))
    found = list(pieces(again, layout))

    assert layout is Layout.ARRAY
    assert b"".join(raw for _, raw in found) == content
    assert [json.loads(raw) for number, raw in found if number] == objects


@examples(300)
@given(value=JSON, at=st.integers(0, 200), byte=st.integers(0, 255), as_array=st.booleans())
def test_mutated_json_gives_rows_or_one_problem(
    tmp_path_factory: pytest.TempPathFactory, value: Any, at: int, byte: int, as_array: bool
) -> None:
    objects = [{"a": value}, {"a": [{"b": [value, value]}]}]
    content = bytearray(json.dumps(objects, indent=1).encode() if as_array else _lines(*objects).encode())
    content[at % len(content)] = byte
    began = time.monotonic()
    for each in (None, "a[].b[]"):
        try:
            rows, rejects, _ = _read(tmp_path_factory.getbasetemp(), bytes(content), ["a", "a.b"], each)
        except UnreadableFileError:
            continue
        else:
            numbers = [row[0] for row in rows]
            assert len(set(numbers)) == len(numbers)
            assert all(rule.startswith("line:") for _, rule in rejects)
    assert time.monotonic() - began < 2


def test_elements_of_nested_lists_are_taken_out_by_the_numbers_they_were_read_with() -> None:
    rest = without_elements(json.dumps(VISITS[0]).encode(), "stays[].extras[]", {2, 3})

    assert json.loads(rest) == {
        "guest": "g1",
        "stays": [{"room": "12", "extras": [{"what": "tea"}, None]}, {"room": "14", "extras": [None]}],
    }
    assert without_elements(json.dumps(VISITS[0]).encode(), "stays.extras", {1, 2, 3}) == b""


def test_numbers_beside_an_element_that_is_taken_out_keep_their_digits() -> None:
    raw = b'{"id": 12345678901234567890.10, "t": "\\ud800", "items": [{"n": 1.0}, {"n": 2.50}]}'

    assert without_elements(raw, "items", {1}) == b'{"id": 12345678901234567890.10, "t": "\\ud800", "items": [null, {"n": 2.50}]}'


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_objects_are_taken_out_of_an_array_and_the_others_keep_their_bytes_and_numbers(tmp_path: Path, encoding: str) -> None:
    columns = [{"name": "a", "type": "string"}]
    feed = Feed.model_validate({"files": "f", "format": "jsonl", "csv": {"encoding": encoding}, "columns": columns})
    content = '[ {"a": "譢"},\n {"a":  2.0} , {"a": 3}]\n'.encode(encoding)

    rest = without_lines(content, ".json", feed, {2})

    assert rest is not None
    assert rest.decode(encoding) == '[ {"a": "譢"},\n null , {"a": 3}]\n'
    (tmp_path / "f.json").write_bytes(rest)
    (parse,) = read_jsonl(tmp_path / "f.json", encoding, feed.columns)
    assert parse().lines.tolist() == [1, 3]


def test_elements_are_taken_out_of_a_wide_object() -> None:
    feed = Feed.model_validate({"files": "f", "format": "jsonl", "each": "orders", "columns": [{"name": "a", "type": "string"}]})
    content = json.dumps({"page": 1, "orders": [{"id": 17}, {"id": 18}]}, indent=2).encode()

    rest = without_lines(content, ".json", feed, {1_000_001})

    assert rest is not None
    assert json.loads(rest) == {"page": 1, "orders": [None, {"id": 18}]}
