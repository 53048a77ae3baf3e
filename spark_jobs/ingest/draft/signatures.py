"""What the columns of an entity are called in files: the words that decide for it, and those that fill its fields."""

from dataclasses import dataclass, field


def phrases(text: str) -> frozenset[str]:
    """The phrases of a text, which has `;` between them."""
    return frozenset(phrase.strip() for phrase in text.split(";") if phrase.strip())


@dataclass(frozen=True)
class Signature:
    """How an entity is recognised.

    Args:
        names: words of a file's name that speak of it.
        fields: canonical field → names of columns. Fields that every entity shares (orders, customers, products, stores) come from their roles.
        needed: fields without which there is none; `a|b` needs one of them.
        decides: fields that decide for the entity without a name of the file; all of them.
        key: names of the column that is its key; else a unique id of another kind is.
        made_of: fields that make a key when no column is one.
        consts: fields that are not in files; value and what a person should check.
        day: the field with the day of `moment`.
    """

    entity: str
    names: frozenset[str]
    fields: dict[str, frozenset[str]]
    needed: tuple[str, ...]
    decides: tuple[str, ...] = ()
    key: frozenset[str] = frozenset()
    made_of: tuple[str, ...] = ()
    consts: dict[str, tuple[str, str]] = field(default_factory=dict)
    moment: str = ""
    day: str = ""


MOMENT = (
    "time; at; date; ts; timestamp; datetime; created at; created; create time; create date; creation date; created time; created date; "
    "event time; event date; event timestamp; occurred at; day"
)


def _signature(entity: str, names: str, fields: dict[str, str], needed: str, **more: object) -> Signature:
    found = {name: phrases(text.replace("MOMENT", MOMENT)) for name, text in fields.items()}
    more["key"] = phrases(str(more.get("key", "")))
    for name in ("decides", "made_of"):
        more[name] = tuple(str(more.get(name, "")).split())
    return Signature(entity, phrases(names), found, tuple(needed.split()), **more)  # type: ignore[arg-type]


