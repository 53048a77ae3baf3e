"""Names, addresses and companies in Chinese, drawn from pools by the twin's own chance."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from faker.providers.person.zh_CN import Provider as ChineseNames

from spark_jobs.demo.twin.draws import Draws, Ints
from spark_jobs.demo.twin.frame import Frame
from spark_jobs.demo.twin.places import CITY_LABELS

SURNAMES = tuple(ChineseNames.last_names)
_SURNAME_WEIGHTS = np.array(list(ChineseNames.last_names.values()), np.float64)
_SYLLABLES = "安博晨丹恩方刚浩佳凯乐明宁沛琪然思涛薇欣雅泽志子宇轩涵怡嘉诺睿瑶辰萱昊彤"
GIVEN_NAMES = (
    tuple(ChineseNames.first_names_female) + tuple(a + b for a in _SYLLABLES[:14] for b in "怡涵彤瑶萱琪雅薇欣"),
    tuple(ChineseNames.first_names_male) + tuple(a + b for a in _SYLLABLES[14:28] for b in "轩浩宇泽涛凯睿辰博"),
)
# Pairs that sound alike and are written for one another.
HOMOPHONES = {
    "晨": "辰", "辰": "晨", "轩": "萱", "萱": "轩", "浩": "昊", "昊": "浩", "宇": "雨", "佳": "嘉", "嘉": "佳", "怡": "宜", "静": "婧", "伟": "玮",
    "涛": "滔", "欣": "新", "敏": "闽", "丽": "莉", "莉": "丽", "强": "蔷", "磊": "垒", "洋": "杨", "芳": "方", "娜": "那", "艳": "燕", "燕": "艳",
    "勇": "永", "军": "钧", "杰": "洁", "娟": "鹃", "超": "朝", "明": "铭", "霞": "侠", "平": "萍", "萍": "平", "刚": "钢", "瑶": "遥", "涵": "寒",
}  # fmt: skip
_DISTRICTS = (
    ("浦东新区", "徐汇区", "静安区", "闵行区", "杨浦区"), ("西湖区", "拱墅区", "滨江区", "余杭区"), ("鼓楼区", "玄武区", "建邺区", "江宁区"),
    ("朝阳区", "海淀区", "丰台区", "通州区", "西城区"), ("和平区", "南开区", "河西区", "武清区"), ("天河区", "越秀区", "海珠区", "番禺区"),
    ("南山区", "福田区", "宝安区", "龙岗区"), ("锦江区", "武侯区", "青羊区", "成华区"),
)  # fmt: skip
_ROADS = (
    "人民路",
    "解放路",
    "中山路",
    "建设路",
    "和平路",
    "文化路",
    "春风路",
    "学院路",
    "花园路",
    "滨河路",
    "光明路",
    "青年路",
    "新华路",
    "桃源路",
)
_COMMUNITIES = (
    "阳光花园",
    "翠湖苑",
    "金色家园",
    "碧水湾",
    "幸福里",
    "书香庭",
    "时代公寓",
    "锦绣小区",
    "御景园",
    "万和城",
    "梧桐里",
    "紫薇园",
)
_TRADES = ("餐饮", "酒店管理", "幼儿园", "科技", "食品", "物业", "文化传媒", "健身", "烘焙", "贸易")
_WORDS = ("海棠", "瑞丰", "鑫源", "和盛", "天悦", "同福", "嘉禾", "云帆", "启明", "青禾", "百味", "新锐", "朗庭", "长青", "东篱", "汇川")
_SIZE_CLASSES = ("small", "medium", "large")
CREDIT_DAYS = (15, 30, 60)


def name_parts(draws: Draws, persons: Frame) -> tuple[Ints, Ints]:
    """Positions of surname and given name in their pools. Children have the name of the household's first adult."""
    of_household = draws.choice(_SURNAME_WEIGHTS, "surname", persons["household"], 0)
    own = draws.choice(_SURNAME_WEIGHTS, "surname", persons["household"], 1 + persons["person"])
    inherits = (persons["role"] == 0) | (persons["role"] == 2)
    female, male = (draws.integers(0, len(pool), "given name", persons["person"]) for pool in GIVEN_NAMES)
    return np.where(inherits, of_household, own), np.where(persons["gender"] == 0, female, male)


