"""The YAML of a first mapping, with a comment wherever a person should look."""

import json
import re
from collections.abc import Sequence

from spark_jobs.ingest.draft.columns import Guess
from spark_jobs.ingest.draft.feeds import DraftFeed
from spark_jobs.ingest.draft.maps import DraftMap, draft_maps

CSV_DEFAULTS = {"delimiter": ",", "quote": '"', "encoding": "utf-8", "header": True, "skip_lines": 0, "ignore_lines": []}
# Never empty in the sample is no rule; for what an order is made of it ought to be one.
REQUIRED = ("order_id", "order_item_id", "ordered_at", "quantity", "sales_amount", "unit_price")
HEADING = """# A first mapping, inferred from sample files. Read every line before you trust it; what each word means is in docs/sources.md.
# Try it: cdp source check {file}
"""


def mapping_text(source: str, feeds: Sequence[DraftFeed], file: str, time_zone: str | None, currency_code: str | None) -> str:
    """The mapping of a source as YAML text."""
    lines = [HEADING.format(file=file), f"source: {source}", f"title: {json.dumps(source.replace('_', ' ').title())}"]
    lines.append(f"time_zone: {time_zone}" if time_zone else "# time_zone: Europe/London   # of local times; else the retailer's")
    lines.append(
        f"currency_code: {currency_code}" if currency_code else "# currency_code: EUR          # of the amounts; else the retailer's"
    )
    lines.append("feeds:")
    for feed in feeds:
        lines += [f"  {line}" if line else "" for line in _feed(feed, feeds)]
    return "\n".join(lines) + "\n"


def to_check(feed: DraftFeed, feeds: Sequence[DraftFeed]) -> list[str]:
    """What a person should look at in a feed."""
    notes = [*feed.sample.notes, *(f"{column.name}: {column.note}" for column in feed.columns if column.note)]
    maps = draft_maps(feed, feeds)
    return notes + [note for each in maps for note in each.notes] + ([] if maps else ["fits no entity: write its maps by hand"])


def _feed(feed: DraftFeed, feeds: Sequence[DraftFeed]) -> list[str]:
    lines = [f"{feed.name}:", f"  files: {json.dumps(f'{feed.name}/{feed.files}', ensure_ascii=False)}", f"  format: {feed.sample.format}"]
    if "{date}" not in feed.files:
        lines.append("  # no date in the name: a file counts as delivered on the business date of the night that loads it")
    lines += [f"  # {note}" for note in feed.sample.notes]
    if dialect := _dialect(feed):
        lines.append(f"  csv: {{{dialect}}}")
    if feed.key:
        lines.append(f"  # different in every sampled row: {', '.join(feed.key)}")
    lines += [f"  # {name} joins {target}" for name, target in feed.joins.items()]
    lines.append("  columns:")
    lines += [f"    {_column(column, feed)}" for column in feed.columns]
    if feed.routes:
        lines.append("  routes:")
        lines += [f"    - {{name: {name}, where: {json.dumps(where)}}}   # {why}" for name, where, why in feed.routes]
    maps = draft_maps(feed, feeds)
    if not maps:
        return [*lines, "  # maps: nothing here looks like an entity of docs/entities.md", ""]
    usable = [each for each in maps if _is_whole(each)]
    lines += ["  maps:"] if usable else []
    lines += [f"    {line}" for each in usable for line in _map(each)]
    lines += [f"    # {line}" for each in maps if each not in usable for line in _map(each)]
    return [*lines, ""]


def _is_whole(draft: DraftMap) -> bool:
    """False for orders without a day, which could not be loaded."""
    return draft.entity != "orders" or "ordered_on" in draft.fields


def _dialect(feed: DraftFeed) -> str:
    found = {key: value for key, value in feed.sample.csv.items() if value != CSV_DEFAULTS.get(key)}
    nulls = sorted({null for column in feed.columns for null in column.nulls if null not in ("-", "--")})
    if nulls and feed.sample.format in ("csv", "xlsx"):
        found["null_values"] = ["", *nulls]
    return ", ".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in found.items())


def _column(column: Guess, feed: DraftFeed) -> str:
    parts = [f"name: {column.name}"]
    if column.source_name != column.name:
        parts.append(f"source_name: {_quoted(column.source_name)}")
    parts.append(f'type: "{column.type}"' if "(" in column.type else f"type: {column.type}")
    if column.format:
        formats = [json.dumps(each, ensure_ascii=False) for each in column.format]
        parts.append(f"format: {formats[0] if len(formats) == 1 else '[' + ', '.join(formats) + ']'}")
    if column.numbers:
        parts.append(
            "numbers: {" + ", ".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in column.numbers.items()) + "}"
        )
    if column.required and (column.name in feed.key or column.concept in REQUIRED):
        parts.append("required: true")
    if column.pii:
        parts += [f"pii: {column.pii[0]}", f"kind: {column.pii[1]}"]
    return f"- {{{', '.join(parts)}}}" + (f"   # {column.note}" if column.note else "")


def _quoted(text: str) -> str:
    return (
        text
        if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", text)
        and text.lower() not in ("yes", "no", "on", "off", "null", "true", "false", "y", "n")
        else json.dumps(text, ensure_ascii=False)
    )


def _map(draft: DraftMap) -> list[str]:
    lines = [f"- entity: {draft.entity}"]
    lines += [f"  # {note}" for note in draft.notes]
    lines += [f"  {key}: {value}" for key, value in draft.options.items()]
    lines.append("  fields:")
    return lines + [f"    {name}: {value}" for name, value in draft.fields.items()]
