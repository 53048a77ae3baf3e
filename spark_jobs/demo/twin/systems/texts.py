"""What customers write and what agents note, in Chinese: put together from phrases so that no single word gives the reason away.

Phrases of one issue are mixed with openings, feelings and endings that fit several; one text in ten speaks of something else as well, and one in
twelve has typing errors. The truth of a text is the issue and the sentiment it was written with.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike

from spark_jobs.demo.twin.codes import Issue
from spark_jobs.demo.twin.draws import Draws, Floats, Ints
from spark_jobs.demo.twin.systems.notation import joined, pick

_ABOUT: dict[Issue, tuple[str, ...]] = {
    Issue.NONE: (
        "菜很新鲜", "水果挺甜的", "包装完好", "分量足", "价格实惠", "送得快", "店员态度不错", "虾还是活的", "肉质不错", "孩子爱吃", "跟图片一样", "冰袋还没化",
        "和以前一样稳定", "比菜市场方便", "鸡蛋一个没碎", "配送小哥很客气", "叶子菜水灵", "牛奶日期新鲜",
    ),
    Issue.LATE: (
        "说好的时间没到", "等了一个多小时", "晚了四十分钟才来", "饭点都过了才收到", "一直显示配送中", "催了三次才送", "预约的时段没人来", "孩子饿着等到八点",
        "送到已经不赶趟了", "骑手说单太多", "比承诺的晚不少", "下楼等了半天",
    ),
    Issue.SPOILED: (
        "草莓底下都烂了", "叶子发黄", "鱼有味儿", "肉发黏", "打开一股酸味", "牛油果切开是黑的", "虾不新鲜", "面包长了小点", "香蕉软塌塌的", "豆腐一碰就散",
        "西瓜空心没法吃", "酸奶胀包了", "蘑菇出水", "芒果有黑斑",
    ),
    Issue.MISSING: (
        "少了一盒鸡蛋", "袋子里没有我买的豆腐", "清单上有的没给", "数了两遍少一样", "赠品没放", "下了六样收到五样", "牛奶只给了一瓶", "葱没给", "对不上小票",
    ),
    Issue.WRONG_ITEM: (
        "买的五花送成里脊", "要的全脂给的脱脂", "规格不对", "不是我点的那个牌子", "和别人的单拿混了", "辣的送成不辣的", "要有机的给的普通的", "口味发错",
    ),
    Issue.PRICE_DIFFERENCE: (
        "结账比标价贵", "活动价没生效", "券没用上", "昨天买完今天就降价", "称重好像不准", "会员价没给我算", "两家店价格不一样", "满减凑够了也没减",
    ),
    Issue.SERVICE: (
        "客服半天不理人", "店员爱答不理", "电话打不通", "骑手把东西扔门口", "排队太久没人管", "退款流程太麻烦", "说话很冲", "问什么都说不知道",
    ),
    Issue.QUESTION: (
        "发票怎么开", "积分什么时候到账", "能改地址吗", "明天几点开门", "这个怎么保存", "可以预约下周吗", "会员怎么升级", "能不能送到公司", "有机认证在哪看",
    ),
}  # fmt: skip
_OPENINGS = (
    "",
    "",
    "",
    "你好，",
    "今天下单的，",
    "老顾客了，",
    "第一次买，",
    "帮我看下，",
    "唉，",
    "那个，",
    "周末买的，",
    "给老人买的，",
    "中午的单，",
    "我想问问，",
)
_ENDINGS = {
    -1: ("，太失望了", "，下次不敢买了", "，麻烦处理", "，要求退款", "，给个说法吧", "，这也太差了", "，唉算了", "，气人", "，能不能重视一下", "，不想再买了"),
    0: ("", "", "，反馈一下", "，希望改进", "，还行吧", "，一般般", "，麻烦看看", "，谢谢", "，其他都好", "，凑合"),
    1: ("，推荐", "，会回购", "，满意", "，谢谢小哥", "，一直在这家买", "，省事", "，不错", "，给个好评", "，赞", "，家里人都说好"),
}  # fmt: skip
_TURNS = ("，不过", "，另外", "，还有", "，就是", "，但是")
_TYPOS = (("的", "地"), ("了", "勒"), ("是", "4"), ("很", "狠"), ("在", "再"), ("不", "bu"))


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts and what is true of them."""

    text: pa.StringArray
    issue: Ints
    sentiment: Floats


def write(draws: Draws, purpose: str, key: ArrayLike, issue: Ints, sentiment: Floats) -> Texts:
    """A text for each key about an issue, in a mood (−1 to 1); the same key gives the same text."""
    key = np.asarray(key, np.int64)
    opening = pick(_OPENINGS, draws.integers(0, len(_OPENINGS), f"{purpose} opening", key))
    about = _about(draws, f"{purpose} about", key, issue)
    also = draws.happens(0.1, f"{purpose} also", key)
    other = np.where(issue == Issue.NONE, draws.integers(1, len(Issue), f"{purpose} other", key), Issue.NONE)
    turn = pick(_TURNS, draws.integers(0, len(_TURNS), f"{purpose} turn", key))
    aside = pc.if_else(pa.array(also), joined(turn, _about(draws, f"{purpose} aside", key, other)), "")
    mood = np.where(sentiment < -0.3, -1, np.where(sentiment > 0.3, 1, 0))
    mood = np.where(issue == Issue.QUESTION, 0, mood)
    text = joined(opening, about, aside, _ending(draws, f"{purpose} ending", key, mood))
    return Texts(_with_typos(draws, purpose, key, text), issue, np.round(sentiment, 3))


def _about(draws: Draws, purpose: str, key: Ints, issue: Ints) -> pa.StringArray:
    counts = np.array([len(_ABOUT[each]) for each in Issue])
    place = draws.integers(0, counts[issue], purpose, key)
    return pick([phrase for each in Issue for phrase in _ABOUT[each]], (np.cumsum(counts) - counts)[issue] + place)


def _ending(draws: Draws, purpose: str, key: Ints, mood: Ints) -> pa.StringArray:
    pool = [phrase for each in (-1, 0, 1) for phrase in _ENDINGS[each]]
    return pick(pool, (mood + 1) * 10 + draws.integers(0, 10, purpose, key))


def _with_typos(draws: Draws, purpose: str, key: Ints, text: pa.StringArray) -> pa.StringArray:
    kind = draws.integers(0, len(_TYPOS), f"{purpose} typo", key)
    has = draws.happens(0.08, f"{purpose} has typo", key)
    for number, (right, wrong) in enumerate(_TYPOS):
        rows = has & (kind == number)
        if rows.any():
            text = pc.if_else(pa.array(rows), pc.replace_substring(text, right, wrong), text)
    return text


def truth_of(source: str, keys: pa.StringArray, texts: Texts) -> dict[str, pa.Table]:
    """Rows of the truth's table `texts`."""
    count = len(keys)
    return {"texts": pa.table({
        "source": pa.array([source] * count, pa.string()), "key": keys, "sentiment": texts.sentiment.astype(np.float64),
        "issue": pick([each.name.lower() for each in Issue], texts.issue), "category": pick(CATEGORIES_OF_ISSUES, texts.issue),
    })}  # fmt: skip


# What a service desk files an issue under.
CATEGORIES_OF_ISSUES = ("praise", "delivery", "quality", "delivery", "delivery", "price", "service", "question")
