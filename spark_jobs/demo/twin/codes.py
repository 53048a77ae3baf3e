"""What the twin's integers mean: channels, categories, reasons and causes. The order is part of every file ever written: append only."""

from enum import IntEnum


class Channel(IntEnum):
    """Where a visit or an order takes place."""

    STORE = 0
    APP = 1
    MINI = 2
    WEB = 3
    LIVE = 4
    CALL = 5
    WECOM = 6
    B2B = 7


class LifeStage(IntEnum):
    """The household that a person shops for."""

    STUDENT = 0
    SINGLE = 1
    COUPLE = 2
    YOUNG_FAMILY = 3
    FAMILY = 4
    EMPTY_NEST = 5
    SENIOR = 6


class Scene(IntEnum):
    """Why a basket is bought."""

    ROUTINE = 0
    FAMILY_MEAL = 1
    URGENT_REFILL = 2
    HOLIDAY_GIFT = 3
    NIGHT_SNACK = 4


class ChurnCause(IntEnum):
    """Why a customer leaves."""

    NONE = 0
    LATE_DELIVERY = 1
    BAD_QUALITY = 2
    PRICE = 3
    MOVED_AWAY = 4


class Issue(IntEnum):
    """What went wrong with an order: the reason of refunds, tickets and bad reviews."""

    NONE = 0
    LATE = 1
    SPOILED = 2
    MISSING = 3
    WRONG_ITEM = 4
    PRICE_DIFFERENCE = 5
    SERVICE = 6
    QUESTION = 7


class Payment(IntEnum):
    """Means of payment."""

    WECHAT_PAY = 0
    ALIPAY = 1
    CARD = 2
    CASH = 3
    MEMBER_BALANCE = 4
    INVOICE = 5


class TouchChannel(IntEnum):
    """Channels of campaign messages."""

    PUSH = 0
    SMS = 1
    WECOM = 2
    MINI = 3


class Platform(IntEnum):
    """Advertising platforms."""

    DOUYIN = 0
    WECHAT_ADS = 1
    BAIDU = 2
    XIAOHONGSHU = 3


class ConsentPurpose(IntEnum):
    """What a customer agrees to."""

    SERVICE = 0
    MARKETING = 1
    PROFILING = 2
    AUTOMATED_DECISION = 3
    SHARING = 4
