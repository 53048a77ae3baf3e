"""Feeds of a first mapping: samples with equal columns together, their keys, how they join, and which entities they may fill."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from spark_jobs.ingest.draft.columns import Guess, guess_column
from spark_jobs.ingest.draft.samples import Sample

MOST_JOIN_VALUES = 20_000
LEAST_JOIN_SHARE = 0.8
PREFIX = re.compile(r"([A-Za-z]{1,3})\d")
DATE_IN_NAME = re.compile(r"\d{4}-\d{2}-\d{2}|(?<!\d)(?:19|20)\d{6}(?!\d)")


@dataclass(frozen=True)
class DraftFeed:
    """One kind of file, with all that was found out about it."""

    name: str
    files: str
    sample: Sample
    columns: tuple[Guess, ...]
    key: tuple[str, ...] = ()
    joins: dict[str, str] = field(default_factory=dict)
    routes: tuple[tuple[str, str, str], ...] = ()

    def of(self, concept: str) -> Guess | None:
        """The column that stands for a concept; the fullest when several do."""
        found = [column for column in self.columns if column.concept == concept]
        return max(found, key=lambda column: (column.required, column.distinct), default=None)

    def values(self, column: Guess) -> list[str | None]:
        """The sample of a column."""
        return self.sample.columns[column.source_name]


def draft_feeds(samples: Sequence[Sample]) -> list[DraftFeed]:
    """Feeds of all samples, in the order of their first file."""
    groups: dict[tuple[str, ...], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.format, *sample.columns), []).append(sample)
    feeds: list[DraftFeed] = []
    for group in groups.values():
        feeds.append(_feed(group, {feed.name for feed in feeds}))
    return [_with_joins(feed, feeds) for feed in feeds]


def file_pattern(files: Iterable[Path]) -> str:
    """A pattern for the names of files of one kind: a date becomes {date}, other digits that differ become *."""
    names = [DATE_IN_NAME.sub("{date}", file.name, count=1) for file in files]
    if len(set(names)) > 1:
        names = [re.sub(r"\d+", "*", name) for name in names]
    if len(set(names)) == 1:
        return names[0]
    suffix = "".join(Path(names[0]).suffixes)
    return f"*{suffix}" if all(name.endswith(suffix) for name in names) else "*"


def _feed(group: list[Sample], taken: set[str]) -> DraftFeed:
    sample = max(group, key=lambda each: each.rows)
    guesses: list[Guess] = []
    for number, (name, values) in enumerate(sample.columns.items(), 1):
        guess = guess_column(name, number, values, sample.types.get(name, ""))
        used = {each.name for each in guesses}
        guesses.append(guess if guess.name not in used else _renamed(guess, number))
    pattern = file_pattern([each.file for each in group])
    words = re.findall(r"[a-z0-9]+", pattern.split(".")[0].replace("{date}", "").lower())
    name = "_".join(words) or ("orders" if any(guess.concept == "order_id" for guess in guesses) else "files")
    name = name if name[0].isalpha() else f"feed_{name}"
    while name in taken:
        name += "_2"
    guesses = _named_after(guesses)
    feed = DraftFeed(name, pattern, sample, tuple(guesses))
    return DraftFeed(name, pattern, sample, tuple(guesses), _key(feed), routes=_routes(feed))


def _named_after(guesses: list[Guess]) -> list[Guess]:
    """A bare `name` beside a product or a store, and no customer, is theirs."""
    from dataclasses import replace

    concepts = {guess.concept for guess in guesses}
    owner = next((each for each in ("product", "store") if f"{each}_id" in concepts and "source_customer_id" not in concepts), None)
    if owner is None:
        return guesses
    return [
        replace(guess, concept=f"{owner}_name", pii=None, note="") if guess.concept == "person_name" and guess.name == "name" else guess
        for guess in guesses
    ]


def _renamed(guess: Guess, number: int) -> Guess:
    from dataclasses import replace

    return replace(guess, name=f"{guess.name}_{number}", concept=None)


def _key(feed: DraftFeed) -> tuple[str, ...]:
    """A column whose values are all different, else the first pair of columns that together are; empty when there is none."""
    candidates = [column for column in feed.columns if column.required and column.type not in ("double", "boolean") and column.pii is None]
    ids = sorted(candidates, key=lambda column: not (column.concept or "").endswith("_id"))
    for column in ids:
        if column.is_unique and not column.type.startswith(("decimal", "timestamp")):
            return (column.name,)
    for one, other in combinations([column for column in ids if (column.concept or "").endswith("_id")], 2):
        if len(set(zip(feed.values(one), feed.values(other), strict=True))) == feed.sample.rows:
            return one.name, other.name
    return ()


def _routes(feed: DraftFeed) -> tuple[tuple[str, str, str], ...]:
    """Kinds of rows that another beginning of the order id tells, as (name, predicate, why)."""
    order, quantity = feed.of("order_id"), feed.of("quantity")
    if order is None or order.type != "string":
        return ()
    values = feed.values(order)
    beginnings: dict[str, list[int]] = {}
    for place, value in enumerate(values):
        if value and (match := PREFIX.match(value)):
            beginnings.setdefault(match[1], []).append(place)
    found: list[tuple[str, str, str]] = []
    for letters, places in sorted(beginnings.items(), key=lambda item: -len(item[1])):
        if len(places) > 0.3 * len(values):
            continue
        amounts = [feed.values(quantity)[place] for place in places] if quantity else []
        negative = sum(bool(amount and amount.startswith("-")) for amount in amounts)
        is_return = bool(amounts) and negative > 0.9 * len(amounts)
        name = "return" if is_return and not any(each[0] == "return" for each in found) else f"begins_with_{letters.lower()}"
        why = f"{len(places)} of {len(values)} sampled rows" + (f", {negative} with a negative quantity" if amounts else "")
        found.append((name, f"startswith({order.name}, '{letters}')", why))
    return tuple(found)


def _with_joins(feed: DraftFeed, feeds: Sequence[DraftFeed]) -> DraftFeed:
    """Columns whose values are the keys of another feed, with the share that is found there."""
    from dataclasses import replace

    joins = {}
    for column in feed.columns:
        for other in feeds:
            if other is feed or len(other.key) != 1 or column.pii is not None:
                continue
            target = next(each for each in other.columns if each.name == other.key[0])
            if column.concept != target.concept and column.name != target.name:
                continue
            mine = {value for value in feed.values(column)[:MOST_JOIN_VALUES] if value}
            there = {value for value in other.values(target) if value}
            share = len(mine & there) / len(mine) if mine else 0
            if share >= LEAST_JOIN_SHARE:
                joins[column.name] = f"{other.name}.{target.name} ({share:.0%} of the sampled values)"
    return replace(feed, joins=joins)
