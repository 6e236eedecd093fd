"""Files of one video stream: how each container holds mattes, cutouts and finished frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from frisket.documents import OutputError
from frisket.jobs.video.matting import Samples
from frisket.jobs.video.pyav import load_av
from frisket.jobs.video.shape import Shape, Tags

MATTE, CUTOUT, FINISHED = "matte", "cutout", "finished"


@dataclass(frozen=True)
class Codec:
    """How a container holds frames.

    Attributes:
        name: of the encoder.
        formats: the pixel format of each kind of result that it takes.
        options: of the encoder.
        audio: codecs of sound that it holds as they are.
        audio_else: what other sound becomes.
    """

    name: str
    formats: Mapping[str, str]
    options: Mapping[str, str]
    audio: frozenset[str]
    audio_else: str


_LOSSY = frozenset({"aac", "mp3", "ac3", "eac3", "alac"})
CODECS = {
    ".mov": Codec(
        "prores_ks",
        {MATTE: "yuv444p10le", CUTOUT: "yuva444p10le", FINISHED: "yuv444p10le"},
        # At a fixed step of the quantiser, the finest one: the encoder's search for a step comes to
        # that one as well where it is allowed to, and takes four fifths of its time.
        {"profile": "4444", "alpha_bits": "16", "vendor": "apl0", "global_quality": "118"},
        _LOSSY | {"pcm_s16le", "pcm_s24le", "pcm_s16be", "pcm_s24be", "pcm_f32le"},
        "pcm_s16le",
    ),
    ".webm": Codec(
        "libvpx-vp9",
        {MATTE: "yuv420p", CUTOUT: "yuva420p", FINISHED: "yuv420p"},
        {"crf": "18", "b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1",
         "auto-alt-ref": "0", "lag-in-frames": "0"},
        frozenset({"opus", "vorbis"}),
        "libopus",
    ),
    ".mkv": Codec(
        "ffv1",
        {MATTE: "gray16le", CUTOUT: "rgba64le", FINISHED: "rgb48le"},
        {"level": "3", "slicecrc": "1", "g": "1"},
        _LOSSY | {"flac", "opus", "vorbis", "pcm_s16le", "pcm_s24le", "dts"},
        "flac",
    ),
    ".mp4": Codec(
        "libx264",
        {MATTE: "yuv420p", FINISHED: "yuv420p"},
        {"crf": "16", "preset": "medium", "bf": "0"},
        _LOSSY,
        "aac",
    ),
}  # fmt: skip
SQUARE = frozenset({".mkv", ".webm"})
"""Containers whose pixels are square: PyAV cannot tell their muxer another shape."""
_ARRAYS = {
    (1, 1): "gray", (1, 2): "gray16le", (3, 1): "rgb24", (3, 2): "rgb48le", (4, 1): "rgba",
    (4, 2): "rgba64le",
}  # fmt: skip
_SPACES = frozenset({1, 4, 5, 6, 7, 9})  # matrices that the scaler knows
_SMPTE170M, _BT601 = 6, 5


class Movie:
    """A file with one video stream, being written; a context.

    Args:
        path: of the file; its suffix names the container.
        shape: of the frames.
        kind: "matte", "cutout" or "finished".

    Raises:
        OutputError: it cannot be written.
    """

    def __init__(self, path: Path, shape: Shape, kind: str) -> None:
        self._av = load_av(path)
        self._path, self._shape = path, shape
        self._codec = CODECS[path.suffix.lower()]
        self._format = self._codec.formats[kind]
        try:
            self._container = self._av.open(str(path), "w")
            self._stream = self._add_stream()
        except (self._av.FFmpegError, ValueError) as error:
            raise OutputError(path, f"cannot be encoded here ({error})") from None

    def __enter__(self) -> Movie:
        return self

    def __exit__(self, kind: object, *exception: object) -> None:
        if kind is None:
            self._mux(self._stream.encode(None))
        self._container.close()

    def _add_stream(self) -> Any:
        shape, codec = self._shape, self._codec
        stream = self._container.add_stream(
            codec.name, rate=shape.rate, options=dict(codec.options)
        )
        stream.width, stream.height = shape.width, shape.height
        stream.codec_context.sample_aspect_ratio = shape.pixel_aspect
        stream.pix_fmt = self._format
        stream.time_base = stream.codec_context.time_base = shape.time_base
        if self._format.startswith("yuva"):
            stream.metadata["alpha_mode"] = "1"
        _tag(stream.codec_context, shape.tags)
        return stream

    def write(self, pixels: Samples, pts: int) -> None:
        """Write a frame: (height, width) or (height, width, 3 or 4), uint8 or uint16.

        Raises:
            OutputError: the disk is full, or the encoder refuses.
        """
        bands = 1 if pixels.ndim == 2 else pixels.shape[2]
        kind = _ARRAYS[bands, pixels.dtype.itemsize]
        if self._format == "yuva444p10le" and kind == "rgba64le":
            pixels = _round_alpha(pixels)
        frame = self._av.VideoFrame.from_ndarray(pixels, format=kind)
        space = self._shape.tags.space
        if kind != self._format:
            matrix = _BT601 if space == _SMPTE170M else space
            frame = frame.reformat(
                format=self._format, dst_colorspace=matrix if space in _SPACES else None
            )
        # ProRes writes them into every frame; the container's own are not enough.
        _tag(frame, self._shape.tags)
        frame.pts, frame.time_base = pts, self._shape.time_base
        try:
            self._mux(self._stream.encode(frame))
        except (self._av.FFmpegError, OSError) as error:
            raise OutputError(
                self._path, f"cannot be written ({getattr(error, 'strerror', '') or error})",
                advice="the segments before it stay, and the same command goes on there",
            ) from None  # fmt: skip

    def _mux(self, packets: Any) -> None:
        for packet in packets:
            self._container.mux(packet)


def _round_alpha(pixels: Samples) -> Samples:
    """Return RGBA whose alpha is rounded to 10 bits: FFmpeg's scaler would cut it off."""
    rounded: Samples = pixels.copy()
    levels = (pixels[..., 3].astype(np.uint32) * 1023 + 32767) // 65535
    rounded[..., 3] = levels << 6
    return rounded


def _tag(holder: Any, tags: Tags) -> None:
    """Say in a frame or an encoder how the colours are meant, where that is known."""
    if tags.space != 0:
        holder.colorspace = tags.space
    holder.color_primaries, holder.color_trc = tags.primaries, tags.transfer
    holder.color_range = 1 if tags.limited else 2
