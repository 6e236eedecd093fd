"""Mattes of frames that follow one another: a motion-compensated recursive filter in the band.

What was found in a frame is carried along with the motion to the next and averaged with what is
found there, the weight of the past growing with the number of frames in which a pixel was seen,
as a Kalman filter of a constant does (Kalman 1960, gain 1 / (n + 1)). Where a pixel is new, the
past counts for nothing. Outside the band alpha stays 0 or full.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from .motion import Motion
from .moving import move_hints
from .planes import Planes, multiply_planes, split_planes
from .types import Bytes, Float, Hints, LinearMatte

_NOTHING = Hints()
_MEMORY = 3.0  # frames that the past counts for at most
_CHANGED = 8  # levels of alpha by which a hint changes what was
_BEYOND = 0.05  # how far a remembered alpha may lie outside 0..1
_SHAKE = 0.02  # of alpha by grain, at which a slope is halved
_STEP = np.float32(1 / 4096)  # of the slopes and offsets, as the solve has them


@dataclass(frozen=True, eq=False)
class Track:
    """What a frame leaves to the one after it.

    Attributes:
        rgb: (h, w, 3) uint8: the frame's proxy.
        coarse: (h, w) float32: its coarse alpha, 0..255, filtered.
        seen: (h, w) float32: in how many frames a pixel was seen, at most 3.
        a: (rows, columns, 3) float32: slopes of its matte, filtered.
        shown: (rows, columns) float32: alpha at the cells, filtered.
        said: what hints say of it, in pixels of the proxy.
    """

    rgb: Bytes
    coarse: Float
    seen: Float
    a: Float
    shown: Float
    said: Hints = _NOTHING


@dataclass(frozen=True, eq=False)
class Past:
    """A track, carried along with the motion to the frame after it.

    Attributes:
        coarse, a, shown, said: as in the track.
        seen: (h, w) float32: in how many frames each pixel was seen before; 0 where it is new.
        motion: between the two frames.
    """

    coarse: Float
    a: Float
    shown: Float
    seen: Float
    motion: Motion
    said: Hints = _NOTHING

    @property
    def gain(self) -> Float:
        """How much the past counts (h, w), 0..1."""
        return np.asarray(self.seen / (self.seen + 1))


def carry_track(track: Track, motion: Motion) -> Past:
    """Return what a track says of the frame after it."""
    seen = motion.bring(track.seen) * motion.weigh(_size(track.seen))
    coarse, a, shown = (motion.bring(plane) for plane in (track.coarse, track.a, track.shown))
    return Past(coarse, a, shown, seen, motion, move_hints(track.said, motion, track.coarse))


def forget_changed(past: Past | None, before: Bytes, after: Bytes) -> Past | None:
    """Return the past without what hints have just changed in a coarse alpha (h, w) uint8."""
    if past is None or before is after:
        return past
    kept = np.abs(after.astype(np.int16) - before) < _CHANGED
    return replace(past, seen=past.seen * kept)


def steady_coarse(coarse: Bytes, past: Past | None) -> Bytes:
    """Return a coarse alpha (h, w) uint8, averaged with the past where they differ."""
    if past is None:
        return coarse
    now = coarse.astype(np.float32)
    now += past.gain * (past.coarse - now)
    return np.rint(now).astype(np.uint8)


def steady_matte(matte: LinearMatte, guide: Float, past: Past | None) -> LinearMatte:
    """Return a matte, averaged with the past within its band.

    Alpha at the cells is the average exactly. The slopes, which add what the layer's own pixels
    show between the cells, are lessened where grain alone would shake alpha by them.

    Args:
        matte: of this frame alone.
        guide: (rows, columns, 3) float32: the frame at the matte's cells, 0..1.
        past: what is known from the frames before.
    """
    if past is None:
        return matte
    inside = matte.known == 128
    gain = _fit(past.gain, matte.b) * inside
    slopes = _average_slopes(matte, past, gain)
    shown = show_matte(matte, guide)
    shown += gain * (past.shown - shown)
    offset = shown - multiply_planes(slopes, split_planes(guide))
    a, b = matte.a.copy(), matte.b.copy()
    for to, plane in zip((*split_planes(a), b), (*slopes, offset), strict=True):
        plane /= _STEP
        np.copyto(to, np.rint(plane, out=plane) * _STEP, where=inside)
    alpha = np.rint(np.clip(np.where(inside, shown, b), 0, 1) * 255).astype(np.uint8)
    return replace(matte, a=a, b=b, alpha=alpha)


def _average_slopes(matte: LinearMatte, past: Past, gain: Float) -> Planes:
    """Return the three planes of the slopes, lessened by grain."""
    pairs = zip(split_planes(matte.a), split_planes(past.a), strict=True)
    planes = tuple(now + gain * (before - now) for now, before in pairs)
    lessening = 1 + multiply_planes(planes, planes) * _weigh_grain(past, matte.layer_width)
    for plane in planes:
        plane /= lessening
    return planes


def _weigh_grain(past: Past, layer_width: int) -> float:
    """Return by how much a slope's square lessens it, as Wiener's filter does."""
    return float((past.motion.measure_grain(layer_width) / _SHAKE) ** 2)


def show_matte(matte: LinearMatte, guide: Float) -> Float:
    """Return alpha (rows, columns) at a matte's own cells, not clipped."""
    return np.asarray(
        multiply_planes(split_planes(matte.a), split_planes(guide)) + matte.b, np.float32
    )


def leave_track(
    rgb: Bytes,
    coarse: Bytes,
    matte: LinearMatte,
    guide: Float,
    past: Past | None,
    said: Hints = _NOTHING,
) -> Track:
    """Return what a frame leaves to the next, its coarse alpha and matte being filtered."""
    seen = np.ones(coarse.shape, np.float32)
    if past is not None:
        seen += past.seen
    shown = np.clip(show_matte(matte, guide), -_BEYOND, 1 + _BEYOND)
    return Track(rgb, coarse.astype(np.float32), np.minimum(seen, _MEMORY), matte.a, shown, said)


def _size(plane: Float) -> tuple[int, int]:
    return plane.shape[0], plane.shape[1]


def _fit(plane: Float, like: Float) -> Float:
    if plane.shape == like.shape:
        return plane
    return np.asarray(cv2.resize(plane, like.shape[::-1], interpolation=cv2.INTER_LINEAR))
