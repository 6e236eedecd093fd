"""The picture that a PSD shows, composed by psd-tools where the file holds none.

psd-tools reads the file in a child process with limits of memory and time, and only where the
``[compose]`` extra has brought it. The picture goes through a temporary file, so that this process
holds no more of it than it looks at.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import weakref
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from frisket.extras import advise_install

from ..base.arrays import ArrayRaster
from ..core.errors import DocumentError, MissingExtra, UnsupportedDocument
from ..core.pixels import dtype_of
from ..io.child import SandboxLimits, Workshop, serve
from .rasters import describe_colour

if TYPE_CHECKING:
    from .document import PsdDocument

MOST_PIXELS = 50_000_000
_MODES = ("RGB", "GRAY", "CMYK")
_SAVE = "save it with maximised compatibility, or export it as TIFF or PNG"
_BAND = 256


def explain_refusal(document: PsdDocument) -> UnsupportedDocument | None:
    """Return why a document whose merged image is missing or stale cannot be composed, or None."""
    pixels = document.width * document.height
    reason, advice = "", _SAVE
    if document.mode not in _MODES:
        reason = f"{document.mode} is not composed"
    elif pixels > MOST_PIXELS:
        reason = f"{pixels / 1e6:.0f} megapixels are more than the 50 that are composed"
    elif find_spec("psd_tools") is None:
        reason, advice = (
            "composing the layers needs an extra",
            f"{advise_install('compose')}; or {_SAVE}",
        )
    if not reason:
        return None
    return UnsupportedDocument(
        document.path,
        f"its merged image is missing or does not show the layers, and {reason}",
        advice=advice,
    )


def describe_composed(document: PsdDocument) -> ArrayRaster:
    """Return a raster of one pixel in the form that the composed picture has."""
    return _wrap(document, np.zeros((1, 1, document.count_colours() + 1), _choose_dtype(document)))


def compose(document: PsdDocument) -> ArrayRaster:
    """Return the composed picture: colours as the document stores them, then transparency.

    Raises:
        DocumentError: psd-tools cannot compose it within the limits.
    """
    dtype = _choose_dtype(document)
    shape = document.height, document.width, document.count_colours() + 1
    size = int(np.prod(shape)) * dtype.itemsize
    folder = tempfile.TemporaryDirectory(prefix="frisket-", ignore_cleanup_errors=True)
    try:
        out = Path(folder.name, "composed")
        request = {"path": document.path, "out": str(out), "dtype": dtype.str, "shape": shape}
        with Workshop(__name__, "composing", SandboxLimits(written=size)) as child:
            child.ask(document.path, request)
        values = np.memmap(out, dtype, "r", shape=shape)
    except BaseException:
        folder.cleanup()
        raise
    with contextlib.suppress(OSError):  # Windows removes it when nobody looks at it any more
        out.unlink()
    raster = _wrap(document, values)
    weakref.finalize(raster, folder.cleanup)
    return raster


def _choose_dtype(document: PsdDocument) -> np.dtype[Any]:
    return dtype_of(document.depth)


def _wrap(document: PsdDocument, values: np.ndarray[Any, Any]) -> ArrayRaster:
    colour = describe_colour(document, document.count_colours())
    return ArrayRaster(values, document.mode, colour, has_alpha=True)


def draw(request: dict[str, Any]) -> None:
    """Compose a file, and write the samples as they are asked for."""
    path = request["path"]
    try:
        from psd_tools import PSDImage
        from psd_tools.composite import composite

        colours, _, opacity = composite(PSDImage.open(path))
    except (DocumentError, MemoryError):
        raise
    except ImportError as error:
        raise MissingExtra(path, "composing the layers needs", "compose") from error
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UnsupportedDocument(
            path, f"its layers cannot be composed ({reason})", advice=_SAVE
        ) from error
    _write(Path(request["out"]), np.dtype(request["dtype"]), request["shape"], colours, opacity)


def _write(out: Path, dtype: np.dtype[Any], shape: list[int], colours: Any, opacity: Any) -> None:
    height, width, channels = shape
    top = 1.0 if dtype.kind == "f" else float(np.iinfo(dtype).max)
    with out.open("wb") as file:
        for y in range(0, height, _BAND):
            band = np.empty((min(_BAND, height - y), width, channels), np.float32)
            band[..., :-1] = colours[y : y + _BAND, :, : channels - 1]
            band[..., -1] = opacity[y : y + _BAND].reshape(band.shape[:2])
            values = band if dtype.kind == "f" else np.rint(np.clip(band, 0, 1) * top)
            file.write(values.astype(dtype).tobytes())


if __name__ == "__main__":
    sys.exit(serve(draw))
