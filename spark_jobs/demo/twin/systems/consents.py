"""The consent register: every answer and every change of mind, by member."""

from collections.abc import Iterator

import numpy as np

from spark_jobs.demo.twin.codes import ConsentPurpose
from spark_jobs.demo.twin.day import Day, FeedFile, FileColumn, Rows
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.people.render import member_text
from spark_jobs.demo.twin.people.wallet import member_codes
from spark_jobs.demo.twin.systems.base import SourceSystem, rows_of
from spark_jobs.demo.twin.systems.marketing import TOUCH_CHANNELS
from spark_jobs.demo.twin.systems.notation import ISO_UTC, joined, moment, number, pick

CONSENTS = FeedFile(
    "twin_consents", "consents",
    (
        FileColumn("consent_no", "id", required=True), FileColumn("member_no", "id", required=True), FileColumn("purpose", "code", required=True),
        FileColumn("channel", "code"), FileColumn("answer", "code", required=True), FileColumn("answered_at", "moment", required=True),
        FileColumn("asked_in", "code"),
    ),
)  # fmt: skip
_ASKED_IN = ("store", "app", "mini_program", "web", "phone")


class Consents(SourceSystem):
    """See the module."""

    feeds = (CONSENTS,)

    def deliver(self, day: Day) -> Iterator[Rows]:
        """Answers of the day; on the first day all that were given before."""
        rows = day.consents if day.number else Frame.concat([day.people.consents(-1), day.consents])
        if not len(rows):
            return
        member = member_text(member_codes(rows["person"], 0))
        code = rows["purpose"] * 10 + rows["touch_channel"] + 1
        yield rows_of(CONSENTS, [
            joined(member, "-", number(code), "-", number(rows["at"])), member, pick([each.name.lower() for each in ConsentPurpose], rows["purpose"]),
            pick(TOUCH_CHANNELS, rows["touch_channel"]), pick(("no", "yes"), rows["is_granted"].astype(np.int64)), moment(rows["at"], ISO_UTC),
            pick(_ASKED_IN, rows["system"]),
        ], rows["at"])  # fmt: skip
