"""Drafted feeds: which sample files are of one kind, what their names have in common, and which columns are keys and lead elsewhere."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from conf.dialects import Csv, Numbers
from spark_jobs.common.deliveries import delivery_regex
from spark_jobs.ingest.draft.columns import ColumnDraft, draft_columns
from spark_jobs.ingest.draft.guesses import Ways
from spark_jobs.ingest.draft.levels import is_above
from spark_jobs.ingest.draft.maps import RouteDraft
from spark_jobs.ingest.draft.samples import Sample
from spark_jobs.ingest.draft.words import words_of

COUNTERS = frozenset({"sequential", "sequence", "seq", "position", "line", "row", "linenumber"})
DAY = re.compile(r"(?<!\d)(?:19|20)\d{2}-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])(?!\d)")


@dataclass
class FeedDraft:
    """One kind of file as it is drafted."""

    name: str
    samples: list[Sample]
    pattern: str
    columns: list[ColumnDraft]
    rows: int
    head: pa.Table
    csv: Csv
    folder: str
    sampled: pa.Table
    numbers: Numbers | None = None
    pair: tuple[str, ...] = ()
    document: tuple[str, ...] = ()
    order_key: list[ColumnDraft] = field(default_factory=list)
    order_amount: ColumnDraft | None = None
    is_continued: bool = False
    routes: list[RouteDraft] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def format(self) -> str:
        """Format of the files."""
        return self.samples[0].format

    @property
    def each(self) -> str | None:
        """Path of the list whose elements are the rows."""
        return self.samples[0].each

    def of_role(self, role: str) -> ColumnDraft | None:
        """The column that fills a canonical field."""
        return next((column for column in self.columns if column.role == role), None)

    def of_kind(self, kind: str) -> ColumnDraft | None:
        """The first column with PII of a kind."""
        return next((column for column in self.columns if column.kind == kind), None)


def draft_feeds(source: str, samples: Sequence[Sample], landing: Path | None, *, month_first: bool, currency: str = "") -> list[FeedDraft]:
    """The feeds that sample files belong to.

    Args:
        source: name of the source.
        samples: samples of its files.
        landing: the folder `<landing>/<source>` when the files lie in it already; else every feed gets a folder of its own.
        month_first: how days are read of which no value shows it.
        currency: of the source, when it is known.
    """
    feeds: list[FeedDraft] = []
    for group in _groups(samples):
        name = _feed_name(group, {feed.name for feed in feeds})
        folder = next((feed.folder for feed in feeds if feed.samples[0].file == group[0].file), None)
        folder = folder or (stem_of(group[0].file) if group[0].each else name) or "rows"
        feeds.append(_feed(source, name, group, landing, month_first, folder, currency))
    for feed in feeds:
        _find_keys(feed)
    for one in feeds:
        for other in feeds:
            if one is not other and other.each is None:
                _find_joins(one, other)
    return feeds


def _groups(samples: Sequence[Sample]) -> list[list[Sample]]:
    groups: list[list[Sample]] = []
    for sample in samples:
        group = next((group for group in groups if _is_same_kind(group[0], sample)), None)
        if group is None:
            groups.append([sample])
        else:
            group.append(sample)
    return groups


def _is_same_kind(one: Sample, other: Sample) -> bool:
    if _way_of_writing(one) != _way_of_writing(other):
        return False
    if one.format == "jsonl":
        return len(set(one.names) & set(other.names)) >= 0.6 * len(set(one.names) | set(other.names))
    same_name = one.is_named or stem_of(one.file) == stem_of(other.file)
    return one.names == other.names and same_name


def _way_of_writing(sample: Sample) -> tuple[object, ...]:
    return sample.format, sample.csv.header, sample.csv.delimiter, sample.each, sample.places


def stem_of(file: Path) -> str:
    """The words of a file's name without numbers."""
    return "_".join(word for word in words_of(file.name.split(".", 1)[0]) if not word.isdigit())


