"""Levels of nested JSON: what the objects around a list may say of its elements, and what only the elements say themselves."""

from collections.abc import Collection, Sequence

from conf.vocabularies.statuses import statuses, word
from spark_jobs.ingest.draft.signatures import phrases
from spark_jobs.ingest.draft.words import words_of

NOUNS = {
    "order_id": phrases(
        "order; orders; sale; sales; charge; charges; transaction; transactions; receipt; receipts; purchase; purchases; basket; baskets; "
        "checkout; checkouts; till; tills; pos; invoice; invoices; bill; bills; payment intents; bookings"
    ),
    "source_customer_id": phrases(
        "customer; customers; member; members; user; users; client; clients; contact; contacts; household; households; shopper; shoppers; people; "
        "person; persons; account; accounts; crm; subscribers; kunden; profile; profiles; demographic; demographics; hh demographic"
    ),
    "product_id": phrases("product; products; item; items; article; articles; sku; skus; catalog; catalogue; goods; assortment; variants"),
    "store_id": phrases("store; stores; shop; shops; branch; branches; outlet; outlets; location; locations"),
}
MOST = 0.7
# A page's `total` is a count, and an order's total is no amount of its lines.
OF_THE_ELEMENT = frozenset({
    "quantity", "unit_price", "sales_amount", "retail_discount_amount", "coupon_discount_amount", "coupon_match_discount_amount", "order_item_id",
})  # fmt: skip


def noun(stem: str) -> str | None:
    """The role of the ids of what a file or a list is named after."""
    words = stem.split("_")
    for each in (*reversed(words), stem.replace("_", " ")):
        for role, nouns in NOUNS.items():
            if each in nouns:
                return role
    return None


def is_above(delivered: str, each: str | None) -> bool:
    """True for a value of the objects that a list is in, and not of its elements."""
    return each is not None and not delivered.startswith(f"{each}.")


def may_fill(delivered: str, each: str | None, role: str, values: int) -> bool:
    """Whether a column may fill a field of the element: not an amount from above it, nor its id when the whole file has one value.

    Args:
        delivered: path of the value.
        each: path of the list whose elements are the rows.
        role: the canonical field.
        values: distinct values in the sample.
    """
    if not is_above(delivered, each):
        return True
    is_of_envelope = "[]" not in delivered and values < 2
    return role not in OF_THE_ELEMENT and not (is_of_envelope and role in map(noun, _lists(each or "")))


def fitting_roles(roles: Sequence[str], delivered: str, each: str | None, values: Collection[str]) -> tuple[str, ...]:
    """The roles of a column that its place and its values allow; `state` is a region, unless its values are states of orders."""
    found = [role for role in roles if may_fill(delivered, each, role, len(values))]
    if found[:1] == ["region"] and words_of(delivered.rsplit(".", 1)[-1])[-1:] == ("state",) and are_statuses(values):
        found = ["status", *found[1:]]
    return tuple(found)


def are_statuses(values: Collection[str]) -> bool:
    """Whether most values are words for the state of an order."""
    return bool(values) and sum(word(text) in statuses().words for text in values) >= MOST * len(values)


def _lists(each: str) -> Sequence[str]:
    """The names of the lists on a path."""
    return ["_".join(words_of(name.strip("."))) for name in each.split("[]")[:-1]]
