"""The company's messenger: customers who added an advisor, and what both write, in UTC; it knows nobody but by the messenger's ids."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.demo.twin.codes import Channel, Issue
from spark_jobs.demo.twin.day import Day, FeedFile, FileColumn, Rows
from spark_jobs.demo.twin.draws import Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.people.render import unionid_text, wecom_text
from spark_jobs.demo.twin.systems.base import SourceSystem, rows_of
from spark_jobs.demo.twin.systems.forms import Form
from spark_jobs.demo.twin.systems.notation import ISO_UTC, PLAIN, digits, joined, moment, nothing, only, pick
from spark_jobs.demo.twin.systems.texts import drawn_phrases, feelings, moods, texts, texts_truth

SOURCE = "twin_wecom"
CONTACTS = FeedFile(
    SOURCE, "contacts",
    (
        FileColumn("external_userid", "id", required=True), FileColumn("unionid", "id"), FileColumn("follow_user", "id", required=True),
        FileColumn("add_way", "code", required=True), FileColumn("remark"), FileColumn("createtime", "moment", required=True),
    ),
)  # fmt: skip
MESSAGES = FeedFile(
    SOURCE, "messages",
    (
        FileColumn("msgid", "id", required=True), FileColumn("session", "id", required=True), FileColumn("external_userid", "id", required=True),
        FileColumn("follow_user", "id", required=True), FileColumn("direction", "code", required=True),
        FileColumn("msgtime", "moment", required=True), FileColumn("text"),
    ),
    format="jsonl", compression="zst",
)  # fmt: skip
FEEDS = (CONTACTS, MESSAGES)
WAYS = ("qrcode_store", "group", "card_share", "mini_program")
ADVISORS_PER_STORE = 4
KNOWS_UNIONID_SHARE, SHORT_REMARK_SHARE = 0.85, 0.3
CHATS_A_DAY, OFFERS_SHARE, REPLIES_SHARE, THANKS_SHARE = 0.02, 0.45, 0.3, 0.6
PER_DAY = 10_000_000  # chats of a day are numbered by person
SAYS, ANSWERS, THANKS, OFFERS = range(4)  # what a message does
_ANSWERS = drawn_phrases((
    ("好的呢", "收到，谢谢支持", "感谢认可，转告小伙伴们", "嗯嗯，有事随时找我"),
    ("催一下骑手，马上回您", "实在抱歉让您久等了", "骑手说还有十分钟", "已经帮您补了一张券"),
    ("拍张照片给我看看好吗", "给您退了，真不好意思", "我跟店里说，换一份新的", "抱歉，是我们没挑好"),
    ("我去查下打包记录", "漏装了，马上补送", "缺的那样先给您退款"),
    ("拿错了，给您换", "不好意思，旧的您留着，新的马上送", "核实一下再回您"),
    ("差价退给您", "这个活动是昨天截止的哦", "我看下券的门槛", "帮您申请了"),
    ("我替同事跟您道歉", "您消消气，我来跟进", "已经反馈给店长了"),
    ("有的，帮您留一份", "九点关门哦", "放冷藏就行", "可以的，在我的页面里改", "我问下再告诉您", "积分年底清零哈"),
))  # fmt: skip
_THANKS = drawn_phrases((
    ("就这样？", "下次别这样了", "赔五块打发谁呢", "行，我不买了", "等着", "呵呵", "一张券就完了"),
    ("嗯", "好", "知道了", "行吧", "先这样", "ok"),
    ("谢谢，挺快的", "好嘞谢谢", "你们服务可以", "辛苦啦", "没事没事", "[玫瑰]"),
))  # fmt: skip
_OFFERS = drawn_phrases((
    ("今天@特价，给您留着？", "@刚到货，很新鲜", "周三会员日，@第二件半价", "新品@可以试吃", "您上次买的@又有了", "降温了，囤点@吧", "群里在接龙@，要吗"),
))  # fmt: skip


class Messenger(SourceSystem):
    """See the module."""

    feeds = FEEDS

    def deliver(self, day: Day) -> Iterator[Rows]:
        """Who added an advisor (on the first day everybody who did so before), and the chats."""
        added = day.people.wallets.wecom_day
        person = np.flatnonzero(added <= 0 if day.number == 0 else added == day.number)
        if len(person):
            yield self._contacts(day, person, added[person])
        messages = Frame.concat([_ticket_chats(day), _other_chats(day)])
        if len(messages):
            yield self._messages(day, messages)

    def _contacts(self, day: Day, person: Ints, added: Ints) -> Rows:
        draws, span = day.draws, day.world.span
        at = span.midnight(0) + added * 86_400 + draws.integers(9 * 3600, 21 * 3600, "adds advisor at", person)
        knows = draws.happens(KNOWS_UNIONID_SHARE, "advisor knows unionid", person)
        name, female = day.people.names(person), day.people.persons["gender"][person] == 0
        short = pc.binary_join_element_wise(pc.utf8_slice_codeunits(name, 0, 1), pick(("先生", "女士"), female.astype(np.int64)), "")
        remark = pc.if_else(pa.array(draws.happens(SHORT_REMARK_SHARE, "short remark", person)), short, name)
        return rows_of(CONTACTS, [
            wecom_text(person), only(knows, unionid_text(person)), _advisors(day, person),
            pick(WAYS, draws.choice([5, 2, 1, 3], "adds by", person)), remark, moment(at, PLAIN, span.offset_seconds),
        ], at)  # fmt: skip

    def _messages(self, day: Day, messages: Frame) -> Rows:
        chat, does, person = messages["chat"], messages["does"], messages["person"]
        label = joined("wx", digits(chat, 17), "-", digits(does, 2))
        is_in = (does == SAYS) | (does == THANKS)
        told = texts_truth(SOURCE, label, messages["issue"], messages["sentiment"], nothing(len(chat)))
        return rows_of(MESSAGES, [
            label, joined("s", digits(chat, 17)), wecom_text(day.wallet["wecom_id"][person]), _advisors(day, person),
            pick(("out", "in"), is_in.astype(np.int64)), moment(messages["at"], ISO_UTC), _written(day, messages),
        ], messages["at"], {name: table.filter(pa.array(is_in)) for name, table in told.items()})  # fmt: skip


def _advisors(day: Day, person: Ints) -> pa.StringArray:
    """The advisor of each person: one of the home store's."""
    store = day.people.persons["store"][person]
    return joined("gw", digits(store * ADVISORS_PER_STORE + day.draws.integers(0, ADVISORS_PER_STORE, "advisor", person), 5))


