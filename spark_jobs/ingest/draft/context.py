"""What a column without a telling name is, such as `id`, `no` or `name`, by the name of the file or list that it is in."""

from collections.abc import Sequence

from spark_jobs.ingest.draft.columns import ColumnDraft, are_codes
from spark_jobs.ingest.draft.feeds import FeedDraft, stem_of
from spark_jobs.ingest.draft.levels import is_above, may_fill, noun
from spark_jobs.ingest.draft.signatures import phrases
from spark_jobs.ingest.draft.words import words_of

LINES = phrases(
    "item; items; line; lines; product; products; orderline; details; positions; entries; basket; lineitems; article; articles; cart"
)
BARE_IDS = phrases("id; no; number; key; code; nr; num; uuid; guid; ref; reference; index id")


def name_the_bare(feed: FeedDraft) -> None:
    """Give `id`, and `name` where it holds numbers of orders, the role that the file's name or the list's name says."""
    for column in feed.columns:
        if column.role is not None or column.is_person:
            continue
        if _last(column) in BARE_IDS:
            role = _role_by_holder(column, feed)
            is_of_rows = not is_above(column.delivered, feed.each)
            if (
                role
                and may_fill(column.delivered, feed.each, role, len(column.distinct))
                and (column.is_key or not is_of_rows)
                and feed.of_role(role) is None
            ):
                _take(column, role)
        elif _last(column) == "name" and feed.of_role("order_id") is None and are_codes(column) and _is_of_orders(feed):
            _take(column, "order_id")


def _is_of_orders(feed: FeedDraft) -> bool:
    return noun(stem_of(feed.samples[0].file)) == "order_id"


def _role_by_holder(column: ColumnDraft, feed: FeedDraft) -> str | None:
    """The role of an id by the name of the list it is in, else of the file; a line when the list's holder is an order."""
    holders = [stem_of(feed.samples[0].file), *("_".join(words_of(name.strip("."))) for name in column.delivered.split("[]")[:-1])]
    last = holders[-1].split("_")[-1]
    if len(holders) > 1 and last in LINES and ("order_id" in map(noun, holders[:-1]) or feed.of_role("quantity")):
        return "order_item_id"
    return noun(holders[-1])


def name_the_line(feed: FeedDraft) -> None:
    """A product's number that names every row, beside another one that does not, is that of the line."""
    product, order = feed.of_role("product_id"), feed.of_role("order_id")
    if product is None or order is None or not product.is_key or feed.of_role("order_item_id"):
        return
    others = [
        column for column in feed.columns if "product_id" in column.roles and column.role is None and not column.is_key and column.is_id
    ]
    if others:
        product.role = "order_item_id"
        product.notes = ["check order_item_id: it names every row, so it is taken for the line's number"]
        others.sort(key=lambda column: "product" not in words_of(column.delivered))
        others[0].role = "product_id"


def is_parent(other: FeedDraft, feed: FeedDraft) -> bool:
    """Whether the elements of a feed lie in lists of another one's rows."""
    if feed.each is None or other is feed or other.samples[0].file != feed.samples[0].file:
        return False
    return other.each is None or feed.each.startswith(f"{other.each}.")


def take_order_of_parent(feed: FeedDraft, feeds: Sequence[FeedDraft]) -> None:
    """Lines in a list of their order carry the order's own key, so that both feeds make the same orders."""
    for parent in (other for other in feeds if is_parent(other, feed)):
        order = parent.of_role("order_id")
        own = next((column for column in feed.columns if order is not None and column.delivered == order.delivered), None)
        if own is not None and own.role in (None, "order_id", "order_item_id") and not own.is_person:
            for column in feed.columns:
                column.role = None if column.role == "order_id" else column.role
            own.role = "order_id"


def name_the_order(feed: FeedDraft) -> None:
    """The one unique id of a file about what somebody did on a day is the number of the order."""
    if feed.of_role("order_id") or not feed.of_role("ordered_at"):
        return
    measures = [role for role in ("sales_amount", "quantity", "source_customer_id", "product_id") if feed.of_role(role)]
    keys = [column for column in feed.columns if column.is_key and not is_above(column.delivered, feed.each)]
    key = next((column for column in keys if column.is_id and column.role is None and not column.is_person), None)
    if key is not None and measures and not any(feed.of_role(role) is key for role in measures):
        key.role = "order_id"
        key.notes.append("check the order number: this is the only column that names a row")


def _take(column: ColumnDraft, role: str) -> None:
    column.role, column.is_id = role, True
    subject = {"order_id": "order", "source_customer_id": "customer", "product_id": "product", "store_id": "store"}.get(role, "line")
    column.notes = [*column.notes, f"check the key: taken for the {subject} number, as the name of the file says"]


def _last(column: ColumnDraft) -> str:
    return " ".join(words_of(column.delivered.rsplit(".", 1)[-1]))
