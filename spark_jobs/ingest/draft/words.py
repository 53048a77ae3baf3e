"""Words of column names, in English and Chinese, and the concept they usually stand for."""

import re

# Concept → words, compared with the letters and digits of a name in lower case. The first concept with an equal word wins.
CONCEPTS: dict[str, tuple[str, ...]] = {
    "order_id": ("orderid", "orderno", "ordernumber", "ordercode", "order", "invoice", "invoiceno", "invoiceid", "invoicenumber", "receipt", "receiptno",
        "receiptid", "basketid", "basket", "transactionid", "transactionno", "transaction", "transid", "ticket", "ticketid", "ticketno", "billno", "billid",
        "saleid", "salesid", "cartid", "订单号", "订单编号", "订单id", "单号", "小票号", "流水号", "交易号"),
    "order_item_id": ("orderitemid", "lineid", "itemid", "orderlineid", "orderdetailid", "rowid", "lineno", "linenumber", "订单明细id", "明细编号"),
    "source_customer_id": ("customerid", "customer", "customerno", "customernumber", "customerkey", "custid", "custno", "clientid", "client", "memberid",
        "memberno", "member", "membercode", "householdid", "householdkey", "household", "userid", "user", "uid", "buyerid", "shopperid", "cardno", "cardid",
        "loyaltyid", "loyaltycard", "accountid", "openid", "unionid", "会员号", "会员id", "会员编号", "会员卡号", "客户编号", "客户id", "顾客编号", "用户id",
        "用户编号"),
    "product_id": ("productid", "productcode", "productno", "product", "sku", "skuid", "skucode", "stockcode", "itemcode", "itemno", "articleid", "article",
        "articleno", "upc", "ean", "gtin", "barcode", "plu", "materialno", "goodsid", "商品编码", "商品编号", "商品id", "商品条码", "条码", "货号"),
    "product_name": ("productname", "description", "itemname", "itemdescription", "productdescription", "articlename", "goodsname", "productdesc",
        "商品名称", "品名", "商品"),
    "quantity": ("quantity", "qty", "units", "unitssold", "count", "itemquantity", "orderquantity", "数量", "件数", "销售数量"),
    "unit_price": ("unitprice", "price", "itemprice", "salesprice", "sellingprice", "单价", "售价"),
    "sales_amount": ("salesamount", "amount", "sales", "salesvalue", "salevalue", "linetotal", "lineamount", "total", "totalamount", "totalprice", "revenue",
        "netamount", "netsales", "value", "paid", "paidamount", "payment", "grandtotal", "ordertotal", "orderamount", "spend", "金额", "销售额", "销售金额",
        "实付金额", "订单金额", "应付金额", "总价"),
    "discount_amount": ("discount", "discountamount", "discountvalue", "retaildisc", "rebate", "优惠金额", "折扣", "折扣金额"),
    "ordered_at": ("ordertime", "orderdate", "orderdatetime", "orderedat", "orderedon", "ordertimestamp", "invoicedate", "invoicetime", "purchasedate",
        "purchasetime", "purchasedat", "transactiondate", "transactiontime", "transactiontimestamp", "transdate", "transtime", "saledate", "salesdate",
        "saletime", "soldat", "soldon", "createdat", "createtime", "created", "date", "datetime", "timestamp", "time", "day", "eventtime", "下单时间", "订单时间",
        "订单日期", "交易时间", "交易日期", "销售日期", "日期", "时间", "支付时间"),
    "store_id": ("storeid", "store", "storeno", "storecode", "shopid", "shop", "branchid", "branch", "outlet", "locationid", "门店编号", "门店id", "门店"),
    "store_name": ("storename", "shopname", "branchname", "门店名称"),
    "channel": ("channel", "saleschannel", "orderchannel", "渠道", "销售渠道", "订单渠道"),
    "status": ("status", "orderstatus", "state", "订单状态", "状态"),
    "department": ("department", "dept", "maincategory", "departmentname", "部门", "大类", "一级分类"),
    "category": ("category", "productcategory", "categoryname", "productcategoryname", "类别", "品类", "分类", "二级分类"),
    "subcategory": ("subcategory", "producttype", "小类", "三级分类"),
    "brand": ("brand", "brandname", "品牌"),
    "region": ("region", "country", "customercountry", "province", "state", "area", "地区", "省份", "区域"),
    "city": ("city", "town", "城市"),
    "gender": ("gender", "sex", "性别"),
    "birth_year": ("birthyear", "yearofbirth", "出生年份"),
    "birth_date": ("birthdate", "birthday", "dateofbirth", "dob", "生日", "出生日期"),
    "registered_on": ("registeredon", "registeredat", "registrationdate", "signupdate", "signup", "joindate", "joinedon", "joinedat", "registertime", "registeredtime", "enrolleddate", "memberdate",
        "注册时间", "注册日期", "入会时间", "入会日期"),
    "source_tier": ("tier", "loyaltytier", "membertier", "memberlevel", "level", "会员等级", "等级"),
    "currency_code": ("currency", "currencycode", "币种"),
    "email": ("email", "emailaddress", "mail", "邮箱", "电子邮箱"),
    "phone": ("phone", "phoneno", "phonenumber", "mobile", "mobileno", "tel", "telephone", "手机", "手机号", "手机号码", "电话", "联系电话"),
    "person_name": ("name", "fullname", "firstname", "lastname", "surname", "customername", "membername", "username", "contact", "姓名", "客户姓名",
        "会员姓名", "收货人"),
    "address": ("address", "street", "streetaddress", "deliveryaddress", "地址", "收货地址"),
}  # fmt: skip

WORDS = {word: concept for concept, words in reversed(CONCEPTS.items()) for word in words}

PII_WORDS = {
    "phone": re.compile(r"phone|mobile|\btel\b|手机|电话", re.IGNORECASE),
    "email": re.compile(r"e-?mail|邮箱", re.IGNORECASE),
    "national_id": re.compile(r"id_?card|passport|national_?id|\bssn\b|身份证", re.IGNORECASE),
    "birth_date": re.compile(r"birth_?da|\bdob\b|生日|出生日期", re.IGNORECASE),
    "address": re.compile(r"address|street|postcode|zip_?code|地址|邮编", re.IGNORECASE),
    "name": re.compile(r"(^|_|\b)(first|last|full|sur|customer|member|user|nick)_?name|^name$|^contact$|姓名|收货人|昵称", re.IGNORECASE),
    "plate": re.compile(r"licen[cs]e_?plate|车牌", re.IGNORECASE),
}


def concept_of(source_name: str) -> str | None:
    """The concept that a column name usually stands for; None when no word is known. The last part of a dotted path counts first."""
    for text in (source_name, source_name.rpartition(".")[2], source_name.replace(".", "_")):
        letters = re.sub(r"[\W_]", "", text.lower())
        if letters in WORDS:
            return WORDS[letters]
    return None


def our_name(source_name: str, number: int, concept: str | None) -> str:
    """A name in our letters: small ones, digits and underscores."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", source_name)
    name = re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
    if name and name[0].isalpha() and source_name.isascii():
        return name
    return concept or f"column_{number}"
