"""What the names of columns say: our name, the canonical field they speak of, and whether a person is behind the values."""

import re
import unicodedata
from functools import cache

# Chinese words of retail, by the English words they stand for; the longest match is taken first.
CHINESE = {
    "订单": "order", "小票": "receipt", "单据": "receipt", "流水号": "transaction id", "流水": "transaction", "交易": "transaction",
    "明细": "line", "行号": "line no", "会员卡号": "member id", "会员": "member", "顾客": "customer", "客户": "customer", "用户": "user",
    "买家": "buyer", "商品": "product", "货品": "product", "产品": "product", "条码": "barcode", "条形码": "barcode", "货号": "sku",
    "名称": "title", "品名": "product title", "数量": "quantity", "件数": "quantity", "单价": "unit price", "售价": "unit price",
    "价格": "price", "金额": "amount", "实付": "paid", "实收": "paid", "应付": "gross", "应收": "gross", "总额": "total amount",
    "总": "total", "销售额": "sales amount", "销售": "sales", "优惠券": "coupon", "优惠": "discount", "折扣": "discount", "下单": "order",
    "支付": "payment", "付款": "payment", "成交": "transaction", "购买": "purchase", "消费": "purchase", "时间": "time", "日期": "date",
    "注册": "registration", "入会": "registration", "门店": "store", "店铺": "store", "分店": "store", "编号": "id", "编码": "code",
    "号码": "number", "号": "id", "手机号": "mobile phone", "手机": "mobile phone", "电话": "phone", "联系电话": "phone", "邮箱": "email",
    "电子邮件": "email", "姓名": "person name", "收货人": "recipient name", "收件人": "recipient name", "联系人": "contact name",
    "昵称": "nickname", "地址": "address", "出生日期": "birth date", "出生": "birth", "生日": "birth date", "出生年份": "birth year",
    "身份证号": "identity card", "身份证": "identity card", "银行卡号": "bank card", "银行卡": "bank card", "卡号": "card number",
    "车牌号": "license plate", "车牌": "license plate", "微信": "wechat", "性别": "gender", "年龄": "age", "城市": "city",
    "省份": "province", "省": "province", "地区": "region", "区域": "region", "国家": "country", "等级": "tier", "级别": "tier",
    "渠道": "channel", "状态": "status", "类别": "category", "分类": "category", "品类": "category", "品牌": "brand", "部门": "department",
    "规格": "package size", "备注": "remark", "留言": "message", "评论": "comment", "币种": "currency", "类型": "type", "积分": "points",
}  # fmt: skip
LONGEST_CHINESE = max(map(len, CHINESE))
SPLIT = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

