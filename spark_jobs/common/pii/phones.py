"""Phone numbers in international form. A text is one number or none: what another number could be read from is no number."""

import re
import unicodedata
from functools import cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumberFormat, ValidationResult

from spark_jobs.common.pii.clean import undamaged, without_zero_width
from spark_jobs.common.pii.phone_words import is_label, names_currency

# What people write before an extension, beside the words that the library knows.
_EXTENSION = re.compile(
    r"[\s,;(]*(?:durchwahl|dw|app(?:arat)?|nebenstelle|nst|klappe|kl|poste|toestel|interno|interne|ramal|anexo|anknytning"
    r"|extension|extn?|转|轉|分机|分機|內線|内線|内线)[\s.:：-]*([0-9]{1,7})\)?$",
    re.IGNORECASE,
)
# Signs and words between two numbers; each side is a number when it has so many digits as no area code has.
_BETWEEN = re.compile(r"[/\\,;、|&\n\t]|\b(?:or|and|oder|und|ou|et|o|y)\b|[或和及]", re.IGNORECASE)
_NEXT_NUMBER = re.compile(r"[0-9]{7}\s+(?:\+|0)[0-9 ()-]{7}|[0-9]{10}\s+[0-9]{10}|[0-9].*\+")
SHORTEST_NUMBER = 7
LONGEST_ALTERNATIVE = 3  # `5550101/02`: two numbers that share their beginning
_NOT_IN_A_NUMBER = re.compile(r"[0-9][^0-9]*[^\W\d_][^0-9]*[0-9]|[0-9][A-Za-z]")
# Blanks and `-./()` between digits, at most two of a kind in a row: `) - ` is a gap, `----` hides digits.
_GAP = re.compile(r"\s{0,2}(?:[-./()\u2010-\u2015\u2212]\s{0,2}){0,2}")
_MASK = re.compile(
    r"[*?_\u2217\u204e\u2731\u2733\u2022\u25cf\u25cb\u25e6\u2219\u30fb\u00b7\u2588\u2587\u25a0\u25a1]|#{2,}|\b[xX]{2,}\b|[-.\u2010-\u2015]{3,}"
)
_DAY, _MONTH, _YEAR = "(?:0?[1-9]|[12][0-9]|3[01])", "(?:0?[1-9]|1[0-2])", "(?:19|20)[0-9]{2}"
_DATE = re.compile(
    rf"(?:{_YEAR}([-./]){_MONTH}\1{_DAY}|(?:{_DAY}([-./]){_MONTH}|{_MONTH}([-./]){_DAY})(?:\2|\3){_YEAR})(?:[T\s,].*)?", re.DOTALL
)
_AMOUNT = re.compile(r"[+-]?[1-9][0-9]{0,8}[.,][0-9]{1,2}|[+-]?[1-9][0-9]{0,2}(?:([.,' ])[0-9]{3})+(?!\1)[.,][0-9]{1,2}")
# An extension after a hyphen or in brackets, in countries where the digits before it are complete. In Germany they are not: `030 1234567-12`.
_COMPLETE_BEFORE_HYPHEN = {
    "CN": re.compile(
        r"((?:(?:(?:\+|00)86[\s-]*)\(?0?|\(?0)(?:(?:10|2[0-9])\)?[\s-]*[0-9]{8}|[3-9][0-9]{2}\)?[\s-]*[0-9]{7,8})"
        r"|(?:(?:\+|00)?86[\s-]*)?1[3-9][0-9][\s-]?[0-9]{4}[\s-]?[0-9]{4})(?:\s*-\s*[0-9]{1,6}|\s*\([0-9]{1,6}\))"
    ),
}
WITHOUT_COUNTRY = re.compile(r"\+?[0-9]{5,15}")


@cache
def home(country: str) -> tuple[str, str, frozenset[int]]:
    """Calling code, prefix of national calls, and possible lengths of a country's numbers."""
    metadata = PhoneMetadata.metadata_for_region(country)
    if metadata is None or metadata.general_desc is None:
        return "", "", frozenset()
    lengths = frozenset(metadata.general_desc.possible_length)
    return f"+{metadata.country_code}", metadata.national_prefix or "", lengths


