"""Free text without what identifies people: phone, e-mail, identity and card numbers become `[phone]`, `[email]`, `[id]`, `[card]`."""

import re

from spark_jobs.common.pii import national_id

# Other ways to write a digit, each one character for one, so that places in the text stay the same.
_WRITTEN = str.maketrans(
    "０１２３４５６７８９〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖①②③④⑤⑥⑦⑧⑨＠．－＋（）　",
    "0123456789" + "00123456789" + "1" + "123456789" + "123456789" + "@.-+() ",
)
_GAP = r"[ \-.·_]{0,2}"
_EMAIL = re.compile(r"[A-Za-z0-9._%+\-]{1,64} ?(?:@|\(at\)|\[at\]) ?[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63})+", re.IGNORECASE)
_DIGITS = re.compile(rf"(?<![0-9])(?:\+|00)?\(?[0-9](?:\)?{_GAP}\(?[0-9]){{5,22}}(?:{_GAP}[Xx](?![0-9A-Za-z]))?(?![0-9])")
_PHONE = re.compile(
    r"(?:(?:(?:\+|00)?86)?1[3-9][0-9]{9})+"  # mobiles, also one directly behind the other
    r"|(?:(?:\+|00)?86)?0[0-9]{2,3}[2-9][0-9]{6,7}(?:[0-9]{1,4})?"  # fixed lines with their area, and an extension
    r"|400[0-9]{7}"
    r"|(?:\+|00)[1-9][0-9]{6,14}"
)
CARD_DIGITS = range(13, 20)
SHORTEST_GROUP = {"[card]": 4, "[id]": 3, "[phone]": 2}


def scrub(text: str) -> str:
    """The text with every number or address of those four kinds replaced by its name.

    Digits may be written in full width, in Chinese or with gaps. Order numbers and prices stay: a card number is one whose check digit is right
    (Luhn, ISO/IEC 7812), an identity number one with a day of birth and a check digit, a phone number one of a form that is dialled.
    Names and addresses of people are not found: such a text is still personal, and its column says so.
    """
    plain = text.translate(_WRITTEN)
    found = [(match.start(), match.end(), "[email]") for match in _EMAIL.finditer(plain)]
    found += [(*place, name) for place, name in _numbers(plain) if not any(start < place[1] and place[0] < end for start, end, _ in found)]
    parts, at = [], 0
    for start, end, name in sorted(found):
        parts += [text[at:start], name]
        at = end
    return "".join([*parts, text[at:]])


def _numbers(plain: str) -> list[tuple[tuple[int, int], str]]:
    """Places of numbers that identify somebody, with what they are. A number is whole groups of digits: a part of a longer row of digits is none."""
    found: list[tuple[tuple[int, int], str]] = []
    for run in _DIGITS.finditer(plain):
        places = [at for at in range(run.start(), run.end()) if plain[at] in "0123456789+Xx"]
        signs = "".join(plain[at] for at in places)
        edges = [at for at in range(len(places) + 1) if at in (0, len(places)) or (places[at] - places[at - 1] > 1)]
        first = 0
        while first < len(edges) - 1:
            last, name = _longest(signs, edges, first)
            if name == "[card]" and _is_letter(plain[run.start() - 1 : run.start()]):
                name = ""  # the number of an order or an article begins with letters
            if name:
                found.append(((places[edges[first]], places[edges[last] - 1] + 1), name))
            first = last if name else first + 1
    return found


def _is_letter(sign: str) -> bool:
    return sign.isascii() and sign.isalpha()


def _longest(signs: str, edges: list[int], first: int) -> tuple[int, str]:
    """Last edge and name of the longest number that begins at an edge; an empty name when none does."""
    for last in range(len(edges) - 1, first, -1):
        name = _name_of(signs[edges[first] : edges[last]].upper())
        groups = [edges[at + 1] - edges[at] for at in range(first, last - 1)]
        if name and min(groups, default=99) >= SHORTEST_GROUP[name]:
            return last, name
    return first, ""


def _name_of(number: str) -> str:
    if national_id.is_possible(national_id.in_long_form(number)):
        return "[id]"
    if _PHONE.fullmatch(number):
        return "[phone]"
    return "[card]" if len(number) in CARD_DIGITS and number.isdigit() and _luhn(number) else ""


def _luhn(number: str) -> bool:
    """The check of ISO/IEC 7812-1 (annex B)."""
    total = 0
    for place, sign in enumerate(reversed(number)):
        digit = int(sign) * (2 if place % 2 else 1)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0 and len(set(number)) > 1