ID_ENDINGS = frozenset({"id", "no", "num", "number", "nr", "nbr", "code", "key", "ref", "reference", "uuid", "guid", "sk"})
ID_SUBJECTS = {
    "order_item_id": "line; order item; order line; invoice line; line item; item line; orderline; orderitem; receipt line; transaction line",
    "order_id": "order; invoice; receipt; basket; transaction; trans; bill; ticket; sale; sales; voucher; cart; purchase; sales order; orders; bon; document",
    "source_customer_id": "customer; cust; client; member; household; hshd; hh; user; buyer; shopper; loyalty; loyalty card; member card; "
    "club card; customer card; account; consumer; owner",
    "product_id": "product; prod; sku; item; article; art; upc; ean; gtin; barcode; stock; goods; material; plu; asin; commodity",
    "store_id": "store; shop; branch; outlet; pos location; location; store location; warehouse",
    "manufacturer_id": "manufacturer; supplier; vendor",
}
FIELDS = {
    "quantity": "quantity; qty; units; pieces; unit; quantity sold; units sold; sales quantity; sold quantity; order quantity; quantity ordered; product quantity",
    "unit_price": "unit price; price; price per unit; item price; price each; product price; selling price; sales price; retail price; unit cost; product unit price",
    "sales_amount": "amount; sales; total; value; revenue; turnover; net; net amount; sales value; sales amount; total price; total amount; "
    "line total; line amount; spend; spent; paid; paid amount; amount paid; net sales; gross; gross amount; total sales; total sale; "
    "order amount; order total; order value; item total; extended price; subtotal; sub total; net value; payment amount; payment value; "
    "transaction amount; grand total; invoice total; purchase amount; total paid; total spent; total value; paid total; total paid amount",
    "retail_discount_amount": "discount; disc; discount amount; retail disc; retail discount; discount value; total discount; loyalty discount",
    "coupon_discount_amount": "coupon disc; coupon discount; coupon; coupon amount; coupon discount amount",
    "ordered_at": "date; time; datetime; timestamp; order date; order time; ordered at; ordered on; invoice date; invoice time; transaction date; "
    "transaction time; transaction timestamp; sale date; sale time; sales date; sold at; sold on; purchase date; purchase time; purchased at; "
    "receipt date; receipt time; order datetime; order timestamp; created at; create time; payment date; payment time; paid at; bill date; "
    "trans date; trans time; order created at; purchase timestamp; order purchase timestamp; purchase datetime; date time; visit date; day; "
    "ticket date; document date; basket date; order created; created; transaction datetime; event time; date of purchase; placed at",
    "registered_on": "registration date; registration time; registered at; registered on; signup date; signed up at; sign up date; joined; joined at; "
    "join date; member since; customer since; enrolment date; enrollment date; registration; became member on",
    "gender": "gender; sex", "birth_year": "birth year; year of birth; yob", "age_band": "age band; age group; age range; age bracket",
    "income_band": "income; income band; income range", "home_ownership": "home ownership; homeowner", "marital_status": "marital status; marital",
    "household_size": "household size; hh size; hshd size", "household_composition": "household composition; hh composition",
    "kids_count": "kids count; kids; children; number of children; kid category",
    "region": "region; country; province; state; county; area; territory", "city": "city; town", "source_tier": "tier; loyalty tier; membership; member tier; loyalty level; level; segment; grade",
    "product_name": "description; product name; item name; title; product title; product description; item description; article name; "
    "prod name; product; item; sku name; goods name; product type; article description; stock description",
    "brand": "brand; brand name", "brand_type": "brand type", "department": "department; dept; division; family; department name",
    "category": "category; product category; category name; item category; class; commodity desc; product group; item group; group; product category name",
    "subcategory": "subcategory; sub category; subclass; sub commodity desc; subcategory name; product subcategory",
    "package_size": "package size; pack size; size; curr size of product", "store_name": "store name; shop name; branch name; store title",
    "latitude": "latitude; lat", "longitude": "longitude; lng; lon; long", "channel": "channel; sales channel; order channel; source channel",
    "status": "status; order status; state of order; order state", "currency_code": "currency; currency code",
}  # fmt: skip

PII_WORDS: tuple[tuple[str, str, frozenset[str]], ...] = (
    ("sensitive", "national_id", frozenset({"ssn", "passport", "nin", "identity card", "national id", "id card", "tax id", "identity number"})),
    ("direct", "email", frozenset({"email", "mail"})),
    ("direct", "phone", frozenset({"phone", "mobile", "tel", "telephone", "cell", "cellphone", "fax", "handphone", "whatsapp", "msisdn"})),
    ("direct", "birth_date", frozenset({"birthday", "birthdate", "dob", "birth date", "date of birth", "birth"})),
    ("direct", "plate", frozenset({"plate", "license plate"})),
    ("direct", "address", frozenset({"address", "street", "addr", "address1", "address2", "shipping address"})),
    (
        "direct", "name",
        frozenset({
            "firstname", "lastname", "surname", "fullname", "forename", "nickname", "first name", "last name", "full name", "given name",
            "family name", "middle name", "person name", "customer name", "client name", "member name", "user name", "username",
            "contact name", "recipient name", "buyer name", "cardholder", "card holder", "cust name", "shopper name",
        }),
    ),
    ("sensitive", "other", frozenset({"credit card", "iban", "bank account", "bank card", "cc number", "card number", "card no", "card num"})),
    ("direct", "other", frozenset({"openid", "unionid", "wechat", "ip", "ip address", "device id", "imei", "idfa", "cookie id", "open id", "union id"})),
    ("direct", "free_text", frozenset({"remark", "remarks", "note", "notes", "comment", "comments", "message", "feedback", "review"})),
)  # fmt: skip
QUASI = frozenset(
    {"gender", "sex", "age", "zip", "zipcode", "postcode", "postal", "income", "marital", "nationality", "religion", "ethnicity"}
)
NO_PERSON = frozenset(
    {"store", "shop", "branch", "outlet", "product", "item", "brand", "category", "campaign", "file", "return", "supplier"}
)


