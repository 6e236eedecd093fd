"""An OpenEXR file: its pictures as layers, placed in the display window."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import Any

from ..base.document import BaseDocument
from ..base.raster import PixelForm
from ..core.errors import UnreadableDocument
from ..core.model import Layer
from ..encode.beside import Beside, Place
from ..encode.described import Description, make_resolution
from ..encode.tiled import ASCII, Tag
from .parts import Picture, list_pictures, open_file
from .raster import ExrRaster

# Attributes by the names that OpenImageIO gives them, and the tags of EXIF that say the same.
_TAGS = {
    "ImageDescription": 270, "cameraMake": 271, "Make": 271, "cameraModel": 272, "Model": 272,
    "Software": 305, "DateTime": 306, "Artist": 315, "Copyright": 33432,
}  # fmt: skip
_FURTHEST = 1 << 30  # pixels between two windows
_NAMED = 6


class ExrDocument(BaseDocument):
    """An open file; its canvas is the display window of the first picture."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path)
        self.format, self.depth = "EXR", 32
        self._input, self._lock = open_file(self.path), threading.Lock()
        try:
            self._pictures, self._others = list_pictures(self.path, self._input)
            spec = self._find_spec(self._pictures[0])
            self._check_windows()
        except BaseException:
            self.close()
            raise
        self._origin = spec.full_x, spec.full_y
        self.width, self.height = spec.full_width, spec.full_height
        self.mode = "RGB" if len(self._pictures[0].taken) > 2 else "GRAY"
        self._rasters: dict[int, ExrRaster] = {}

    def _find_spec(self, picture: Picture) -> Any:
        return self._input.spec(picture.part, 0)

    def _check_windows(self) -> None:
        for picture in self._pictures:
            spec = self._find_spec(picture)
            places = spec.x, spec.y, spec.full_x, spec.full_y, spec.full_width, spec.full_height
            sizes = spec.full_width, spec.full_height
            if max(map(abs, places)) > _FURTHEST or min(sizes) < 1:
                raise UnreadableDocument(self.path, "its windows lie too far from each other")

    def _list_layers(self) -> Sequence[Layer]:
        return tuple(self._describe(i, one) for i, one in enumerate(self._pictures, 1))

    def _describe(self, number: int, picture: Picture) -> Layer:
        spec, name = self._find_spec(picture), picture.name or "Image"
        return Layer(
            id=number,
            path=name,
            name=name.rpartition("/")[2],
            kind="image",
            x=spec.x - self._origin[0],
            y=spec.y - self._origin[1],
            width=spec.width,
            height=spec.height,
            visible=True,
            blend_mode="normal",
            has_mask=False,
            depth=32,
            mode="RGB" if len(picture.taken) > 2 else "GRAY",
            has_alpha=picture.alpha,
        )

    def raster(self, layer: Layer) -> ExrRaster:
        """Return the pixels of a layer."""
        if layer.id not in self._rasters:
            picture = self._pictures[layer.id - 1]
            self._rasters[layer.id] = ExrRaster(self.path, self._input, self._lock, picture)
        return self._rasters[layer.id]

    def describe_pixels(self, layer: Layer) -> PixelForm:
        """Return what the pixels of a layer are stored as; nothing is decoded for it."""
        colours = 1 if layer.mode == "GRAY" else 3
        return PixelForm(layer.mode, 32, colours, half=self._pictures[layer.id - 1].half)

    def tell_beside(self, layer: Layer) -> Beside:
        """Return resolution, description and rights, and which channels no result holds."""
        picture = self._pictures[layer.id - 1]
        spec = self._find_spec(picture)
        texts = ((code, _read_bytes(spec, name)) for name, code in _TAGS.items())
        found = {code: text for code, text in texts if text}
        tags = tuple(Tag(code, ASCII, text + b"\0") for code, text in sorted(found.items()))
        across, down = (_read_number(spec, f"{axis}Resolution") for axis in "XY")
        inches = spec.getattribute("ResolutionUnit") == "in"
        return Beside(
            resolution=make_resolution(across, down) if inches else None,
            description=Description(tags),
            place=self._find_place(spec),
            lost=self._name_others(picture),
        )

    def _find_place(self, spec: Any) -> Place | None:
        canvas = (*self._origin, self.width, self.height)
        place = Place((spec.x, spec.y), canvas)
        return None if (*place.at, spec.width, spec.height) == canvas else place

    def _name_others(self, picture: Picture) -> tuple[str, ...]:
        layers = [f"layer {one.name or 'Image'}" for one in self._pictures if one != picture]
        names = [*layers, *self._others]
        more = [f"{len(names) - _NAMED} more"] if len(names) > _NAMED else []
        shown = " and ".join([", ".join(names[:_NAMED]), *more])
        return (f"its other channels ({shown})",) if names else ()

    def close(self) -> None:
        """Close the file."""
        self._input.close()


def _read_bytes(spec: Any, name: str) -> bytes:
    try:
        value = spec.getattribute(name)
    except UnicodeDecodeError:
        return b""
    return value.encode() if isinstance(value, str) else b""


def _read_number(spec: Any, name: str) -> float:
    value = spec.getattribute(name)
    return float(value) if isinstance(value, (int, float)) else 0.0
