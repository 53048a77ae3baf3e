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
    "买家会员名": "buyer id", "会员名": "member id", "对方账号": "counterparty account", "交易对方": "counterparty", "对方": "counterparty",
    "账号": "account", "账户": "account", "账单": "bill", "商家": "merchant", "商户": "merchant", "说明": "description", "当前": "current",
    "方式": "method", "收/支": "direction", "收支": "direction", "收银台": "till", "收银员": "cashier", "行为": "behavior", "事件": "event",
    "页面": "page", "浏览": "view", "点击": "click", "加购": "add to cart", "收藏": "favorite", "会话": "session", "访问": "visit",
    "设备": "device", "评分": "rating", "星级": "stars", "评价": "review", "内容": "content", "退款": "refund", "退货": "return", "原因": "reason",
    "原": "original", "发货": "shipping", "物流": "logistics", "运单": "waybill", "运费": "delivery fee", "配送": "delivery", "标题": "title",
    "宝贝": "product", "款式": "variant", "颜色": "color", "尺码": "size", "款号": "style id", "实际": "paid", "创建": "created", "完成": "completed",
    "更新": "updated", "开始": "start", "结束": "end", "生效": "valid from", "汇率": "rate", "券": "coupon", "活动": "campaign", "积分变动": "points",
    "余额": "balance", "卡": "card", "开卡": "registration", "入会时间": "registration time", "注册时间": "registration time", "名": "name", "和": "and",
    "序号": "line number", "数": "quantity", "库存": "stock", "供应商": "supplier", "合同": "contract", "发票": "invoice", "下单人": "buyer", "学历": "education",
    "收货": "shipping", "订购": "order", "帐号": "account", "帐户": "account", "收入": "revenue",
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
    "bezeichnung": "description", "marke": "brand", "warengruppe": "category", "empfanger": "recipient", "empfangername": "recipient name", "wahrung": "currency", "bemerkung": "remark",
    # French
    "quantite": "quantity", "prix": "price", "unitaire": "unit", "montant": "amount", "ttc": "total", "magasin": "store",
    "achat": "purchase", "commande": "order", "facture": "invoice", "libelle": "description", "produit": "product", "prenom": "first name",
    "nom": "last name", "naissance": "birth", "ville": "city", "pays": "country", "remise": "discount", "heure": "time", "sexe": "sex",
    "courriel": "email", "marque": "brand", "numero": "number", "client": "customer", "ligne": "line", "avis": "review",
    "livraison": "delivery", "devise": "currency", "destinataire": "recipient", "paiement": "payment", "statut": "status",
    # Spanish
    "fecha": "date", "cantidad": "quantity", "precio": "price", "unitario": "unit", "tienda": "store", "cliente": "customer",
    "producto": "product", "telefono": "phone", "movil": "mobile", "correo": "email", "nombre": "first name", "apellido": "last name",
    "apellidos": "last name", "direccion": "address", "calle": "street", "factura": "invoice", "pedido": "order", "importe": "amount",
    "descripcion": "description", "marca": "brand", "ciudad": "city", "pais": "country", "nacimiento": "birth", "descuento": "discount",
    "linea": "line", "destinatario": "recipient", "moneda": "currency", "moeda": "currency", "valuta": "currency", "estado": "status", "pago": "payment", "hora": "time",
    # Portuguese
    "quantidade": "quantity", "preco": "price", "valor": "amount", "loja": "store", "produto": "product", "cidade": "city",
}  # fmt: skip