def _feed_name(group: Sequence[Sample], taken: set[str]) -> str:
    stems = list(dict.fromkeys(stem_of(sample.file) for sample in group))
    name = (stems[0] if len(stems) == 1 else _start(stems).strip("_")) or "rows"
    if group[0].each:
        name = "_".join([name, *(word for part in group[0].each.split(".") for word in words_of(part.removesuffix("[]")))])
    name = name if name[0].isalpha() else f"feed_{name}"
    return next(each for each in (name, *(f"{name}_{number}" for number in range(2, 1000))) if each not in taken)


def _feed(source: str, name: str, group: list[Sample], landing: Path | None, month_first: bool, folder: str, currency: str) -> FeedDraft:
    first = group[0]
    tables = [sample.rows.rename_columns(list(sample.names)) for sample in group]
    heads = [sample.head.rename_columns(list(sample.names)) for sample in group]
    rows = pa.concat_tables(tables, promote_options="default")
    heads = [pa.concat_tables([head, rows.slice(0, 0)], promote_options="default").select(rows.column_names) for head in heads]
    ways = Ways(delimiter=first.csv.delimiter if first.format == "csv" else ",", currency=currency)
    columns = draft_columns(rows, heads, first.format, named=first.is_named, month_first=month_first, ways=ways, each=first.each)
    feed = FeedDraft(name, group, _pattern(source, folder, group, landing), columns, rows.num_rows, heads[0], first.csv, folder, rows)
    feed.notes += dict.fromkeys(note for sample in group for note in sample.notes)
    if any(sample.csv != first.csv for sample in group):
        feed.notes.append("make a feed of each kind: the files are not written alike (encoding, delimiter or lines to skip)")
    if rejected := sum(sample.rejected for sample in group):
        feed.notes.append(f"run cdp source check: {rejected} line(s) could not be read as rows")
    if feed.format in ("csv", "xlsx", "fixed_width"):
        marks = sorted({mark for column in columns for mark in column.guess.null_values})
        feed.csv = feed.csv.model_copy(update={"null_values": ("", *marks)})
    _lift_numbers(feed)
    return feed


def _lift_numbers(feed: FeedDraft) -> None:
    """One way of writing numbers is the feed's when no column contradicts it."""
    written = {column.guess.numbers for column in feed.columns if column.guess.is_number}
    special = [numbers for numbers in written if numbers is not None]
    plain = [column for column in feed.columns if column.guess.is_number and column.guess.numbers is None]
    decimals = {numbers.decimal for numbers in special}
    thousands = {numbers.thousands for numbers in special} - {""}
    if len(decimals) != 1 or len(thousands) > 1 or not all(text.lstrip("+-").isdigit() for column in plain for text in column.distinct):
        return
    ignore = "".join(sorted({sign for numbers in special for sign in numbers.ignore}))
    negative = tuple(sorted({way for numbers in special for way in numbers.negative}))
    feed.numbers = special[0].model_copy(update={"thousands": "".join(thousands), "ignore": ignore, "negative": negative})
    for column in feed.columns:
        if column.guess.numbers is not None:
            column.guess = replace(column.guess, numbers=feed.numbers)


def _pattern(source: str, name: str, group: Sequence[Sample], landing: Path | None) -> str:
    folder = "" if landing else f"{name}/"
    paths = [sample.file.relative_to(landing).as_posix() if landing else sample.file.name for sample in group]
    dated = folder + _common([_general(path, "{date}") for path in paths])
    if "{date}" in dated and all(_reads_date(source, dated, folder + path) for path in paths):
        return dated
    return folder + _common([_general(path, "*") for path in paths])


def _reads_date(source: str, pattern: str, path: str) -> bool:
    found = re.match(delivery_regex(source, pattern), f"{source}/{path}")
    return found is not None and found[1] is not None


def _general(path: str, day: str) -> str:
    """A path with its first date and all other digits as wildcards."""
    match = DAY.search(path)
    if match is None:
        return re.sub(r"\d+", "*", path)
    return day.join(re.sub(r"\d+", "*", part) for part in (path[: match.start()], path[match.end() :]))


