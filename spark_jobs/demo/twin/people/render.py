"""Identifiers as systems write them: text of codes, null for −1. Every mapping is one to one."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike

from spark_jobs.demo.twin.draws import Draws, Ints

_PREFIXES = ("130", "131", "133", "135", "136", "137", "138", "139", "150", "151", "152", "155", "157", "158", "159", "176", "177", "180", "182",
             "183", "185", "186", "187", "188", "189", "198", "199")  # fmt: skip
_MAIL_HOSTS = ("qq.example", "163.example", "126.example", "mail.example", "firm.example")
_INITIALS = ("li", "wang", "zhang", "liu", "chen", "yang", "zhao", "huang", "zhou", "wu", "xu", "sun", "hu", "zhu", "gao", "lin")
_HEX = pa.array([f"{byte:02x}" for byte in range(256)], pa.string())
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_PAIRS = pa.array([a + b for a in _LETTERS for b in _LETTERS], pa.string())
_SCRAMBLE = Draws(0x7717)  # which text stands for which code; the same in every simulation
STEP, TAIL = 40_503, 10**8
# Prime numbers: a multiple modulo one of them is a mapping that is one to one and whose order tells nothing of the persons' order.
CARD_PRIME, MAIL_PRIME = 99_999_999_977, 17_179_869_209


def _masked(codes: ArrayLike) -> tuple[Ints, np.ndarray]:
    codes = np.asarray(codes, np.int64)
    return np.maximum(codes, 0), codes < 0


def _nullable(text: pa.Array, missing: np.ndarray) -> pa.StringArray:
    return pc.if_else(pa.array(missing), pa.scalar(None, pa.string()), text)


def _digits(numbers: Ints, width: int) -> pa.StringArray:
    return pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), width, "0")


def phone_text(codes: ArrayLike) -> pa.StringArray:
    """Mobile numbers of eleven digits."""
    numbers, missing = _masked(codes)
    prefix = pa.array(_PREFIXES, pa.string()).take(pa.array(numbers % len(_PREFIXES)))
    tail = _digits((numbers // len(_PREFIXES) * STEP + numbers % len(_PREFIXES) * 7_919 + 20_231) % TAIL, 8)
    return _nullable(pc.binary_join_element_wise(prefix, tail, ""), missing)


def email_text(codes: ArrayLike) -> pa.StringArray:
    """E-mail addresses in small letters."""
    numbers, missing = _masked(codes)
    local = pa.array(_INITIALS, pa.string()).take(
        pa.array((_SCRAMBLE.bits("mail name", numbers) % np.uint64(len(_INITIALS))).astype(np.int64))
    )
    host = pa.array(_MAIL_HOSTS, pa.string()).take(
        pa.array((_SCRAMBLE.bits("mail host", numbers) % np.uint64(len(_MAIL_HOSTS))).astype(np.int64))
    )
    return _nullable(
        pc.binary_join_element_wise(local, pc.cast(pa.array((numbers + 1) * 65_539 % MAIL_PRIME), pa.string()), "@", host, ""), missing
    )


def member_text(codes: ArrayLike) -> pa.StringArray:
    """Member numbers: M and nine digits."""
    numbers, missing = _masked(codes)
    return _nullable(pc.binary_join_element_wise("M", _digits(numbers, 9), ""), missing)


def card_text(codes: ArrayLike) -> pa.StringArray:
    """Loyalty cards: sixteen digits, the last one by Luhn's formula (ISO/IEC 7812-1)."""
    numbers, missing = _masked(codes)
    payload = 628_800_000_000_000 + (numbers + 1) * 40_503_007 % CARD_PRIME
    digits = payload[:, None] // 10 ** np.arange(15)[None, :] % 10  # the last digit first
    doubled = digits[:, ::2] * 2
    total = (doubled - 9 * (doubled > 9)).sum(axis=1) + digits[:, 1::2].sum(axis=1)
    return _nullable(_digits(payload * 10 + (10 - total % 10) % 10, 16), missing)


def device_text(codes: ArrayLike) -> pa.StringArray:
    """Device ids in the shape of UUIDs."""
    numbers, missing = _masked(codes)
    high, low = (_SCRAMBLE.bits(f"device {part}", numbers) for part in ("high", "low"))
    pieces = [
        _HEX.take(pa.array((word >> np.uint64(8 * byte) & np.uint64(255)).astype(np.int64))) for word in (high, low) for byte in range(8)
    ]
    groups = [pc.binary_join_element_wise(*pieces[first:last], "") for first, last in ((0, 4), (4, 6), (6, 8), (8, 10), (10, 16))]
    return _nullable(pc.binary_join_element_wise(*groups, "-"), missing)


def _letters(kind: str, numbers: Ints, pairs: int) -> pa.StringArray:
    """Text of letters: 24 bits that tell the code itself, the others by chance."""
    words = [_SCRAMBLE.bits(f"{kind} {part}", numbers) for part in range((pairs + 4) // 5)]
    pieces = [_PAIRS.take(pa.array((words[at // 5] >> np.uint64(12 * (at % 5)) & np.uint64(4095)).astype(np.int64))) for at in range(pairs)]
    return pc.binary_join_element_wise(*pieces, "")


def openid_text(codes: ArrayLike) -> pa.StringArray:
    """The person's id within the mini-program."""
    numbers, missing = _masked(codes)
    return _nullable(pc.binary_join_element_wise("oA1x", _letters("openid", numbers, 12), ""), missing)


def live_openid_text(codes: ArrayLike) -> pa.StringArray:
    """The person's id in the live room, of codes of unionids."""
    numbers, missing = _masked(codes)
    return _nullable(pc.binary_join_element_wise("dY7_", _letters("live", numbers, 12), ""), missing)


def unionid_text(codes: ArrayLike) -> pa.StringArray:
    """The person's id across the retailer's apps of the messenger."""
    numbers, missing = _masked(codes)
    return _nullable(pc.binary_join_element_wise("oUn_", _letters("unionid", numbers, 12), ""), missing)


def wecom_text(codes: ArrayLike) -> pa.StringArray:
    """External contacts of the company's messenger."""
    numbers, missing = _masked(codes)
    return _nullable(pc.binary_join_element_wise("wm", _letters("wecom", numbers, 15), ""), missing)


def cookie_text(codes: ArrayLike) -> pa.StringArray:
    """First-party cookies."""
    numbers, missing = _masked(codes)
    return _nullable(
        pc.binary_join_element_wise("ck.", _letters("cookie", numbers, 8), ".", pc.cast(pa.array(numbers % 1_000), pa.string()), ""),
        missing,
    )


def courier_phone_text(couriers: ArrayLike) -> pa.StringArray:
    """Phones of couriers, who answer for hundreds of customers; apart from all customers' numbers."""
    numbers, missing = _masked(couriers)
    return _nullable(pc.binary_join_element_wise("170", _digits(numbers * 97 % TAIL, 8), ""), missing)
