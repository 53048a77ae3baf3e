"""Maps and routes of drafted feeds: which entities their rows seem to fill, and what a person must decide."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from conf.entities import load_entities
from spark_jobs.ingest.draft.columns import ColumnDraft
from spark_jobs.ingest.draft.feeds import FeedDraft, leading_letters
from spark_jobs.ingest.draft.words import words_of

MASTERS = {"customers": "source_customer_id", "products": "product_id", "stores": "store_id"}
EVENT_WORDS = frozenset({"event", "behavior", "behaviour", "action"})  # not every row is a purchase
DISCOUNTS = ("retail_discount_amount", "coupon_discount_amount", "coupon_match_discount_amount")
NEEDED = {"orders": ("order_id", "ordered_at", "ordered_on"), "order_items": ("order_id", "sales_amount"), "returns": ("returned_on",)}


@dataclass
class RouteDraft:
    """Rows that seem to be something else; `is_sure` when the draft says so itself."""

    name: str
    where: str
    note: str
    is_sure: bool = True


@dataclass
class MapDraft:
    """A map as it is drafted: fields and other keys as YAML text, and doubts by field (`""`: of the whole map)."""

    entity: str
    fields: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def missing(self) -> tuple[str, ...]:
        """Fields without which the entity has no rows."""
        needed = NEEDED.get(self.entity, (MASTERS.get(self.entity, ""),))
        return tuple(name for name in needed if name not in self.fields)


def expression(text: str) -> str:
    """A field that is computed."""
    return f'{{expr: "{text}"}}'


def draft_routes(feed: FeedDraft) -> list[RouteDraft]:
    """Routes for rows whose order number begins with letters that others lack, or whose quantity is negative."""
    order, measure = feed.of_role("order_id"), feed.of_role("quantity") or feed.of_role("sales_amount")
    routes: list[RouteDraft] = []
    for letters, (rows, negative) in sorted(leading_letters(feed, order).items()) if order else ():
        is_return = measure is not None and negative >= 0.9
        name = "return" if is_return else "adjustment"
        twice = any(route.name == name for route in routes)
        share = f", {negative:.0%} of them with a negative {measure.name}" if measure else ""
        note = f"{rows} of {feed.samples[0].rows.num_rows} sampled rows{share}"
        name = f"{name}_{letters.lower()}" if twice else name
        routes.append(RouteDraft(name, f"startswith({order.name if order else ''}, '{letters}')", note))
    if not routes and measure is not None and measure.negative > 0:
        note = f"{measure.negative:.1%} of the sampled rows have a negative {measure.name}: are these returns?"
        routes.append(RouteDraft("return", f"{measure.name} < 0", note, is_sure=False))
    return routes


def draft_maps(feeds: Sequence[FeedDraft]) -> dict[str, list[MapDraft]]:
    """The maps of every feed, by its name."""
    for feed in feeds:
        _name_the_unnamed(feed)
    headers = [feed for feed in feeds if _is_header(feed)]
    maps: dict[str, list[MapDraft]] = {}
    for feed in feeds:
        is_told_elsewhere = any(_share_orders(feed, header) for header in headers if header is not feed)
        order = _order(feed) if _speaks_of_orders(feed) and not is_told_elsewhere else None
        found = [order, _items(feed) if _has_lines(feed) else None, _returns(feed)]
        found += [_master(entity, role, feed, feeds) for entity, role in MASTERS.items()]
        maps[feed.name] = [each for each in found if each is not None]
    return maps


def _name_the_unnamed(feed: FeedDraft) -> None:
    """A file about persons whose key nobody has named is a list of customers; a product may be known by its name alone."""
    persons = [column for column in feed.columns if column.is_person]
    key = next((column for column in feed.columns if column.is_key and column.role is None and column.is_id), None)
    if key is not None and len(persons) >= 2 and not any(feed.of_role(role) for role in (*MASTERS.values(), "order_id")):
        key.role = "source_customer_id"
        key.notes.append("taken for the customer's id, as the file is about persons")
    name = feed.of_role("product_name")
    if name is not None and feed.of_role("product_id") is None and _has_lines(feed, or_name=True) and feed.of_role("order_id"):
        name.role = "product_id"
        name.notes.append("products are known by their names: is there no number?")
    for column in feed.columns:
        if column.role is None and column.name.split("_")[-1] == "name" and not column.pii:
            if feed.of_role("source_customer_id") is not None and not feed.of_role("product_id"):
                column.pii, column.kind = "direct", "name"
                column.notes.append("taken for a person's name; else take pii and kind away")
            else:
                column.notes.append("a person's name? then add pii: direct, kind: name")


def _is_header(feed: FeedDraft) -> bool:
    order = feed.of_role("order_id")
    return order is not None and order.is_key and feed.of_role("ordered_at") is not None and feed.of_role("quantity") is None


def _share_orders(feed: FeedDraft, header: FeedDraft) -> bool:
    """True when orders of a feed have a header in another one."""
    here, there = feed.of_role("order_id"), header.of_role("order_id")
    return here is not None and there is not None and not here.distinct.isdisjoint(there.distinct)


def _speaks_of_orders(feed: FeedDraft) -> bool:
    has_order = feed.of_role("order_id") is not None
    measures = [role for role in ("quantity", "sales_amount", "product_id", "source_customer_id", "unit_price") if feed.of_role(role)]
    return (has_order and bool(measures)) or (len(measures) >= 3 and feed.of_role("ordered_at") is not None)


def _has_lines(feed: FeedDraft, *, or_name: bool = False) -> bool:
    roles = ("product_id", "product_name") if or_name else ("product_id",)
    is_bought = any(feed.of_role(role) for role in roles) and any(
        feed.of_role(role) for role in ("quantity", "sales_amount", "order_id", "order_item_id", "unit_price")
    )
    return is_bought and (feed.of_role("order_id") is not None or _without_number(feed) is not None)


def _without_number(feed: FeedDraft) -> str | None:
    """An order as what one customer bought at one moment."""
    customer, moment = feed.of_role("source_customer_id"), feed.of_role("ordered_at")
    if any(EVENT_WORDS & set(words_of(column.delivered)) for column in feed.columns):
        return None
    return f"{{key: [{customer.name}, {moment.name}]}}" if customer and moment else None


def _copy(draft: MapDraft, feed: FeedDraft, *roles: str) -> None:
    for role in roles:
        column = feed.of_role(role)
        if column is not None:
            draft.fields[role] = column.name


def _number_of_order(draft: MapDraft, feed: FeedDraft) -> None:
    _copy(draft, feed, "order_id")
    made = _without_number(feed)
    if "order_id" not in draft.fields and made:
        draft.fields["order_id"] = made
        draft.notes["order_id"] = "no order number was found: what one customer bought at one moment"


def _order(feed: FeedDraft) -> MapDraft:
    draft = MapDraft("orders")
    _number_of_order(draft, feed)
    if _has_lines(feed):
        _by_moment(draft, feed)
    _copy(draft, feed, "source_customer_id", "store_id", "channel", "ordered_at")
    customer, moment = feed.of_role("source_customer_id"), feed.of_role("ordered_at")
    if customer is not None and customer.guess.has_gaps:
        draft.notes["source_customer_id"] = "empty for a guest"
    if "channel" not in draft.fields and "store_id" in draft.fields:
        draft.fields["channel"] = "{const: pos}"
        draft.notes["channel"] = "sold in a store?"
    if moment is not None:
        draft.fields["ordered_on"] = moment.name
        days = [
            column.name
            for column in feed.columns
            if column is not moment and column.guess.type == "string" and column.name.endswith("time")
        ]
        if moment.type == "date" and days:
            joined = f"to_utc_timestamp(concat(cast({moment.name} as string), ' ', {days[0]}), 'Europe/London')"
            draft.notes["ordered_at"] = f'a day without its time; with it: {{expr: "{joined}"}}, your time zone in place of London'
    _copy(draft, feed, "status", "currency_code")
    amount = feed.of_role("sales_amount")
    if amount is not None and not _has_lines(feed):
        draft.fields["order_amount"] = amount.name
    if "channel" not in draft.fields:
        draft.notes[""] = "channel: {const: web}, or pos, when all orders come from there"
    return draft


def _items(feed: FeedDraft) -> MapDraft:
    draft = MapDraft("order_items")
    line, order = feed.of_role("order_item_id"), feed.of_role("order_id")
    if line is not None and line.is_key:
        draft.fields["order_item_id"] = line.name
    elif line is not None and order is not None:
        draft.fields["order_item_id"] = f"{{key: [{order.name}, {line.name}]}}"
        if set(feed.pair) != {line.name, order.name}:
            draft.notes["order_item_id"] = "the sample has some more than once: deliveries that overlap, or is it no number of a line?"
    else:
        customer, moment = feed.of_role("source_customer_id"), feed.of_role("ordered_at")
        document = [order] if order else [column for column in (customer, moment) if column]
        draft.keys = {"dedup": "full_row_per_document", "document": f"[{', '.join(column.name for column in document)}]"}
        draft.notes["dedup"] = "the lines have no number"
        product = feed.of_role("product_id")
        if order and product and set(feed.pair) == {order.name, product.name}:
            key = f"order_item_id: {{key: [{order.name}, {product.name}]}}"
            draft.notes["dedup"] += f"; {key} instead would let a later file correct a line: no order had a product twice"
    _number_of_order(draft, feed)
    _copy(draft, feed, "product_id", "quantity")
    _amount(draft, feed)
    _copy(draft, feed, *DISCOUNTS, "currency_code")
    for role in DISCOUNTS:
        column = feed.of_role(role)
        if column is not None and column.negative > 0.5:
            draft.fields[role] = expression(f"-{column.name}")
            draft.notes[role] = "positive in the entity, negative in the file"
    return draft


def _returns(feed: FeedDraft) -> MapDraft | None:
    """Returned lines, where a route says which rows they are: quantity and amount are negative there and positive in the entity."""
    moment, order = feed.of_role("ordered_at"), feed.of_role("order_id")
    if (
        not _has_lines(feed)
        or moment is None
        or order is None
        or not any(each.name == "return" and each.is_sure for each in draft_routes(feed))
    ):
        return None
    draft = MapDraft("returns", keys={"routes": "[return]", "dedup": "full_row_per_document", "document": f"[{order.name}]"})
    _copy(draft, feed, "source_customer_id", "product_id", "store_id")
    draft.fields |= {"returned_at": moment.name, "returned_on": moment.name}
    lines = MapDraft("order_items")
    _amount(lines, feed)
    if quantity := feed.of_role("quantity"):
        draft.fields["quantity"] = expression(f"-{quantity.name}")
    if amount := lines.fields.get("sales_amount"):
        inner = amount.removeprefix('{expr: "').removesuffix('"}')
        draft.fields["refund_amount"] = expression(f"-{inner}")
    draft.notes["refund_amount"] = "positive in the entity, negative in the file"
    return draft


def _by_moment(draft: MapDraft, feed: FeedDraft) -> None:
    """What many rows say of one key is said by the latest of them, wherever it stands in the file."""
    moment = feed.of_role("ordered_at")
    if moment is not None and moment.type in ("date", "timestamp"):
        draft.keys["order_by"] = moment.name


def _amount(draft: MapDraft, feed: FeedDraft) -> None:
    amount, price, quantity = (feed.of_role(role) for role in ("sales_amount", "unit_price", "quantity"))
    if amount is not None:
        draft.fields["sales_amount"] = amount.name
        draft.notes["sales_amount"] = "what the retailer received for the line, after discounts?"
    elif price is not None and quantity is not None:
        draft.fields["sales_amount"] = expression(f"cast({quantity.name} * {price.name} as decimal(18,2))")
    elif price is not None:
        draft.fields["sales_amount"] = price.name
        draft.notes["sales_amount"] = "no quantity was found: one piece a line?"


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
        _by_moment(draft, feed)
    if key.guess.has_gaps:
        draft.keys["where"] = f'"{key.name} is not null"'
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
