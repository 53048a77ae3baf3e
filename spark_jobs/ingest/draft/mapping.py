"""Maps of drafted feeds: which entities their rows seem to fill, and what a person must decide."""

from collections.abc import Sequence

from conf.entities import load_entities
from spark_jobs.ingest.draft.columns import ColumnDraft
from spark_jobs.ingest.draft.context import is_parent, name_the_bare, name_the_line, name_the_order, take_order_of_parent
from spark_jobs.ingest.draft.customers import find_sentinels
from spark_jobs.ingest.draft.facts import Match, best_match, fact_map, refine
from spark_jobs.ingest.draft.feeds import FeedDraft
from spark_jobs.ingest.draft.maps import MASTERS, MapDraft
from spark_jobs.ingest.draft.minor_units import find_minor_units
from spark_jobs.ingest.draft.order_keys import find_documents
from spark_jobs.ingest.draft.order_maps import by_moment, has_lines, items_map, order_map, returns_map, speaks_of_orders
from spark_jobs.ingest.draft.routes import draft_routes


def draft_maps(feeds: Sequence[FeedDraft]) -> dict[str, list[MapDraft]]:
    """The maps of every feed, by its name; the feeds get their documents and routes."""
    matches: dict[str, Match | None] = {}
    for feed in feeds:
        find_minor_units(feed.columns)
        name_the_bare(feed)
        name_the_line(feed)
        take_order_of_parent(feed, feeds)
        find_sentinels(feed)
        matches[feed.name] = best_match(feed)
        if matches[feed.name] is None:
            name_the_order(feed)
            _name_the_unnamed(feed)
            find_documents(feed)
            feed.routes = draft_routes(feed)
    of_orders = [feed for feed in feeds if matches[feed.name] is None]
    headers = [feed for feed in of_orders if _is_header(feed)]
    maps = {feed.name: _maps(feed, matches[feed.name], feeds, headers) for feed in feeds}
    _count_returns_once(feeds, maps)
    return maps


def _count_returns_once(feeds: Sequence[FeedDraft], maps: dict[str, list[MapDraft]]) -> None:
    """A refund whose lines are a list of it is the sum of them: only the lines are returns."""
    told = [feed for feed in feeds if any(each.entity == "returns" for each in maps[feed.name])]
    for feed in told:
        lines = [other.name for other in told if is_parent(feed, other)]
        if lines:
            maps[feed.name] = [each for each in maps[feed.name] if each.entity != "returns"]
            feed.notes.append(f"check the amounts: returns are mapped from their lines in {lines[0]}, and would count twice here")


def _maps(feed: FeedDraft, match: Match | None, feeds: Sequence[FeedDraft], headers: Sequence[FeedDraft]) -> list[MapDraft]:
    if match is not None:
        found = refine(fact_map(match, feed), match)
        return [*found, *_beside(match)]
    others = [header for header in headers if header is not feed]
    is_told_elsewhere = not _is_header(feed) and any(_share_orders(feed, header) for header in others)
    is_element = feed.each is not None and any(is_parent(other, feed) for other in feeds)
    order = order_map(feed) if speaks_of_orders(feed) and not is_told_elsewhere and not is_element else None
    maps = [order, items_map(feed) if has_lines(feed) else None, returns_map(feed)]
    masters = {"products": MASTERS["products"]} if is_element else MASTERS
    maps += [_master(entity, role, feed, feeds) for entity, role in masters.items()]
    return [each for each in maps if each is not None]


def _beside(match: Match) -> list[MapDraft]:
    """What a row says of the customer or campaign beside its own entity."""
    columns = match.columns
    if match.signature.entity == "loyalty_tiers":
        fields = {"source_customer_id": columns["source_customer_id"].name, "source_tier": columns["tier"].name}
        return [MapDraft("customers", fields, {"order_by": columns["valid_from"].name})]
    return []


