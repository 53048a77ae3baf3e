"""All promises, in the order in which they are shown."""

from collections.abc import Callable

from tests.evaluation import accounts, customers, to_come
from tests.evaluation.lake import Lake
from tests.evaluation.promise import Promise

PROMISES: dict[str, Callable[[Lake], Promise]] = {
    "capture": accounts.capture,
    "data_repair": accounts.data_repair,
    "orders": accounts.orders,
    "identity": customers.identity,
    "churn": customers.churn,
    "clv": customers.lifetime_value,
    "replenishment": to_come.replenishment,
    "tags": to_come.tags,
    "tiers": to_come.tiers,
    "uplift": to_come.uplift,
    "attribution": to_come.attribution,
    "texts": to_come.texts,
}


def score(lake: Lake, keys: tuple[str, ...] = ()) -> list[Promise]:
    """Score the promises (all of them, or those named)."""
    return [promise(lake) for key, promise in PROMISES.items() if not keys or key in keys]
