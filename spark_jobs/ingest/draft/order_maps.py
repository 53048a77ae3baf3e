"""Maps of orders, their lines and their returns."""

from collections.abc import Sequence

from spark_jobs.ingest.draft.columns import ColumnDraft
from spark_jobs.ingest.draft.feeds import FeedDraft, are_unique
from spark_jobs.ingest.draft.levels import is_above
from spark_jobs.ingest.draft.maps import MapDraft, expression
from spark_jobs.ingest.draft.words import words_of

EVENT_WORDS = frozenset({"event", "behavior", "behaviour", "action"})  # not every row is a purchase
DEDUP_NOTES = {
    "document": "check dedup: lines have no number, so a later file that has an order replaces all its lines",
    "full_row_per_document": "check dedup: lines have no number, so a later file adds the lines of an order that are new",
}
DISCOUNT_WORDS = frozenset({"discount", "disc", "rebate"})
MINUS = ("-", "(", "\u2212", "\uff0d")
DISCOUNTS = ("retail_discount_amount", "coupon_discount_amount", "coupon_match_discount_amount")


def speaks_of_orders(feed: FeedDraft) -> bool:
    """Whether the rows tell who bought, what and for how much."""
    has_order = feed.of_role("order_id") is not None
    has_order = has_order and (feed.of_role("ordered_at") is not None or len(feed.columns) < 4 or has_lines(feed))
    measures = [role for role in ("quantity", "sales_amount", "product_id", "source_customer_id", "unit_price") if feed.of_role(role)]
    is_purchase = {"sales_amount", "source_customer_id"} <= set(measures) and feed.of_role("ordered_at") is not None
    return (has_order and bool(measures)) or is_purchase or (len(measures) >= 3 and feed.of_role("ordered_at") is not None)


def has_lines(feed: FeedDraft, *, or_name: bool = False) -> bool:
    """Whether the rows are what was bought: products with a quantity, an amount or an order number."""
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
            draft.fields[role] = column.field


def _number_of_order(draft: MapDraft, feed: FeedDraft) -> None:
    if len(feed.order_key) > 1:
        draft.fields["order_id"] = f"{{key: [{', '.join(column.name for column in feed.order_key)}]}}"
        return
    _copy(draft, feed, "order_id")
    made = _without_number(feed)
    if "order_id" not in draft.fields and made:
        draft.fields["order_id"] = made
        draft.notes["order_id"] = "map the order number if there is one: this is what one customer bought at one moment"


def currency_beside(draft: MapDraft, amount: ColumnDraft | None) -> None:
    """The one currency whose sign or code stands beside the amounts, when no column says it."""
    if amount is not None and amount.guess.currency and "currency_code" not in draft.fields:
        draft.fields["currency_code"] = f"{{const: {amount.guess.currency}}}"
        draft.notes["currency_code"] = "check the currency: it stands beside the amounts"


def order_map(feed: FeedDraft) -> MapDraft:
    """The map of orders, from their headers or from their lines."""
    draft = MapDraft("orders")
    _number_of_order(draft, feed)
    if has_lines(feed):
        by_moment(draft, feed)
    _copy(draft, feed, "source_customer_id", "store_id", "channel", "ordered_at")
    customer, moment = feed.of_role("source_customer_id"), feed.of_role("ordered_at")
    if customer is not None and customer.guess.has_gaps:
        draft.notes["source_customer_id"] = "leave it: it is empty for a guest"
    if "channel" not in draft.fields and "store_id" in draft.fields:
        draft.fields["channel"] = "{const: pos}"
        draft.notes["channel"] = "check the channel: sold in a store?"
    if moment is not None:
        draft.fields["ordered_on"] = moment.name
        if reading := moment.guess.reading.format(moment.name):
            draft.fields["ordered_at"], draft.fields["ordered_on"] = expression(reading), expression(f"to_date({reading})")
        days = [
            column.name
            for column in feed.columns
            if column is not moment and column.guess.type == "string" and column.name.endswith("time")
        ]
        if moment.type == "date" and days:
            joined = f"to_utc_timestamp(concat(cast({moment.name} as string), ' ', {days[0]}), 'Europe/London')"
            draft.notes["ordered_at"] = f'to have the time too, map {{expr: "{joined}"}} with your time zone in place of London'
    _copy(draft, feed, "status", "currency_code")
    amount = feed.order_amount or feed.of_role("sales_amount")
    currency_beside(draft, amount or feed.of_role("unit_price"))
    if amount is not None and (feed.order_amount is not None or not has_lines(feed)):
        draft.fields["order_amount"] = amount.field
    if "channel" not in draft.fields:
        draft.notes[""] = "add channel: {const: web}, or pos, when all orders come from there"
    return draft


def items_map(feed: FeedDraft) -> MapDraft:
    """The map of order lines; lines without a number belong to a document."""
    draft = MapDraft("order_items")
    line, order = feed.of_role("order_item_id"), feed.of_role("order_id")
    if line is not None and line.is_key and (order is None or not line.guess.is_number):
        draft.fields["order_item_id"] = line.name
    elif line is not None and order is not None:
        parts = _document(feed, order)
        draft.fields["order_item_id"] = _key(parts, line)
        if set(feed.pair) != {line.name, order.name} and not are_unique(feed, [*parts, line]):
            draft.notes["order_item_id"] = "check the key: the sample has some more than once"
    else:
        customer, moment = feed.of_role("source_customer_id"), feed.of_role("ordered_at")
        document = feed.order_key or [column for column in (customer, moment) if column]
        draft.keys = {"dedup": _dedup(feed), "document": f"[{', '.join(column.name for column in document)}]"}
        draft.notes["dedup"] = DEDUP_NOTES[draft.keys["dedup"]]
        product = feed.of_role("product_id")
        if order and product and set(feed.pair) == {order.name, product.name}:
            key = f"order_item_id: {{key: [{order.name}, {product.name}]}}"
            draft.notes["dedup"] += f"; or map {key}: no order had a product twice"
    _number_of_order(draft, feed)
    _copy(draft, feed, "product_id", "quantity")
    _amount(draft, feed)
    _copy(draft, feed, *DISCOUNTS, "currency_code")
    currency_beside(draft, feed.of_role("sales_amount") or feed.of_role("unit_price"))
    for role in DISCOUNTS:
        column = feed.of_role(role)
        if column is not None and column.negative > 0.5:
            draft.fields[role] = expression(f"-{column.name}")
            draft.notes[role] = "leave the minus: it is positive in the entity, negative in the file"
    return draft


