"""What tills, order system, loyalty and masters deliver without errors keeps every rule of its contract, without asking Spark."""

from collections.abc import Iterator
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from conf.columns import Column
from conf.contracts import load_contract
from conf.settings import CONF_DIR
from spark_jobs.demo.twin.behaviour.days import Twin
from spark_jobs.demo.twin.day import Rows
from spark_jobs.demo.twin.draws import Draws
from spark_jobs.demo.twin.knobs import Span, load_knobs
from spark_jobs.demo.twin.people.people import build_people
from spark_jobs.demo.twin.systems.base import SourceSystem
from spark_jobs.demo.twin.systems.loyalty import Loyalty
from spark_jobs.demo.twin.systems.masters import Products, Stores
from spark_jobs.demo.twin.systems.oms import Oms
from spark_jobs.demo.twin.systems.pos import Pos
from spark_jobs.demo.twin.world import World

SYSTEMS: tuple[type[SourceSystem], ...] = (Pos, Oms, Loyalty, Products, Stores)
FEEDS = {f"{feed.source}.{feed.feed}": feed for system in SYSTEMS for feed in system.feeds}
STRPTIME = (("yyyy", "%Y"), ("MM", "%m"), ("dd", "%d"), ("HH", "%H"), ("mm", "%M"), ("ss", "%S"))
PATTERNS = {"decimal": r"^-?\d+\.\d+$", "int": r"^-?\d+$", "bigint": r"^-?\d+$", "double": r"^-?\d+(\.\d+)?$"}


@pytest.fixture(scope="module")
def delivered() -> dict[str, pa.Table]:
    """All rows of each feed over some days around the first of a month."""
    knobs, span, draws = load_knobs(), Span(first_day=date(2024, 1, 28), days=5), Draws(4)
    twin = Twin(World(knobs, span, draws), build_people(knobs, draws, span, 700))
    systems = [system() for system in SYSTEMS]
    pieces: dict[str, list[pa.Table]] = {}

    def rows() -> Iterator[Rows]:
        for day in twin.days():
            for system in systems:
                yield from system.deliver(day)

    for each in rows():
        pieces.setdefault(f"{each.feed.source}.{each.feed.feed}", []).append(each.table)
    return {name: pa.concat_tables(tables) for name, tables in pieces.items()}


@pytest.mark.parametrize("name", sorted(FEEDS))
def test_every_value_keeps_its_rules(delivered: dict[str, pa.Table], name: str) -> None:
    source, _, feed = name.partition(".")
    for column in load_contract(CONF_DIR / f"twin/sources/{source}.yml").feeds[feed].columns:
        broken = list(_broken_rules(column, delivered[name].column(column.delivered_name)))
        assert not broken, f"{name}: {column.name}"


def _broken_rules(column: Column, values: pa.ChunkedArray) -> Iterator[str]:
    """The rules of a column that some text breaks."""
    if column.required and values.null_count:
        yield "required"
    texts = values.drop_null()
    if column.allowed and not pc.all(pc.is_in(texts, pa.array([str(word) for word in column.allowed])), min_count=0).as_py():
        yield "allowed"
    kind = column.type.partition("(")[0]
    if kind in ("date", "timestamp"):
        (pattern,) = column.format or ("yyyy-MM-dd",)
        for spark, python in STRPTIME:
            pattern = pattern.replace(spark, python)
        pc.strptime(texts, pattern, "s")  # raises for a text that does not fit
    elif kind in PATTERNS:
        if not pc.all(pc.match_substring_regex(texts, PATTERNS[kind]), min_count=0).as_py():
            yield "type"
        numbers = texts.cast(pa.float64())
        if column.min is not None and len(numbers) and pc.min(numbers).as_py() < float(column.min):
            yield "min"
        if column.max is not None and len(numbers) and pc.max(numbers).as_py() > float(column.max):
            yield "max"
