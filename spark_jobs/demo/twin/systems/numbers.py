"""Numbers of documents as more than one system writes them."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike


def _numbers(letter: str, codes: ArrayLike, digits: int) -> pa.StringArray:
    codes = np.asarray(codes, np.int64)
    text = pc.utf8_lpad(pc.cast(pa.array(codes, mask=codes < 0), pa.string()), digits, "0")
    return pc.binary_join_element_wise(letter, text, "")


def order_numbers(orders: ArrayLike) -> pa.StringArray:
    """Numbers of orders in the order system: `O` and 14 digits; null for −1."""
    return _numbers("O", orders, 14)


def receipt_numbers(orders: ArrayLike) -> pa.StringArray:
    """Numbers of receipts at the tills: `P` and 14 digits; null for −1."""
    return _numbers("P", orders, 14)


def campaign_numbers(campaigns: ArrayLike) -> pa.StringArray:
    """Numbers of campaigns: `C` and 5 digits; null for −1."""
    return _numbers("C", campaigns, 5)
