"""Frames and their mattes as arrays, one after another."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import numpy as np

from frisket.client.options import Options
from frisket.jobs.choices import BadOption, check_choice
from frisket.jobs.connection import Connection
from frisket.jobs.video.matting import (
    MattedFrame,
    Samples,
    describe_frames,
    matte_stream,
)
from frisket.jobs.video.options import VideoOptions
from frisket.jobs.video.planning import plan_frames
from frisket.jobs.video.shape import Frame, Shape, Source
from frisket.jobs.video.source import open_source
from frisket.protocol.choices import ALPHA_DEPTHS


def matte_frames(
    source: str | os.PathLike[str] | Iterable[Samples],
    options: VideoOptions | None = None,
    *,
    depth: int = 8,
    connection: Connection | None = None,
) -> Iterator[tuple[Samples, Samples]]:
    """Yield every frame with its matte; several frames are on their way at once.

    Examples:
        >>> from frisket.jobs import video
        >>> still = np.asarray(Image.open("portrait.png"))
        >>> [alpha.shape for frame, alpha in video.matte_frames([still, still])]
        [(240, 320), (240, 320)]

    Args:
        source: as of `matte_video`, or arrays (height, width, 3) of one size and type, uint8 or
            uint16, RGB; they are taken as they are needed, so they may come from a camera.
        options: model, quality, range and server; kind and background are of no concern.
        depth: bits of the mattes, 8 or 16.
        connection: to a server; None opens one by `options.server`.

    Returns:
        Pairs of a frame (height, width, 3) and its alpha (height, width), uint8 or uint16.

    Raises:
        FrisketError: a frame cannot be read, or the server refuses or is lost.
    """
    wanted = options or VideoOptions()
    check_choice("depth", depth, ALPHA_DEPTHS)
    opened = _open(source, wanted.deinterlace)
    wanted = wanted.find_range(opened)
    with ExitStack() as stack:
        server = connection or stack.enter_context(Connection(wanted.server))
        for matted in _matte(opened, wanted, depth, server):
            yield matted.frame.rgb, matted.alpha


def _open(source: str | os.PathLike[str] | Iterable[Samples], deinterlace: bool) -> Source:
    if isinstance(source, (str, os.PathLike)):
        return open_source(Path(source), deinterlace)
    return _Arrays(source)


def _matte(
    source: Source, wanted: VideoOptions, depth: int, connection: Connection
) -> Iterator[MattedFrame]:
    shape = source.shape
    layer = describe_frames(shape.width, shape.height, shape.depth, wanted.quality)
    begin = wanted.first // wanted.segment
    frames = plan_frames(
        source, wanted.first, wanted.last, begin, wanted.segment, wanted.place_hints(source)
    )
    asked = Options(wanted.model, wanted.quality, depth)
    return matte_stream(frames, layer, asked, connection)


class _Arrays:
    """Frames that somebody has in memory."""

    def __init__(self, arrays: Iterable[Samples]) -> None:
        self.path, self.notes, self.first_number = Path("the frames"), list[str](), 0
        rest = iter(arrays)
        first = next(rest, None)
        if first is None:
            raise BadOption("The source has no frame.")
        _check(first, first)
        self._arrays = itertools.chain([first], rest)
        height, width = first.shape[:2]
        rate = Fraction(25)
        self.shape = Shape(width, height, first.dtype.itemsize * 8, rate, 1 / rate, 0)

    def read(self, first: int = 0) -> Iterator[Frame]:
        """Yield frames from a place on; once."""
        like: Samples | None = None
        for place, rgb in enumerate(self._arrays):
            like = rgb if like is None else like
            _check(rgb, like)
            if place >= first:
                yield Frame(place, place, rgb)

    def find_file(self, place: int) -> Path | None:
        """Return None: what is in memory has no files."""
        return None

    def list_files(self) -> list[Path]:
        """Return none: what is in memory has no files."""
        return []

    def find_place(self, seconds: Fraction) -> int:
        """Return the place at a time, by the rate; see `Source`."""
        return math.ceil(seconds * self.shape.rate)


def _check(rgb: Samples, like: Samples) -> None:
    if not isinstance(rgb, np.ndarray) or rgb.ndim != 3 or rgb.shape[2] != 3:
        raise BadOption("A frame must be an array (height, width, 3).")
    if rgb.dtype not in (np.uint8, np.uint16):
        raise BadOption(f"A frame has samples of {rgb.dtype}: give uint8 or uint16.")
    if (rgb.shape, rgb.dtype) != (like.shape, like.dtype):
        raise BadOption(f"A frame is {rgb.shape} {rgb.dtype}, those before it {like.shape}.")
