"""What the names of columns say: our name, the canonical field they speak of, and whether a person is behind the values."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import groupby

from spark_jobs.ingest.draft.dictionary import CHINESE, WESTERN

LONGEST_CHINESE = max(map(len, CHINESE))
SPLIT = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

YAML_WORDS = frozenset({"no", "yes", "on", "off", "y", "n", "true", "false", "null"})  # no text in YAML without quotes
ID_ENDINGS = frozenset({"id", "no", "num", "number", "nr", "nbr", "code", "key", "ref", "reference", "uuid", "guid", "sk"})
ID_BEGINNINGS = frozenset({"n", "no", "nr", "num", "number", "numero", "code", "id"})
OWNERS = frozenset({"customer", "cust", "member", "user", "store", "shop", "product", "prod", "item", "lineitem", "order", "sales"})
NOT_OWNED = frozenset({"ordered_at", "package_size", "sales_amount", "product_name"})
NAMED_BY_ID = frozenset({"channel", "category", "subcategory", "department", "brand", "region", "city"})
ID_SUBJECTS = {
    "order_item_id": "line; order item; order line; invoice line; line item; lineitem; item line; orderline; orderitem; receipt line; transaction line; row; "
    "order detail; sales order detail; invoice detail",
    "order_id": "order; invoice; receipt; basket; transaction; trans; bill; ticket; sale; sales; voucher; cart; purchase; sales order; orders; bon; document; charge; merchant order; transaction order; order name; checkout; "
    "shopping; shipment order; payment order; booking",
    "source_customer_id": "customer; cust; client; member; household; hshd; hh; user; buyer; shopper; loyalty; loyalty card; member card; "
    "club card; customer card; account; consumer; owner; "
    "order account; external user; externaluser; external userid; patron; guest; subscriber; msno; counterparty account; buyer account; visitor; reviewer; author; shopper",
    "product_id": "product; prod; sku; item; article; art; upc; ean; gtin; barcode; stock; goods; material; plu; asin; commodity; "
    "product variant; sku item; item sku; product sku; lineitem sku; parent asin; dish; menu item",
    "store_id": "store; shop; branch; outlet; pos location; location; store location; warehouse",
    "manufacturer_id": "manufacturer; supplier; vendor",
}
FIELDS = {
    "quantity": "quantity; qty ordered; ordered qty; ordered quantity; number of items; qty; units; pieces; unit; quantity sold; units sold; sales quantity; sold quantity; order quantity; quantity ordered; product quantity",
    "unit_price": "unit price; price unit; price; price per unit; item price; price each; product price; selling price; sales price; retail price; unit cost; product unit price; item cost; cost; item unit price",
    "sales_amount": "amount; amount total; sales; total; value; revenue; turnover; net; net amount; sales value; sales amount; total price; total amount; "
    "line total; line amount; row total; spend; spent; paid; paid amount; amount paid; net sales; gross; gross amount; total sales; total sale; "
    "merchant revenue; order amount; order total; order value; item total; extended price; subtotal; sub total; net value; payment amount; payment value; "
    "transaction amount; grand total; invoice total; purchase amount; total paid; total spent; total value; paid total; total paid amount; actual amount paid; buyer paid payment amount",
    "retail_discount_amount": "discount; disc; discount amount; retail disc; retail discount; discount value; total discount; loyalty discount",
    "coupon_discount_amount": "coupon disc; coupon discount; coupon; coupon amount; coupon discount amount",
    "coupon_match_discount_amount": "coupon match disc; coupon match discount; coupon match discount amount",
    "ordered_at": "date; time; datetime; timestamp; order date; order time; ordered at; ordered on; invoice date; invoice time; transaction date; "
    "transaction time; transaction timestamp; sale date; sale time; sales date; sold at; sold on; purchase date; purchase time; purchased at; "
    "receipt date; receipt time; order datetime; order timestamp; created at; create time; payment date; payment time; paid at; bill date; "
    "trans date; trans time; order created at; purchase timestamp; order purchase timestamp; purchase datetime; date time; visit date; day; "
    "ticket date; document date; basket date; order created; created; transaction datetime; event time; event timestamp; date of purchase; placed at",
    "registered_on": "registration date; registration time; registered at; registered on; signup date; signed up at; sign up date; joined; joined at; "
    "join date; member since; customer since; enrolment date; enrollment date; registration; became member on; registration init time; customer created at; account created at",
    "gender": "gender; sex", "birth_year": "birth year; year of birth; yob", "age_band": "age; age band; age group; age range; age bracket",
    "income_band": "income; income band; income range", "home_ownership": "home ownership; homeowner", "marital_status": "marital status; marital",
    "household_size": "household size; hh size; hshd size", "household_composition": "household composition; household comp; hh composition",
    "kids_count": "kids count; kids; children; number of children; kid category",
    "region": "region; country; province; state; county; area; territory", "city": "city; town", "source_tier": "tier; loyalty tier; membership; member tier; loyalty level; level; segment; grade",
    "product_name": "lineitem name; lineitem title; line item name; description; product name; item name; title; product title; product description; item description; article name; "
    "prod name; product; item; sku name; goods name; product type; article description; stock description",
    "brand": "brand; brand name", "brand_type": "brand type", "department": "department; dept; division; family; department name",
    "category": "category; product category; category name; item category; class; commodity desc; product group; item group; group; product category name",
    "subcategory": "subcategory; sub category; subclass; sub commodity desc; subcategory name; product subcategory",
    "package_size": "package size; pack size; size; curr size of product", "store_name": "store name; shop name; branch name; store title",
    "latitude": "latitude; lat", "longitude": "longitude; lng; lon; long", "channel": "channel; sales channel; order channel; source channel; sales platform; platform",
    "status": "status; order status; financial status; payment status; current status; transaction status; state of order; order state", "currency_code": "currency; currency code",
}  # fmt: skip

PII_WORDS: tuple[tuple[str, str, frozenset[str]], ...] = (
    ("sensitive", "national_id", frozenset({"ssn", "passport", "nin", "identity card", "national id", "id card", "tax id", "identity number"})),
    ("direct", "email", frozenset({"email", "mail"})),
    ("direct", "phone", frozenset({"phone", "mobile", "tel", "telephone", "cell", "cellphone", "fax", "gsm", "handphone", "whatsapp", "msisdn"})),
    ("direct", "birth_date", frozenset({"birthday", "birthdate", "dob", "birth date", "date of birth", "birth"})),
    ("direct", "plate", frozenset({"plate", "license plate"})),
    ("direct", "address", frozenset({"address", "street", "addr", "address1", "address2", "shipping address"})),
    (
        "direct", "name",
        frozenset({
            "firstname", "lastname", "surname", "fullname", "forename", "nickname", "first name", "last name", "full name", "given name",
            "family name", "middle name", "person name", "customer name", "client name", "member name", "user name", "username",
            "contact name", "recipient name", "buyer name", "cardholder", "card holder", "cust name", "shopper name", "counterparty", "billing name", "shipping name", "customer person name",
        }),
    ),
    ("sensitive", "other", frozenset({"credit card", "iban", "bank account", "bank card", "cc number", "card number", "card no", "card num"})),
    ("direct", "other", frozenset({"counterparty account", "openid", "unionid", "wechat", "ip", "ip address", "device id", "imei", "idfa", "cookie id", "open id", "union id"})),
    ("direct", "free_text", frozenset({"remark", "remarks", "note", "notes", "comment", "comments", "message", "feedback", "review"})),
)  # fmt: skip
TEXT_ENDINGS = frozenset({"text", "body", "content", "title", "attributes", "details"})
QUASI = frozenset(
    {"gender", "sex", "age", "zip", "zipcode", "postcode", "postal", "income", "marital", "nationality", "religion", "ethnicity"}
)
RECIPIENTS = (("recipient",), ("consignee",), ("addressee",))  # alone, it is the name
NO_PERSON = frozenset(
    {"store", "shop", "branch", "outlet", "product", "item", "brand", "category", "campaign", "file", "return", "supplier"}
)


@cache
def words_of(header: str) -> tuple[str, ...]:
    """The words of a column's name, in English when it is in Chinese words we know; nothing when we do not."""
    text = re.sub(r"[（(].*?[)）]", " ", header).strip() or header
    if not any("\u3400" <= letter <= "\u9fff" for letter in text):
        latin = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode()
        return _once(each for word in SPLIT.findall(_joined_acronyms(latin)) for each in WESTERN.get(word.lower(), word.lower()).split())
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
    return _once(words)


