"""Light of a high range, shown below the white of paper by the tone curve of ITU-R BT.2390."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..core.pixels import Pixels

REFERENCE_WHITE = 203.0  # cd/m² of the white of paper in high range (ITU-R BT.2408)
_FULL = 10_000.0  # cd/m² where PQ ends
# SMPTE ST 2084, as in BT.2100, table 4.
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
_KNOTS = 4096
_BRIGHTEST = 99.9  # percentile that a stray highlight does not move
_LOOKED_AT = 1 << 20
_MIDDLE_GREY = 0.18
_DIM = 1 / 16  # light that is all but black on a screen


def decode_pq(shares: Pixels) -> Pixels:
    """Return light, 1 for the white of paper, of PQ samples 0..1 (the EOTF)."""
    root = np.power(np.clip(shares, 0, 1), 1 / _M2)
    linear = np.maximum(root - _C1, 0) / (_C2 - _C3 * root)
    return np.asarray(np.power(linear, 1 / _M1) * (_FULL / REFERENCE_WHITE))


def encode_pq(light: Pixels) -> Pixels:
    """Return PQ samples 0..1 of light, 1 for the white of paper (the inverse EOTF)."""
    power = np.power(np.clip(light * (REFERENCE_WHITE / _FULL), 0, 1), _M1)
    return np.asarray(np.power((_C1 + _C2 * power) / (1 + _C3 * power), _M2))


@dataclass(frozen=True)
class Tone:
    """How light of any range is shown between 0 and 1.

    Attributes:
        exposure: What light is multiplied by first.
        peak: The brightest light, after that, that is told apart; 1 leaves all as it is.
    """

    exposure: float = 1.0
    peak: float = 1.0

    def apply(self, light: Pixels) -> Pixels:
        """Return light of 0..1, float32; dark and middle tones stay, what is above the peak clips.

        The curve is the EETF of ITU-R BT.2390 (5.4.1) with a black of 0, on each channel alone.
        """
        if self.exposure != 1:
            light = light * np.float32(self.exposure)
        if self.peak <= 1:
            return light
        source, target = _tabulate(self.peak)
        return np.interp(light, source, target).astype(np.float32)

    def undo(self, light: Pixels) -> Pixels:
        """Return the light that is shown as this."""
        if self.peak > 1:
            source, target = _tabulate(self.peak)
            light = np.interp(light, target, source).astype(np.float32)
        return light if self.exposure == 1 else light / np.float32(self.exposure)


AS_IT_IS = Tone()


def find_tone(light: Pixels, expose: bool = False) -> Tone:
    """Return how to show samples of light, of which some may be no numbers.

    Args:
        light: Samples of any shape.
        expose: Whether light that is too dim or too bright for a screen is brought into its range:
            its logarithmic mean becomes middle grey (Reinhard et al., "Photographic Tone
            Reproduction for Digital Images", 2002).
    """
    flat = light.reshape(-1)
    flat = flat[:: max(1, flat.size // _LOOKED_AT)]
    known = flat[np.isfinite(flat)]
    if not known.size:
        return AS_IT_IS
    middle, top = (float(one) for one in np.percentile(known, (50, _BRIGHTEST)))
    exposure = 1.0
    if expose and top > 0 and (middle > 1 or top < _DIM):
        mean = float(np.exp(np.log(known[known > 0], dtype=np.float64).mean()))
        exposure = _MIDDLE_GREY / mean
    return Tone(exposure, max(1.0, top * exposure))


@lru_cache(maxsize=16)
def _tabulate(peak: float) -> tuple[Pixels, Pixels]:
    """Return knots of the curve, light before and after."""
    top, white = (float(encode_pq(np.array(one))) for one in (peak, 1.0))
    before = np.linspace(0, 1, _KNOTS)
    most = white / top
    knee = 1.5 * most - 0.5
    t = np.maximum(before - knee, 0) / (1 - knee)
    spline = (
        (2 * t**3 - 3 * t**2 + 1) * knee
        + (t**3 - 2 * t**2 + t) * (1 - knee)
        + (3 * t**2 - 2 * t**3) * most
    )
    after = np.where(before < knee, before, spline)
    return decode_pq(before * top), decode_pq(after * top)
