"""Randomness keyed by row: the same window gets the same damage whatever else is evaluated.

A stateful generator would make a sample's shuffle depend on how many samples came before it;
hashing (seed, stream, row) does not, so results are independent of order, batch and draw.
"""

import zlib

import numpy as np
import numpy.typing as npt

from gates.contracts import IntArray


def hash_rows(rows: IntArray, *, seed: int, stream: str) -> npt.NDArray[np.uint64]:
    """Uniform 64-bit hashes of rows.

    Two rounds of the SplitMix64 finaliser (Steele, Lea, Flood 2014, "Fast splittable
    pseudorandom number generators") over the row number and a key made of seed and stream.

    Args:
        rows: any shape.
        seed: the evaluation's seed, 0 to 2**63 - 1.
        stream: what the randomness is for; different streams are independent.
    """
    key = np.array([seed, zlib.crc32(stream.encode())], dtype=np.uint64)
    mixed = _finalise(_finalise(key[:1]) ^ key[1:])
    return _finalise(_finalise(rows.astype(np.uint64) ^ mixed) ^ mixed)


def pick(count: int, *, seed: int, stream: str) -> int:
    """A number from 0 to ``count`` - 1, chosen by seed and stream as in :func:`hash_rows`."""
    return int(hash_rows(np.zeros(1, dtype=np.int64), seed=seed, stream=stream)[0] % np.uint64(count))


def _finalise(state: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        state = state + np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return state ^ (state >> np.uint64(31))