def _once(words: Iterable[str]) -> tuple[str, ...]:
    """Words without those that repeat the one before."""
    return tuple(word for word, _ in groupby(words))


def _joined_acronyms(text: str) -> str:
    """`IDs`, `e-mail` and `OrderIDs` as the words they are."""
    return re.sub(r"(?i)\be[-_ ]mail", "email", text).replace("IDs", "Id")


def our_name(header: str, number: int) -> str:
    """The name that we give to a column: small letters, digits, underscores."""
    words = words_of(header)
    name = "_".join(words)
    if not name or not re.search("[a-z]", name):
        return f"column_{number}" + (f"_{name}" if name else "")
    return f"column_{name}" if not name[0].isalpha() or name in YAML_WORDS else name


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
    if words[0] == "lineitem" and len(words) > 1 and (inner := _roles(words[1:])):
        return inner
    base = words
    while len(base) > 1 and base[-1] in ID_ENDINGS:
        base = base[:-1]
    subject, has_ending = " ".join(base), len(base) < len(words)
    ids = [role for role, phrases in _SUBJECTS.items() if subject in phrases]
    if not ids and words[0] in ID_BEGINNINGS:
        ids, has_ending = [role for role, phrases in _SUBJECTS.items() if " ".join(words[1:]) in phrases], True
    fields = [role for role, phrases in _FIELDS.items() if phrase in phrases]
    if not fields and not ids and (has_ending or words[-1] in ("name", "title")):
        named = subject if has_ending else " ".join(words[:-1])
        fields = [role for role, phrases in _FIELDS.items() if named in phrases and role in NAMED_BY_ID]
    if not fields and not ids and len(words) > 1 and words[0] in OWNERS:
        fields = [role for role, phrases in _FIELDS.items() if " ".join(words[1:]) in phrases and role not in NOT_OWNED]
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
    if words in RECIPIENTS:
        return "direct", "name"
    if "birth" in singles and "year" in singles:
        return "quasi", None
    is_text = words[-1:] != () and (words[-1] in TEXT_ENDINGS or words[-1] in PII_WORDS[-1][2])
    for pii, kind, phrases in PII_WORDS:
        if kind == "free_text" and not is_text:  # a review's number, score or day
            continue
        if (singles | pairs) & phrases and (kind == "other" or roles_of(header)[:1] != ("source_customer_id",)):
            return pii, kind
    return ("quasi", None) if singles & QUASI and not singles & {"gross", "net"} else None
