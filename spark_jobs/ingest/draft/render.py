"""A drafted mapping as YAML text for people: one line for each column, and a comment wherever something was guessed."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

import yaml

from conf.dialects import Csv, Numbers
from spark_jobs.ingest.draft.columns import ColumnDraft
from spark_jobs.ingest.draft.feeds import FeedDraft
from spark_jobs.ingest.draft.maps import MapDraft, RouteDraft

# Never empty in the sample is no rule; for what an order is made of it ought to be one.
REQUIRED = ("order_id", "order_item_id", "ordered_at", "quantity", "sales_amount", "unit_price")
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*")


def scalar(value: object) -> str:
    """A value as YAML that reads back as the same value, also between braces."""
    if isinstance(value, str) and PLAIN.fullmatch(value) and yaml.safe_load(value) == value:
        return value
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(scalar, value))}]"
    return scalar_in_quotes(value)


def scalar_in_quotes(value: object) -> str:
    """A value as JSON, which is YAML too, without letters that nobody sees."""
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in json.dumps(value, ensure_ascii=False))


def _escaped(letter: str) -> str:
    """A letter that nobody sees, as YAML writes it between double quotes."""
    return f"\\u{ord(letter):04x}" if ord(letter) <= 0xFFFF else f"\\U{ord(letter):08x}"


def flow(values: Mapping[str, object]) -> str:
    """A map in one line."""
    return "{" + ", ".join(f"{name}: {scalar(value)}" for name, value in values.items()) + "}"


def rendered(
    head: Mapping[str, str | None],
    feeds: Sequence[FeedDraft],
    maps: Mapping[str, Sequence[MapDraft]],
    routes: Mapping[str, Sequence[RouteDraft]],
    schema: str | None,
) -> str:
    """The mapping file.

    Args:
        head: source, title, time zone and currency; None where the retailer's holds.
        feeds: the feeds in order.
        maps: maps of each feed.
        routes: routes of each feed.
        schema: file with the JSON Schema that lies beside the mapping.
    """
    lines = [f"# yaml-language-server: $schema={schema}"] if schema else []
    lines.append("# Drafted from samples: read every comment, correct, take the comment away. docs/sources.md explains each key.")
    for name, value in head.items():
        lines.append(f"{name}: {scalar(value)}" if value else f"# {name}: …   # set it if it is not the retailer's (settings.yml)")
    lines.append("feeds:")
    for feed in feeds:
        lines += _feed(feed, maps[feed.name], routes[feed.name])
    return "\n".join(lines) + "\n"


def _feed(feed: FeedDraft, maps: Sequence[MapDraft], routes: Sequence[RouteDraft]) -> Iterator[str]:
    yield f"  {feed.name}:"
    yield from (f"    # {note}" for note in feed.notes)
    yield f"    files: {scalar_in_quotes(feed.pattern)}" + _comment(_about_files(feed))
    yield f"    format: {feed.format}"
    if feed.each:
        yield f"    each: {scalar(feed.each)}"
    if dialect := _changed(feed.csv, Csv()):
        yield f"    csv: {flow(dialect)}"
    if feed.numbers is not None:
        yield f"    numbers: {flow(_changed(feed.numbers, Numbers()))}"
    if feed.document:
        yield f"    document: {scalar(feed.document)}"
    if len(feed.pair) == 1:
        yield f"    # unique: [{feed.pair[0]}]   # take the # away to have it checked: it was so in the sample"
    yield "    columns:"
    yield from (_column(column, feed) for column in feed.columns)
    yield from _routes(routes)
    if any(not each.missing for each in maps):
        yield "    maps:"
    elif maps:
        yield "    # maps:   # what is still missing stands as ???"
    else:
        yield "    # add maps if rows fill an entity: none was recognised (conf/entities/ lists all entities)"
    for each in maps:
        yield from _map(each, [route.name for route in routes if route.is_sure])


def _about_files(feed: FeedDraft) -> list[str]:
    if "{date}" in feed.pattern:
        return []
    return ["put the day of delivery into the name, so that past nights can be run as of their day"]


def _changed(part: Csv | Numbers, default: Csv | Numbers) -> dict[str, object]:
    return {name: value for name, value in part.model_dump().items() if value != getattr(default, name)}


def _column(column: ColumnDraft, feed: FeedDraft) -> str:
    values: dict[str, object] = {"name": column.name}
    places = feed.samples[0].places
    if places:
        values["start"], values["width"] = places[feed.columns.index(column)]
    elif feed.csv.header and column.delivered != column.name:
        values["source_name"] = column.delivered
    values["type"] = column.type
    formats = () if column.is_person else column.guess.formats
    if formats:
        values["format"] = formats[0] if len(formats) == 1 else formats
    if formats and column.guess.locale:
        values["locale"] = column.guess.locale
    # A column with gaps in the sample is never required: rows of another kind, such as totals, have none.
    if column.required and column.per_document is None and (column.is_key or column.role in REQUIRED) and _may_require(column, feed):
        values["required"] = True
    if column.per_document:
        values["per_document"] = column.per_document
    text = flow(values)
    numbers = column.guess.numbers
    if numbers is not None and numbers != feed.numbers and not column.is_person:
        text = f"{text[:-1]}, numbers: {flow(_changed(numbers, Numbers()))}}}"
    if column.pii:
        text = f"{text[:-1]}, pii: {column.pii}{f', kind: {column.kind}' if column.kind and column.is_person else ''}{', coarse: scrubbed' if column.keeps_words and column.kind == 'free_text' else ''}}}"
    return f"      - {text}" + _comment([*column.marks, *column.notes])


def _may_require(column: ColumnDraft, feed: FeedDraft) -> bool:
    """A person may leave an address or a birthday out; the token that names the rows is the only one that must be there."""
    is_key = column.role == "source_customer_id" and column.is_key and feed.of_role("order_id") is None
    return column.pii is None or is_key


def _comment(notes: Sequence[str]) -> str:
    return f"   # {'; '.join(notes)}" if notes else ""


def _routes(routes: Sequence[RouteDraft]) -> Iterator[str]:
    if not routes:
        return
    mark = "" if any(route.is_sure for route in routes) else "# "
    yield f"    {mark}routes:"
    for route in routes:
        yield f'    {mark}  - {{name: {route.name}, where: "{route.where}"}}   # {route.note}'


def _map(draft: MapDraft, routes: Sequence[str]) -> Iterator[str]:
    """A map, commented out while a field that must be there is not."""
    mark = "# " if draft.missing else ""
    head = f"    {mark}  - entity: {draft.entity}"
    yield head + (f"   # complete it: {', '.join(draft.missing)}" if draft.missing else "")
    if routes and draft.entity in ("customers", "products", "stores"):
        taken = [name for name in routes if draft.entity != "customers" or name.startswith("return")]
        yield f"    {mark}    routes: [{', '.join(('default', *taken))}]"
    for name, value in draft.keys.items():
        yield f"    {mark}    {name}: {value}" + _comment([draft.notes[name]] if name in draft.notes else [])
    yield f"    {mark}    fields:"
    for name in draft.missing:
        yield f"    {mark}      {name}: ???" + _comment(["{const: 0} counts visits without money"] if name == "sales_amount" else [])
    for name, value in draft.fields.items():
        yield f"    {mark}      {name}: {value}" + _comment([draft.notes[name]] if name in draft.notes else [])
    if "" in draft.notes:
        yield f"    #       {draft.notes['']}"
