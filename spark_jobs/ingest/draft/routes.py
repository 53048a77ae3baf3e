"""Routes of drafted feeds: rows that are returns, adjustments or totals."""

from collections import Counter
from collections.abc import Sequence

from spark_jobs.ingest.draft.columns import ColumnDraft
from spark_jobs.ingest.draft.feeds import FeedDraft, leading_letters
from spark_jobs.ingest.draft.maps import RouteDraft
from spark_jobs.ingest.draft.words import words_of

MOST_KINDS = 12
KINDS = frozenset({
    "kind", "type", "typ", "art", "status", "state", "action", "event", "movement", "operation", "direction", "flag", "mode", "class", "category", "reason",
    "tipo", "belegart", "vorgangsart", "buchungsart", "bewegungsart", "storno",
    "return", "returned", "refund", "refunded", "cancelled", "canceled",
})  # fmt: skip
OF_OTHERS = frozenset({"store", "shop", "branch", "product", "item", "article", "customer", "member", "payment"})


def draft_routes(feed: FeedDraft) -> list[RouteDraft]:
    """Routes for rows whose order number begins with letters that others lack, or whose quantity is negative."""
    order, measure = feed.of_role("order_id"), feed.of_role("quantity") or feed.of_role("sales_amount")
    routes: list[RouteDraft] = []
    for letters, (rows, negative) in sorted(leading_letters(feed, order).items()) if order else ():
        is_return = measure is not None and negative >= 0.9
        name = "return" if is_return else "adjustment"
        twice = any(route.name == name for route in routes)
        share = f", {negative:.0%} of them with a negative {measure.name}" if measure else ""
        note = f"check these rows: {rows} of {feed.samples[0].rows.num_rows} sampled rows{share}"
        name = f"{name}_{letters.lower()}" if twice else name
        routes.append(RouteDraft(name, f"startswith({order.name if order else ''}, '{letters}')", note))
    routes += [] if routes else _by_kind(feed)
    if not routes and measure is not None and measure.negative > 0:
        note = f"add this route if they are returns: {measure.negative:.1%} of the sampled rows have a negative {measure.name}"
        routes.append(RouteDraft("return", f"{measure.name} < 0", note, is_sure=False))
    if order is not None and order.guess.has_gaps and feed.each is None and not feed.is_continued:
        note = "check these rows: totals or fees, which belong to no order"
        routes.insert(0, RouteDraft("without_order", f"{order.name} is null", note))
    return routes


def _by_kind(feed: FeedDraft) -> list[RouteDraft]:
    """A column of few values of which one has all the negative amounts, and the others none."""
    measure = feed.of_role("sales_amount") or feed.of_role("quantity")
    if measure is None or not measure.negative:
        return []
    minus = [text is not None and text.lstrip().startswith(("-", "(")) for text in feed.sampled.column(measure.delivered).to_pylist()]
    for column in feed.columns:
        if column.type == "string" and _is_of_kinds(column, feed) and 1 < len(column.distinct) <= MOST_KINDS and any(minus):
            kinds = feed.sampled.column(column.delivered).to_pylist()
            if kind := _kind_of_minus(kinds, minus):
                note = f"check these rows: nearly all have a negative {measure.name}, and hardly any others"
                return [RouteDraft("return", f"{column.name} = '{kind}'", note)]
    return []


def _is_of_kinds(column: ColumnDraft, feed: FeedDraft) -> bool:
    """A column that says what a row is; a number, a key or a place that has returns only has them by chance."""
    if column.is_person or column.is_key or column.is_id or column in feed.order_key or column.role not in (None, "status"):
        return False
    words = words_of(column.delivered)
    return bool(set(words) & KINDS) and words[0] not in OF_OTHERS


def _kind_of_minus(kinds: Sequence[str | None], minus: Sequence[bool]) -> str | None:
    """The kind whose rows are negative, when the rows of all others are not; a few wrong rows do not matter."""
    rows, negative = Counter(kinds), Counter(kind for kind, is_minus in zip(kinds, minus, strict=True) if is_minus)
    found = [kind for kind in rows if kind and negative[kind] >= 0.8 * rows[kind]]
    others = [kind for kind in rows if kind not in found]
    is_clear = len(found) == 1 and bool(others) and all(negative[kind] <= 0.01 * rows[kind] for kind in others)
    return found[0] if is_clear and not set(found[0]) & set("'\\\"") else None
