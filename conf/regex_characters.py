"""Characters in regular expressions: what an escape, a range or a Unicode property matches."""

import re
import unicodedata
from collections.abc import Callable, Sequence

Test = Callable[[str], bool]

_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\a"}
_BLANK, _BREAK = " \t\xa0\u1680\u180e\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))), "\n\x0b\f\r\x85\u2028\u2029"
_CATEGORIES = frozenset(
    ["C", "Cc", "Cf", "Cn", "Co", "Cs", "L", "LC", "LD", "L1", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs"]
)  # fmt: skip
_POSIX: dict[str, Test] = {
    "Lower": str.islower, "Upper": str.isupper, "ASCII": str.isascii, "Alpha": str.isalpha, "Digit": str.isdigit, "Alnum": str.isalnum,
    "Punct": lambda each: each in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "Graph": lambda each: "!" <= each <= "~",
    "Print": lambda each: " " <= each <= "~", "Blank": lambda each: each in " \t", "Cntrl": lambda each: each < " " or each == "\x7f",
    "XDigit": lambda each: each in "0123456789abcdefABCDEF", "Space": lambda each: each in " \t\n\x0b\f\r",
}  # fmt: skip
_BINARY: dict[str, Test] = {
    "alphabetic": str.isalpha, "ideographic": lambda each: unicodedata.name(each, "").startswith("CJK"), "letter": str.isalpha,
    "lowercase": str.islower, "uppercase": str.isupper, "digit": str.isdigit, "white_space": str.isspace,
    "punctuation": lambda each: unicodedata.category(each)[0] == "P",
}  # fmt: skip
# Scripts that Java knows and whose characters begin with this word in Unicode's names.
_SCRIPTS = {
    "latin": "LATIN", "greek": "GREEK", "cyrillic": "CYRILLIC", "han": "CJK", "hiragana": "HIRAGANA", "katakana": "KATAKANA",
    "hangul": "HANGUL", "arabic": "ARABIC", "hebrew": "HEBREW", "thai": "THAI", "devanagari": "DEVANAGARI", "bengali": "BENGALI",
    "tamil": "TAMIL", "georgian": "GEORGIAN", "armenian": "ARMENIAN", "bopomofo": "BOPOMOFO", "khmer": "KHMER", "lao": "LAO",
}  # fmt: skip


def one(character: str) -> Test:
    """True for one character."""
    return lambda each: each == character


def span(low: str, high: str) -> Test:
    """True from one character to another."""
    return lambda each: low <= each <= high


def any_of(tests: Sequence[Test]) -> Test:
    """True when one of several tests is."""
    return lambda each: any(test(each) for test in tests)


def negated(test: Test) -> Test:
    """True when a test is not."""
    return lambda each: not test(each)


def property_test(name: str) -> Test | None:
    r"""What Java's `\p{name}` matches; None for a name that cannot be used."""
    if name in _CATEGORIES:
        return lambda each: unicodedata.category(each).startswith("L" if name in ("LC", "LD", "L1") else name)
    if name in _POSIX:
        test = _POSIX[name]
        return lambda each: each.isascii() and test(each)
    key, _, value = name.lower().rpartition("=")
    if key in ("", "is") and value.startswith("is"):
        value = value[2:]
    elif key not in ("script", "sc"):
        return None
    if key == "" and value in _BINARY:
        return _BINARY[value]
    word = _SCRIPTS.get(value)
    return (lambda each: unicodedata.name(each, "").startswith(word)) if word else None


def _shorthand(sign: str, is_java: bool) -> Test | None:
    r"""What `\d` and its like match: ASCII in Java, all of Unicode in Python."""
    tests: dict[str, Test] = {
        "d": lambda each: each.isdigit() and (each.isascii() or not is_java),
        "s": lambda each: each.isspace() and (each.isascii() or not is_java),
        "w": lambda each: (each.isalnum() or each == "_") and (each.isascii() or not is_java),
    }
    if is_java:
        tests |= {"h": lambda each: each in _BLANK, "v": lambda each: each in _BREAK}
    if sign.lower() not in tests:
        return None
    return tests[sign] if sign in tests else negated(tests[sign.lower()])


def escaped(rest: str, *, is_java: bool, in_class: bool) -> tuple[int, Test | str] | None:
    """Length and meaning of an escape, given what follows its backslash: one character, or a test; None when it means nothing."""
    sign = rest[:1]
    if test := _shorthand(sign, is_java) if sign else None:
        return 1, test
    if coded := _coded(rest, is_java):
        return coded
    controls = _CONTROLS | ({"e": "\x1b"} if is_java else {"v": "\v"}) | ({"b": "\b"} if in_class and not is_java else {})
    if sign in controls:
        return 1, controls[sign]
    if is_java and sign == "R" and not in_class:
        return 1, lambda each: each in _BREAK
    if not sign or (sign.isascii() and sign.isalnum()):
        return None
    return 1, sign


def _coded(rest: str, is_java: bool) -> tuple[int, str] | None:
    """A character that is given by its number."""
    forms = (r"x([0-9a-fA-F]{2})", r"u([0-9a-fA-F]{4})", r"x\{([0-9a-fA-F]{1,6})\}" if is_java else r"U([0-9a-fA-F]{8})")
    for form in forms:
        if match := re.match(form, rest):
            code = int(match[1], 16)
            return (match.end(), chr(code)) if code <= 0x10FFFF else None
    octal = r"0([0-3]?[0-7]?[0-7])" if is_java else r"(0[0-7]{0,2}|[0-3][0-7]{2})"
    if match := re.match(octal, rest):
        return match.end(), chr(int(match[1], 8))
    if is_java and (match := re.match(r"c([@-_a-z])", rest)):
        return match.end(), chr(ord(match[1]) ^ 64)
    return None
