"""Random draws as pure functions of (seed, purpose, keys): the same whatever is drawn before, beside or in which chunks.

A draw hashes its keys with the finaliser of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
OOPSLA 2014), so a person's day can be drawn again, alone or with another treatment, and gives the same noise.
"""

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Hashes = NDArray[np.uint64]

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def _mixed(value: Hashes) -> Hashes:
    with np.errstate(over="ignore"):
        value = (value ^ (value >> np.uint64(30))) * _MIX_1
        value = (value ^ (value >> np.uint64(27))) * _MIX_2
        return value ^ (value >> np.uint64(31))


@dataclass(frozen=True, slots=True)
class Draws:
    """All chance of one simulation. Every method takes a purpose (a text) and keys (integers or arrays that broadcast)."""

    seed: int

    def bits(self, purpose: str, *keys: ArrayLike) -> Hashes:
        """64 random bits for each combination of keys."""
        with np.errstate(over="ignore"):
            state = _mixed(np.asarray(self.seed, np.uint64) * _GAMMA + np.uint64(zlib.crc32(purpose.encode())))
            for key in keys:
                state = _mixed(state + _GAMMA * (np.asarray(key).astype(np.int64).view(np.uint64) + np.uint64(1)))
        return np.asarray(state, np.uint64)

    def uniform(self, purpose: str, *keys: ArrayLike) -> Floats:
        """Uniform in (0, 1), both ends excluded."""
        return ((self.bits(purpose, *keys) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53

    def happens(self, chance: ArrayLike, purpose: str, *keys: ArrayLike) -> Bools:
        """True with probability `chance`."""
        return self.uniform(purpose, *keys) < np.asarray(chance)

    def normal(self, purpose: str, *keys: ArrayLike) -> Floats:
        """Standard normal."""
        return np.asarray(ndtri(self.uniform(purpose, *keys)), np.float64)

    def integers(self, low: ArrayLike, high: ArrayLike, purpose: str, *keys: ArrayLike) -> Ints:
        """Integers from `low` up to and without `high`."""
        low = np.asarray(low, np.int64)
        offsets: Ints = np.floor(self.uniform(purpose, *keys) * (np.asarray(high, np.int64) - low)).astype(np.int64)
        return low + offsets

    def exponential(self, mean: ArrayLike, purpose: str, *keys: ArrayLike) -> Floats:
        """Exponential waiting time with the given mean."""
        return -np.log(self.uniform(purpose, *keys)) * np.asarray(mean, np.float64)

    def counts(self, mean: ArrayLike, purpose: str, *keys: ArrayLike) -> Ints:
        """Poisson counts by inversion, cut at 60; meant for means up to 30."""
        mean = np.asarray(mean, np.float64)
        uniform = self.uniform(purpose, *keys)
        mean, uniform = np.broadcast_arrays(mean, uniform)
        chance = np.exp(-mean)
        total, count = chance.copy(), np.zeros(uniform.shape, np.int64)
        for number in range(1, 61):
            open_ = uniform > total
            if not open_.any():
                break
            count += open_
            chance = chance * mean / number
            total = total + chance
        return count

    def choice(self, weights: ArrayLike, purpose: str, *keys: ArrayLike) -> Ints:
        """An index for each combination of keys: one row of `weights` for all, or a row for each."""
        weights = np.asarray(weights, np.float64)
        uniform = self.uniform(purpose, *keys)
        totals = np.cumsum(weights, axis=-1)
        if weights.ndim == 1:
            found = np.searchsorted(totals, uniform * totals[-1], side="right")
        else:
            found = (totals <= (uniform * totals[..., -1])[..., None]).sum(axis=-1)
        index: Ints = np.minimum(found, weights.shape[-1] - 1).astype(np.int64)
        return index
