"""Month names by language, after CLDR: the data behind `locale:` of a date or timestamp column."""

import unicodedata
from functools import cache

# Language → the names of the twelve months; several spellings of one month are joined by a slash.
# Abbreviations are not listed: every beginning of three letters or more that fits one month only is one.
_NAMES = {
    "da": "januar februar marts april maj juni juli august september oktober november december",
    "de": "januar/jänner/jän februar/feber märz/mrz april mai juni juli august september oktober november dezember",
    "en": "january february march april may june july august september october november december",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre/setiembre octubre noviembre diciembre",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "ja": "1月/一月 2月/二月 3月/三月 4月/四月 5月/五月 6月/六月 7月/七月 8月/八月 9月/九月 10月/十月 11月/十一月 12月/十二月",
    "nb": "januar februar mars april mai juni juli august september oktober november desember",
    "nl": "januari februari maart/mrt april mei juni juli augustus september oktober november december",
    "pl": "stycznia/styczeń lutego/luty marca/marzec kwietnia/kwiecień maja/maj czerwca/czerwiec lipca/lipiec sierpnia/sierpień"
    " września/wrzesień października/październik listopada/listopad grudnia/grudzień",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "sv": "januari februari mars april maj juni juli augusti september oktober november december",
    "zh": "1月/一月 2月/二月 3月/三月 4月/四月 5月/五月 6月/六月 7月/七月 8月/八月 9月/九月 10月/十月 11月/十一月 12月/十二月",
}
LOCALES = tuple(sorted(_NAMES))
SHORTEST = 3


def has_numbered_months(locale: str) -> bool:
    """True when the names of months are numbers with a sign behind them, which follow other signs without a blank."""
    return locale in ("ja", "zh")


@cache
def month_numbers(locale: str) -> dict[str, str]:
    """Every spelling of a month in small letters, without its dot, with the month as two digits; longer spellings first.

    Accents may be left out or be characters of their own. `jui` is in no French list: it begins two months.
    """
    months = [[_spellings(name, locale) for name in names.split("/")] for names in _NAMES[locale].split()]
    found: dict[str, set[str]] = {}
    for number, names in enumerate(months, start=1):
        for spelling in {spelling for spellings in names for spelling in spellings}:
            found.setdefault(spelling, set()).add(f"{number:02d}")
    single = {spelling: numbers.pop() for spelling, numbers in found.items() if len(numbers) == 1}
    return dict(sorted(single.items(), key=lambda entry: (-len(entry[0]), entry[0])))


def _spellings(name: str, locale: str) -> set[str]:
    if has_numbered_months(locale):
        return {name, f"0{name}"} if name[0].isdigit() and len(name) == 2 else {name}
    beginnings = {name[:length] for length in range(SHORTEST, len(name) + 1)}
    written = {unicodedata.normalize("NFD", beginning) for beginning in beginnings} | beginnings
    return written | {"".join(letter for letter in text if not unicodedata.combining(letter)) for text in written}
