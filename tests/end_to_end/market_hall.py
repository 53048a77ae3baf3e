"""A market hall: unlike retailers' exports of the kinds that are easily loaded wrong, all invented, in one lake.

Each stall has a mapping and files for two days. Amounts are chosen so that every wrong reading gives another total.
"""

import gzip
import io
import json
from pathlib import Path

from openpyxl import Workbook

FIRST, SECOND = "2024-03-01", "2024-03-02"
SETTINGS = """
retailer: {name: Market hall, time_zone: Europe/Berlin, currency_code: EUR, country_code: DE, churn_horizon_days: 30}
ingest: {tolerated_rejects: 50}
"""

# Whole orders, exported every day; the order's own fields stand on its first line only.
TEA = """
source: tea
feeds:
  export:
    files: "export/orders_{date}.csv"
    format: csv
    document: [number]
    columns:
      - {name: number, source_name: "Order", type: string, required: true}
      - {name: buyer, source_name: "Buyer", type: string, per_document: first_filled}
      - {name: state, source_name: "State", type: string, per_document: first_filled}
      - {name: placed_at, source_name: "Placed", type: timestamp, per_document: first_filled}
      - {name: packed, source_name: "Packed", type: string}
      - {name: sku, source_name: "Sku", type: string}
      - {name: units, source_name: "Units", type: bigint, required: true}
      - {name: price, source_name: "Price", type: "decimal(18,2)", required: true}
    maps:
      - entity: orders
        fields: {order_id: number, source_customer_id: buyer, channel: {const: web}, ordered_at: placed_at, ordered_on: placed_at, status: state}
      - entity: order_items
        dedup: document
        fields: {order_id: number, product_id: sku, quantity: units, sales_amount: {expr: "units * price"}}
"""
TEA_FILES = {
    f"export/orders_{FIRST}.csv": """Order,Buyer,State,Placed,Packed,Sku,Units,Price
T1,ines,paid,2024-02-28 10:00:00,no,OOLONG,2,4.50
T1,,,,no,CUP,1,11.00
T1,,,,no,OOLONG,2,4.50
T2,bo,paid,2024-02-28 11:00:00,no,POT,1,35.00
T3,ines,paid,2024-02-29 09:00:00,no,CUP,1,11.00
""",
    # T1's cup is cancelled and the rest packed, T2 is refunded, T3 is not exported again.
    f"export/orders_{SECOND}.csv": """Order,Buyer,State,Placed,Packed,Sku,Units,Price
T1,ines,paid,2024-02-28 10:00:00,yes,OOLONG,2,4.50
T1,,,,yes,OOLONG,2,4.50
T2,bo,refunded,2024-02-28 11:00:00,yes,POT,1,35.00
""",
}

# The same lines from a German export of a bakery that lists parts of its invoices, twice under other column names.
BAKERY = """
source: bakery
feeds:
  shop: &lines
    files: "shop/lines_{date}.csv"
    format: csv
    columns:
      - {name: invoice, type: string, required: true}
      - {name: article, type: string}
      - {name: pieces, type: bigint, required: true}
      - {name: amount, type: "decimal(18,2)", required: true}
      - {name: printed, type: string}
    maps:
      - entity: orders
        fields: {order_id: invoice, ordered_at: {expr: "timestamp'2024-02-27 08:00:00'"}, ordered_on: {expr: "date'2024-02-27'"}, channel: {const: pos}}
      - entity: order_items
        dedup: full_row_per_document
        document: [invoice]
        fields: {order_id: invoice, product_id: article, quantity: pieces, sales_amount: amount}
  kasse:
    files: "kasse/zeilen_{date}.csv"
    format: csv
    csv: {delimiter: ";"}
    numbers: {decimal: ","}
    columns:
      - {name: beleg, source_name: Beleg, type: string, required: true}
      - {name: artikel, source_name: Artikel, type: string}
      - {name: menge, source_name: Menge, type: bigint, required: true}
      - {name: betrag, source_name: Betrag, type: "decimal(18,2)", required: true}
    maps:
      - entity: order_items
        dedup: full_row_per_document
        document: [beleg]
        fields: {order_id: beleg, product_id: artikel, quantity: menge, sales_amount: betrag}
"""
BAKERY_FILES = {
    f"shop/lines_{FIRST}.csv": "invoice,article,pieces,amount,printed\nB1,roll,4,2.00,no\nB1,roll,4,2.00,no\nB1,cake,1,7.25,no\n",
    f"shop/lines_{SECOND}.csv": "invoice,article,pieces,amount,printed\nB1,roll,4,2.00,yes\nB1,roll,4,2.00,yes\nB1,cake,1,7.25,yes\n",
    f"kasse/zeilen_{SECOND}.csv": "Beleg;Artikel;Menge;Betrag\nB1;roll;4;2,00\nB1;cake;1;7,25\n",
}

