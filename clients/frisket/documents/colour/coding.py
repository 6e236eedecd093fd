"""How samples stand for light where code points, chromaticities or a gamma say it.

It serves the model's eye alone: light of a high range is brought under the white of sRGB, and a
correction found there finds its way back.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from ..core.pixels import Pixels, convert_depth
from .formulas import linear_to_srgb, srgb_to_linear
from .tone import AS_IT_IS, REFERENCE_WHITE, Tone, decode_pq, encode_pq, find_tone

SRGB, PQ, HLG = "sRGB", "PQ", "HLG"
Primaries = tuple[float, ...]  # x and y of red, green, blue and white
_D65 = (0.3127, 0.3290)
BT709: Primaries = (0.640, 0.330, 0.300, 0.600, 0.150, 0.060, *_D65)
# Colour primaries by their code points (ITU-T H.273, table 2).
_PRIMARIES: dict[int, Primaries] = {
    1: BT709,
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, 0.310, 0.316),
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65),
    6: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    7: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65),
}
# Transfer characteristics by their code points (table 3). The curves of video are shown as sRGB.
_TRANSFERS: dict[int, str | float] = {4: 2.2, 5: 2.8, 8: 1.0, 16: PQ, 18: HLG}
_HLG_NITS, _HLG_GAMMA = 1000.0, 1.2  # of the nominal display (BT.2100, table 5)
_HLG_A, _HLG_B, _HLG_C = 0.17883277, 0.28466892, 0.55991073
_LUMINANCE = np.array([0.2627, 0.6780, 0.0593], np.float32)  # of BT.2020
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_NEAR = 0.002  # chromaticities that are the same
_FLAT = 0.001  # an area that holds no colours


@dataclass(frozen=True)
class Coding:
    """How numbers stand for light; 1 is the white of paper.

    Attributes:
        primaries: Chromaticities x, y of red, green, blue and white.
        transfer: ``sRGB``, ``PQ``, ``HLG``, or the exponent that light is a power of samples by.
        tone: How its light is shown.
    """

    primaries: Primaries = BT709
    transfer: str | float = SRGB
    tone: Tone = AS_IT_IS

    def to_srgb(self, values: Pixels) -> Pixels:
        """Return sRGB of colours (h, w, 1 or 3), uint8 or uint16, in their own depth."""
        light = self.tone.apply(_decode(values, self.transfer))
        if values.shape[-1] == 3:
            light = light @ _find_matrix(self.primaries).T
        rgb = linear_to_srgb(np.clip(light, 0, 1))
        rgb = convert_depth(rgb.astype(np.float32), values.dtype.itemsize * 8)
        return rgb if rgb.shape[-1] == 3 else np.repeat(rgb, 3, axis=-1)

    def to_light(self, values: Pixels) -> Pixels:
        """Return light of its own primaries, float32, of colours, uint8 or uint16."""
        return _decode(values, self.transfer)

    def as_light(self) -> Coding | None:
        """Return the coding of floats that are light of these primaries; None for sRGB's."""
        light = Coding(self.primaries)
        return None if light.is_srgb else light

    def from_srgb(self, values: Pixels) -> Pixels:
        """Return the samples that ``to_srgb`` shows as ``values``, in their own depth."""
        light = srgb_to_linear(convert_depth(values, 32))
        if values.shape[-1] == 3:
            light = light @ np.linalg.inv(_find_matrix(self.primaries)).T
        light = self.tone.undo(np.maximum(light, 0))
        shares = _encode(light, self.transfer).astype(np.float32)
        return convert_depth(shares, values.dtype.itemsize * 8)

    def fit(self, values: Pixels) -> Coding:
        """Return the same with the peak of these samples, uint8 or uint16, where it has one."""
        if self.transfer not in (PQ, HLG):
            return self
        return replace(self, tone=find_tone(_decode(values, self.transfer)))

    @property
    def is_srgb(self) -> bool:
        """Whether this is what samples are taken for when nothing is said."""
        return self.transfer == SRGB and self._is_narrow

    @property
    def _is_narrow(self) -> bool:
        return bool(np.abs(np.subtract(self.primaries, BT709)).max() < _NEAR)

    @property
    def name(self) -> str:
        """What a person calls it."""
        curve = self.transfer if isinstance(self.transfer, str) else f"gamma {self.transfer:.3g}"
        return curve if self._is_narrow else f"{curve} with primaries of its own"


def read_code_points(primaries: int, transfer: int) -> Coding | None:
    """Return what two code points of H.273 mean; None for sRGB and what says nothing.

    Light of PQ has no end but 10,000 cd/m², that of HLG 1,000, until ``fit`` finds one.
    """
    curve = _TRANSFERS.get(transfer, SRGB)
    nits = {PQ: 10_000.0, HLG: _HLG_NITS}.get(str(curve), REFERENCE_WHITE)
    coding = Coding(_PRIMARIES.get(primaries, BT709), curve, Tone(peak=nits / REFERENCE_WHITE))
    return None if coding.is_srgb else coding


