"""Camera raw files through rawpy, which the ``[raw]`` extra brings."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from ..base.document import BaseDocument
from ..base.raster import PixelForm
from ..core.errors import MissingExtra, UnreadableDocument
from ..core.model import Layer
from ..io.limits import check_raster

if TYPE_CHECKING:
    from ..base.arrays import ArrayRaster
    from ..core.pixels import Pixels
    from ..encode.beside import Beside


_RAW = (
    "3fr,arw,cr2,cr3,dcr,dng,erf,iiq,kdc,mef,mos,mrw,nef,nrw,orf,pef,raf,raw,rw2,rwl,sr2,srf,"
    "srw,x3f"
)
_STDERR = 2
_LISTENING = threading.Lock()
RAW_SUFFIXES = frozenset(f".{name}" for name in _RAW.split(","))


def open_raw(path: str) -> RawDocument:
    """Open a camera raw file.

    Raises:
        MissingExtra: The extra is missing; the message names the pip command.
        UnreadableDocument: The file is damaged.
    """
    try:
        import rawpy
    except ImportError as error:
        raise MissingExtra(path, "camera raw files need", "raw") from error
    with _listen(path):
        try:
            return RawDocument(path, rawpy.imread(path))
        except Exception as error:
            reason = str(error) or type(error).__name__
            raise UnreadableDocument(path, f"the raw file cannot be read ({reason})") from error


@contextmanager
def _listen(path: str) -> Iterator[None]:
    """Take what LibRaw remarks about a file on standard error for what it is: damage.

    LibRaw goes on with whatever it has, and tells nobody but the terminal. Its remarks begin with
    the file's name; what others write meanwhile comes after it.

    Raises:
        UnreadableDocument: There was a remark.
    """
    with _LISTENING, tempfile.TemporaryFile() as file:
        try:
            terminal = os.dup(_STDERR)
        except OSError:  # there is none
            yield
            return
        if sys.stderr is not None:
            sys.stderr.flush()
        os.dup2(file.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(terminal, _STDERR)
            os.close(terminal)
            remark = _pick_remark(path, file)
        if remark:
            raise UnreadableDocument(path, f"the raw file is damaged ({remark})")


def _pick_remark(path: str, file: IO[bytes]) -> str:
    """Return LibRaw's first remark, and pass on all other lines."""
    file.seek(0)
    begin, remark = os.fsencode(path) + b": ", ""
    for line in file.read().splitlines(keepends=True):
        if line.startswith(begin):
            remark = remark or line.removeprefix(begin).decode("utf-8", "replace").strip().lower()
        else:
            os.write(_STDERR, line)
    return remark


class RawDocument(BaseDocument):
    """A camera raw file, developed to 16-bit sRGB with the camera's white balance."""

    def __init__(self, path: str, raw: Any) -> None:
        super().__init__(path)
        self.format, self.depth, self.mode = "RAW", 16, "RGB"
        self._raw = raw
        sizes = raw.sizes
        turned = sizes.flip in (5, 6)  # quarter turns
        size = sizes.iwidth, sizes.iheight
        self.width, self.height = size[::-1] if turned else size
        check_raster(self.path, self.width, self.height, 3)
        self._raster: ArrayRaster | None = None

    def _list_layers(self) -> Sequence[Layer]:
        return (self._describe_whole(has_alpha=False),)

    def raster(self, layer: Layer) -> ArrayRaster:
        """Return the developed picture; it is decoded whole, once."""
        from ..base.arrays import ArrayRaster
        from ..colour import Colour

        if self._raster is None:
            self._raster = ArrayRaster(self._develop(), "RGB", Colour("RGB"), False)
        return self._raster

    def tell_beside(self, layer: Layer) -> Beside:
        """Return who made the picture, when and with what, where the raw file is a TIFF inside."""
        from ..encode.beside import Beside
        from ..encode.described import read_file
        from ..encode.readable import keep_readable

        return keep_readable(Beside(description=read_file(self.path)))

    def describe_pixels(self, layer: Layer) -> PixelForm:
        """Return what the developed picture is stored as; nothing is developed for it."""
        return PixelForm(self.mode, self.depth, 3)

    def _develop(self) -> Pixels:
        with _listen(self.path):
            try:
                pixels: Pixels = self._raw.postprocess(
                    output_bps=16, use_camera_wb=True, no_auto_bright=True
                )
            except Exception as error:
                raise UnreadableDocument(
                    self.path, f"the raw file cannot be developed ({error})"
                ) from error
        return pixels

    def close(self) -> None:
        """Close the file."""
        self._raw.close()
        self._raster = None
