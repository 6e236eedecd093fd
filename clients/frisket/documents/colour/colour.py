"""Colours as people see them: a document's own samples to sRGB through its own profile.

The document's pixels are never changed; what leaves here is only what a model looks at.
Two steps keep averaging exact and cheap: ``plain`` brings samples into whole numbers of an
ordinary encoding, and ``to_srgb`` runs the colour transform, on a proxy after averaging.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..core.pixels import Pixels, convert_depth, peak_of
from .coding import BT709, Coding, Primaries, read_profile
from .display import find_display
from .formulas import (
    cmyk_to_rgb,
    lab_to_srgb,
    linear_to_srgb,
    rgb_to_cmyk,
    srgb_to_lab,
    srgb_to_linear,
    ycbcr_to_rgb,
)
from .profile import CHANNELS, build_ink_transform, build_transform
from .tone import AS_IT_IS, Tone, find_tone

_BRIGHT = 1e30  # what has no end is brighter than all light
_LOOKED_AT = 1 << 20  # samples that tell a range of light


@dataclass(frozen=True)
class Colour:
    """How the samples of one raster become sRGB.

    Attributes:
        mode: The document's colour mode.
        icc: Its ICC profile, or None.
        palette: (entries, 3) uint8 for indexed colour.
        inverted: Stored with 0 as full intensity (PSD CMYK and duotone, white-is-zero TIFF).
        signed_lab: The a and b channels of Lab are signed numbers (TIFF).
        colours: How many leading channels are colour; one more is transparency.
        levels: The greatest stored value of integers that do not fill their type, or 0.
        premultiplied: Colours were multiplied by the transparency.
        display: What floats are shown as black and as white, where that is not 0 and 1.
        tone: How floats that are light of the scene are shown.
        coding: How samples stand for light, where neither a profile nor sRGB tells it.
    """

    mode: str
    icc: bytes | None = None
    palette: Pixels | None = None
    inverted: bool = False
    signed_lab: bool = False
    colours: int = 3
    levels: int = 0
    premultiplied: bool = False
    display: tuple[float, float] | None = None
    tone: Tone = AS_IT_IS
    coding: Coding | None = None
    _cache: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def fit_floats(self, values: Pixels, told: tuple[float, float] | None = None) -> Colour:
        """Return the same with the range that floats are shown in.

        Args:
            values: Some of the colours.
            told: What the file says of it; see ``find_display``.
        """
        shown = replace(self, display=find_display(values, told))
        return replace(shown, tone=find_tone(values)) if shown._is_light else shown

    def fit_light(self, native: Pixels) -> Colour:
        """Return the same with the range of light that native floats (h, w, channels) have."""
        straight = self.to_straight(native)
        seen = straight[..., : self.colours]
        if straight.shape[-1] > self.colours:
            seen = seen[straight[..., -1] > 0]
        return replace(self, tone=find_tone(seen, expose=True))

    def fit_coding(self, native: Pixels) -> Colour:
        """Return the same with the range of light that native samples (h, w, channels) have."""
        if self.coding is None:
            return self
        step = max(1, int((native.size / _LOOKED_AT) ** 0.5))
        seen = self.to_straight(native[::step, ::step])[..., : self.colours]
        return replace(self, coding=self.coding.fit(seen))

    def native_to_srgb(self, native: Pixels) -> Pixels:
        """Return sRGB of native samples (h, w, channels) as (h, w, 3 or 4), uint8 or uint16."""
        srgb = self.plain_to_srgb(self.to_plain(native))
        return convert_depth(srgb, 8) if self._is_widened(native) else srgb

    def to_plain(self, native: Pixels) -> Pixels:
        """Return the same pixels as uint8 or uint16 in an ordinary encoding, transparency last.

        Colours are straight, 0 is no light (or no ink) and the greatest value is full. Floats
        without a profile become sRGB's brightness.
        """
        if self._is_widened(native):
            return self._widen_lab(native)
        if native.dtype.kind != "f":
            return self.to_straight(native)
        straight = self.to_straight(native)
        colours, rest = straight[..., : self.colours], straight[..., self.colours :]
        values = self._scale_floats(colours)
        if not rest.shape[-1]:
            return values
        return np.concatenate([values, convert_depth(rest, 16)], axis=-1)

    def to_plain_planes(self, planes: Sequence[Pixels]) -> list[Pixels] | None:
        """Return what `to_plain` would, for channels that lie apart, each (height, width).

        None where a plain sample takes more than the sample in its place.
        """
        mixed = self.palette is not None or self.signed_lab or self.levels or self.premultiplied
        if mixed or any(plane.dtype not in (np.uint8, np.uint16) for plane in planes):
            return None
        colours, rest = planes[: self.colours], planes[self.colours :][:1]
        if self.inverted:
            colours = [np.asarray(peak_of(one.dtype) - one, one.dtype) for one in colours]
        return [*colours, *rest]

    def to_straight(self, native: Pixels) -> Pixels:
        """Return what a cutout keeps: straight, upright, in full range, transparency last.

        Whole numbers come as uint8 or uint16, floats as the floats they are.
        """
        colours, rest = native[..., : self.colours], native[..., self.colours :][..., :1]
        if self.palette is not None:
            return self._look_up(colours, rest)
        if self._is_plain(native):
            return native
        values, alpha = self._fill_range(colours), self._fill_range(rest, light=False)
        if self.premultiplied and alpha.shape[-1]:
            half = (peak_of(values.dtype) + 1) // 2 if self.signed_lab else 0
            values = _unmultiply(values, alpha, half)
        if self.inverted:
            with np.errstate(invalid="ignore"):  # what is no number stays none
                values = np.asarray(peak_of(values.dtype) - values, values.dtype)
        return np.concatenate([values, alpha], axis=-1) if alpha.shape[-1] else values

    def to_light(self, straight: Pixels) -> Pixels:
        """Return light of the scene, float32, of what ``to_straight`` gives (colours alone).

        Its primaries are ``light_primaries``; 1 is the white of paper.
        """
        if straight.dtype.kind == "f" and self._is_light:
            return straight
        coding = self._find_coding()
        if coding is not None and self.mode in ("RGB", "GRAY"):
            return coding.to_light(straight)
        plain = straight if straight.dtype.kind != "f" else self._scale_floats(straight)
        rgb = srgb_to_linear(convert_depth(self._transform(plain), 32))
        return rgb[..., :1] if self.mode == "GRAY" else rgb

    @property
    def light_primaries(self) -> Primaries:
        """Chromaticities of the colours that ``to_light`` gives."""
        coding = self._find_coding()
        return BT709 if coding is None else coding.primaries

    @property
    def is_managed(self) -> bool:
        """Whether a profile other than sRGB's says what the samples are."""
        if self._find_coding() is not None or self.mode not in CHANNELS:
            return False
        return bool(self.icc) and build_transform(self.icc or b"", self.mode) is not None

    def shift(self, own: Pixels, seen: Pixels, cleaned: Pixels) -> Pixels:
        """Add a correction that was found in sRGB (``cleaned`` minus ``seen``) to colours.

        Args:
            own: Colours as ``to_straight`` gives them, without transparency.
            seen: The same in sRGB, uint8 or uint16.
            cleaned: What ``seen`` is to become, in the same type.
        """
        if own.dtype.kind == "f":
            return self._shift_floats(own, seen, cleaned)
        if np.array_equal(seen, own):
            return cleaned
        before, after = self._look_back(seen, own), self._look_back(cleaned, own)
        moved = own.astype(np.int32) + after.astype(np.int32) - before
        return np.clip(moved, 0, peak_of(own.dtype)).astype(own.dtype)

    def _shift_floats(self, own: Pixels, seen: Pixels, cleaned: Pixels) -> Pixels:
        """Leave what was not cleaned as it is, to the bit."""
        before, after = self._undo_view(seen, own), self._undo_view(cleaned, own)
        return np.where(before == after, own, own + (after - before) * self._span)

    def _undo_view(self, seen: Pixels, own: Pixels) -> Pixels:
        """Return floats in the range of the document's that are seen as these."""
        plain = convert_depth(self._look_back(seen, convert_depth(own, 16)), 32)
        return self.tone.undo(srgb_to_linear(plain)) if self._is_light else plain

    def _look_back(self, seen: Pixels, own: Pixels) -> Pixels:
        """Return whole numbers in the document's mode that are seen as ``seen``, in its depth.

        Of the many mixtures of inks that are, it is one with the black of ``own`` where no profile
        tells how much of it there is to be. Profiles of RGB and grey count as sRGB here: a
        difference of edge colours is about the same in them.
        """
        coding = self._find_coding()
        if coding is not None and self.mode in ("RGB", "GRAY"):
            return coding.from_srgb(seen)
        if self.mode == "LAB":
            return srgb_to_lab(seen)
        if self.mode != "CMYK":
            return seen
        if "inks" not in self._cache:
            self._cache["inks"] = build_ink_transform(self.icc or b"")
        mix = self._cache["inks"]
        return rgb_to_cmyk(seen, own[..., 3:4]) if mix is None else mix(seen)

    def _is_widened(self, native: Pixels) -> bool:
        """Tell whether 8 bits do not hold the quotient: half a level of Lab is many of sRGB."""
        shared = self.premultiplied and native.shape[-1] > self.colours
        return shared and self.mode == "LAB" and native.dtype.itemsize == 1

    def _widen_lab(self, native: Pixels) -> Pixels:
        """Return premultiplied Lab of 8 bits as plain samples of 16."""
        values = convert_depth(self._fill_range(native[..., : self.colours]), 16)
        rest = native[..., self.colours : self.colours + 1]
        alpha = convert_depth(self._fill_range(rest, light=False), 16)
        half = 128 * 257 if self.signed_lab else 0
        return np.concatenate([_unmultiply(values, alpha, half), alpha], axis=-1)

    def _is_plain(self, native: Pixels) -> bool:
        special = self.inverted or self.signed_lab or self.levels or self.premultiplied
        return native.dtype in (np.uint8, np.uint16) and not special

    def _look_up(self, colours: Pixels, rest: Pixels) -> Pixels:
        assert self.palette is not None
        index = np.minimum(colours[..., 0], len(self.palette) - 1)
        values = self.palette[index]
        if not rest.shape[-1]:
            return values
        alpha = convert_depth(self._fill_range(rest, light=False), values.dtype.itemsize * 8)
        return np.concatenate([values, alpha], axis=-1)

    def _fill_range(self, values: Pixels, light: bool = True) -> Pixels:
        """Turn whole numbers into unsigned ones that fill uint8 or uint16; floats stay."""
        if values.dtype.kind == "f":
            return values
        if values.dtype.kind == "b":
            return np.asarray(values.astype(np.uint8) * np.uint8(255))
        if self.signed_lab and light:
            values = _offset_lab(values)
        elif values.dtype.kind == "i":
            values = _make_unsigned(values)
        if self.levels:
            kind = np.uint8 if self.levels <= 255 else np.uint16
            return _rescale(np.minimum(values, self.levels), self.levels, np.dtype(kind))
        if values.dtype.itemsize > 4:  # so that the product below fits
            values = (values >> np.uint64(32)).astype(np.uint32)
        if values.dtype.itemsize > 2:
            return _rescale(values, peak_of(values.dtype), np.dtype(np.uint16))
        return values

    @property
    def _is_light(self) -> bool:
        """Whether floats are linear light: no profile says otherwise, nor a range for display."""
        return self.icc is None and self.mode in ("RGB", "GRAY") and self.display is None

    @property
    def _span(self) -> np.float32:
        low, high = self.display or (0.0, 1.0)
        span: np.float32 = np.float32(high - low)
        return span

    def _scale_floats(self, values: Pixels) -> Pixels:
        """Take floats as linear light where nothing says otherwise."""
        if self.display is not None:
            values = (values - np.float32(self.display[0])) / self._span
        if self._is_light:
            values = self.tone.apply(np.nan_to_num(values, nan=0.0, posinf=_BRIGHT, neginf=0.0))
        values = np.clip(np.nan_to_num(values, nan=0.0, posinf=1.0, neginf=0.0), 0, 1)
        if self._is_light:
            values = linear_to_srgb(values)
        return (values * 65535 + 0.5).astype(np.uint16)

    def plain_to_srgb(self, plain: Pixels) -> Pixels:
        """Return sRGB of plain samples, transparency passed through, in their own depth."""
        kept = 3 if self.palette is not None else self.colours
        colours, rest = plain[..., :kept], plain[..., kept : kept + 1]
        rgb = self._transform(colours)
        return np.concatenate([rgb, rest], axis=-1) if rest.shape[-1] else rgb

    def _transform(self, values: Pixels) -> Pixels:
        mode = "RGB" if self.mode == "INDEXED" else self.mode
        coding = self._find_coding()
        if coding is not None and mode in ("RGB", "GRAY"):
            return coding.to_srgb(values)
        if mode == "LAB":
            return lab_to_srgb(values)
        if mode == "YCBCR":
            return ycbcr_to_rgb(values)
        if mode in CHANNELS and self.icc and values.shape[-1] == CHANNELS[mode]:
            managed = self._apply_profile(mode, values)
            if managed is not None:
                return managed
        if mode in ("CMYK", "MULTICHANNEL") and values.shape[-1] >= 3:
            return cmyk_to_rgb(values)
        return values if values.shape[-1] == 3 else np.repeat(values[..., :1], 3, axis=-1)

    def _find_coding(self) -> Coding | None:
        """Return the coding that was told, or that a profile of a high range names."""
        if self.coding is None and self.icc and "coding" not in self._cache:
            self._cache["coding"] = read_profile(self.icc)
        return self.coding or self._cache.get("coding")

    def _apply_profile(self, mode: str, values: Pixels) -> Pixels | None:
        """Return sRGB through the profile; None where that does not fit or changes nothing."""
        if "transform" not in self._cache:
            self._cache["transform"] = build_transform(self.icc or b"", mode)
        transform = self._cache["transform"]
        return None if transform is None else transform(values)


