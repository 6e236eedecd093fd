"""The names of finishing's options and what reads their texts: light, for parsers load it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from frisket.nearest import find_nearest

from .words import read_align, read_aspect, read_bytes, read_margin, read_pair, read_share

FINISHED = "finished"
"""The kind of result that a finish is."""
FITS = ("fill", "fit", "stretch", "pad")
SOFTNESSES = ("soft", "natural", "crisp")
METADATA = ("keep", "private", "none")
SHIFT_LIMITS_PX = (-100.0, 100.0)
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".avif", ".tif", ".tiff", ".psd", ".psb")
"""What a finished picture may be named."""
SHADOW = "shadow"
"""What is named for a file of the shadows alone."""
Reader = Callable[[str], Any]


def read_icc(text: str) -> str | Path:
    """Return "keep", "srgb", or the path of a profile."""
    word = text.strip()
    if word.lower() in ("keep", "srgb"):
        return word.lower()
    if Path(word).suffix.lower() not in (".icc", ".icm"):
        raise ValueError(f"{text!r} is no profile: use keep, srgb, or name an .icc file")
    return read_file(word)


def read_file(word: str) -> Path:
    """Return the path that a word is; a leading `~` is the user's folder."""
    try:
        return Path(word).expanduser()
    except RuntimeError:  # the system knows no such user
        return Path(word)


def read_also(text: str) -> str:
    """Return the suffix of one of `SUFFIXES`, with or without its dot, or `SHADOW`."""
    if text.strip().lower() == SHADOW:
        return SHADOW
    suffix = "." + text.strip().lower().lstrip(".")
    if suffix not in SUFFIXES:
        known = ", ".join(one[1:] for one in SUFFIXES)
        raise ValueError(f"{text!r} is no format of finished pictures: use {known}, or {SHADOW}")
    return suffix


@dataclass(frozen=True)
class Number:
    """Reads a number of a range.

    Attributes:
        low, high: the least and the greatest.
        whole: whether it is a whole one.
        exclusive: whether the least itself is none.
    """

    low: float
    high: float
    whole: bool = False
    exclusive: bool = False

    def __call__(self, text: str) -> float:
        """Return the number.

        Raises:
            ValueError: it is none, or lies outside.
        """
        try:
            value = int(text) if self.whole else float(text)
        except ValueError:
            raise ValueError(f"{text!r} is not a number") from None
        low, high = self.low, self.high
        if not low <= value <= high or (self.exclusive and value == low):
            least = f"above {low:g} and at most" if self.exclusive else f"between {low:g} and"
            raise ValueError(f"{text!r} does not lie {least} {high:g}")
        return value


@dataclass(frozen=True)
class Choice:
    """Reads one of a few words."""

    words: tuple[str, ...]

    def __call__(self, text: str) -> str:
        """Return the word.

        Raises:
            ValueError: it is none of them.
        """
        if text not in self.words:
            near = find_nearest(text, self.words)
            hint = f"; did you mean {near!r}?" if near else ""
            raise ValueError(f"{text!r} is not possible: use {', '.join(self.words)}{hint}")
        return text


@dataclass(frozen=True)
class Late:
    """Reads with a function whose module is loaded when there is something to read."""

    module: str
    name: str

    def __call__(self, text: str) -> Any:
        """Return what the function returns, and raise its ValueError."""
        return getattr(import_module(f"frisket.finish.{self.module}"), self.name)(text)


# Every option but switches, with what reads its text.
READERS: dict[str, Reader] = {
    "background": Late("background", "read_background"),
    "generator": Late("generate", "read_generator"),
    "background_fit": Choice(FITS),
    "background_offset": read_pair,
    "shadow": Late("shadow", "read_shadow"),
    "canvas": Late("canvas", "read_canvas"),
    "crop": read_margin,
    "aspect": read_aspect,
    "align": read_align,
    "min_resolution": Number(1, 300_000, whole=True),
    "correct": Late("correct", "read_correction"),
    "softness": Choice(SOFTNESSES),
    "defringe": read_share,
    "harmonise": read_share,
    "blend_seam": read_share,
    "encode_quality": Number(1, 100, whole=True),
    "max_bytes": read_bytes,
    "dpi": Number(1, 100_000),
    "icc": read_icc,
    "bits": Number(8, 16, whole=True),
    "metadata": Choice(METADATA),
    "also": read_also,
    "step": Late("options", "read_step"),
    "shift": Number(*SHIFT_LIMITS_PX),
    "feather": Number(0, SHIFT_LIMITS_PX[1]),
}
SWITCHES = ("upsample", "private", "overwrite")
SEVERAL = ("correct", "shadow", "also", "step")
NAMES = (*READERS, *SWITCHES)
FRAME_STEPS = (
    "correct", "softness", "shift", "feather", "defringe", "harmonise", "blend_seam", "shadow",
    "background_fit", "background_offset", "step",
)  # fmt: skip
"""What a video takes beside a background: all that leaves a frame its size."""
