"""The subject of one picture: bytes, a path, a PIL image or an array in, the same kind out."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np
import numpy.typing as npt
from PIL import Image

from frisket.documents import LayerResult, Rect
from frisket.documents.base.document import BaseDocument
from frisket.documents.core.pixels import Pixels
from frisket.documents.write.cutout import Cutout
from frisket.jobs.cutting import cut_layer, make_result
from frisket.jobs.deliver import DELIVERIES
from frisket.jobs.kept import KEPT
from frisket.jobs.keywords import MatteKeywords, RemoveKeywords, read_keywords
from frisket.jobs.matting import Progress
from frisket.jobs.pictures import Bytes, Picture, open_picture, to_image, to_rgba
from frisket.jobs.task import CutOptions, NoSubject

if TYPE_CHECKING:
    from typing_extensions import Unpack

Sample = TypeVar("Sample", np.uint8, np.uint16)


def _ignore(stage: str, done: int, total: int) -> None:
    """Take a step of the work and show nothing."""


@overload
def remove(
    image: Bytes, *, progress: Progress = ..., **options: Unpack[RemoveKeywords]
) -> bytes: ...
@overload
def remove(
    image: npt.NDArray[Sample], *, progress: Progress = ..., **options: Unpack[RemoveKeywords]
) -> npt.NDArray[Sample]: ...
@overload
def remove(
    image: str | os.PathLike[str] | Image.Image,
    *,
    progress: Progress = ...,
    **options: Unpack[RemoveKeywords],
) -> Image.Image: ...
def remove(
    image: Picture, *, progress: Progress = _ignore, **options: Unpack[RemoveKeywords]
) -> bytes | Image.Image | npt.NDArray[Any]:
    r"""Return a picture without its background.

    The first call starts a server on this machine, which stays warm for the next. The result
    lies in memory whole; for files of any size use `cut`.

    Examples:
        >>> from frisket import remove
        >>> cutout = remove("portrait.png")
        >>> cutout.mode, cutout.size
        ('RGBA', (320, 240))

        Bytes of an image file become bytes of a PNG, an array an array of the same type:

        >>> remove(Path("portrait.png").read_bytes())[:4]
        b'\x89PNG'
        >>> remove(np.asarray(Image.open("portrait.png")), quality="high").shape
        (240, 320, 4)

    Args:
        image: bytes of an image file, a path, a PIL image, or an array of uint8 or uint16
            with shape (height, width) or (height, width, 1 to 4), RGB and not BGR.
        progress: see `frisket.jobs.matting.Progress`.
        options: see `frisket.jobs.keywords.RemoveKeywords`.

    Returns:
        For bytes a PNG as bytes, in the depth and with the profile of the picture; for an array
        RGBA (height, width, 4) of the same type; for a path or a PIL image an RGBA image.

    Raises:
        NoSubject, BadOption: nothing is there to cut out, or an option or `image` is none.
        DocumentError, ClientError: the picture cannot be read, or the server refuses.
    """
    wanted = read_keywords(options, RemoveKeywords, "remove()")
    with _matte_picture(image, "cutout", wanted, progress) as made:
        if isinstance(image, np.ndarray):
            return made.read_cutout()
        return to_image(made.read_cutout(), made.icc) if _is_image(image) else made.encode()


@overload
def matte(image: Bytes, *, progress: Progress = ..., **options: Unpack[MatteKeywords]) -> bytes: ...
@overload
def matte(
    image: npt.NDArray[Any], *, progress: Progress = ..., **options: Unpack[MatteKeywords]
) -> npt.NDArray[Any]: ...
@overload
def matte(
    image: str | os.PathLike[str] | Image.Image,
    *,
    progress: Progress = ...,
    **options: Unpack[MatteKeywords],
) -> Image.Image: ...
def matte(
    image: Picture, *, progress: Progress = _ignore, **options: Unpack[MatteKeywords]
) -> bytes | Image.Image | npt.NDArray[Any]:
    """Return the alpha of a picture's subject: 0 is background, the greatest value subject.

    Examples:
        >>> from frisket import matte
        >>> alpha = matte(np.asarray(Image.open("portrait.png")), depth=16)
        >>> alpha.shape, alpha.dtype
        ((240, 320), dtype('uint16'))

    Args:
        image: as `remove` takes it.
        progress: as `remove` takes it.
        options: named as on the command line, see `frisket.jobs.keywords.MatteKeywords`;
            `depth` is 8 (the default) or 16 bits.

    Returns:
        For bytes a greyscale PNG as bytes; for an array (height, width), uint8 or uint16 by
        `depth`; for a path or a PIL image a greyscale image, "L" or "I;16" by `depth`.

    Raises:
        FrisketError: what `remove` raises.
    """
    wanted = read_keywords(options, MatteKeywords, "matte()")
    with _matte_picture(image, "matte", wanted, progress) as made:
        if isinstance(image, np.ndarray):
            return made.read_alpha()
        return to_image(made.read_alpha(), None) if _is_image(image) else made.encode()


def _is_image(image: Picture) -> bool:
    """Tell whether the answer is a PIL image."""
    return isinstance(image, (str, os.PathLike, Image.Image))


@dataclass(frozen=True)
class _Made:
    """A finished result; its pixels are read and its file is written when asked for."""

    document: BaseDocument
    result: LayerResult
    options: CutOptions
    kind: str

    @property
    def icc(self) -> bytes | None:
        """The profile that the cutout's colours are meant in, where it is one of RGB."""
        return self.document.icc_profile if self.result.layer.mode == "RGB" else None

    def read_cutout(self) -> Pixels:
        """Return RGBA (height, width, 4), uint8 or uint16 by the picture."""
        raster = self.document.raster(self.result.layer)
        cutout = Cutout(raster, self.result.alpha, self.result.colours)
        return to_rgba(cutout.read(Rect(0, 0, cutout.width, cutout.height)))

    def read_alpha(self) -> Pixels:
        """Return (height, width), uint8 or uint16 by the depth that was asked for."""
        alpha = self.result.alpha
        return alpha.read(Rect(0, 0, alpha.width, alpha.height))

    def encode(self) -> bytes:
        """Return the PNG that `frisket cut` writes."""
        with tempfile.TemporaryDirectory(prefix="frisket-") as folder:
            path = Path(folder, "result.png")
            how = self.options.result_options()
            DELIVERIES[self.kind].write(self.document, path, [self.result], how)
            return path.read_bytes()


@contextmanager
def _matte_picture(
    image: Picture, kind: str, options: CutOptions, progress: Callable[[str, int, int], None]
) -> Iterator[_Made]:
    """Matte a picture; what comes of it can be read while the context lasts."""
    any_subject = replace(options, allow_empty=True)
    with open_picture(image, options) as (document, layer), KEPT.borrow(options.server) as server:
        done = cut_layer(document, layer, DELIVERIES[kind], any_subject, server, progress)
        with done.run.store:
            if done.run.outcome.subject is None and not options.allow_empty:
                raise NoSubject(
                    f"No subject was found in {document.path}: say where it is with boxes= or "
                    "points=, or try another model=."
                )
            yield _Made(document, make_result(document, done, options.threshold), options, kind)