@cache
def words_of(header: str) -> tuple[str, ...]:
    """The words of a column's name, in English when it is in Chinese words we know; nothing when we do not."""
    text = re.sub(r"[（(].*?[)）]", " ", header).strip() or header
    if not any("\u3400" <= letter <= "\u9fff" for letter in text):
        latin = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode()
        return tuple(word.lower() for word in SPLIT.findall(_joined_acronyms(latin)))
    words: list[str] = []
    while text:
        if match := re.match(r"[A-Za-z0-9]+|[\s_./·:：-]+", text):
            words += [match[0].lower()] if match[0].isalnum() else []
            text = text[match.end() :]
            continue
        length = next((size for size in range(LONGEST_CHINESE, 0, -1) if text[:size] in CHINESE), 0)
        if not length:
            return ()
        words += CHINESE[text[:length]].split()
        text = text[length:]
    return tuple(word for number, word in enumerate(words) if number == 0 or word != words[number - 1])


def _joined_acronyms(text: str) -> str:
    """`IDs`, `e-mail` and `OrderIDs` as the words they are."""
    return re.sub(r"(?i)\be[-_ ]mail", "email", text).replace("IDs", "Id")


def our_name(header: str, number: int) -> str:
    """The name that we give to a column: small letters, digits, underscores."""
    words = words_of(header)
    name = "_".join(words)
    if not name or not re.search("[a-z]", name):
        return f"column_{number}" + (f"_{name}" if name else "")
    return name if name[0].isalpha() else f"column_{name}"


def _phrases(text: str) -> frozenset[str]:
    return frozenset(phrase.strip() for phrase in text.split(";"))


_SUBJECTS = {role: _phrases(text) for role, text in ID_SUBJECTS.items()}
_FIELDS = {role: _phrases(text) for role, text in FIELDS.items()}


def roles_of(header: str) -> tuple[str, ...]:
    """Canonical fields that a column may be, by its name; the likeliest first."""
    words = words_of(header.rsplit(".", 1)[-1]) if "." in header else words_of(header)
    found = [*_roles(words)]
    if "." in header and (whole := words_of(header)) != words:
        found = [*_roles(whole), *_roles(whole[-3:]), *_roles(whole[-2:]), *([] if words in (("id",), ("name",)) else found)]
    return tuple(dict.fromkeys(found))


def _roles(words: tuple[str, ...]) -> list[str]:
    phrase = " ".join(words)
    if not words:
        return []
    base = words
    while len(base) > 1 and base[-1] in ID_ENDINGS:
        base = base[:-1]
    subject, has_ending = " ".join(base), len(base) < len(words)
    ids = [role for role, phrases in _SUBJECTS.items() if subject in phrases]
    fields = [role for role, phrases in _FIELDS.items() if phrase in phrases]
    return [*ids, *fields] if has_ending or not fields else [*fields, *ids]


def is_id_name(header: str) -> bool:
    """True when a column names something: order, customer, product, or anything with such an ending."""
    words = words_of(header)
    return bool(words) and (words[-1] in ID_ENDINGS or (roles_of(header)[:1] != () and roles_of(header)[0] in _SUBJECTS))


def person_behind(header: str) -> tuple[str, str | None] | None:
    """PII class and kind that a column's name speaks of."""
    words = words_of(header)
    singles = {*words, "".join(words)}
    pairs = {" ".join(words[start:end]) for start in range(len(words)) for end in range(start + 2, len(words) + 1)}
    if singles & NO_PERSON and not singles & {"customer", "member", "recipient"}:
        return None
    if "birth" in singles and "year" in singles:
        return "quasi", None
    for pii, kind, phrases in PII_WORDS:
        if (singles | pairs) & phrases and roles_of(header)[:1] != ("source_customer_id",):
            return pii, kind
    return ("quasi", None) if singles & QUASI else None
