"""One key, one stream: random numbers that depend on (seed, key path, index, attempt) alone.

Numbers come straight from BLAKE2b, so they are the same on every machine and with every version of
numpy, and any image of a run can be planned without planning the ones before it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b

# The additive R2 sequence (Roberts 2018, "The unreasonable effectiveness of quasirandom
# sequences"): powers of 1/g where g is the plastic number, the real root of g^3 = g + 1.
PLASTIC = 1.32471795724474602596
JOINT_STEPS = {
    "camera.orbit.azimuth_deg": 1 / PLASTIC,
    "camera.orbit.elevation_deg": 1 / PLASTIC**2,
}


@dataclass(frozen=True)
class Stream:
    """The random numbers of one image; ``attempt`` counts redraws of a rejected pose."""

    seed: int
    index: int
    attempt: int = 0

    def again(self, attempt: int) -> Stream:
        """Return the stream of another attempt at the same image."""
        return replace(self, attempt=attempt)

    def unit(self, path: str, salt: str = "") -> float:
        """Return a uniform number in [0, 1) for a key path."""
        return _hash_bits(self.seed, path, salt, self.index, self.attempt) / 2**53

    def bits(self, path: str) -> int:
        """Return 31 random bits for a key path (a render seed, say)."""
        return _hash_bits(self.seed, path, "bits", self.index, self.attempt) >> 22

    def low_discrepancy(self, path: str) -> float:
        """Return the index-th point in [0, 1) of this key's low-discrepancy sequence.

        Azimuth and elevation of the orbit are the two coordinates of one R2 sequence, so views
        cover the sphere evenly. Every other key has its own shuffled, Owen-scrambled van der Corput
        sequence, which is even in itself and independent of the others.
        """
        step = JOINT_STEPS.get(path)
        if step is not None:
            start = _hash_bits(self.seed, path, "offset", 0, 0) / 2**53
            point = (start + self.index * step) % 1.0
        else:
            order, digits = (
                _hash_bits(self.seed, path, name, 0, 0) for name in ("order", "digits")
            )
            point = _padded_van_der_corput(self.index, order, digits)
        if self.attempt:
            point = (point + self.unit(path, "again")) % 1.0
        return point

    def stratified(self, path: str, strata: int) -> float:
        """Return a number in [0, 1) such that each aligned block of ``strata`` images has exactly
        one in each of ``strata`` equal cells; another attempt stays in the same cell.
        """
        block, place = divmod(self.index, strata)
        order = sorted(
            range(strata), key=lambda cell: _hash_bits(self.seed, path, f"cell{cell}", block, 0)
        )
        return (order[place] + self.unit(path, "jitter")) / strata


def _hash_bits(seed: int, path: str, salt: str, index: int, attempt: int) -> int:
    """Return 53 bits of BLAKE2b over the arguments."""
    text = f"{seed}|{path}|{salt}|{index}|{attempt}".encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little") >> 11


def _padded_van_der_corput(index: int, order_key: int, digit_key: int) -> float:
    """Return a point of a base-2 sequence that is even by itself and unrelated to other keys'.

    The index is shuffled and the radical inverse of the result scrambled, both by nested uniform
    scrambling (Burley 2020, "Practical Hash-based Owen Scrambling", JCGT 9.4): every aligned block
    of 2^k indices has one point in each of 2^k cells, in an order of the key's own.
    """
    shuffled = _reverse(_laine_karras(_reverse(index & 0xFFFFFFFF), order_key))
    high = _reverse(_laine_karras(shuffled, digit_key))
    return high / 2**32


def _laine_karras(value: int, key: int) -> int:
    """Return a 32-bit hash in which each bit depends only on itself and lower bits (Laine and
    Karras 2011, constants of Burley 2020).
    """
    value = (value + key) & 0xFFFFFFFF
    for factor in (0x6C50B47C, 0xB82F1E52, 0xC7AFE638, 0x8D22F6E6):
        value ^= value * factor & 0xFFFFFFFF
    return value


def _reverse(value: int) -> int:
    """Return a 32-bit number with its bits in reverse order."""
    return int(f"{value:032b}"[::-1], 2)
