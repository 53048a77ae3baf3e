"""Clean text of keys and identifiers: no invisible characters at its ends, and what a spreadsheet did to it undone.

A spreadsheet is undone only where the result is certain. Everywhere else the value is damaged, and its row is to be rejected.
"""

import re
import unicodedata
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

# White space, controls, and characters without a shape of their own (Unicode: White_Space, Cc, Default_Ignorable_Code_Point).
_RANGES = (
    (0x00, 0x20), (0x7F, 0xA0), (0xAD, 0xAD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x1680, 0x1680), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x2000, 0x200F), (0x2028, 0x202F), (0x205F, 0x206F), (0x2800, 0x2800), (0x3000, 0x3000), (0x3164, 0x3164),
    (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A),
    (0xE0000, 0xE007F), (0xE0100, 0xE01EF),
)  # fmt: skip
INVISIBLE = "".join(chr(code) for first, last in _RANGES for code in range(first, last + 1))
_ZERO_WIDTH = {ord(sign): None for sign in INVISIBLE if sign > "\xa0" and not sign.isspace()}

# A spreadsheet keeps 15 digits of a number (Excel's specification); a float keeps whole numbers exactly up to 2^53.
SPREADSHEET_DIGITS = 15
EXACT_FLOAT = 1 << 53
LONGEST_KEY = 1024  # characters of a key that is no personal value
LONGEST_EXPONENT = 8  # bytes of `E + 017`, without a wide blank
LONGEST_DAMAGE = 100  # characters: a longer text is no number that a spreadsheet wrote

# With a sign before the exponent, as spreadsheets and Python write it, or with a fraction, as Java does: `1E5` may be an article.
_SCIENTIFIC = re.compile(r"([+-]?)(?=[0-9]+[Ee][+-]|[0-9]+[.,])([0-9]+)(?:[.,]([0-9]+))?[Ee]([+-]?[0-9]{1,3})")
# The same with blanks, or as a power of ten: no program wrote it exactly, so it is never undone. `5 x 10` may be a size.
_BLANK = "[ \t\u00a0\u2007\u2009\u200a\u202f]"
_SPACED_OR_POWER = re.compile(
    rf"[+-]?[0-9]+(?:[.,][0-9]+)?{_BLANK}*(?:[Ee]{_BLANK}*[+-]{_BLANK}*[0-9]{{1,3}}"
    rf"|[xX×·*]{_BLANK}*10{_BLANK}*(?:\^{_BLANK}*[+-]?{_BLANK}*[0-9]{{1,3}}|[⁺⁻]?[⁰¹²³⁴-⁹]{{1,3}}))"
    rf"|[+-]?[0-9]+[.,][0-9]+{_BLANK}*[Ee]{_BLANK}*[0-9]{{1,3}}"
)
# Three zeros may be a thousand: `1.000`, `1,000`.
_ZEROS = r"(?:\.(?:0{1,2}|0{4,})|,0{1,2})"
_WITH_ZEROS = re.compile(rf"([+-]?)([0-9]+){_ZEROS}")
_FORMULA_TEXT = re.compile(r'="([^"]*)"')
_TEXT_MARK = re.compile(r"'(?=[^']*[0-9])([^']+)")
_ERROR_LIST = """
    #N/A #NA #N/D #NV #I/T #N/B #YOK #Н/Д #Δ/Υ #HIÁNYZIK #PUUTTUU #SAKNAS #NEDOSTUPNÝ #NENÍ_K_DISPOZICI #NEJSOU_K_DISPOZICI #GETTING_DATA
"""
_UNMARKED_ERRORS = "|".join(sorted(_ERROR_LIST.split()))
_ERROR = re.compile(
    rf"#[¡¿]?[^\W\d][\w/\u0300-\u036f]*[!?]|{_UNMARKED_ERRORS}|#{{3,}}|#ERR5[0-9]{{2}}|(?:Err|Fehler|Error)\s?:5[0-9]{{2}}",
    re.IGNORECASE,
)

