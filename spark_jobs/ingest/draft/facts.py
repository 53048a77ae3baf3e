"""Maps of all other entities: a feed fills one when its columns, and the words of its files' name, match the entity's signature."""

from collections.abc import Sequence
from dataclasses import dataclass

from conf.entities import Entity, load_entities
from spark_jobs.ingest.draft.columns import ColumnDraft
from spark_jobs.ingest.draft.feeds import COUNTERS, FeedDraft, are_unique
from spark_jobs.ingest.draft.levels import is_above
from spark_jobs.ingest.draft.maps import MapDraft, expression
from spark_jobs.ingest.draft.order_maps import currency_beside
from spark_jobs.ingest.draft.signatures import SIGNATURES, Signature
from spark_jobs.ingest.draft.words import ID_ENDINGS, words_of

SHARED = ("source_customer_id", "order_id", "product_id", "store_id", "currency_code", "campaign_id", "city")
NUMBERS = ("decimal", "double", "int", "bigint")
CAMPAIGN = frozenset({"campaign", "ad campaign", "promotion"})


@dataclass(frozen=True)
class Match:
    """Columns of a feed by the fields of an entity, and how well they fit."""

    signature: Signature
    columns: dict[str, ColumnDraft]
    score: float


def best_match(feed: FeedDraft) -> Match | None:
    """The entity that a feed's columns speak of, other than orders and their lines; None when none fits."""
    matches = [match for signature in SIGNATURES if (match := _match(signature, feed))]
    return max(matches, key=lambda match: match.score, default=None)


def _match(signature: Signature, feed: FeedDraft) -> Match | None:
    named = _is_named(signature, feed)
    columns = _columns_of(signature, feed)
    own = [name for name in columns if name in signature.fields]
    if not all(any(name in columns for name in need.split("|")) for need in signature.needed):
        return None
    decided = bool(signature.decides) and all(any(name in columns for name in need.split("|")) for need in signature.decides)
    if not (named or decided) or (not named and _is_of_orders(feed)):
        return None
    return Match(signature, columns, 10.0 * named + 3.0 * decided + len(own) + (2.0 if _named_key(signature, feed) else 0.0))


def _is_named(signature: Signature, feed: FeedDraft) -> bool:
    """Whether the name of the feed speaks of the entity; its last word does more than the others."""
    words = feed.name.split("_")
    ends = {" ".join(words[start:]) for start in range(len(words))} | set(words)
    return bool(ends & signature.names)


def _is_of_orders(feed: FeedDraft) -> bool:
    """What a customer bought, at which price: lines or headers of orders, whatever else is there."""
    price = feed.of_role("sales_amount") or feed.of_role("unit_price")
    return bool(price and (feed.of_role("order_id") or feed.of_role("quantity")))


def base_of(column: ColumnDraft) -> str:
    """The words of a column's name without the ending of an id."""
    words = list(words_of(column.delivered.rsplit(".", 1)[-1]))
    while len(words) > 1 and words[-1] in ID_ENDINGS:
        words.pop()
    return " ".join(words)


def _columns_of(signature: Signature, feed: FeedDraft) -> dict[str, ColumnDraft]:
    found: dict[str, ColumnDraft] = {}
    entity = load_entities()[signature.entity]
    kinds = {column.name: column.type for column in entity.columns}
    key = _named_key(signature, feed)
    for name, wanted in signature.fields.items():
        candidates = [column for column in feed.columns if _phrases_of(column) & wanted and _fits(column, name, kinds.get(name, "string"))]
        is_number = kinds.get(name, "string").startswith(NUMBERS)
        candidates = [column for column in candidates if not (is_number and is_above(column.delivered, feed.each))]
        candidates = [column for column in candidates if column is not key and column not in found.values()]
        own = [column for column in candidates if column.role not in ("source_customer_id", "product_id", "order_id", "store_id")]
        if best := sorted(own or candidates, key=_rank)[:1]:
            found[name] = best[0]
    for name in SHARED:
        if name in kinds and name not in found:
            column = _shared(feed, name)
            if column is not None and (column is not key or name == entity.key) and column not in found.values():
                found[name] = column
    return found


def _rank(column: ColumnDraft) -> tuple[int, bool, bool]:
    """Values of the element itself before those of what it is in, filled ones before gaps, moments before days."""
    return -column.delivered.count("[]"), column.guess.has_gaps, column.type == "date"


def _phrases_of(column: ColumnDraft) -> set[str]:
    return {" ".join(words_of(column.delivered)), " ".join(words_of(column.delivered.rsplit(".", 1)[-1])), base_of(column)} - {""}


def _shared(feed: FeedDraft, name: str) -> ColumnDraft | None:
    if name == "campaign_id":
        return next((column for column in feed.columns if base_of(column) in CAMPAIGN and not column.is_person), None)
    role = feed.of_role(name)
    if role is None and name != "city":
        role = next((column for column in feed.columns if name in column.roles[:1] and not column.role), None)
    return role


def _fits(column: ColumnDraft, name: str, kind: str) -> bool:
    if column.guess.is_empty:
        return False
    if name == "text":
        return column.type == "string" and not column.is_id
    if name.endswith("_token"):
        return column.is_person
    if kind in ("timestamp", "date"):
        return column.type in ("date", "timestamp") or (bool(column.guess.reading) and kind == "timestamp")
    if kind.startswith(NUMBERS):
        return column.guess.is_number and not column.guess.reading
    return not column.is_person and column.type not in ("date", "timestamp")


