"""Maps of a first mapping: which entities a feed seems to fill, and with what."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from spark_jobs.ingest.draft.columns import TIME_OF_DAY, Guess
from spark_jobs.ingest.draft.feeds import DraftFeed

# Entity fields that take a column as it is: field → concept.
CUSTOMER_FIELDS = {"registered_on": "registered_on", "gender": "gender", "birth_year": "birth_year", "region": "region", "source_tier": "source_tier",
    "email_token": "email", "phone_token": "phone"}  # fmt: skip
PRODUCT_FIELDS = {name: name for name in ("product_name", "brand", "department", "category", "subcategory")}
STORE_FIELDS = {name: name for name in ("store_name", "region", "city")}
ORDER_FIELDS = {name: name for name in ("source_customer_id", "store_id", "channel", "status", "currency_code")}


@dataclass
class DraftMap:
    """One entity that a feed fills; field values are YAML."""

    entity: str
    fields: dict[str, str]
    options: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def draft_maps(feed: DraftFeed, feeds: Sequence[DraftFeed]) -> list[DraftMap]:
    """The maps of a feed, in the order in which a person reads them; none when it fits no entity."""
    customer, product, store = (feed.of(concept) for concept in ("source_customer_id", "product_id", "store_id"))
    is_about = {name: column is not None and feed.key == (column.name,) for name, column in
        {"customers": customer, "products": product, "stores": store}.items()}  # fmt: skip
    if is_about["customers"] and not feed.of("order_id"):
        return [_described("customers", feed, "source_customer_id", CUSTOMER_FIELDS)]
    if is_about["products"] and not feed.of("order_id"):
        return [_described("products", feed, "product_id", PRODUCT_FIELDS)]
    if is_about["stores"] and not feed.of("order_id"):
        return [_described("stores", feed, "store_id", STORE_FIELDS)]
    if not (feed.of("order_id") or (customer and feed.of("ordered_at"))):
        return []
    has_lines = product is not None or feed.of("quantity") is not None
    maps = [_orders(feed, feeds, has_lines)]
    if has_lines:
        maps.append(_order_items(feed))
        maps += _returns(feed)
    maps += _customers_of_orders(feed)
    maps += _products_of_lines(feed, feeds)
    return [each for each in maps if each.fields]


def _described(entity: str, feed: DraftFeed, key: str, fields: dict[str, str]) -> DraftMap:
    """An entity that the feed has one row for each of."""
    return DraftMap(entity, {key: _name(feed.of(key)), **_plain(feed, fields)})


def _plain(feed: DraftFeed, fields: dict[str, str]) -> dict[str, str]:
    return {name: column.name for name, concept in fields.items() if (column := feed.of(concept))}


def _orders(feed: DraftFeed, feeds: Sequence[DraftFeed], has_lines: bool) -> DraftMap:
    when = feed.of("ordered_at")
    draft = DraftMap("orders", {"order_id": _order_key(feed), **_plain(feed, ORDER_FIELDS)})
    if when is None:
        if any(other is not feed and other.of("order_id") and other.of("ordered_at") for other in feeds):
            return DraftMap("orders", {})  # the header is in another file
        draft.notes.append("no column with the day of the order was found: orders need ordered_at and ordered_on")
        return draft
    if when.type not in ("date", "timestamp"):
        draft.notes.append(f"{when.name} was not recognised as a date: give it a type and a format")
    if has_lines and when.type in ("date", "timestamp"):
        draft.options["order_by"] = when.name
    draft.fields |= {"ordered_at": _moment(feed, when, draft.notes), "ordered_on": when.name}
    if (amount := feed.of("sales_amount")) and not has_lines:
        draft.fields["order_amount"] = amount.name
    if feed.of("source_customer_id") is None:
        draft.notes.append("no customer was found: every order is a guest's")
    return draft


def _order_items(feed: DraftFeed) -> DraftMap:
    line, order, product = feed.of("order_item_id"), feed.of("order_id"), feed.of("product_id")
    draft = DraftMap("order_items", {})
    if line and feed.key == (line.name,):
        draft.fields["order_item_id"] = line.name
    else:
        draft.options |= {"dedup": "full_row_per_document", "document": f"[{', '.join(_document(feed))}]"}
        draft.notes.append("lines have no number: equal lines of one document count, a document delivered twice counts once")
        if order and product and set(feed.key) == {order.name, product.name}:
            draft.notes.append(
                f"if an order never has a product twice: order_item_id: {{key: [{order.name}, {product.name}]}}, without dedup"
            )
    draft.fields |= {"order_id": _order_key(feed), **_plain(feed, {"product_id": "product_id", "quantity": "quantity"})}
    draft.fields["sales_amount"] = _amount(feed, draft.notes)
    if discount := feed.of("discount_amount"):
        draft.fields["retail_discount_amount"] = discount.name
        draft.notes.append("discounts are positive, and sales_amount is what was paid after them: check both")
    return draft


def _returns(feed: DraftFeed) -> list[DraftMap]:
    """Returned lines, when a route says which they are: amounts are negative there, and positive in the entity."""
    when, quantity = feed.of("ordered_at"), feed.of("quantity")
    if when is None or not any(name == "return" for name, _, _ in feed.routes):
        return []
    fields = {
        "returned_at": when.name,
        "returned_on": when.name,
        **_plain(feed, {each: each for each in ("source_customer_id", "product_id", "store_id")}),
    }
    if quantity:
        fields["quantity"] = f'{{expr: "-{quantity.name}"}}'
    amount = _amount(feed, [])
    if amount.startswith("{expr"):
        fields["refund_amount"] = amount.replace('"cast(', '"cast(-')
    elif amount != "{const: 0}":
        fields["refund_amount"] = f'{{expr: "-{amount}"}}'
    options = {"routes": "[return]", "dedup": "full_row_per_document", "document": f"[{', '.join(_document(feed))}]"}
    return [DraftMap("returns", fields, options)]


def _customers_of_orders(feed: DraftFeed) -> list[DraftMap]:
    customer = feed.of("source_customer_id")
    if customer is None:
        return []
    options = {} if customer.required else {"where": json.dumps(f"{customer.name} is not null")}
    options |= _by_moment(feed)
    if routes := [name for name, _, _ in feed.routes if name == "return"]:
        options = {"routes": f"[default, {routes[0]}]", **options}
    return [DraftMap("customers", {"source_customer_id": customer.name, **_plain(feed, CUSTOMER_FIELDS)}, options)]


def _products_of_lines(feed: DraftFeed, feeds: Sequence[DraftFeed]) -> list[DraftMap]:
    product, described = feed.of("product_id"), _plain(feed, PRODUCT_FIELDS)
    has_file = any(other is not feed and (key := other.of("product_id")) and other.key == (key.name,) for other in feeds)
    if product is None or not described or has_file:
        return []
    options = {"routes": f"[default, {', '.join(name for name, _, _ in feed.routes)}]"} if feed.routes else {}
    options |= _by_moment(feed)
    if not product.required:
        options["where"] = json.dumps(f"{product.name} is not null")
    return [DraftMap("products", {"product_id": product.name, **described}, options)]


def _by_moment(feed: DraftFeed) -> dict[str, str]:
    """What is described in passing is described by the latest row."""
    when = feed.of("ordered_at")
    return {"order_by": when.name} if when and when.type in ("date", "timestamp") else {}


def _order_key(feed: DraftFeed) -> str:
    return _document(feed)[0] if feed.of("order_id") else f"{{key: [{', '.join(_document(feed))}]}}"


def _moment(feed: DraftFeed, when: Guess, notes: list[str]) -> str:
    """When it happened: a column, or a day and a time of day together."""
    clock = feed.of(TIME_OF_DAY)
    if when.type != "date" or clock is None:
        return when.name
    notes.append("day and time of day together are local time: put your time zone in the place of UTC")
    return json_expr(f"to_utc_timestamp(concat(cast({when.name} as string), ' ', {clock.name}), 'UTC')")


def _document(feed: DraftFeed) -> list[str]:
    """Columns that make an order: its id, else who bought when."""
    order = feed.of("order_id")
    concepts = ("order_id",) if order else ("source_customer_id", "ordered_at")
    return [column.name for concept in concepts if (column := feed.of(concept))]


def _amount(feed: DraftFeed, notes: list[str]) -> str:
    amount, quantity, price = (feed.of(concept) for concept in ("sales_amount", "quantity", "unit_price"))
    if amount:
        return amount.name
    if quantity and price:
        return json_expr(f"cast({quantity.name} * {price.name} as decimal(18,2))")
    if price:
        notes.append("only a price was found: it is taken for the amount of the line")
        return price.name
    notes.append("no amount was found: visits are counted, money is not")
    return "{const: 0}"


def json_expr(expression: str) -> str:
    """A field that is computed, in YAML."""
    return f"{{expr: {json.dumps(expression)}}}"


def _name(column: Guess | None) -> str:
    assert column is not None
    return column.name