# Titles with inch marks, tab-separated and never quoted.
TOOLS = """
source: tools
feeds:
  sales:
    files: "sales/sales_{date}.*"
    format: csv
    csv: {delimiter: "\\t", quote: none}
    columns:
      - {name: receipt, type: string, required: true}
      - {name: title, type: string}
      - {name: amount, type: "decimal(18,2)", required: true}
      - {name: sold_on, type: date, required: true}
    maps:
      - entity: orders
        fields: {order_id: receipt, ordered_at: sold_on, ordered_on: sold_on, order_amount: amount, channel: {const: pos}}
"""
TOOLS_FILES = {
    f"sales/sales_{FIRST}.tsv": "receipt\ttitle\tamount\tsold_on\n"
    + "".join(f'R{n}\t"{n} inch" pipe, 5/8"\t1.0{n}\t2024-02-2{n}\n' for n in range(1, 8)),
    f"sales/sales_{SECOND}.tsv.gz": gzip.compress(b"receipt\ttitle\tamount\tsold_on\n" + b"R8\tpipe\t1.00\t2024-03-01\n" * 99, mtime=0)[
        :-9
    ],
}

# A shopper's delivery note of 120 lines that look like orders, in a legally quoted field; and a sheet of codes that a spreadsheet damaged.
NOTES = """
source: notes
feeds:
  orders:
    files: "orders/orders_{date}.csv"
    format: csv
    columns:
      - {name: code, type: string, required: true}
      - {name: phone, type: string, pii: direct, kind: phone}
      - {name: amount, type: "decimal(18,2)", required: true}
      - {name: note, type: string, pii: direct, kind: free_text}
    maps:
      - entity: orders
        fields: {order_id: code, source_customer_id: phone, ordered_at: {expr: "timestamp'2024-02-20 10:00:00'"}, ordered_on: {expr: "date'2024-02-20'"}, order_amount: amount}
      - entity: customers
        fields: {source_customer_id: phone, phone_token: phone}
"""
_LOOKALIKES = "\n".join(f"F{n},030 12345678,900.00," for n in range(120))
NOTES_FILES = {
    f"orders/orders_{FIRST}.csv": "code,phone,amount,note\n"
    '="00017",0341 5550101 Durchwahl 12,10.00,\n'
    "\u200b00018\t,0341 5550101,20.00,please ring\n"
    f'00019,+49 341 5550101,40.00,"{_LOOKALIKES}"\n'
    "00020,4.93415E+11,80.00,\n"
    "7.65432E+17,0341 5550102,160.00,\n"
    "00021,0341 5550102.0,320.00,\n",
}