# The same in the dialect of RE2, for a whole column: Arrow undoes what is frequent, the rest goes one by one.
_MARKED = r"""^(?:="([^"]*)"|'([^']*[0-9][^']*))$"""
_SHORT_DECIMAL = rf"^([+-]?[0-9]{{1,{SPREADSHEET_DIGITS}}}){_ZEROS}$"
_SUSPECTED = "|".join(
    (
        r"^(=\"|'|#[^0-9])",
        r"^[+-]?[0-9]+(\.0+|,0{1,2})$",
        r"^[+-]?[0-9]+([.,][0-9]+[Ee]|[Ee][+-])[+-]?[0-9]{1,3}$",
        rf"^[+-]?[0-9.,]+({_BLANK}+[Ee]|[Ee]{_BLANK}|[Ee][+-]{_BLANK})[^A-Za-z]*[0-9]$",
        rf"^[+-]?[0-9.,]+{_BLANK}*[xX×·*]{_BLANK}*10",
        r"^[A-Za-z]+[^0-9A-Za-z]?:5[0-9]{2}$",
    )
)

_EDGE, _MARK, _SIGN, _DIGIT, _EXPONENT, _END_OF_ZEROS, _COLON, _FIVE = 1, 2, 4, 8, 16, 32, 64, 128
_CLASS = np.zeros(256, np.uint8)
for _class, _bytes in (
    (_EDGE, [*range(0x21), *range(0x7F, 0x100)]),  # every character beyond ASCII may be invisible
    (_MARK, b"='#"), (_SIGN, b"+-"), (_DIGIT, b"0123456789"), (_EXPONENT, b"Ee^"), (_END_OF_ZEROS, b".,0"), (_COLON, b":"), (_FIVE, b"5"),
):  # fmt: skip
    _CLASS[list(_bytes)] |= _class


def trimmed(text: str) -> str:
    """The text without invisible characters at its ends."""
    return text.strip(INVISIBLE)


def without_zero_width(text: str) -> str:
    """The text without characters that have neither a width nor a shape, wherever they stand; blanks and controls stay."""
    return text if text.isascii() else text.translate(_ZERO_WIDTH)


def undamaged(text: str) -> str | None:
    """A trimmed text as it was before a spreadsheet changed it; None when that cannot be told."""
    if len(text) > LONGEST_DAMAGE:
        return text
    if (match := _FORMULA_TEXT.fullmatch(text)) or (match := _TEXT_MARK.fullmatch(text)):
        return undamaged(trimmed(match[1]))
    if _ERROR.fullmatch(text):
        return None
    if match := _WITH_ZEROS.fullmatch(text):
        return f"{match[1]}{match[2]}" if int(match[2]) <= EXACT_FLOAT else None
    if match := _SCIENTIFIC.fullmatch(text):
        return _written_out(match[1], match[2], match[3] or "", int(match[4]))
    return None if _SPACED_OR_POWER.fullmatch(text) else text


def _written_out(sign: str, whole: str, fraction: str, exponent: int) -> str | None:
    """A number in scientific notation with all its digits; None when some of them are not there."""
    if not 0 <= exponent <= len(fraction) or fraction[exponent:].strip("0"):
        return None
    digits = whole + fraction[:exponent]
    return sign + digits if len(digits) <= SPREADSHEET_DIGITS else None


@dataclass(frozen=True)
class Cleaned:
    """A column of clean values, and a mask of those that are damaged; None when none is."""

    values: pa.Array
    damaged: pa.Array | None = None


def cleaned(values: pa.Array, *, nfkc: bool = False, undo: bool = True) -> Cleaned:
    """A column of texts clean; a text of nothing but invisible characters is null.

    Args:
        values: strings.
        nfkc: compatibility forms, such as those of full width, become the plain ones first.
        undo: spreadsheet damage is undone, or found.
    """
    if not len(values):
        return Cleaned(values)
    suspects = _suspects(values, undo=undo)
    if nfkc:
        suspects |= pc.fill_null(pc.invert(pc.string_is_ascii(values)), False).to_numpy(zero_copy_only=False)
    places = np.flatnonzero(suspects)
    if not len(places):
        return Cleaned(values)
    found = values.take(pa.array(places))
    found = _trimmed(_in_compatibility_form(found) if nfkc else found)
    damaged = None
    if undo:
        found = _trimmed(pc.replace_substring_regex(found, _MARKED, r"\1\2"))
        found = pc.replace_substring_regex(found, _SHORT_DECIMAL, r"\1")
        found, damaged = _one_by_one(found)
    mask = np.zeros(len(values), bool)
    if damaged is not None:
        mask[places] = damaged
        damaged = pa.array(mask.copy())
    return Cleaned(pc.replace_with_mask(values, pa.array(suspects), found), damaged)


