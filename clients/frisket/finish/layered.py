"""A finished picture as a PSD or PSB whose sheets stay layers."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

from frisket.documents import Rect
from frisket.documents.core.pixels import Pixels
from frisket.documents.core.resources import ImageResource
from frisket.documents.encode.beside import Beside
from frisket.documents.psd.layered import LayeredPlan, LayerPlan

from .place import measure_original
from .scene import Scene, Sheet
from .vips import Image, blend, make_plane, to_array

_RESOLUTION, _IPTC, _ICC, _EXIF, _XMP = 1005, 1028, 1039, 1058, 1060
_FIXED = 1 << 16


def plan_layers(scene: Scene, beside: Beside, path: Path) -> LayeredPlan:
    """Return the document: what lies below, the subject with its mask, the original hidden.

    Args:
        scene: what is written.
        beside: what goes along with it.
        path: the file; its suffix tells whether it is a PSB.
    """
    sheets = tuple(_plan_sheet(scene, one) for one in scene.under)
    layers = (_plan_original(scene), *sheets, _plan_subject(scene))
    whole = scene.flatten()
    return LayeredPlan(
        scene.width, scene.height, scene.space.mode, scene.space.depth,
        path.suffix.lower() == ".psb", layers, _read_whole(scene, whole),
        whole.coverage is not None and scene.spot is None, tuple(_list_resources(scene, beside)),
        scene.spot,
    )  # fmt: skip


def _plan_sheet(scene: Scene, sheet: Sheet) -> LayerPlan:
    has_alpha = sheet.coverage is not None
    image = sheet.colours.bandjoin(sheet.coverage) if has_alpha else sheet.colours
    whole = Rect(0, 0, scene.width, scene.height)
    return LayerPlan(sheet.name, whole, _read_stored(image, scene), has_alpha)


def _plan_subject(scene: Scene) -> LayerPlan:
    name, whole = scene.list_sheets()[-1].name, Rect(0, 0, scene.width, scene.height)
    image = scene.subject.bandjoin(scene.alpha)
    return LayerPlan(name, whole, _read_stored(image, scene), has_mask=True)


def _plan_original(scene: Scene) -> LayerPlan:
    """Return the picture as it was, whole, though the canvas shows a part of it."""
    image, x, y = measure_original(scene)
    rect = Rect(x, y, image.width, image.height)
    return LayerPlan("Original", rect, _read_stored(image, scene), is_visible=False)


def _read_whole(scene: Scene, whole: Sheet) -> Callable[[Rect], Pixels]:
    if whole.coverage is None:
        return _read_stored(whole.colours, scene)
    paper = scene.space.take_colour((255, 255, 255))
    plane = make_plane(scene.width, scene.height, paper, scene.space.depth)
    shown = blend(whole.colours, whole.coverage, plane)
    # A plate without ink is full, so where the subject is opaque the ink is knocked out.
    return _read_stored(shown.bandjoin(scene.alpha if scene.spot else whole.coverage), scene)


def _read_stored(image: Image, scene: Scene) -> Callable[[Rect], Pixels]:
    """Return what reads a rectangle as the file stores it: inks are stored as their absence."""
    inks = scene.space.channels if scene.space.mode == "CMYK" else 0

    def read(rect: Rect) -> Pixels:
        pixels = to_array(image.crop(rect.x, rect.y, rect.width, rect.height))
        if inks:
            pixels = pixels.copy()
            pixels[..., :inks] = scene.space.peak - pixels[..., :inks]
        return pixels

    return read


def _list_resources(scene: Scene, beside: Beside) -> list[ImageResource]:
    found = {
        _RESOLUTION: _pack_resolution(beside.resolution),
        _IPTC: beside.iptc,
        _ICC: scene.space.icc,
        _EXIF: beside.pack_exif(),
        _XMP: beside.upright_xmp,
    }
    return [ImageResource(number, b"", data) for number, data in found.items() if data]


def _pack_resolution(resolution: tuple[float, float] | None) -> bytes:
    """Return ResolutionInfo: fixed-point samples an inch, shown so, and sizes in inches."""
    if resolution is None:
        return b""
    across, down = (min(round(one * _FIXED), 0xFFFFFFFF) for one in resolution)
    return struct.pack(">IHHIHH", across, 1, 1, down, 1, 1)
