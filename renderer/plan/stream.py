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
        cover the sphere evenly. Every other key has its own Owen-scrambled van der Corput sequence
        (base 2), which is even in itself and independent of the others.
        """
        step = JOINT_STEPS.get(path)
        if step is not None:
            start = _hash_bits(self.seed, path, "offset", 0, 0) / 2**53
            point = (start + self.index * step) % 1.0
        else:
            point = _owen_van_der_corput(self.index, _hash_bits(self.seed, path, "owen", 0, 0))
        if self.attempt:
            point = (point + self.unit(path, "again")) % 1.0
        return point

    def stratified(self, path: str, strata: int) -> float:
        """Return a number in [0, 1) such that each aligned block of ``strata`` images has exactly
        one in each of ``strata`` equal cells; another attempt stays in the same cell."""
        block, place = divmod(self.index, strata)
        order = sorted(
            range(strata), key=lambda cell: _hash_bits(self.seed, path, f"cell{cell}", block, 0)
        )
        return (order[place] + self.unit(path, "jitter")) / strata


def _hash_bits(seed: int, path: str, salt: str, index: int, attempt: int) -> int:
    """Return 53 bits of BLAKE2b over the arguments."""
    text = f"{seed}|{path}|{salt}|{index}|{attempt}".encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little") >> 11


def _owen_van_der_corput(index: int, key: int) -> float:
    """Return the radical inverse of ``index`` in base 2, nested-uniformly scrambled by ``key``.

    Owen scrambling (Owen 1995) flips each digit by a random bit that depends on the digits above
    it, which keeps every elementary interval's share.
    """
    value, above = 0, 1
    for place in range(32):
        digit = index >> place & 1
        flip = _mix(key ^ (above * 0x9E3779B97F4A7C15)) & 1
        above = above << 1 | digit
        value |= (digit ^ flip) << (52 - place)
    value |= _mix(key ^ index * 0xD1B54A32D192ED03) & (1 << 21) - 1
    return value / 2**53


def _mix(value: int) -> int:
    """Return SplitMix64's finaliser of a value (Steele et al. 2014)."""
    value &= 2**64 - 1
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & 2**64 - 1
    value = (value ^ value >> 27) * 0x94D049BB133111EB & 2**64 - 1
    return value ^ value >> 31