def read_profile(icc: bytes | None) -> Coding | None:
    """Return the coding that a profile's ``cicp`` tag names (ICC.1:2022, 9.2.17), PQ or HLG only.

    The curves of other profiles say the same as their tag, and LittleCMS knows them.
    """
    if not icc or len(icc) < 132:
        return None
    number = min(struct.unpack_from(">I", icc, 128)[0], (len(icc) - 132) // 12)
    for at in range(132, 132 + 12 * number, 12):
        name, start, size = struct.unpack_from(">4sII", icc, at)
        if name == b"cicp" and size >= 12 and start + 12 <= len(icc):
            coding = read_code_points(icc[start + 8], icc[start + 9])
            return coding if coding and coding.transfer in (PQ, HLG) else None
    return None


def check_primaries(values: tuple[float, ...]) -> Primaries | None:
    """Return eight chromaticities where colours can be made of them, else None."""
    if len(values) != 8 or not np.isfinite(values).all() or min(values[1::2]) <= 0:
        return None
    red, green, blue = (np.array(values[i : i + 2]) for i in (0, 2, 4))
    spread = _measure_area(red, green, blue)
    return tuple(float(one) for one in values) if spread > _FLAT else None


def _measure_area(red: Pixels, green: Pixels, blue: Pixels) -> float:
    (ax, ay), (bx, by) = green - red, blue - red
    return abs(float(ax * by - ay * bx)) / 2


def _decode(values: Pixels, transfer: str | float) -> Pixels:
    """Return light of samples, float32; 1 is the white of paper."""
    light = _tabulate(transfer, values.dtype.itemsize * 8)[values]
    return _show_hlg(light) if transfer == HLG else light


@lru_cache(maxsize=8)
def _tabulate(transfer: str | float, depth: int) -> Pixels:
    """Return the light of every sample of 8 or 16 bits; of HLG that of the scene."""
    shares = np.linspace(0, 1, 1 << depth)
    if transfer == SRGB:
        light = srgb_to_linear(shares)
    elif transfer == PQ:
        light = decode_pq(shares)
    elif transfer == HLG:  # the inverse OETF
        bright = (np.exp((shares - _HLG_C) / _HLG_A) + _HLG_B) / 12
        light = np.where(shares <= 0.5, shares**2 / 3, bright)
    else:
        light = shares ** float(transfer)
    return np.asarray(light, np.float32)


def _encode(light: Pixels, transfer: str | float) -> Pixels:
    """Undo ``_decode``; returns shares of 0 to 1."""
    if transfer == SRGB:
        return linear_to_srgb(light)
    if transfer == PQ:
        return encode_pq(light)
    if transfer != HLG:
        return np.asarray(np.power(light, 1 / float(transfer)))
    scene = _undo_hlg(light)
    bright = _HLG_A * np.log(np.maximum(12 * scene - _HLG_B, 1e-9)) + _HLG_C
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)


def _weigh(light: Pixels) -> Pixels:
    """Return the luminance (h, w, 1)."""
    return light @ _LUMINANCE[:, None] if light.shape[-1] == 3 else light


def _show_hlg(scene: Pixels) -> Pixels:
    """Return light of the nominal display: the OOTF of BT.2100, table 5."""
    scale = np.float32(_HLG_NITS / REFERENCE_WHITE)
    return np.asarray(scene * np.power(_weigh(scene), np.float32(_HLG_GAMMA - 1)) * scale)


def _undo_hlg(shown: Pixels) -> Pixels:
    light = shown / np.float32(_HLG_NITS / REFERENCE_WHITE)
    luminance = np.maximum(_weigh(light), 1e-9)
    return np.asarray(light * np.power(luminance, np.float32(1 / _HLG_GAMMA - 1)))


@lru_cache(maxsize=8)
def _find_matrix(primaries: Primaries) -> Pixels:
    """Return what takes light of these primaries to that of sRGB (SMPTE RP 177, Bradford)."""
    own, srgb = (_find_xyz(one) for one in (primaries, BT709))
    whites = [_BRADFORD @ one.sum(axis=1) for one in (own, srgb)]
    adapted = np.linalg.inv(_BRADFORD) @ np.diag(whites[1] / whites[0]) @ _BRADFORD
    return np.asarray(np.linalg.inv(srgb) @ adapted @ own, np.float32)


def _find_xyz(primaries: Primaries) -> Pixels:
    """Return the XYZ of red, green and blue as columns that add up to white."""
    pairs = np.array(primaries, np.float64).reshape(4, 2)
    columns = np.stack([pairs[:, 0], pairs[:, 1], 1 - pairs.sum(axis=1)]) / pairs[:, 1]
    shares = np.linalg.solve(columns[:, :3], columns[:, 3])
    return np.asarray(columns[:, :3] * shares)
