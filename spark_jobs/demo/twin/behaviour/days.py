"""The twin day by day: persons buy in runs of bounded size, everything else follows for all of them together."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from spark_jobs.demo.twin.behaviour import ordering
from spark_jobs.demo.twin.behaviour.aftermath import Aftermath, aftermath, settled_well
from spark_jobs.demo.twin.behaviour.backbone import Backbone
from spark_jobs.demo.twin.behaviour.effects import Effects, Run
from spark_jobs.demo.twin.behaviour.leaving import leave, remember
from spark_jobs.demo.twin.behaviour.ordering import Bought
from spark_jobs.demo.twin.behaviour.persuasion import touches
from spark_jobs.demo.twin.behaviour.purchases import Pull, is_first_day, pull
from spark_jobs.demo.twin.behaviour.state import State, new_state
from spark_jobs.demo.twin.behaviour.today import Today, today
from spark_jobs.demo.twin.behaviour.traits import Traits, traits_of
from spark_jobs.demo.twin.day import Day
from spark_jobs.demo.twin.draws import Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.people.people import People
from spark_jobs.demo.twin.world import World

PER_DAY = 10_000_000  # numbers of orders and sessions of one day
# Frame → the column that says on which day its rows come out.
_LATER = {"deliveries": "delivered_at", "refunds": "at", "tickets": "closed_at", "reviews": "at"}


class Twin:
    """One simulation. `state` and `effects` grow while `days` is consumed."""

    def __init__(self, world: World, people: People, persons_at_once: int = 50_000, backbone: Backbone | None = None) -> None:
        self.world, self.people, self.backbone = world, people, backbone
        count = len(people.persons)
        bounds = range(0, count, persons_at_once)
        parts = [people.persons.take(np.arange(first, min(first + persons_at_once, count))) for first in bounds]
        self._runs = [Run(part, traits_of(world.draws, world.knobs.behaviour, world.assortment, part)) for part in parts]
        self._tolerance = np.concatenate([run.traits.tolerance for run in self._runs])
        self._due: dict[int, dict[str, list[Frame]]] = defaultdict(lambda: defaultdict(list))
        self.state: State = new_state(world.draws, people.persons, len(world.assortment.categories))
        self.effects = Effects()

    @property
    def runs(self) -> list[tuple[Frame, Traits]]:
        """All persons with their traits, run by run."""
        return [(run.persons, run.traits) for run in self._runs]

    def days(self) -> Iterator[Day]:
        """Each day in order; a day is to be used before the next one is asked for."""
        for number in range(self.world.span.days):
            yield self._day(today(self.world, number))

    def _day(self, now: Today) -> Day:
        bought: list[Bought] = []
        sent: list[Frame] = []
        for run in self._runs:
            drawn = pull(self.world, self.state, run.traits, run.persons, now.now)
            if self.backbone is None:  # real purchases are not moved by simulated messages
                self.effects.note(now, self.state, run, drawn, ordering.expected_amounts(run.traits))
            sent += self._touches(now, run, drawn)
            bought.append(ordering.buy(now, self.state, run.traits, run.persons, drawn, self.backbone))
            leave(now, self.state, run.traits, run.persons)
        self.effects.end_of_day(now)
        orders, lines, sessions = _numbered(now.number, bought)
        self._note_orders(now, orders)
        happened = aftermath(now, self.people.persons, orders, lines)
        self._schedule(now, happened)
        due = self._due.pop(now.number, {})
        later = {
            name: Frame.concat([getattr(happened, name).take([]), *due.get(name, [])]).sorted_by(column) for name, column in _LATER.items()
        }
        remember(self.state, happened, settled_well(later["tickets"]), self._tolerance)
        clicks = sessions.take(sessions["platform"] >= 0)
        clicks = Frame({name: clicks[name] for name in ("person", "platform", "at", "session")}).having(campaign=-1)
        return Day(
            number=now.number, date=self.world.span.day(now.number), midnight=now.midnight, draws=self.world.draws, world=self.world,
            people=self.people, wallet=self.people.wallet(now.number), sessions=sessions, orders=orders, lines=lines, **later,
            touches=Frame.concat(sent).sorted_by("campaign", "person") if sent else _NO_TOUCHES, ad_clicks=clicks,
            registrations=self.people.registrations(now.number), consents=self.people.consents(now.number),
        )  # fmt: skip

    def _touches(self, now: Today, run: Run, drawn: Pull) -> list[Frame]:
        pairs = zip(drawn.groups, now.now.running, strict=True)
        first = [(group, campaign) for group, campaign in pairs if is_first_day(campaign, now.number)]
        return [touches(now.draws, campaign, run.persons, group, now.midnight) for group, campaign in first]

    def _note_orders(self, now: Today, orders: Frame) -> None:
        done = orders["person"][~orders["is_cancelled"]]
        self.state.last_order_day[done] = now.number

    def _schedule(self, now: Today, happened: Aftermath) -> None:
        for name, column in _LATER.items():
            frame: Frame = getattr(happened, name)
            days: Ints = now.number + (frame[column] - now.midnight) // 86_400
            for day in np.unique(days).tolist():
                self._due[day][name].append(frame.take(days == day))


_NO_TOUCHES = Frame({
    name: np.array([], np.bool_ if name in ("delivered", "is_treated") else np.int64)
    for name in ("campaign", "person", "touch_channel", "sent_at", "delivered", "opened_at", "clicked_at", "is_treated")
})  # fmt: skip


def _numbered(number: int, bought: list[Bought]) -> tuple[Frame, Frame, Frame]:
    """All orders, lines and visits of a day with their numbers: by moment, then person, whatever the runs were."""
    offsets = np.cumsum([0, *(len(each.orders) for each in bought)])
    orders = Frame.concat(each.orders for each in bought)
    order_of_row = np.empty(len(orders), np.int64)
    ranking = np.lexsort((orders["turn"], orders["person"], orders["at"]))
    order_of_row[ranking] = number * PER_DAY + np.arange(len(orders))
    lines = Frame.concat(
        each.lines.having(at_order=each.lines["at_order"] + start) for each, start in zip(bought, offsets[:-1], strict=True)
    )
    lines = lines.having(order=order_of_row[lines["at_order"]]).sorted_by("order", "line")
    sessions = Frame.concat(
        each.sessions.having(order_row=np.where(each.sessions["order_row"] >= 0, each.sessions["order_row"] + start, -1))
        for each, start in zip(bought, offsets[:-1], strict=True)
    ).sorted_by("at", "person", "turn")
    session = number * PER_DAY + np.arange(len(sessions))
    row = sessions["order_row"]
    ended_in = np.full(len(sessions), -1)
    ended_in[row >= 0] = order_of_row[row[row >= 0]]  # a day without orders has none to point to
    sessions = sessions.having(session=session, order=ended_in, campaign=-1)
    session_of_row = np.full(len(orders), -1)
    session_of_row[row[row >= 0]] = session[row >= 0]
    orders = orders.having(order=order_of_row, session=session_of_row).sorted_by("order")
    return orders, lines, sessions