# Moments as numbers, negative amounts in brackets, month names, three currencies in small letters.
EXPRESS = """
source: express
time_zone: Europe/Paris
feeds:
  ventes:
    files: "ventes/ventes_{date}.csv"
    format: csv
    csv: {delimiter: ";"}
    numbers: {decimal: ",", thousands: " ", negative: [parentheses]}
    columns:
      - {name: numero, type: string, required: true}
      - {name: jour, type: date, format: "d MMM yyyy", locale: fr, required: true}
      - {name: montant, type: "decimal(18,2)", required: true}
      - {name: devise, type: string}
    routes:
      - {name: retour, where: "montant < 0"}
    maps:
      - entity: orders
        fields: {order_id: numero, ordered_at: jour, ordered_on: jour, order_amount: montant, currency_code: devise, channel: {const: web}}
      - entity: returns
        routes: [retour]
        fields: {return_id: numero, returned_on: jour, refund_amount: {expr: "-montant"}, currency_code: devise, channel: {const: web}}
  cours:
    files: "cours/cours_{date}.csv"
    format: csv
    columns:
      - {name: devise, type: string, required: true}
      - {name: jour, type: date, required: true}
      - {name: taux, type: "decimal(18,8)", required: true}
    maps:
      - entity: exchange_rates
        fields: {exchange_rate_id: {key: [devise, jour]}, currency_code: devise, rate_on: jour, rate: taux}
"""
EXPRESS_FILES = {
    f"ventes/ventes_{FIRST}.csv": "numero;jour;montant;devise\n1;28 févr. 2024;1 000,50;eur\n2;29 févr. 2024;200,00;chf\n"
    "3;29 févr. 2024;(34,50);chf\n4;1 janv. 2024;50,00;eur\n",
    f"cours/cours_{FIRST}.csv": "devise,jour,taux\nchf,2024-01-01,0.50000000\n",
}
SENSOR = """
source: sensor
feeds:
  events:
    files: "events/events_{date}.csv"
    format: csv
    columns:
      - {name: id, type: string, required: true}
      - {name: at, type: timestamp, format: epoch_us, required: true}
      - {name: day, type: date, format: excel_serial, required: true}
      - {name: amount, type: "decimal(18,2)", required: true}
    maps:
      - entity: orders
        fields: {order_id: id, ordered_at: at, ordered_on: day, order_amount: amount}
"""
SENSOR_FILES = {
    f"events/events_{FIRST}.csv": "id,at,day,amount\n1,1709208060000000,45351,1.00\n2,1709208120000000,45351.75,2.00\n3,56132,45351,4.00\n",
}

# Refunds two lists deep, in a file that is one JSON array.
API = """
source: api
feeds:
  orders: &file
    files: "orders/orders_{date}.json"
    format: jsonl
    columns:
      - {name: id, type: bigint, required: true}
      - {name: at, type: timestamp, required: true}
      - {name: total, type: "decimal(18,2)", required: true}
    maps:
      - entity: orders
        fields: {order_id: id, ordered_at: at, ordered_on: at, order_amount: total}
  refunds:
    files: "orders/orders_{date}.json"
    format: jsonl
    each: refunds[].lines[]
    columns:
      - {name: order_id, source_name: id, type: bigint, required: true}
      - {name: line, source_name: "refunds[].lines[].id", type: bigint, required: true}
      - {name: day, source_name: "refunds[].on", type: date, required: true}
      - {name: amount, source_name: "refunds[].lines[].amount", type: "decimal(18,2)", required: true}
    maps:
      - entity: returns
        fields: {return_id: line, order_id: order_id, returned_on: day, refund_amount: amount}
"""
_ORDERS = [
    {"id": 1, "at": "2024-02-20T10:00:00Z", "total": "100.00", "refunds": [
        {"on": "2024-02-22", "lines": [{"id": 11, "amount": "5.00"}, {"id": 12, "amount": "7.00"}]},
        {"on": "2024-02-25", "lines": [{"id": 13, "amount": "11.00"}]}]},
    {"id": 2, "at": "2024-02-21T10:00:00Z", "total": "50.00", "refunds": []},
]  # fmt: skip
API_FILES = {f"orders/orders_{FIRST}.json": json.dumps(_ORDERS, indent=1)}

# A workbook with a title row, and clerks who write remarks into the names of products.
BOOKS = """
source: books
feeds:
  articles:
    files: "articles/articles_{date}.xlsx"
    format: xlsx
    csv: {skip_lines: 2}
    columns:
      - {name: code, type: string, required: true}
      - {name: title, type: string}
    maps:
      - entity: products
        fields: {product_id: code, product_name: title}
"""


def _workbook(rows: list[tuple[object, ...]]) -> bytes:
    book, out = Workbook(), io.BytesIO()
    for row in [("Articles of the day",), (), ("code", "title"), *rows]:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


BOOKS_FILES = {
    f"articles/articles_{FIRST}.xlsx": _workbook([("a1", "Atlas of the sea"), ("a2", "Bread at home")]),
    f"articles/articles_{SECOND}.xlsx": _workbook([("a1", "damaged"), ("a2", "Bread at home, new edition"), ("a3", "?")]),
}

