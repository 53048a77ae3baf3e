"""Phone numbers in international form."""

import re
from functools import cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumberFormat, ValidationResult


@cache
def home(country: str) -> tuple[str, str, frozenset[int]]:
    """Calling code, prefix of national calls, and possible lengths of a country's numbers."""
    metadata = PhoneMetadata.metadata_for_region(country)
    if metadata is None or metadata.general_desc is None:
        return "", "", frozenset()
    lengths = frozenset(metadata.general_desc.possible_length)
    return f"+{metadata.country_code}", metadata.national_prefix or "", lengths


def international(text: str, country: str) -> str | None:
    """A number in E.164 form (ITU-T E.164), one without a country code being at home in `country` (ISO 3166).

    Returns:
        None when it is no possible number, so that the caller compares its digits.
    """
    code, prefix, lengths = home(country)
    # Most numbers are written plainly: digits of a possible length, without a prefix that a parser would have to take away.
    if re.fullmatch(r"[1-9][0-9]*", text) and len(text) in lengths and not (prefix and text.startswith(prefix)):
        return code + text
    written = re.sub(r"^00", "+", re.sub(r"[^\d+]", "", text))
    try:
        number = phonenumbers.parse(written, country)
    except NumberParseException:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if phonenumbers.is_possible_number(number) else None


def is_possible(text: str, country: str) -> bool:
    """Whether a number has a length that numbers of its country have, dialled from anywhere; prefixes that are given out change too often to be asked."""
    try:
        number = phonenumbers.parse(re.sub(r"^00", "+", re.sub(r"[^\d+]", "", text)), country)
    except NumberParseException:
        return False
    return phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
