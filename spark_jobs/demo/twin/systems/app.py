"""The app's event log: nested JSON, moments in milliseconds since 1970, a device in every event and a member in those of who is logged in."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.codes import Channel
from spark_jobs.demo.twin.day import Day, FeedFile, FileColumn, Rows
from spark_jobs.demo.twin.people.render import device_text, member_text
from spark_jobs.demo.twin.products import product_numbers
from spark_jobs.demo.twin.systems.base import SourceSystem, rows_of
from spark_jobs.demo.twin.systems.notation import constant, digits, joined, only, pick
from spark_jobs.demo.twin.systems.numbers import order_numbers
from spark_jobs.demo.twin.systems.visits import OPEN, PAY, steps

EVENTS = FeedFile(
    "twin_app", "events",
    (
        FileColumn("eventId", "id", required=True), FileColumn("event", "code", required=True), FileColumn("ts", "moment", required=True),
        FileColumn("sessionId", "id"), FileColumn("device"), FileColumn("user"), FileColumn("itemId", "id"), FileColumn("orderNo", "id"),
        FileColumn("durationMs", "number"),
    ),
    format="jsonl", compression="zst",
)  # fmt: skip
NAMES = ("app_open", "search", "view_product", "add_to_cart", "checkout", "pay")
CHECK_IN = len(NAMES)
_MODELS = (
    "HUAWEI P60",
    "HUAWEI nova 11",
    "Xiaomi 13",
    "Redmi K60",
    "vivo S17",
    "OPPO Reno10",
    "HONOR 90",
    "iPhone 13",
    "iPhone 14",
    "iPhone 15",
)


class App(SourceSystem):
    """See the module."""

    feeds = (EVENTS,)

    def deliver(self, day: Day) -> Iterator[Rows]:
        """The events of the day's visits in the app."""
        events = steps(day, Channel.APP)
        if not len(events):
            return
        person, session = events["person"], events["session"]
        device = self._devices(day, person, session)
        step = events["step"]
        checks_in = (step == OPEN) & events["is_logged_in"] & day.draws.happens(0.12, "app check-in", session)
        name = pick((*NAMES, "check_in"), np.where(checks_in, CHECK_IN, step))
        model = day.draws.integers(0, len(_MODELS), "phone model", device)
        devices = pa.StructArray.from_arrays(
            [device_text(device), pick(("Android", "iOS"), (model >= 7).astype(np.int64)), pick(_MODELS, model)], ["id", "os", "model"]
        )
        member = only(events["is_logged_in"], member_text(day.wallet["member_id"][person]))
        identifier = joined("a", digits(session, 12), "-", digits(events["place"], 2))
        yield rows_of(EVENTS, [
            identifier, name, pa.array(events["at"] * 1000 + day.draws.integers(0, 1000, "app ms", session, events["place"])),
            joined("s", digits(session, 12)), devices, pa.StructArray.from_arrays([member, constant("app", len(step))], ["memberId", "client"]),
            product_numbers(events["product"]), only(step == PAY, order_numbers(events["order"])), pa.array(events["seconds"] * 1000),
        ], events["at"])  # fmt: skip

    def _devices(self, day: Day, person: np.ndarray, session: np.ndarray) -> np.ndarray:
        """The device of each event: the person's, their second one, or one that several use."""
        wallet, draws = day.wallet, day.draws
        second = (wallet["second_device"][person] >= 0) & draws.happens(0.3, "on second device", session)
        shared = (wallet["shared_device"][person] >= 0) & draws.happens(0.25, "on shared device", session)
        own = np.where(second, wallet["second_device"][person], wallet["device_id"][person])
        device: np.ndarray = np.where(shared, wallet["shared_device"][person], own)
        return device