# A payment service's bill: title lines, a totals line, ids that end in a tab, a missing id that is a tab, Chinese states.
WALLET = """
source: wallet
time_zone: Asia/Shanghai
feeds:
  bill:
    files: "bill/bill_{date}.csv"
    format: csv
    csv: {encoding: gb18030, skip_lines: 2, ignore_lines: ["^合计"]}
    columns:
      - {name: paid_at, source_name: "付款时间", type: timestamp, required: true}
      - {name: buyer, source_name: "买家账号", type: string, pii: direct, kind: other}
      - {name: amount, source_name: "金额", type: "decimal(18,2)", required: true}
      - {name: state, source_name: "状态", type: string}
      - {name: trade, source_name: "流水号", type: string, required: true}
      - {name: shop_no, source_name: "商户单号", type: string}
    maps:
      - entity: orders
        fields:
          order_id: {expr: "coalesce(shop_no, trade)"}
          source_customer_id: buyer
          ordered_at: paid_at
          ordered_on: paid_at
          order_amount: amount
          status: {column: state, values: {已全额退款: refunded}}
"""
WALLET_FILES = {
    f"bill/bill_{FIRST}.csv": (
        "某店账单\n导出时间：2024-03-01\n付款时间,买家账号,金额,状态,流水号,商户单号\n"
        "2024-02-27 08:00:00,wang,10.00,交易成功,7001\t,S1\t\n2024-02-27 09:00:00,li,20.00,交易关闭,7002\t,\t\n"
        "2024-02-28 00:30:00,li,40.00,交易成功,7003\t,\t\n2024-02-28 10:00:00,wang,80.00,已全额退款,7004\t,\u3000\n合计,4,150.00\n"
    ).encode("gb18030"),
}

# Members of a club, as changes: one is merged into another, one is deleted; and who was held out of its only campaign.
CLUB = """
source: club
feeds:
  members:
    files: "members/members_{date}.csv"
    format: csv
    changes: {operation: op, delete: [D]}
    columns:
      - {name: op, type: string}
      - {name: member, type: string, required: true}
      - {name: merged_into, type: string}
      - {name: city, type: string}
    maps:
      - entity: customers
        fields: {source_customer_id: member, merged_into_customer_id: merged_into, region: city}
  arms:
    files: "arms/arms_{date}.csv"
    format: csv
    columns:
      - {name: campaign, type: string, required: true}
      - {name: member, type: string, required: true}
      - {name: held_out, type: boolean, required: true}
      - {name: day, type: date, required: true}
    maps:
      - entity: campaigns
        fields: {campaign_id: campaign, campaign_name: campaign}
      - entity: campaign_touches
        fields: {campaign_touch_id: {key: [campaign, member]}, campaign_id: campaign, source_customer_id: member, touched_on: day, is_control: held_out}
"""
CLUB_FILES = {
    f"members/members_{FIRST}.csv": "op,member,merged_into,city\nI,m1,,Ulm\nI,m2,,Ulm\nI,m3,,Bonn\nI,m4,,Bonn\n",
    f"members/members_{SECOND}.csv": "op,member,merged_into,city\nU,m2,m1,Ulm\nD,m3,,\n",
    f"arms/arms_{FIRST}.csv": "campaign,member,held_out,day\nspring,m1,false,2024-02-25\nspring,m4,true,2024-02-25\n",
}

STALLS: dict[str, tuple[str, dict[str, str] | dict[str, bytes]]] = {
    "tea": (TEA, TEA_FILES),
    "bakery": (BAKERY, BAKERY_FILES),
    "tools": (TOOLS, TOOLS_FILES),
    "notes": (NOTES, NOTES_FILES),
    "express": (EXPRESS, EXPRESS_FILES),
    "sensor": (SENSOR, SENSOR_FILES),
    "api": (API, API_FILES),
    "books": (BOOKS, BOOKS_FILES),
    "wallet": (WALLET, WALLET_FILES),
    "club": (CLUB, CLUB_FILES),
}


def land(landing: Path, until: str) -> None:
    """Deliver the files of all stalls up to a day."""
    for source, (_, files) in STALLS.items():
        for name, content in files.items():
            if name.rpartition("_")[2][:10] <= until:
                file = landing / source / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content.encode() if isinstance(content, str) else content)
