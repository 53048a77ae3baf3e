"""Currencies that stand beside numbers: their signs and codes, and those that are written without cents."""

import re
from collections.abc import Iterable

CODES = (
    "EUR", "USD", "GBP", "CNY", "RMB", "CHF", "PLN", "BRL", "CAD", "AUD", "NZD", "JPY", "KRW", "INR", "IDR", "VND", "CLP", "COP", "MXN", "PEN", "ARS",
    "PYG", "SEK", "NOK", "DKK", "ISK", "CZK", "HUF", "RON", "TRY", "THB", "MYR", "SGD", "HKD", "TWD", "PHP", "ZAR", "AED", "SAR", "ILS", "UAH", "RUB",
)  # fmt: skip
SIGNS = {
    "R$": "BRL", "CA$": "CAD", "US$": "USD", "A$": "AUD", "HK$": "HKD", "NT$": "TWD", "S$": "SGD", "€": "EUR", "£": "GBP", "₹": "INR",
    "₽": "RUB", "₫": "VND", "₩": "KRW", "₺": "TRY", "₴": "UAH", "₪": "ILS", "฿": "THB", "zł": "PLN", "Kč": "CZK", "Ft": "HUF", "Rp": "IDR",
    "元": "CNY", "RMB": "CNY", "$": "$", "¥": "¥", "￥": "¥", "kr": "kr",
}  # fmt: skip
MEANT = {"$": ("USD",), "¥": ("CNY", "JPY"), "kr": ("SEK", "NOK", "DKK", "ISK")}  # codes that a sign of several currencies may mean
WITHOUT_CENTS = frozenset({"VND", "IDR", "CLP", "COP", "PYG", "JPY", "KRW", "HUF", "ISK"})  # as they are written
NO_MINOR_UNIT = frozenset({"VND", "CLP", "PYG", "JPY", "KRW", "ISK"})  # ISO 4217 without decimals
CURRENCY = re.compile("|".join(sorted(map(re.escape, {*SIGNS, *CODES}), key=len, reverse=True)))


def currencies_in(texts: Iterable[str]) -> set[str]:
    """Codes of the currencies beside numbers; a sign alone where it may be one of several."""
    found = {SIGNS.get(mark, mark) for text in texts for mark in CURRENCY.findall(text)}
    for sign, codes in MEANT.items():
        if sign in found and found & set(codes):
            found.discard(sign)
    return found