def _start(texts: Sequence[str]) -> str:
    """What texts begin with, all of them."""
    first, last = min(texts), max(texts)
    same = next((number for number, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), min(len(first), len(last)))
    return first[:same]


def _common(patterns: Sequence[str]) -> str:
    """One pattern for several: what they begin and end with."""
    different = list(dict.fromkeys(patterns))
    if len(different) == 1:
        return different[0]
    start = _start(different)
    end = _start([pattern[len(start) :][::-1] for pattern in different])[::-1]
    start = start[: start.rfind("{")] if start.count("{") > start.count("}") else start
    end = end[end.find("}") + 1 :] if end.count("}") > end.count("{") else end
    return re.sub(r"\*+", "*", f"{start}*{end}")


def _find_keys(feed: FeedDraft) -> None:
    """The column, else the smallest pair of columns, that names a row."""
    ids = [column for column in feed.columns if column.is_key and not column.is_person and not is_above(column.delivered, feed.each)]
    best = next((column for column in ids if column.is_id), None)
    if best is not None:
        feed.pair = (best.name,)
        best.marks.append("key")
        return
    counts = [column for column in feed.columns if COUNTERS & set(words_of(column.delivered)) and column.guess.is_number]
    ids = [column for column in feed.columns if column.is_id and not column.guess.has_gaps and not column.is_person][:8]
    candidates = [*ids, *(column for column in counts if column not in ids and not column.guess.has_gaps)]
    for one, other in combinations(candidates, 2):
        if feed.head.num_rows > 1 and are_unique(feed, [one, other]):
            feed.pair = (one.name, other.name)
            one.marks.append(f"key with {other.name}")
            return


def are_unique(feed: FeedDraft, columns: Sequence[ColumnDraft]) -> bool:
    """True when columns name every row of the first file's head; rows that are equal as a whole are one."""
    names = [column.delivered for column in columns]
    rows = feed.head.group_by(feed.head.column_names).aggregate([]).num_rows
    return bool(rows) and feed.head.group_by(names).aggregate([]).num_rows == rows


def _find_joins(one: FeedDraft, other: FeedDraft) -> None:
    """Say where the values of a column are the keys of another feed."""
    for column in (column for column in one.columns if column.is_id and not column.is_person and len(column.distinct) >= 3):
        for key in (key for key in other.columns if key.is_key and key.is_id and not key.is_person):
            same = column.delivered == key.delivered or (column.role is not None and column.role == key.role)
            share = len(column.distinct & key.distinct) / len(column.distinct)
            if (
                share >= (0.3 if same else 0.95)
                and (same or len(column.distinct) >= 50)
                and not (column.is_key and column.role != key.role)
            ):
                column.marks.append(f"joins {other.name}.{key.name} ({share:.0%})")


def leading_letters(feed: FeedDraft, column: ColumnDraft) -> dict[str, tuple[int, float]]:
    """Letters that a few of a column's values begin with while the rest begin with a digit: rows, and the share with a minus."""
    values = feed.samples[0].rows.rename_columns(list(feed.samples[0].names))
    measure = feed.of_role("quantity") or feed.of_role("sales_amount")
    letters = pc.replace_substring_regex(values.column(column.delivered), r"^([A-Za-z]{0,3})\d.*$", r"\1")
    minus = pc.starts_with(values.column(measure.delivered), "-").fill_null(False) if measure else pa.repeat(False, values.num_rows)
    grouped = pa.table({"letters": letters, "minus": pc.cast(minus, pa.int64())}).group_by("letters")
    rows = grouped.aggregate([("minus", "mean"), ("minus", "count")]).to_pylist()
    found = {row["letters"] or "": (row["minus_count"], row["minus_mean"]) for row in rows}
    digits = found.pop("", (0, 0.0))[0]
    few = {letters: value for letters, value in found.items() if re.fullmatch("[A-Za-z]{1,3}", letters)}
    return few if digits > 0.5 * values.num_rows else {}