def full_names(surnames: Ints, given: Ints, gender: Ints) -> pa.StringArray:
    """Full names of positions in the pools."""
    first = pa.array(SURNAMES, pa.string()).take(pa.array(surnames))
    names = pa.array(GIVEN_NAMES[0] + GIVEN_NAMES[1], pa.string())
    return pc.binary_join_element_wise(first, names.take(pa.array(given + np.where(gender == 1, len(GIVEN_NAMES[0]), 0))), "")


def districts(draws: Draws, persons: Frame) -> pa.StringArray:
    """The district that a household lives in."""
    counts = np.array([len(names) for names in _DISTRICTS])
    starts = np.cumsum(counts) - counts
    place = draws.integers(0, counts[persons["city"]], "district", persons["household"])
    return pa.array([name for names in _DISTRICTS for name in names], pa.string()).take(pa.array(starts[persons["city"]] + place))


def addresses(draws: Draws, persons: Frame) -> pa.StringArray:
    """Postal addresses: city, district, road and number, community, building and room."""
    household = persons["household"]

    def one_of(pool: tuple[str, ...], purpose: str) -> pa.StringArray:
        return pa.array(pool, pa.string()).take(pa.array(draws.integers(0, len(pool), purpose, household)))

    def number(high: int, purpose: str) -> pa.StringArray:
        return pc.cast(pa.array(draws.integers(1, high, purpose, household)), pa.string())

    city = pa.array(CITY_LABELS, pa.string()).take(pa.array(persons["city"]))
    return pc.binary_join_element_wise(
        city, districts(draws, persons), one_of(_ROADS, "road"), number(400, "road number"), "号", one_of(_COMMUNITIES, "community"),
        number(30, "building"), "幢", pc.utf8_lpad(number(2600, "room"), 4, "0"), "室", "",
    )  # fmt: skip


def companies(draws: Draws, persons: Frame, bad_debt_share: float) -> Frame:
    """Companies whose buyers are among the persons: `company, city, size` (0 to 2), `credit_days, is_bad_payer, word, trade`."""
    number, first = np.unique(persons["company"][persons["company"] >= 0], return_index=True)
    rows = np.flatnonzero(persons["company"] >= 0)[first]
    size = draws.choice([6, 3, 1], "company size", number)
    return Frame({
        "company": number, "city": persons["city"][rows], "size": size,
        "credit_days": np.array(CREDIT_DAYS)[np.minimum(size + draws.integers(0, 2, "credit", number), 2)],
        "is_bad_payer": draws.happens(bad_debt_share, "bad payer", number),
        "word": draws.integers(0, len(_WORDS), "company word", number), "trade": draws.integers(0, len(_TRADES), "company trade", number),
    }, len(number))  # fmt: skip


def company_names(table: Frame) -> pa.StringArray:
    """Registered names of companies."""
    city = pa.array([label.removesuffix("市") for label in CITY_LABELS], pa.string()).take(pa.array(table["city"]))
    word = pa.array(_WORDS, pa.string()).take(pa.array(table["word"]))
    trade = pa.array(_TRADES, pa.string()).take(pa.array(table["trade"]))
    return pc.binary_join_element_wise(city, word, pc.cast(pa.array(table["company"]), pa.string()), trade, "有限公司", "")


def company_sizes(table: Frame) -> pa.StringArray:
    """Size classes of companies."""
    return pa.array(_SIZE_CLASSES, pa.string()).take(pa.array(table["size"]))


def tax_ids(table: Frame) -> pa.StringArray:
    """Unified social credit codes in shape (18 characters), unique, not registered ones."""
    return pc.binary_join_element_wise(
        "91", pc.utf8_lpad(pc.cast(pa.array(table["company"] * 7919 + 310_000), pa.string()), 15, "0"), "X", ""
    )
