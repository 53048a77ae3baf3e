"""Who gets which campaign and what it does to them: messages sent, opened and clicked, with a control group held out at random.

All of it is a pure function of (campaign, person): the same draws say what would have happened with and without the message.
"""

from dataclasses import dataclass

import numpy as np

from spark_jobs.demo.twin.behaviour.traits import Traits
from spark_jobs.demo.twin.codes import TouchChannel
from spark_jobs.demo.twin.draws import Bools, Draws, Floats, Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.world import World

AUDIENCE_SHARE = 0.35
_OPENS = np.array([0.22, 0.55, 0.48, 0.30])  # push, SMS, WeCom, mini-program
_CLICKS = np.array([0.30, 0.08, 0.25, 0.28])


@dataclass(frozen=True, slots=True)
class Audience:
    """One campaign's audience within a run of persons: rows (positions in the run), treatment and reaction."""

    campaign: int
    rows: Ints
    is_treated: Bools
    delivered: Bools
    opened: Bools
    clicked: Bools
    effect: Floats  # log-rate that the treatment adds to each of `rows` while the campaign runs


def reachable(persons: Frame, touch_channel: int, number: int) -> Bools:
    """Who can get a message through a channel on a day: registered, and using it."""
    uses = {
        TouchChannel.PUSH: "uses_app", TouchChannel.SMS: "uses_store", TouchChannel.WECOM: "uses_wecom", TouchChannel.MINI: "uses_mini",
    }  # fmt: skip
    registered: Bools = persons["registers_day"] < number
    return registered & persons[uses[TouchChannel(touch_channel)]].astype(np.bool_)


def audience(world: World, traits: Traits, persons: Frame, campaign: Frame) -> Audience:
    """The audience of one campaign (a frame of one row) among persons. It is fixed on the campaign's first day."""
    number, channel = int(campaign["campaign"][0]), int(campaign["touch_channel"][0])
    draws, person = world.draws, persons["person"]
    chosen = reachable(persons, channel, int(campaign["first_day"][0])) & draws.happens(AUDIENCE_SHARE, "audience", number, person)
    rows = np.flatnonzero(chosen)
    member = person[rows]
    is_treated = ~draws.happens(world.knobs.world.control_share, "control", number, member)
    delivered = draws.happens(0.97, "delivered", number, member)
    opened = delivered & draws.happens(_OPENS[channel], "opens", number, member)
    clicked = opened & draws.happens(_CLICKS[channel], "clicks", number, member)
    # A coupon that was seen works; the mere message does a little.
    strength = np.where(clicked, 1.0, np.where(opened, 0.6, np.where(delivered, 0.12, 0.0)))
    return Audience(number, rows, is_treated, delivered, opened, clicked, traits.uplift[rows] * strength)


def touches(draws: Draws, campaign: Frame, persons: Frame, group: Audience, midnight: int) -> Frame:
    """The messages of a campaign's first day, control group included; see `touches` in day.py."""
    person = persons["person"][group.rows]
    sent = midnight + draws.integers(9 * 3600, 11 * 3600, "sent", group.campaign, person)
    delivered = group.is_treated & group.delivered
    opened_at = sent + 30 + draws.exponential(5400, "opened after", group.campaign, person).astype(np.int64)
    opened_at = np.minimum(opened_at, midnight + 86_399)
    clicked_at = opened_at + draws.integers(5, 90, "clicked after", group.campaign, person)
    return Frame({
        "campaign": np.full(len(person), group.campaign), "person": person, "touch_channel": campaign["touch_channel"][0],
        "sent_at": np.where(group.is_treated, sent, -1), "delivered": delivered,
        "opened_at": np.where(delivered & group.opened, opened_at, -1),
        "clicked_at": np.where(delivered & group.clicked, clicked_at, -1), "is_treated": group.is_treated,
    })  # fmt: skip