def _in_compatibility_form(values: pa.Array) -> pa.Array:
    """Unicode's NFKC; Arrow's own leaves letters and accents apart."""
    encoded = values.dictionary_encode()
    texts = [unicodedata.normalize("NFKC", text) for text in encoded.dictionary.to_pylist()]
    return pa.array(texts, values.type).take(encoded.indices)


def _trimmed(values: pa.Array) -> pa.Array:
    """The column without invisible characters at the ends of its texts; null where nothing is left."""
    values = pc.utf8_trim(values, characters=INVISIBLE)
    return pc.if_else(pc.equal(pc.binary_length(values), 0), pa.scalar(None, values.type), values)


def _one_by_one(values: pa.Array) -> tuple[pa.Array, NDArray[np.bool_] | None]:
    """The column with the rare kinds of damage undone, and a mask of the texts where that cannot be; each different text is looked at once."""
    is_rare = pc.fill_null(pc.match_substring_regex(values, _SUSPECTED), False)
    if not pc.any(is_rare).as_py():
        return values, None
    rare = values.filter(is_rare).dictionary_encode()
    texts = rare.dictionary.to_pylist()
    undone = [undamaged(text) for text in texts]
    # A damaged text stays as it is, for whoever looks at the rejected row.
    kept = pa.array([(text if found is None else found) or None for text, found in zip(texts, undone, strict=True)], values.type)
    values = pc.replace_with_mask(values, is_rare, kept.take(rare.indices))
    if None not in undone:
        return values, None
    damaged: NDArray[np.bool_] = is_rare.to_numpy(zero_copy_only=False).copy()
    damaged[damaged] = np.array([found is None for found in undone])[rare.indices.to_numpy()]
    return values, damaged


def clean_text(text: str, *, nfkc: bool = False) -> str:
    """One text as `cleaned` has it; a damaged one as it is."""
    text = trimmed(unicodedata.normalize("NFKC", text) if nfkc and len(text) <= LONGEST_KEY else text)
    undone = undamaged(text)
    return text if undone is None else undone


def _suspects(values: pa.Array, *, undo: bool) -> NDArray[np.bool_]:
    """Where a text may need cleaning, by a few of its first and last bytes: most columns have nothing to clean."""
    starts, ends, classes = _edges(values)
    filled = ends > starts
    first, last = classes[starts], classes[np.maximum(ends - 1, starts)]
    found: NDArray[np.bool_] = ~filled | ((first | last) & _EDGE > 0)
    if not undo:
        return found
    found |= first & _MARK > 0
    zeros = np.flatnonzero(last & _END_OF_ZEROS)
    found[zeros] |= classes[np.maximum(ends[zeros] - 2, starts[zeros])] & _END_OF_ZEROS > 0
    numbers = np.flatnonzero((last & _DIGIT > 0) & (first & (_DIGIT | _SIGN) > 0)) if np.any(classes & _EXPONENT) else zeros[:0]
    for at in range(2, LONGEST_EXPONENT + 1) if len(numbers) else ():
        found[numbers] |= classes[np.maximum(ends[numbers] - at, starts[numbers])] & _EXPONENT > 0
    if np.any(classes & _COLON):  # `Err:502`
        colons = np.flatnonzero(classes[np.maximum(ends - 4, starts)] & _COLON)
        found[colons] |= classes[np.maximum(ends[colons] - 3, starts[colons])] & _FIVE > 0
    return found


def _edges(values: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
    """Where each text starts and ends in the bytes of all, and the classes of these bytes; one more byte belongs to no text."""
    _, offsets, data = values.buffers()
    width = np.dtype(np.int64 if pa.types.is_large_string(values.type) else np.int32)
    places = np.frombuffer(offsets, width, len(values) + 1, values.offset * width.itemsize).astype(np.int64)
    size = int(places[-1] - places[0])
    classes = np.zeros(size + 1, np.uint8)
    if size:
        classes[:-1] = _CLASS[np.frombuffer(data, np.uint8, size, int(places[0]))]
    places -= places[0]
    return places[:-1], places[1:], classes
