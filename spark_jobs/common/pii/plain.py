"""Normal forms and possibility of whole columns at once: values that are written plainly are done by Arrow, the few others one by one.

A pattern here holds for a value only where `normal.normalise` gives the same form; a test compares the two over many spellings.
"""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.common.pii import normal
from spark_jobs.common.pii.phones import home

# ASCII and the unified ideographs: Unicode's compatibility form leaves both as they are.
_SIGNS = r"[!-~\x{4e00}-\x{9fff}]"
_ADDRESS_SIGNS = r"[!-+\-/-:<-~\x{4e00}-\x{9fff}]"  # without , . ; which an address loses
_ALIASES = "|".join(sorted({*normal.IGNORE_PLUS, *normal.IGNORE_DOTS, *normal.SAME_DOMAIN})).replace(".", r"\.")
_PATTERNS = {
    "email": r"^[0-9A-Za-z._%-]{1,64}@([0-9A-Za-z-]+\.)+[0-9A-Za-z-]+$",
    "national_id": "^[0-9]{17}[0-9X]$",
    "plate": "^[0-9A-Z]+$",
    "birth_date": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "address": f"^{_ADDRESS_SIGNS}+( {_ADDRESS_SIGNS}+)*$",
}
_OTHERS = f"^{_SIGNS}+( {_SIGNS}+)*$"
_IN_CAPITALS = frozenset({"national_id", "plate"})
_ALWAYS_POSSIBLE = frozenset({"phone", "email"})  # when written plainly


def normalised(kind: str, values: pa.Array, country: str | None = None, order: str = "yMd") -> list[str]:
    """`normal.normalise` of every value of a string array without nulls."""
    plain = _plainly_written(kind, values, country)
    if kind == "phone":
        forms = pc.binary_join_element_wise(home(country)[0], values, "") if country else values
    else:
        forms = values if kind in _IN_CAPITALS else pc.ascii_lower(values)
    return _filled(forms, plain, values, lambda value: normal.normalise(kind, value, country, order))


def impossible(kind: str, values: pa.Array, country: str | None = None, order: str = "yMd") -> set[int]:
    """Where in a string array without nulls a value is that cannot be one of its kind (`normal.is_possible`)."""
    plain = _plainly_written(kind, values, country) if kind in _ALWAYS_POSSIBLE else pa.scalar(False)
    doubted = pc.indices_nonzero(pc.invert(plain)).to_pylist() if isinstance(plain, pa.Array) else range(len(values))
    return {at for at in doubted if not normal.is_possible(kind, values[at].as_py(), country, order)}


def _plainly_written(kind: str, values: pa.Array, country: str | None) -> pa.Array:
    """Which values are in a form that needs no thought."""
    if kind == "phone":
        return _plain_numbers(values, country)
    plain = pc.match_substring_regex(values, _PATTERNS.get(kind, _OTHERS))
    most = normal.LONGEST.get(kind, normal.LONGEST["other"])
    if (pc.max(pc.binary_length(values)).as_py() or 0) > most:
        plain = pc.and_(plain, pc.less_equal(pc.utf8_length(values), most))
    if kind == "email":
        return pc.and_not(plain, pc.match_substring_regex(values, f"@({_ALIASES})$", ignore_case=True))
    return plain


def _plain_numbers(values: pa.Array, country: str | None) -> pa.Array:
    """Digits only: of a possible length and without a prefix of national calls, where the country is known."""
    plain = pc.match_substring_regex(values, "^[1-9][0-9]*$")
    if not country:
        return pc.and_(plain, pc.is_in(pc.utf8_length(values), pa.array(range(5, 16), pa.int32())))
    _, prefix, lengths = home(country)
    plain = pc.and_(plain, pc.is_in(pc.utf8_length(values), pa.array(sorted(lengths), pa.int32())))
    return pc.and_not(plain, pc.starts_with(values, prefix)) if prefix else plain


def _filled(forms: pa.Array, plain: pa.Array, values: pa.Array, form: Callable[[str], str]) -> list[str]:
    """The forms where values are plain, and those of `form` elsewhere."""
    found: list[Any] = forms.to_pylist()
    for at in pc.indices_nonzero(pc.invert(plain)).to_pylist():
        found[at] = form(values[at].as_py())
    return found
