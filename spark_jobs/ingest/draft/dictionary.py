"""Words of retail in other languages, by the English words they stand for."""

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
    "单号": "order id", "大类": "department", "中类": "category", "小类": "subcategory", "电子邮箱": "email", "家庭": "home",
    "住址": "address", "累计": "total", "促销": "promotion", "是否": "is",
}  # fmt: skip

# Words of other languages, without accents.
WESTERN = {
    # German
    "kunde": "customer", "kunden": "customer", "kundennummer": "customer number", "kundennr": "customer number", "nummer": "number",
    "artikel": "article", "artikelnummer": "article number", "artikelnr": "article number", "menge": "quantity", "anzahl": "quantity",
    "betrag": "amount", "umsatz": "sales", "summe": "total", "datum": "date", "uhrzeit": "time", "zeit": "time", "filiale": "branch",
    "preis": "price", "einzelpreis": "unit price", "beleg": "receipt", "belegnummer": "receipt number", "bon": "receipt",
    "rechnung": "invoice", "rechnungsnummer": "invoice number", "rechnungsdatum": "invoice date", "bestellung": "order",
    "bestellnummer": "order number", "bestelldatum": "order date", "telefon": "phone", "handy": "mobile", "vorname": "first name",
    "nachname": "last name", "geburtsdatum": "birth date", "geburtstag": "birth date", "position": "line", "positionsnummer": "line number", "pos": "line",
    "angelegt": "registered", "kartenstufe": "tier", "geschlecht": "gender", "strasse": "street", "adresse": "address",
    "anschrift": "address", "plz": "postcode", "ort": "city", "stadt": "city", "land": "country", "rabatt": "discount",
    "bezeichnung": "description", "marke": "brand", "warengruppe": "category", "bemerkung": "remark",
    # French
    "quantite": "quantity", "prix": "price", "unitaire": "unit", "montant": "amount", "ttc": "total", "magasin": "store",
    "achat": "purchase", "commande": "order", "facture": "invoice", "libelle": "description", "produit": "product", "prenom": "first name",
    "nom": "last name", "naissance": "birth", "ville": "city", "pays": "country", "remise": "discount", "heure": "time", "sexe": "sex",
    "courriel": "email", "marque": "brand",
    # Spanish
    "fecha": "date", "cantidad": "quantity", "precio": "price", "unitario": "unit", "tienda": "store", "cliente": "customer",
    "producto": "product", "telefono": "phone", "movil": "mobile", "correo": "email", "nombre": "first name", "apellido": "last name",
    "apellidos": "last name", "direccion": "address", "calle": "street", "factura": "invoice", "pedido": "order", "importe": "amount",
    "descripcion": "description", "marca": "brand", "ciudad": "city", "pais": "country", "nacimiento": "birth", "descuento": "discount",
}  # fmt: skip
