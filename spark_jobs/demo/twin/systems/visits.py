"""The events of visits: every visit as a run of steps, for all systems that log what people do on a screen."""

import numpy as np

from spark_jobs.demo.twin.codes import Channel
from spark_jobs.demo.twin.day import Day
from spark_jobs.demo.twin.frame import Frame

# Steps: the visit begins; pages are looked at; a basket fills; the order is paid.
OPEN, SEARCH, VIEW, ADD, CHECKOUT, PAY = range(6)


def steps(day: Day, channel: Channel) -> Frame:
    """The steps of a day's visits through one channel.

    Returns:
        `session, person, order, is_logged_in, step` (0 to 5), `place` (from 0 within the visit), `at, seconds` (until the next step),
        `product` (−1 none); by visit, in order.
    """
    visits = day.sessions.take(day.sessions["channel"] == channel)
    buys = visits["order"] >= 0
    count = 1 + visits["pages"] + 2 * buys
    row = np.repeat(np.arange(len(visits)), count)
    place = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    of = visits.take(row)
    left = count[row] - 1 - place
    kind = day.draws.choice([2.0, 6.5, 1.5], "visit step", of["session"], place)
    step = np.array([SEARCH, VIEW, ADD])[kind]
    step = np.where(buys[row] & (left == 0), PAY, np.where(buys[row] & (left == 1), CHECKOUT, step))
    step = np.where(buys[row] & (left == 2) & (place > 0), ADD, step)
    step = np.where(place == 0, OPEN, step)
    share = (place + day.draws.uniform("visit moment", of["session"], place) * 0.8) / count[row]
    begin = (of["seconds"] * share).astype(np.int64)
    stays = np.diff(begin, append=0)
    stays = np.where(left == 0, of["seconds"] - begin, stays)
    seen = day.draws.integers(0, len(day.world.assortment.products), "visit product", of["session"], place)
    seen = np.where(day.draws.happens(0.45, "visit main product", of["session"], place), of["product"], seen)
    return Frame({
        "session": of["session"], "person": of["person"], "order": of["order"], "is_logged_in": of["is_logged_in"], "step": step,
        "place": place, "at": of["at"] + np.where(place == 0, 0, begin), "seconds": np.maximum(stays, 0),
        "product": np.where((step == VIEW) | (step == ADD), seen, -1),
    }, len(row))  # fmt: skip