def _offset_lab(values: Pixels) -> Pixels:
    """Turn signed a and b, as TIFF stores Lab, into a and b offset by half the range."""
    if values.dtype.kind == "i":
        values = values.view(f"u{values.dtype.itemsize}")
    result: Pixels = values.copy()
    result[..., 1:3] ^= result.dtype.type(1 << (8 * result.dtype.itemsize - 1))
    return result


def _make_unsigned(values: Pixels) -> Pixels:
    """Turn signed whole numbers into unsigned ones, the lowest becoming 0."""
    bits = 8 * values.dtype.itemsize
    unsigned: Pixels = values.view(f"u{values.dtype.itemsize}")
    return np.asarray(unsigned ^ unsigned.dtype.type(1 << (bits - 1)))


def _rescale(values: Pixels, most: int, kind: np.dtype[Any]) -> Pixels:
    """Stretch whole numbers 0..``most`` over a type, rounding to nearest."""
    wide = values.astype(np.uint64) * np.uint64(peak_of(kind)) + np.uint64(most // 2)
    return np.asarray(wide // np.uint64(most), kind)


def _unmultiply(colours: Pixels, alpha: Pixels, half: int) -> Pixels:
    """Divide colours by the transparency they were multiplied by, rounding to nearest.

    a and b of Lab that were multiplied as signed numbers are offset by ``half``. Floats may lie
    above 1. What is wholly transparent stays as it is.
    """
    if colours.dtype.kind == "f":
        known = np.nan_to_num(alpha) > 0
        with np.errstate(over="ignore", invalid="ignore"):  # endless and no numbers stay so
            divided: Pixels = np.divide(colours, alpha, out=colours.copy(), where=known)
        return divided
    top = peak_of(colours.dtype)
    centre = np.zeros(colours.shape[-1], np.float32)
    centre[1:3] = half
    factor = np.float32(top) / np.maximum(alpha, 1).astype(np.float32)
    scaled = (colours - centre) * factor + centre
    return np.asarray(np.clip(scaled + np.float32(0.5), 0, top)).astype(colours.dtype)