def _said(chat: Ints, does: int, person: Ints, at: Ints, issue: Ints, sentiment: np.ndarray) -> Frame:
    return Frame({"chat": chat, "does": does, "person": person, "at": at, "issue": issue, "sentiment": sentiment}, len(chat))


def _ticket_chats(day: Day) -> Frame:
    """Chats that were tickets, exported with their closing: complaint, answer, and often a word in the end."""
    tickets = day.tickets
    tickets = tickets.take((tickets["channel"] == Channel.WECOM) & (day.wallet["wecom_id"][tickets["person"]] >= 0))
    chat, person, issue, draws = 10**15 + tickets["ticket"], tickets["person"], tickets["issue"], day.draws
    feeling = moods(draws, "ticket", tickets["ticket"], issue)
    in_the_end = np.clip(feeling + 0.3 + 0.35 * draws.normal("mood in the end", chat), -1, 1).round(3)
    last = _said(chat, THANKS, person, tickets["resolved_at"], issue, in_the_end)
    return Frame.concat([
        _said(chat, SAYS, person, tickets["opened_at"], issue, feeling),
        _said(chat, ANSWERS, person, tickets["first_reply_at"], issue, feeling),
        last.take(draws.happens(THANKS_SHARE, "says thanks", chat)),
    ])  # fmt: skip


def _other_chats(day: Day) -> Frame:
    """Offers that advisors make, some of them answered, and questions and praise of customers."""
    draws, number = day.draws, day.number
    person = np.flatnonzero((day.wallet["wecom_id"] >= 0) & draws.happens(CHATS_A_DAY, "chats", day.people.persons["person"], number))
    chat = 2 * 10**15 + number * PER_DAY + person
    issue = np.where(draws.happens(0.7, "chat asks", chat), int(Issue.QUESTION), int(Issue.NONE))
    feeling, at = moods(draws, "chat", chat, issue), day.midnight + draws.integers(8 * 3600, 22 * 3600, "chats at", chat)
    waits = 30 + draws.exponential(900, "chat waits", chat).astype(np.int64)
    offers = draws.happens(OFFERS_SHARE, "chat offers", chat)
    replies = offers & draws.happens(REPLIES_SHARE, "replies to offer", chat)
    plain = np.full(len(chat), int(Issue.NONE))
    return Frame.concat([
        _said(chat, OFFERS, person, at, plain, feeling).take(offers), _said(chat, THANKS, person, at + waits, plain, feeling).take(replies),
        _said(chat, SAYS, person, at, issue, feeling).take(~offers), _said(chat, ANSWERS, person, at + waits, issue, feeling).take(~offers),
    ])  # fmt: skip


def _written(day: Day, messages: Frame) -> pa.StringArray:
    """The text of each message by what it does."""
    draws, chat, does, issue = day.draws, messages["chat"], messages["does"], messages["issue"]
    said = texts(draws, "chat", chat, issue, messages["sentiment"], Form.CHAT)
    answers = _ANSWERS(draws, "chat answer", chat, issue)
    thanks = _THANKS(draws, "chat thanks", chat, feelings(messages["sentiment"]))
    offers = _OFFERS(draws, "chat offer", chat, np.zeros(len(chat), np.int64))
    return pc.choose(pa.array(does), said, answers, thanks, offers)