def _named_key(signature: Signature, feed: FeedDraft) -> ColumnDraft | None:
    """The unique column that is called like the entity's key, or `id` alone."""
    keys = [column for column in _own_keys(feed) if not (column.is_person and column.kind == "free_text")]
    named = [column for column in keys if column.type not in ("date", "timestamp") and _phrases_of(column) & signature.key]
    return next(iter(named), None) or next((column for column in keys if base_of(column) in ("id", "no", "key")), None)


def _own_keys(feed: FeedDraft) -> list[ColumnDraft]:
    """Columns that name a row; an id of what the row is in does so by chance."""
    return [column for column in feed.columns if (column.is_key or column.is_nearly_key) and not is_above(column.delivered, feed.each)]


def fact_map(match: Match, feed: FeedDraft) -> list[MapDraft]:
    """The map of a matched entity, and that of the campaign's coupons or the member's tier beside it."""
    entity = load_entities()[match.signature.entity]
    draft = MapDraft(entity.entity)
    _add_key(draft, entity, match, feed)
    for column in entity.columns:
        found = match.columns.get(column.name)
        if found is not None and column.name not in draft.fields:
            draft.fields[column.name] = _field(found, column.type)
    if "currency_code" in entity.column_names:
        currency_beside(draft, next((column for column in match.columns.values() if column.guess.currency), None))
    _add_text(draft, match, entity)
    _add_moment(draft, match)
    for name, (value, note) in match.signature.consts.items():
        if name in entity.column_names and name not in draft.fields:
            draft.fields[name] = f"{{const: {value}}}"
            draft.notes[name] = note
    return [draft]


def _field(column: ColumnDraft, kind: str) -> str:
    if column.guess.reading:
        return expression(column.guess.reading.format(column.name))
    if column.value_reading:
        return column.field
    if kind == "boolean" and column.type != "boolean":
        return expression(f"lower({column.name}) in ('yes', 'y', 'true', '1')")
    return column.name


def _add_key(draft: MapDraft, entity: Entity, match: Match, feed: FeedDraft) -> None:
    """A column that names a row; else columns of the entity that do together, as far as the sample shows."""
    foreign = ("source_customer_id", "order_id", "product_id", "store_id")
    used = [column for name, column in match.columns.items() if name not in foreign]
    key = _named_key(match.signature, feed) or next(
        (c for c in _own_keys(feed) if c.is_id and c.role not in foreign and c not in used and not c.is_person),
        None,
    )
    if key is None and entity.key in match.columns:
        key = match.columns[entity.key]
    if key is not None:
        draft.fields[entity.key] = key.name
        if not key.is_key:
            draft.notes[entity.key] = "check the key: some rows of the sample have the same one"
        return
    parts = [match.columns[name] for name in match.signature.made_of if name in match.columns]
    parts += [column for column in feed.columns if COUNTERS & set(words_of(column.delivered)) and column not in parts]
    if parts and are_unique(feed, parts):
        names = ", ".join(part.name for part in parts)
        draft.fields[entity.key] = f"{{key: [{names}]}}" if len(parts) > 1 else names
        draft.notes[entity.key] = "check the key: nothing is called so, but this names a row in the sample"
        return
    own = [column for column in feed.columns if not is_above(column.delivered, feed.each)]
    document = [match.columns[name] for name in ("order_id", "source_customer_id") if name in match.columns] or parts[:1] or own[:1]
    draft.keys = {"dedup": "full_row_per_document", "document": f"[{document[0].name}]"}
    draft.notes["dedup"] = "look for a key: no columns name a row in the sample, so equal rows of two deliveries count once"


def _add_text(draft: MapDraft, match: Match, entity: Entity) -> None:
    """A text that may name people becomes a token; its words stay where the column keeps them scrubbed."""
    text = match.columns.get("text")
    draft.fields.pop("text", None)
    if text is None:
        return
    if not text.is_person:
        text.pii, text.kind = "direct", "free_text"
        text.notes = ["take pii, kind and coarse away if nobody can write personal data here"]
    text.keeps_words = "text" in entity.column_names
    if "text_token" in entity.column_names:
        draft.fields["text_token"] = text.name
    if text.keeps_words:
        draft.fields["text"] = f"{text.name}_scrubbed"


def _add_moment(draft: MapDraft, match: Match) -> None:
    moment = match.columns.get(match.signature.moment)
    day = match.signature.day
    if moment is None or not day or day in draft.fields:
        return
    if moment.guess.reading:
        draft.fields[day] = expression(f"to_date({moment.guess.reading.format(moment.name)})")
    else:
        draft.fields[day] = moment.name if moment.type == "date" else f"{{local_date: {moment.name}}}"


def refine(maps: Sequence[MapDraft], match: Match) -> list[MapDraft]:
    """Reviews of a scale to ten are answers to a survey, not stars."""
    for draft in maps:
        stars = match.columns.get("stars")
        if draft.entity == "reviews" and stars is not None:
            is_survey = any(text.strip() in ("0", "6", "7", "8", "9", "10") for text in stars.distinct)
            if is_survey:
                draft.fields["nps_score"] = draft.fields.pop("stars")
            draft.fields["review_type"] = f"{{const: {'nps' if is_survey else 'review'}}}"
    return list(maps)
