"""Documents among the lines of a feed: whether an order number names one order, and which columns are filled on its first line only."""

from collections import defaultdict
from collections.abc import Sequence

import pyarrow as pa

from spark_jobs.ingest.draft.columns import ColumnDraft
from spark_jobs.ingest.draft.feeds import FeedDraft
from spark_jobs.ingest.draft.words import words_of

LOOKED_AT = 5_000
HEADER_ROLES = frozenset({"product_id", "quantity", "unit_price", "order_item_id", "product_name"})  # never of the header
SHARE = 0.5
HEADERS, SUMS = frozenset({"order", "invoice", "grand", "receipt", "basket"}), frozenset({"total", "amount", "value"})
SEVERAL_LINES, MANY_OWNERS = 1.2, 5
CONTINUED, MOST, FEW_ORDERS = 0.2, 0.9, 3


def find_documents(feed: FeedDraft) -> None:
    """Check the order number, and find amounts and other fields of the header among the lines."""
    order = feed.of_role("order_id")
    if order is None:
        return
    feed.order_key = _key_of(feed, order)
    names = [column.name for column in feed.order_key]
    rows = feed.head.slice(0, LOOKED_AT)
    _find_continued(feed, order, rows)
    documents: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for at, key in enumerate(zip(*(rows.column(column.delivered).to_pylist() for column in feed.order_key), strict=True)):
        documents[key].append(at)
    longer = [lines for key, lines in documents.items() if len(lines) > 1 and None not in key]
    if not longer:
        return
    for column in feed.columns:
        if column.name not in names and column.role not in HEADER_ROLES and not column.is_person:
            values = rows.column(column.delivered).to_pylist()
            if _is_on_first_line_only(values, longer):
                column.per_document = "first_filled"
                column.notes.append("check per_document: only the first line of an order has it")
    if any(column.per_document for column in feed.columns):
        feed.document = tuple(names)
    _drop_header_amount(feed, rows, longer)


def _key_of(feed: FeedDraft, order: ColumnDraft) -> list[ColumnDraft]:
    """The order number, with the customer or store when it begins again for each of them."""
    parts = [order]
    for role, whose in (("store_id", "store"), ("source_customer_id", "customer")):
        owner = feed.of_role(role)
        if owner is not None and owner is not order and _is_shared(feed, parts, owner):
            parts.insert(0, owner)
            order.notes.append(f"check the order number: it begins again for each {whose}, so both together are the key")
    return parts


def _is_shared(feed: FeedDraft, parts: Sequence[ColumnDraft], owner: ColumnDraft) -> bool:
    """True when most numbers that come more than once belong to several owners: to many, or to each with several lines."""
    names = [part.delivered for part in parts]
    known = feed.head.select([*names, owner.delivered]).drop_null()
    pairs = known.group_by([*names, owner.delivered]).aggregate([])
    owners = [count for count in _counts(pairs, names) if count > 1]
    again = sum(count > 1 for count in _counts(known, names))
    has_lines = known.num_rows >= SEVERAL_LINES * pairs.num_rows
    is_many = bool(owners) and sum(owners) >= MANY_OWNERS * len(owners)
    return again >= 3 and len(owners) > SHARE * again and (has_lines or is_many)


def _counts(rows: pa.Table, names: Sequence[str]) -> list[int]:
    counts: list[int] = rows.group_by(list(names)).aggregate([([], "count_all")]).column("count_all").to_pylist()
    return counts


def _is_on_first_line_only(values: Sequence[object], documents: Sequence[Sequence[int]]) -> bool:
    first = [lines for lines in documents if values[lines[0]] is not None]
    return bool(first) and all(values[at] is None for lines in documents for at in lines[1:])


def _find_continued(feed: FeedDraft, order: ColumnDraft, rows: pa.Table) -> None:
    """Lines below the first one of an order without its number, as people write them: no totals, and of no order for a machine."""
    product = feed.of_role("product_id") or feed.of_role("product_name")
    if product is None or not order.guess.has_gaps or feed.each is not None:
        return
    numbers, products = (rows.column(column.delivered).to_pylist() for column in (order, product))
    moment = feed.of_role("ordered_at")
    moments = rows.column(moment.delivered).to_pylist() if moment else [None] * len(numbers)
    blank = [at for at, number in enumerate(numbers) if number is None]
    begun = sum(at > 0 and numbers[at - 1] is not None for at in blank)
    lines = [at for at in blank if at and products[at] is not None and moments[at] in (None, moments[at - 1])]
    if begun >= 2 and len(blank) >= CONTINUED * len(numbers) and len(lines) >= MOST * len(blank):
        feed.is_continued = order.required = True
        order.notes.append(
            f"ask the source for the order number on every line: {len(blank) / len(numbers):.0%} of the lines have none, continue the one above "
            "and are rejected"
        )


def _drop_header_amount(feed: FeedDraft, rows: pa.Table, documents: Sequence[Sequence[int]]) -> None:
    """An amount that is the same on all lines of an order, or on its first one only, is that of the order and not of a line."""
    amount, price = feed.of_role("sales_amount"), feed.of_role("unit_price")
    if amount is None or feed.of_role("product_id") is None:
        return
    words = words_of(amount.delivered)
    is_named_so = words[:1] != () and words[0] in HEADERS and words[-1] in SUMS
    is_repeated = amount.per_document is None and _is_repeated(feed, rows, documents, 1 if is_named_so else FEW_ORDERS)
    if amount.per_document is None and not (is_named_so and price is not None) and not is_repeated:
        return
    if amount.per_document is None:
        amount.notes.append("leave it out of the lines: it is the amount of the whole order")
    if is_repeated:
        amount.per_document = "first_filled"
        feed.document = tuple(column.name for column in feed.order_key)
    amount.role = None
    feed.order_amount = amount if amount.per_document else None


def _is_repeated(feed: FeedDraft, rows: pa.Table, documents: Sequence[Sequence[int]], enough: int) -> bool:
    """True when the lines of an order differ in product, quantity or price, but never in the amount."""
    amounts, *others = (
        rows.column(column.delivered).to_pylist()
        for column in map(feed.of_role, ("sales_amount", "product_id", "quantity", "unit_price"))
        if column is not None
    )
    differ = [lines for lines in documents if any(len({values[at] for at in lines}) > 1 for values in others)]
    return (
        len(differ) >= enough
        and all(len({amounts[at] for at in lines}) == 1 for lines in documents)
        and (len({amounts[lines[0]] for lines in differ}) > 1 or enough == 1)
    )