def number_of(text: str, country: str | None) -> str | None:
    """The number that a text says, without an extension: in E.164 form (ITU-T E.164) where `country` (ISO 3166) is known, else its digits.

    Returns:
        None when the text is no possible number, or may be another one than its digits say: several numbers, letters among the digits
        or before them that are no word for telephone, masked digits, a date, an amount of money, a number that a spreadsheet rounded.
    """
    if country and (plain := _plainly_written(text, country)):
        return plain
    whole = undamaged(_with_ascii_digits(without_zero_width(text)))
    if whole is None or _is_something_else(whole):
        return None
    written = _without_extension(whole, country)
    if written is None or _is_ambiguous(written) or not _has_plain_gaps(written):
        return None
    return _international(written, country) if country else _digits(written)


def _plainly_written(text: str, country: str) -> str | None:
    """Most numbers are digits of a possible length, without a prefix that a parser would have to take away."""
    code, prefix, lengths = home(country)
    is_plain = re.fullmatch(r"[1-9][0-9]*", text) and len(text) in lengths and not (prefix and text.startswith(prefix))
    return code + text if is_plain else None


def _with_ascii_digits(text: str) -> str:
    """Digits of other scripts as ours; other numeric signs, such as ½, stay."""
    return text if text.isascii() else "".join(str(int(sign)) if sign.isdecimal() else sign for sign in text)


def _is_something_else(text: str) -> bool:
    """Whether a text is a masked number, a date or an amount of money, or has a word before its digits that is none for telephone."""
    label = re.split("[0-9]", text, maxsplit=1)[0]
    if _MASK.search(text) or not is_label(label):
        return True
    if any(unicodedata.category(sign) == "Sc" for sign in text) or names_currency(text):
        return True
    return bool(_DATE.fullmatch(text) or _AMOUNT.fullmatch(text))


def _has_plain_gaps(text: str) -> bool:
    """Whether no sign between two digits can stand for digits that are hidden."""
    gaps = re.findall(r"(?<=[0-9])[^0-9]+(?=[0-9])", text)
    return all(_GAP.fullmatch(gap) for gap in gaps)


def _without_extension(text: str, country: str | None) -> str | None:
    """The text without the extension that the library finds in it; None when the number before it cannot be told."""
    text = re.sub(r"^tel:", "", text, flags=re.IGNORECASE)
    hyphenated = _COMPLETE_BEFORE_HYPHEN[country].fullmatch(text) if country in _COMPLETE_BEFORE_HYPHEN else None
    if hyphenated:
        return hyphenated[1]
    text = _EXTENSION.sub(r";ext=\1", text)
    if not re.search(r"[^\W\d_]|[#~;,]", text):
        return text
    try:
        extension = phonenumbers.parse(text, country or "US").extension
    except NumberParseException:
        return text
    if not extension:
        return text
    before, found, after = text.rpartition(extension)
    # The extension ends the text, a word or sign stands before it, and it is too short for a second number.
    if not found or re.search(r"[0-9]", after) or len(extension) >= SHORTEST_NUMBER:
        return None
    return re.sub(r"[^0-9)]+$", "", before)


def _is_ambiguous(text: str) -> bool:
    """Whether a text says more than one number, or has letters where a number has digits."""
    sides = [len(re.sub(r"\D", "", side)) for side in _BETWEEN.split(text)]
    if sum(count >= SHORTEST_NUMBER for count in sides) > 1:
        return True
    if len(sides) > 1 and max(sides[:-1]) >= SHORTEST_NUMBER and 0 < sides[-1] <= LONGEST_ALTERNATIVE:
        return True
    return bool(_NEXT_NUMBER.search(text) or _NOT_IN_A_NUMBER.search(text))


def _digits(text: str) -> str | None:
    digits = re.sub(r"[^0-9]", "", text)
    is_international = re.match(r"[^0-9]*\+", text) is not None or digits.startswith("00")
    number = f"+{digits.removeprefix('00')}" if is_international else digits
    return number if WITHOUT_COUNTRY.fullmatch(number) else None


def _international(text: str, country: str) -> str | None:
    """The number in E.164 form; None unless it has a length that numbers of its country have, dialled from anywhere.

    Prefixes that are given out change too often to be asked.
    """
    written = re.sub(r"^00", "+", re.sub(r"[^0-9+]", "", text))
    try:
        number = phonenumbers.parse(written, country)
    except NumberParseException:
        return None
    is_possible = phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if is_possible else None
