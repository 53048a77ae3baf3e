"""A frame: columns of one length, as numpy arrays."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]


class Frame:
    """Named numpy columns of equal length; a scalar is repeated. Immutable by habit: methods give a new one."""

    __slots__ = ("_columns", "_length")

    def __init__(self, columns: dict[str, ArrayLike] | None = None, length: int | None = None) -> None:
        arrays = {name: np.asarray(values) for name, values in (columns or {}).items()}
        lengths = {len(values) for values in arrays.values() if values.ndim}
        self._length = length if length is not None else (lengths.pop() if lengths else 0)
        if any(len(values) != self._length for values in arrays.values() if values.ndim):
            raise ValueError(f"columns differ in length: { {name: values.shape for name, values in arrays.items()} }")
        self._columns: dict[str, Array] = {
            name: values if values.ndim else np.full(self._length, values) for name, values in arrays.items()
        }

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __getitem__(self, name: str) -> Array:
        return self._columns[name]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._columns)

    def take(self, rows: ArrayLike) -> "Frame":
        """The rows of a mask or of positions."""
        rows = np.asarray(rows)
        rows = rows if len(rows) else rows.astype(np.int64)
        length = int(rows.sum()) if rows.dtype == np.bool_ else len(rows)
        return Frame({name: values[rows] for name, values in self._columns.items()}, length)

    def having(self, **columns: ArrayLike) -> "Frame":
        """The same rows with more (or other) columns."""
        return Frame({**self._columns, **columns}, self._length)

    def sorted_by(self, *names: str) -> "Frame":
        """Ordered by columns, the first one being the most significant; stable."""
        return self.take(np.lexsort([self._columns[name] for name in reversed(names)])) if self._length else self

    @staticmethod
    def concat(frames: Iterable["Frame"]) -> "Frame":
        """Rows of frames with the same columns, one after another. Frames without rows do not count."""
        frames = list(frames)
        full = [frame for frame in frames if len(frame)]
        if not full:
            return frames[0] if frames else Frame()
        return Frame({name: np.concatenate([frame[name] for frame in full]) for name in full[0]})