SIGNATURES = (
    _signature(
        "reviews", "review; reviews; rating; ratings; nps; survey; feedback; comment; comments; evaluation; evaluations",
        {
            "stars": "stars; star; rating; score; review score; overall; review rating; star rating; rate; product rating; review star; overall rating; nps; "
            "review stars; rating score; grade",
            "reviewed_at": "MOMENT; review date; review time; reviewed at; reviewed on; answered at; submitted at; unix review time; review creation date; "
            "review created at; review timestamp; rating date; rated at; answer time; submission date; review answer timestamp; posted at",
            "text": "text; content; review; review text; review body; reviewbody; comment; comments; review content; review comment message; message; body; feedback; review comment; "
            "summary; answer",
        },
        "stars|text reviewed_at", decides="stars text", key="review; answer; feedback; survey; rating; comment",
        made_of="source_customer_id product_id order_id reviewed_at", moment="reviewed_at", day="reviewed_on",
    ),
    _signature(
        "events", "event; events; behavior; behaviour; behaviors; clickstream; log; logs; interaction; interactions; click; clicks; page; pages; views; view; tracking; "
        "activity; action; actions; session; sessions; visits; weblog; hits; userlog",
        {
            "event_type": "event; event type; event name; action; action type; behavior; behavior type; behaviour; behaviour type; type; kind; page type; "
            "activity; interaction; interaction type; activity type; type of behavior; event category; user action; action name",
            "occurred_at": "MOMENT; viewed at; action time; behavior time; view time; visit time; clicked at; activity time; hit time; behavior date",
            "session_id": "session; user session; visit; session token; visit session",
            "page": "page; path; url; page url; page path; room; screen; page name; page title; screen name",
            "referrer": "referrer; referer; utm source; traffic source",
            "duration_seconds": "seconds; stay s; duration; duration s; dwell; dwell time; stay seconds; duration seconds; stay time",
            "cookie_id": "cookie", "device_id": "device", "openid": "openid; user openid", "unionid": "unionid",
        },
        "event_type occurred_at", decides="event_type session_id|product_id|page", key="event; msg; message; view; hit; log; action; visit event",
        made_of="source_customer_id product_id event_type occurred_at", moment="occurred_at", day="occurred_on",
        consts={"channel": ("web", "set the channel to where it happened, such as app, mini_program or live")},
    ),
    _signature(
        "payments", "payment; payments; pay; pays; tender; tenders; settlements; paylog",
        {
            "method": "method; payment method; payment type; pay method; pay type; tender; tender type; pay channel; payment channel; type of payment; payment mode",
            "status": "result; status; payment status; state", "amount": "amount; payment value; payment amount; paid amount; value; paid; total; pay amount; sum",
            "paid_at": "MOMENT; paid at; payment date; payment time; pay time; paid on; transaction date; pay date",
        },
        "order_id amount", key="payment; pay; transaction", made_of="order_id paid_at", moment="paid_at", day="paid_on",
    ),
    _signature(
        "invoices", "invoice; invoices; bill; bills; receivables; accounts receivable",
        {
            "due_on": "due on; due date; due; due at; payable on; payment due; payment due date",
            "invoiced_on": "invoiced on; invoice date; invoiced at; date; issued on; issue date; billed on; document create date; posting date",
            "amount": "amount; invoice amount; total; total amount; net amount; total open amount; gross amount; open amount",
        },
        "source_customer_id invoiced_on amount due_on", decides="due_on invoiced_on", key="invoice; bill; document; doc", moment="invoiced_on",
    ),
    _signature(
        "invoice_payments", "payment; payments",
        {"invoice_id": "invoice; bill", "paid_on": "paid on; paid at; payment date; date; settled on; cleared on; clear date", "amount": "amount; payment amount; paid amount; paid; value"},
        "invoice_id paid_on amount", key="payment; receipt; transaction", made_of="invoice_id paid_on amount",
    ),
    _signature(
        "returns", "return; returns; refund; refunds; returned; chargebacks; line refund; refund line items",
        {
            "quantity": "quantity; qty; returned quantity; quantity returned; return quantity; units",
            "refund_amount": "amount; refund amount; refund; subtotal; value; return amount; refunded amount; total; sales amount; refund total",
            "reason": "reason; return reason; refund reason; reason code; category",
            "returned_at": "MOMENT; returned at; refunded at; refund date; return date; return time; refund time; returned on; refunded on",
        },
        "returned_at|order_id quantity|refund_amount", key="refund; return; refund line; return line; line; refund line items; refund_line_items",
        made_of="order_id product_id returned_at", moment="returned_at", day="returned_on",
    ),
    _signature(
        "deliveries", "delivery; deliveries; shipment; shipments; shipping; waybills; logistics; tracking",
        {
            "promised_at": "promised; promised at; estimated delivery date; eta; expected delivery; promise time; estimated arrival",
            "picked_at": "picked; picked at; pickup time; shipped at; ship date; dispatched at; shipped", "courier_id": "courier; driver; rider; carrier",
            "delivered_at": "delivered; delivered at; delivery date; delivery time; delivered on; arrival time; delivered time",
            "distance_m": "distance m; distance; meters", "phone_token": "receiver phone; recipient phone; phone", "courier_phone_token": "courier phone; driver phone; rider phone",
            "status": "status; delivery status; shipment status",
        },
        "order_id delivered_at|promised_at|picked_at", decides="courier_id delivered_at", key="waybill; delivery; shipment; tracking; logistics; parcel", made_of="order_id",
        moment="delivered_at", day="delivered_on",
    ),
    _signature(
        "tickets", "ticket; tickets; case; cases; complaint; complaints; support; issues; helpdesk; service requests",
        {
            "opened_at": "MOMENT; opened at; opened; open date; date of purchase; received date; date received", "first_reply_at": "first reply at; first response time; first response at; replied at",
            "resolved_at": "resolved at; time to resolution; resolution date; resolution time", "closed_at": "closed at; closed; close date",
            "satisfaction": "satisfaction; csat; customer satisfaction rating; satisfaction rating", "category": "category; type; ticket type; subject type; issue",
            "channel": "channel; ticket channel; submitted via", "text": "text; content; description; body; ticket description; message", "status": "status; ticket status; state",
            "repeat_of_ticket_id": "repeat of", "phone_token": "contact phone; phone",
        },
        "opened_at", decides="opened_at closed_at", key="ticket; case; complaint; issue", moment="opened_at", day="opened_on",
    ),
    _signature(
        "messages", "message; messages; chat; chats; call; calls; conversations; sms; hotline; emails",
        {
            "direction": "direction; in out", "began_at": "MOMENT; sent; sent at; began; began at; start; start time; call time; sent time; started at; message time; call date",
            "ended_at": "ended; ended at; end; end time", "agent_id": "agent; advisor; operator; staff; employee; salesperson", "topic": "topic; queue; subject; reason", "outcome": "outcome; result; resolved",
            "text": "content; text; message; body; note; notes; transcript; comment", "wecom_user_id": "external user; external userid", "phone_token": "caller; caller phone; phone; from number",
        },
        "began_at", decides="direction text", key="msg; message; msgid; call; chat; conversation", made_of="source_customer_id began_at", moment="began_at", day="began_on",
        consts={"channel": ("call", "set the channel to where it was said, such as wecom, sms or call"), "direction": ("in", "set in or out, or map the column that says it")},
    ),
    _signature(
        "campaigns", "campaign; campaigns; campaign descriptions; promotions calendar; marketing campaigns",
        {
            "campaign_name": "title; name; campaign name; campaign title; description", "campaign_type": "type; campaign type; kind; description",
            "starts_on": "start; start date; starts on; start day; begin date; valid from; from", "ends_on": "end; end date; ends on; end day; valid to; to",
            "channel": "channel; touch channel; medium; media",
        },
        "campaign_id starts_on|ends_on", decides="starts_on ends_on", key="campaign",
    ),
    _signature(
        "campaign_touches", "touch; touches; campaign members; campaign table; audience; sends; mailing; recipients; exposures; contacts history; campaigns",
        {
            "touched_at": "sent at; touched at; contacted at; send time; sent; contact date; exposure time; delivered at", "touched_on": "selected on; sent on; contact day; touched on; contact date",
            "opened_at": "opened at; open time; opened", "clicked_at": "clicked at; click time; clicked", "channel": "channel; medium; contact", "touch_type": "group; test group; touch type; segment group; response; action",
        },
        "campaign_id source_customer_id", decides="campaign_id source_customer_id", key="touch; send; message", made_of="campaign_id source_customer_id touched_at",
        moment="touched_at",
    ),
    _signature(
        "coupon_redemptions", "redemption; redemptions; coupon redemptions; coupon redempt; coupon usage; used coupons",
        {
            "coupon_id": "coupon upc; coupon; coupon code; offer; voucher; campaign", "redeemed_at": "redeemed at; MOMENT; redemption date; used at; redeemed on; redemption time; use time; redeem date",
            "amount": "value; amount; discount; discount amount",
        },
        "coupon_id redeemed_at", decides="coupon_id source_customer_id redeemed_at", key="redemption", made_of="source_customer_id coupon_id campaign_id redeemed_at",
        moment="redeemed_at", day="redeemed_on",
    ),
    _signature(
        "coupons", "coupon; coupons; offers; vouchers", {"coupon_id": "coupon upc; coupon; coupon code; voucher; offer"},
        "coupon_id product_id|campaign_id", decides="coupon_id product_id", made_of="coupon_id product_id campaign_id", key="coupon offer",
    ),
    _signature(
        "promotions", "promotion; promotions; causal data; causal; display; mailers",
        {"week_number": "week; week no; week number", "display_location": "display location; display; display place", "mailer_location": "mailer location; mailer; feature"},
        "product_id display_location|mailer_location", decides="display_location|mailer_location", key="promotion",
        made_of="product_id store_id week_number display_location mailer_location",
    ),
    _signature(
        "prices", "price; prices; price list; price changes; sell prices; pricing",
        {
            "valid_from": "valid from; valid on; from; start date; date; effective from; effective date; changed at; day; effective", "list_price": "list price; price; sell price; shelf price; unit price; retail price; base price; regular price",
            "promotion_price": "promotion price; promo price; promotional price; sale price; special price; discount price",
        },
        "product_id valid_from list_price", decides="valid_from list_price", key="price", made_of="product_id store_id valid_from",
    ),
    _signature(
        "exchange_rates", "rates; rate; fx; exchange rates; currency; currencies; currency rates; forex",
        {"rate_on": "day; date; rate on; rate date; valid on; valid from", "rate": "rate; exchange rate; value; mid; close"},
        "currency_code rate_on rate", decides="currency_code rate_on rate", made_of="currency_code rate_on",
    ),
    _signature(
        "weather", "weather; climate; daily; meteo",
        {
            "observed_on": "observed on; date; day; dt", "mean_temperature_c": "temp mean c; temperature; temp; mean temperature; tavg; avg temp; average temperature; temperature mean; temp c; mean temperature c",
            "rain_mm": "rain mm; rain; precipitation; rainfall; prcp; precip; precipitation mm",
        },
        "city observed_on mean_temperature_c|rain_mm", decides="mean_temperature_c rain_mm", made_of="city observed_on",
    ),
    _signature(
        "loyalty_ledger", "points; point; ledger; loyalty points; points log; point transactions; bonus; rewards",
        {
            "points": "points; point; points change; bonus points; amount points; point change; delta; points amount; reward points; points quantity", "entry_type": "kind; type; entry type; change type; reason; action; source; points type; type of points",
            "booked_at": "booked at; MOMENT; booked on; transaction date; change time; posted at; points time",
        },
        "source_customer_id points entry_type", decides="points entry_type", key="entry; ledger; loyalty entry; transaction; booking; points", made_of="source_customer_id booked_at entry_type points",
        moment="booked_at", day="booked_on",
    ),
    _signature(
        "loyalty_tiers", "tier; tiers; levels; tier history; member levels; membership; memberships",
        {"tier": "tier; level; loyalty tier; member level; member tier; status; membership; membership level; membership type; grade; plan", "valid_from": "valid from; from; start date; since; date; changed at; effective from; membership start; membership start date"},
        "source_customer_id tier valid_from", decides="tier valid_from", key="tier entry; membership", made_of="source_customer_id valid_from",
    ),
    _signature(
        "consents", "consent; consents; optins; opt ins; permissions; preferences",
        {
            "purpose": "purpose; consent type; consent; permission; topic", "is_granted": "answer; granted; is granted; opt in; status; value; consent given; given; state",
            "decided_at": "answered at; decided at; MOMENT; granted at; changed at; consented at; consent date; consent time", "asked_in": "asked in; source; place", "channel": "channel",
        },
        "source_customer_id purpose is_granted decided_at", decides="purpose is_granted decided_at", key="consent", made_of="source_customer_id purpose decided_at",
        moment="decided_at",
    ),
    _signature(
        "ad_spend", "spend; ad spend; ads; ad costs; marketing spend; campaign spend; cost",
        {
            "platform": "platform; channel; source; publisher; network; media source; medium", "campaign": "campaign; ad campaign; campaign name; ad group", "spent_on": "stat day; date; day; spent on; reporting date; stat date; week",
            "impressions": "impressions; shows; views; impression", "clicks": "clicks; click; link clicks", "amount": "cost; spend; amount; amount spent; cost cents; costs; spent",
        },
        "platform|campaign spent_on impressions|clicks|amount", decides="spent_on impressions", key="spend; row", made_of="platform campaign spent_on",
        consts={"platform": ("ads", "set the platform on which the money was spent"), "campaign": ("all", "map the campaign, if there is one")},
    ),
    _signature(
        "ad_clicks", "click; clicks; ad clicks; adclicks",
        {
            "platform": "platform; channel; source; network; publisher", "campaign": "campaign; ad campaign; ad; campaign name", "clicked_at": "clicked at; MOMENT; click time", "device_id": "device", "cookie_id": "cookie",
        },
        "platform clicked_at", decides="platform clicked_at", key="click", moment="clicked_at", day="clicked_on", made_of="platform campaign clicked_at",
    ),
    _signature(
        "shelf_dwells", "dwell; dwells; shelf; sensor; readings; footfall",
        {"shelf": "shelf; zone; area; fixture", "began_at": "start ms; MOMENT; start; began at; start time; started at", "dwell_seconds": "dwell s; dwell; dwell seconds; seconds; duration; dwell time"},
        "store_id shelf began_at dwell_seconds", decides="shelf dwell_seconds", key="reading; dwell", made_of="store_id shelf began_at", moment="began_at", day="began_on",
    ),
    _signature(
        "event_attendances", "attendance; attendances; attendees; event attendance; participants; registrations; rsvp",
        {
            "event_name": "event name; event; event title; course; workshop; title", "attended_on": "attended on; date; event date; attended at; day", "partner": "partner; organiser; host; organizer; company", "city": "city; town",
            "wants_offers": "wants offers; newsletter; opt in", "name_token": "guest name; name; attendee; person name; full name", "phone_token": "guest mobile; mobile; phone; guest phone",
        },
        "event_name attended_on", decides="event_name attended_on", key="ticket; attendance; registration; seat; booking", made_of="event_name attended_on name_token",
    ),
)  # fmt: skip