def returns_map(feed: FeedDraft) -> MapDraft | None:
    """Returned lines, where a route says which rows they are: quantity and amount are negative there and positive in the entity."""
    moment, order = feed.of_role("ordered_at"), feed.of_role("order_id")
    if not has_lines(feed) or moment is None or order is None or not _has_returns(feed):
        return None
    draft = MapDraft("returns", keys={"routes": "[return]", "dedup": _dedup(feed)})
    document = _document(feed, order)
    draft.keys["document"] = f"[{', '.join(column.name for column in document)}]"
    line = feed.of_role("order_item_id")
    if line is not None:
        draft.keys = {"routes": "[return]"}
        draft.fields["return_id"] = _key(document, line)
    _copy(draft, feed, "source_customer_id", "product_id", "store_id")
    draft.fields |= {"returned_at": moment.name, "returned_on": moment.name}
    lines = MapDraft("order_items")
    _amount(lines, feed)
    if quantity := feed.of_role("quantity"):
        draft.fields["quantity"] = expression(f"-{quantity.name}")
    if amount := lines.fields.get("sales_amount"):
        inner = amount.removeprefix('{expr: "').removesuffix('"}')
        draft.fields["refund_amount"] = expression(f"-{inner}")
    _copy(draft, feed, "currency_code")
    currency_beside(draft, feed.of_role("sales_amount") or feed.of_role("unit_price"))
    if "subtract" in (note := lines.notes.get("sales_amount", "")):
        draft.notes["refund_amount"] = note
        return draft
    draft.notes["refund_amount"] = "leave the minus: it is positive in the entity, negative in the file"
    return draft


def _document(feed: FeedDraft, order: ColumnDraft) -> list[ColumnDraft]:
    """What names an order among those of all stores or customers."""
    return feed.order_key or [order]


def _key(parts: Sequence[ColumnDraft], line: ColumnDraft) -> str:
    names = dict.fromkeys(column.name for column in (*parts, line))
    return f"{{key: [{', '.join(names)}]}}"


def _has_returns(feed: FeedDraft) -> bool:
    return any(route.name.startswith("return") and route.is_sure for route in feed.routes)


def _dedup(feed: FeedDraft) -> str:
    """Lines of an order that is delivered again replace it, unless its returns carry the same number and would retire what was sold."""
    order, value = feed.of_role("order_id"), feed.of_role("quantity") or feed.of_role("sales_amount")
    if order is None or feed.order_key == []:
        return "full_row_per_document"
    return "full_row_per_document" if value is not None and _has_returns(feed) and _share_numbers(feed, value) else "document"


def _share_numbers(feed: FeedDraft, value: ColumnDraft) -> bool:
    """True when an order of the sample has lines that were sold, and lines that were given back."""
    rows = feed.sampled
    keys = zip(*(rows.column(column.delivered).to_pylist() for column in feed.order_key), strict=True)
    signs: dict[tuple[object, ...], set[bool]] = {}
    for key, text in zip(keys, rows.column(value.delivered).to_pylist(), strict=True):
        if text is not None and None not in key:
            signs.setdefault(key, set()).add(text.strip().startswith(MINUS))
    return any(len(found) > 1 for found in signs.values())


def by_moment(draft: MapDraft, feed: FeedDraft) -> None:
    """What many rows say of one key is said by the latest of them, wherever it stands in the file."""
    moment = feed.of_role("ordered_at")
    if moment is not None and moment.type in ("date", "timestamp"):
        draft.keys["order_by"] = moment.name


def _is_discount(column: ColumnDraft, feed: FeedDraft) -> bool:
    """A discount of the row, in money or in percent."""
    speaks_of_one = column.role in DISCOUNTS or bool(DISCOUNT_WORDS & set(words_of(column.delivered.rsplit(".", 1)[-1])))
    return speaks_of_one and column.guess.is_number and column.per_document is None and not is_above(column.delivered, feed.each)


def _amount(draft: MapDraft, feed: FeedDraft) -> None:
    amount, price, quantity = (feed.of_role(role) for role in ("sales_amount", "unit_price", "quantity"))
    if amount is not None:
        draft.fields["sales_amount"] = amount.field
        draft.notes["sales_amount"] = "check the amount: what the retailer received for the line, after discounts"
    elif price is not None and quantity is not None:
        draft.fields["sales_amount"] = expression(f"cast({quantity.name} * {price.value} as decimal(18,2))")
        if discounts := [column.name for column in feed.columns if _is_discount(column, feed)]:
            draft.notes["sales_amount"] = f"subtract {' and '.join(discounts)} unless the price is after it: this is quantity times price"
    elif price is not None:
        draft.fields["sales_amount"] = price.field
        draft.notes["sales_amount"] = "check the amount: no quantity was found, so each line is one piece"
