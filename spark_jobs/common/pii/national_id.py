"""Chinese identity numbers (GB 11643): 17 digits and a check digit, or the 15 digits that were given out until 1999."""

import re
from datetime import date

# GB 11643-1999, ISO 7064 MOD 11-2: the weight of each of the 17 digits, and the sign for each remainder.
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_SIGNS = "10X98765432"


def check_sign(seventeen: str) -> str:
    """The 18th sign of an identity number, from its first 17 digits."""
    return CHECK_SIGNS[sum(weight * int(digit) for weight, digit in zip(WEIGHTS, seventeen, strict=True)) % 11]


def in_long_form(number: str) -> str:
    """A number of 15 digits as the 18 signs of the same person; any other text as it is."""
    if not re.fullmatch(r"[0-9]{15}", number):
        return number
    seventeen = f"{number[:6]}19{number[6:]}"
    return seventeen + check_sign(seventeen)


def is_possible(number: str) -> bool:
    """True for 18 signs with a day of birth that there was and the right check digit."""
    if not re.fullmatch(r"[1-9][0-9]{16}[0-9X]", number):
        return False
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return check_sign(number[:17]) == number[17]
