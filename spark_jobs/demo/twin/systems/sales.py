"""What tills and the order system have in common: the lines of orders with the order's coupon spread over them."""

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.day import Day
from spark_jobs.demo.twin.draws import Bools, Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.places import store_numbers


def lines_of(day: Day, orders: Frame) -> Frame:
    """The lines of some of the day's orders, by order and line.

    Returns:
        the columns of `day.lines`, with `row` (position in `orders`), `coupon` (the line's part of the order's coupon, fen) and `paid`
        (amount less coupon). The parts of a coupon are proportional and add up to it.
    """
    lines = day.lines.take(np.isin(day.lines["order"], orders["order"]))
    row = np.searchsorted(orders["order"], lines["order"])
    until = np.cumsum(lines["amount"])
    first = np.searchsorted(lines["order"], orders["order"])
    before = (until - lines["amount"])[np.minimum(first, max(len(lines) - 1, 0))] if len(lines) else np.zeros(len(orders), np.int64)
    total = np.bincount(row, lines["amount"], len(orders)).astype(np.int64)
    coupon = np.minimum(orders["coupon_discount"], total)[row]
    share = np.maximum(total[row], 1)
    part = coupon * (until - before[row]) // share - coupon * (until - lines["amount"] - before[row]) // share
    return lines.having(row=row, coupon=part, paid=lines["amount"] - part)


def stores_of(day: Day, stores: Ints) -> pa.StringArray:
    """Store numbers; null for −1."""
    return store_numbers(day.world.stores["store"]).take(pa.array(np.maximum(stores, 0), mask=stores < 0))


def uses_second(day: Day, person: Ints, order: Ints) -> Bools:
    """Whether an order online is placed under the second membership: those who registered twice use either."""
    has_two: Bools = day.wallet["second_member_id"][person] >= 0
    return has_two & day.draws.happens(0.5, "orders as second member", order)