def _name_the_unnamed(feed: FeedDraft) -> None:
    """A file about persons whose key nobody has named is a list of customers; a product may be known by its name alone."""
    persons = [column for column in feed.columns if column.is_person]
    key = next((column for column in feed.columns if column.is_key and column.role is None and column.is_id), None)
    if key is not None and len(persons) >= 1 and not any(feed.of_role(role) for role in (*MASTERS.values(), "order_id", "sales_amount")):
        key.role = "source_customer_id"
        key.notes.append("check the key: taken for the customer's id, as the file is about persons")
    name = feed.of_role("product_name")
    if name is not None and feed.of_role("product_id") is None and has_lines(feed, or_name=True) and _has_many_lines(feed):
        name.role = "product_id"
        name.notes.append("map a product number if there is one: products are known by their names")
    reached = feed.of_kind("email") or feed.of_kind("phone")
    if reached is not None and feed.of_role("order_id") and feed.of_role("source_customer_id") is None:
        reached.role = "source_customer_id"
        reached.notes.append(f"map another id of the customer if there is one: this is the token of the {reached.kind}")
    for column in feed.columns:
        if column.role is None and column.name.split("_")[-1] == "name" and not column.pii:
            if feed.of_role("source_customer_id") is not None and not feed.of_role("product_id"):
                column.pii, column.kind = "direct", "name"
                column.notes.append("take pii and kind away if it is no person's name")
            else:
                column.notes.append("add pii: direct, kind: name if it is a person's name")


def _has_many_lines(feed: FeedDraft) -> bool:
    """True when an order has several rows, or its rows have quantities."""
    order = feed.of_role("order_id")
    return order is not None and (not order.is_key or feed.of_role("quantity") is not None)


def _is_header(feed: FeedDraft) -> bool:
    order = feed.of_role("order_id")
    return order is not None and order.is_key and feed.of_role("ordered_at") is not None and feed.of_role("quantity") is None


def _share_orders(feed: FeedDraft, header: FeedDraft) -> bool:
    """True when orders of a feed have a header in another one."""
    here, there = feed.of_role("order_id"), header.of_role("order_id")
    return (
        here is not None and there is not None and len(here.distinct & there.distinct) >= 0.3 * min(len(here.distinct), len(there.distinct))
    )


def _master(entity: str, role: str, feed: FeedDraft, feeds: Sequence[FeedDraft]) -> MapDraft | None:
    """Customers, products or stores: with all that a feed says of them, or the key alone when another feed is their list."""
    key = feed.of_role(role)
    if key is None:
        return None
    draft = MapDraft(entity, {role: key.name})
    has_list = any(other is not feed and (column := other.of_role(role)) is not None and column.is_key for other in feeds)
    if key.is_key or not has_list:
        taken = {column.name for column in _of_a_better_owner(entity, feed)}
        names = [name for name in load_entities()[entity].column_names if name != role]
        for name in names:
            column = feed.of_role(name)
            if column is not None and column.name not in taken and not (name == "manufacturer_id" and entity != "products"):
                draft.fields[name] = column.name
        _tokens(draft, feed)
    if not key.is_key:
        by_moment(draft, feed)
    if key.guess.has_gaps:
        draft.keys["where"] = f'"{key.name} is not null"'
    if key.nobody:
        draft.keys["where"] = f'"{key.name} {key.nobody}"'
    # A key alone says nothing of a product or a store; where they have a file, it is there that one is known or not.
    return None if len(draft.fields) == 1 and entity != "customers" else draft


def _of_a_better_owner(entity: str, feed: FeedDraft) -> list[ColumnDraft]:
    """Region and city belong to the store where a feed has one that is its key, else to the customer."""
    store, customer = feed.of_role("store_id"), feed.of_role("source_customer_id")
    owner = "stores" if store is not None and (store.is_key or customer is None) else "customers"
    places = [column for column in (feed.of_role("region"), feed.of_role("city")) if column is not None]
    return places if entity in ("stores", "customers") and entity != owner else []


def _tokens(draft: MapDraft, feed: FeedDraft) -> None:
    if draft.entity != "customers":
        return
    for kind in ("email", "phone"):
        column = feed.of_kind(kind)
        if column is not None:
            draft.fields[f"{kind}_token"] = column.name
