"""Words that stand beside a phone number, and words that show that a text is an amount of money."""

import re

# Words for telephone, and for which of a person's telephones it is.
_WORD_LIST = """
    tel telf tfno tlf tfn tél téléphone telephone teléfono telefono telefone telefon telefonnummer telefonnr telefoon telefonu telefonszám
    telefoni puhelin puh sími phone phones ph fon fono fone mobile mob mobil mobiltelefon mobilnummer móvil movil mobiel mobilni
    cell cellphone cellular cel celular cellulare handy handynummer portable port portatile fixe festnetz gsm komórka kom cep
    fax telefax hotline call contact kontakt contacto contatto whatsapp wa sms no nr num number nummer nº n° número numero numéro
    home work office business private privat privé privée geschäftlich dienstlich bureau domicile maison casa trabajo lavoro ufficio
    main primary direct my the h m w p t c o f d
    тел телефон моб мобильный мобильн сот сотовый раб дом номер τηλ τηλέφωνο κινητό
    هاتف جوال موبايل تلفون تليفون רقم טל טלפון נייד โทร โทรศัพท์ มือถือ फोन मोबाइल điện thoại đt sđt
    전화 전화번호 휴대폰 휴대전화 핸드폰 연락처
"""
_WORDS = frozenset(_WORD_LIST.split())
_IDEOGRAPHS = re.compile(
    "(?:我的|联系|聯絡|聯繫|收货人?|收貨人?|收件人?|移动|移動|行動|固定|公司|家庭|家里|住宅|办公|单位|备用|常用|本人|客户|会员|注册|绑定|用户|顾客|买家|自宅|会社|勤務先)*"
    "(?:手机|手機|电话|電話|电|電|座机|座機|固话|热线|联系方式|连络方式|携帯|携帯電話|ケータイ|テル|方式)(?:号码?|號碼?|番号)?"
)
_BETWEEN_WORDS = re.compile(r"[\s.:;,/()\[\]<>+&'\"#=|-]+")
_CURRENCY = re.compile(
    r"[0-9][\s.,-]*(?:(?:EUR|USD|CNY|RMB|GBP|JPY|CHF|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|RUB|UAH|TRY|INR|IDR|VND|THB|MYR|SGD|HKD|TWD|KRW"
    r"|PHP|AUD|NZD|CAD|MXN|BRL|ARS|CLP|COP|PEN|ZAR|EGP|AED|SAR|ILS|NGN|KES|PKR|BDT|euros?|dollars?|pounds?|руб|zł|kč|kr)\b|[元円圆圓원])",
    re.IGNORECASE,
)


def is_label(text: str) -> bool:
    """Whether the text before a number has no words but those for telephone."""
    pieces = _BETWEEN_WORDS.split(text.casefold())
    if len(pieces[-1]) == 1 and pieces[-1].isascii() and pieces[-1].isalpha():
        return False  # `T: 555 0101` is a telephone, `T5550101` an article
    return all(_is_word(piece) for piece in pieces if re.search(r"[^\W\d_]", piece))


def _is_word(piece: str) -> bool:
    return piece in _WORDS or _IDEOGRAPHS.fullmatch(piece) is not None


def names_currency(text: str) -> bool:
    """Whether a currency's code or name follows the digits."""
    return _CURRENCY.search(text) is not None
