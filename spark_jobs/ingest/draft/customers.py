"""Customer ids that stand for nobody: guests, walk-in customers, zeros."""

import re

import pyarrow.compute as pc

from spark_jobs.ingest.draft.feeds import FeedDraft

NOBODY = re.compile(
    r"0+|-1|9{4,}|guest|gast|invit[eé]|invitado|anonym(?:ous)?|unknown|none|nobody|walk[-_ ]?in|cash|retail|n/?a|no[-_ ]?customer|default|test|散客|游客|匿名",
    re.IGNORECASE,
)
SHARE, ENOUGH_ROWS, TIMES_THE_NEXT, MORE_THAN_THE_NEXT = 0.1, 50, 5, 1.5
QUOTABLE = re.compile(r"[\w ./@#-]{1,40}")


def find_sentinels(feed: FeedDraft) -> None:
    """Customer ids on many rows that are no customer's: the draft reads them as empty."""
    customer = feed.of_role("source_customer_id")
    if customer is None or customer.is_person or customer.type not in ("string", "bigint") or customer.is_key:
        return
    known = feed.sampled.column(customer.delivered).drop_null()
    counts = sorted(
        ((each["counts"], each["values"]) for each in pc.value_counts(known).to_pylist() if each["values"] in customer.distinct),
        reverse=True,
    )
    second = counts[1][0] if len(counts) > 1 else 0
    found = []
    for rows, text in counts[:5]:
        is_often = rows > SHARE * feed.rows and rows > 1
        is_far_ahead = feed.rows >= ENOUGH_ROWS and len(counts) > 5 and (rows, text) == counts[0] and rows >= TIMES_THE_NEXT * second
        is_nobody = NOBODY.fullmatch(text.strip()) is not None and (text.strip("-0123456789.") != "" or rows > MORE_THAN_THE_NEXT * second)
        if is_often and QUOTABLE.fullmatch(text) and (is_nobody or is_far_ahead):
            found.append(text)
    if not found:
        return
    written = [text.removesuffix(".0") if customer.guess.is_number else f"'{text}'" for text in sorted(found)]
    listed = ", ".join(written)
    customer.value_reading = f"case when {{}} in ({listed}) then null else {{}} end"
    customer.nobody = f"not in ({listed})"
    share = sum(rows for rows, text in counts if text in found) / max(1, feed.rows)
    customer.notes.append(f"check the customer: {listed} stands on {share:.0%} of the sampled rows, is read as a guest and is no customer")
