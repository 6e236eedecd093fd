"""The layer with its alpha applied, in the document's own depth, colours and profile."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..base.document import BaseDocument
from ..base.raster import BaseRaster, PixelForm
from ..base.writer import ResultWriter
from ..colour import Colour
from ..colour.alpha import at_depth
from ..core.errors import OutputError, UnsupportedDocument
from ..core.model import AlphaSource, ColourSource, Layer, Rect
from ..core.pixels import Pixels, convert_depth, dtype_of, peak_of
from ..core.results import LayerResult, ResultOptions
from ..encode import png
from ..encode.beside import Beside, suit_profile
from ..encode.tiled import TiledPlan, TiledWriter, encode_tile
from ..io.output import atomic_output, check_place
from ..io.parallel import map_ordered, run_all
from .light import SUFFIX, measure_room, plan_light, write_light

_PHOTOMETRIC = {"GRAY": 1, "RGB": 2, "CMYK": 5, "LAB": 8}
# What each format holds, in bits of a sample.
_DEEPEST = {".tif": 32, ".tiff": 32, SUFFIX: 32, ".png": 16, ".webp": 8}
_PNG_PACKS = 2  # a cutout packs to half of its pixels at least, nearly
_WEBP_SIDE = 16383
_WEBP_PIXELS = 1 << 26
_BAND_BYTES = 32 << 20
_WHOLE_PIXELS = {2: np.uint16, 4: np.uint32, 8: np.uint64}  # by the bytes of a pixel


def write_cutout(
    out: str | os.PathLike[str],
    document: BaseDocument,
    layer: Layer,
    alpha: AlphaSource,
    colours: ColourSource | None = None,
) -> None:
    """Write a layer with transparency as TIFF, PNG, WebP or OpenEXR, by the suffix of ``out``.

    Colours keep the document's depth and profile, and become light in OpenEXR; where the layer was
    transparent it stays so. Pixels without any opacity are written as zeros.

    Args:
        out: ``.tif``, ``.tiff``, ``.png``, ``.webp`` or ``.exr``.
        document: Where the layer is from.
        layer: The layer.
        alpha: Its matte, of the layer's size.
        colours: Replaced colours (straight, full range, no alpha), or None for the layer's own.

    Raises:
        OutputError: A suffix that cannot hold it, or the file cannot be written.
    """
    blend = Cutout(document.raster(layer), alpha, colours)
    _check_form(out, blend.form, blend.width, blend.height)
    suffix = Path(out).suffix.lower()
    icc = _choose_profile(document, blend.form, suffix)
    write = {".png": _write_png, ".webp": _write_webp, SUFFIX: _write_exr}.get(suffix, _write_tiff)
    write(out, blend, icc, document.tell_beside(layer))


def _choose_profile(document: BaseDocument, form: PixelForm, suffix: str) -> bytes | None:
    """Return the profile of the document where it is one for what is stored."""
    if document.mode == "INDEXED" or document.mode == "DUOTONE":
        return None
    return suit_profile(document.icc_profile, "RGB" if suffix == ".webp" else form.mode)


def tell_lost(document: BaseDocument, output: Path, layers: Sequence[Layer]) -> list[str]:
    """Return what the document says beside its pixels and a cutout does not."""
    [layer] = layers
    suffix = output.suffix.lower()
    profile = document.icc_profile is not None
    lost = document.tell_beside(layer).tell_lost(suffix, coloured=True, profile=profile)
    form = document.describe_pixels(layer)
    if suffix == SUFFIX:
        return lost + _tell_lost_light(document, layer, form)
    if document.icc_profile and _choose_profile(document, form, suffix) is None:
        lost.append("its colour profile, which is not for what is stored")
    return lost


def _tell_lost_light(document: BaseDocument, layer: Layer, form: PixelForm) -> list[str]:
    """Return what is lost where colours become light in halves."""
    managed = Colour(form.mode, document.icc_profile).is_managed
    lost = ["colours that sRGB has not"] if managed else []
    narrowed = form.depth > 8 and not form.half
    return lost + (["what halves cannot tell apart"] if narrowed else [])


def check_cutout(
    document: BaseDocument, output: Path, layers: Sequence[Layer], options: ResultOptions
) -> None:
    """Refuse a cutout that the output's format cannot hold.

    Raises:
        OutputError: Its mode, depth or size is too much for the format, or there is no room.
        UnsupportedDocument: No format holds a cutout of the document's mode.
    """
    [layer] = layers
    form = document.describe_pixels(layer)
    _check_form(output, form, layer.width, layer.height)
    if output.suffix.lower() == ".png":
        plan = _plan_png(form, layer.width, layer.height, None)
        check_place(output, plan.raw_bytes // _PNG_PACKS)
    if output.suffix.lower() == SUFFIX:
        check_place(output, measure_room(plan_light(layer.width, layer.height, form.colours)))


def _write_result(
    document: BaseDocument, output: Path, results: Sequence[LayerResult], options: ResultOptions
) -> None:
    [result] = results
    write_cutout(output, document, result.layer, result.alpha, result.colours)


def _check_form(out: str | os.PathLike[str], form: PixelForm, width: int, height: int) -> None:
    """Refuse what the format named by the suffix cannot hold."""
    suffix = Path(out).suffix.lower()
    if form.mode not in _PHOTOMETRIC:
        raise UnsupportedDocument(
            out, f"a cutout of a {form.mode} document cannot be written", advice="use --as matte"
        )
    if suffix not in _DEEPEST:
        raise OutputError(
            out, f"a cutout cannot be written as {suffix or 'a file without suffix'}",
            advice="use .tif, .png, .webp or .exr",
        )  # fmt: skip
    if suffix == ".webp" and (max(width, height) > _WEBP_SIDE or width * height > _WEBP_PIXELS):
        raise OutputError(
            out, "too large for WebP, which ends at 16383 pixels a side", advice="use .tif or .png"
        )
    plain = suffix in (".tif", ".tiff", SUFFIX) or form.mode in ("RGB", "GRAY")
    if not plain or form.depth > _DEEPEST[suffix]:
        name = "WebP" if suffix == ".webp" else "PNG"
        raise OutputError(
            out, f"{name} cannot hold {form.mode} of {form.depth} bits", advice="use .tif"
        )


@dataclass
class Cutout:
    """Reads finished cutout pixels by rectangle.

    Attributes:
        raster: The layer's pixels.
        alpha: Its matte.
        colours: Replaced colours, or None.
        sign_lab: Whether Lab is given the way TIFF stores it.
    """

    raster: BaseRaster
    alpha: AlphaSource
    colours: ColourSource | None = None
    sign_lab: bool = True

    def __post_init__(self) -> None:
        raster, alpha = self.raster, self.alpha
        if (alpha.width, alpha.height) != (raster.width, raster.height):
            raise ValueError(
                f"an alpha of {alpha.width} × {alpha.height} does not fit a layer of "
                f"{raster.width} × {raster.height}"
            )
        self.width, self.height = raster.width, raster.height
        self.form = raster.form
        self.from_palette = raster.colour.palette is not None
        self.depth, self.samples = self.form.depth, 1 + self.form.colours
        self.dtype = dtype_of(self.depth)
        self._top = peak_of(np.dtype(np.uint16 if self.depth > 8 else np.uint8))
        # Transparency beside a palette is rounded to 8 bits already: the matte is not as well.
        rounded = self.from_palette and raster.has_alpha and raster.dtype.itemsize > 1
        self._alpha = at_depth(alpha, 16 if self.depth > 8 or rounded else 8)
        self._whole = (1 << self._alpha.depth) - 1

    def solid(self, rect: Rect) -> int | None:
        """Return 0 where nothing is left of the rectangle, the top where all of it is."""
        return self._alpha.solid(rect)

    def read(self, rect: Rect) -> Pixels:
        """Return (height, width, samples): colours, then opacity, in the layer's own depth."""
        out = np.empty((rect.height, rect.width, self.samples), self.dtype)
        self.read_into(rect, out)
        return out

    def read_into(self, rect: Rect, out: Pixels) -> None:
        """Put what ``read`` returns into an array or a part of one."""
        value = self._alpha.solid(rect)
        if value == 0:
            out[...] = 0
            return
        own = self.raster.colour.to_straight(self.raster.read(rect))
        values = self._choose_colours(own, rect)
        # One after another: three samples at a time make NumPy's loops that short.
        for sample in range(self.samples - 1):
            out[..., sample] = values[..., sample]
        opacity = self._multiply_opacity(own, rect, value)
        out[..., -1] = opacity if self.depth < 32 else opacity / np.float32(self._top)
        if value is None or self.raster.has_alpha:
            _clear(out, opacity == 0)

    def _choose_colours(self, own: Pixels, rect: Rect) -> Pixels:
        """Return replaced colours or the layer's own."""
        values = own[..., : self.samples - 1]
        if self.colours is not None:
            values = self.colours.read(rect, values)
        if self.sign_lab and self.form.mode == "LAB" and values.dtype.kind == "u":
            values = _sign_lab(values)
        return values

    def _multiply_opacity(self, own: Pixels, rect: Rect, value: int | None) -> Pixels:
        """Multiply the matte by the layer's own transparency, uint8 or uint16."""
        matte = self._alpha.read(rect) if value is None else None
        if not self.raster.has_alpha:
            return matte if matte is not None else np.full(own.shape[:2], self._top, np.uint16)
        transparency = convert_depth(own[..., -1], 16 if self._top > 255 else 8)
        if matte is None:
            return transparency
        product = transparency.astype(np.uint32) * matte + self._whole // 2
        return (product // self._whole).astype(transparency.dtype)


def _clear(out: Pixels, where: Pixels) -> None:
    """Set pixels (height, width, samples) to zero, each as one number where one is as wide."""
    whole = _WHOLE_PIXELS.get(out.shape[-1] * out.itemsize)
    if whole is None:
        out[where] = 0
    else:
        out.view(whole)[..., 0] *= ~where


def _sign_lab(values: Pixels) -> Pixels:
    """Turn offset a and b into signed ones, the way TIFF stores CIELab."""
    result: Pixels = values.copy()
    result[..., 1:3] ^= result.dtype.type(1 << (8 * result.dtype.itemsize - 1))
    return result


def _write_tiff(
    out: str | os.PathLike[str], blend: Cutout, icc: bytes | None, beside: Beside
) -> None:
    dtype = blend.dtype
    # Differences of neighbours pack faster and smaller; floats have no such predictor here.
    predictor = 1 if dtype.kind == "f" else 2
    photometric = _PHOTOMETRIC[blend.form.mode]
    plan = TiledPlan(
        blend.width, blend.height, blend.samples, dtype, photometric, (2,), icc,
        predictor=predictor, extra_tags=beside.list_tags(), below=tuple(beside.description.below()),
    )  # fmt: skip
    empty: list[bytes] = []

    def encode(tile: Rect) -> tuple[bytes, object]:
        if blend.solid(tile) == 0:
            if not empty:
                empty.append(encode_tile(plan, np.zeros((1, 1, plan.samples), dtype)))
            return empty[0], 0
        return encode_tile(plan, blend.read(tile)), None

    with atomic_output(out, _estimate_room(blend, plan)) as file:
        writer = TiledWriter(file, plan)
        for data, key in map_ordered(encode, plan.tiles(), ahead=4):
            writer.add(data, key)
        writer.finish()


def _estimate_room(blend: Cutout, plan: TiledPlan) -> int:
    """Return bytes of all tiles that hold something, uncompressed."""
    full = sum(blend.solid(tile) != 0 for tile in plan.tiles())
    return full * plan.tile**2 * plan.samples * plan.dtype.itemsize


def _write_png(
    out: str | os.PathLike[str], blend: Cutout, icc: bytes | None, beside: Beside
) -> None:
    plan = _plan_png(blend.form, blend.width, blend.height, icc)
    plan = replace(plan, chunks=beside.list_chunks(coloured=True, profile=icc is not None))
    rows = _make_band_reader(blend)
    with atomic_output(out, plan.raw_bytes // _PNG_PACKS) as file:
        png.write_png(file, plan, rows)


def _plan_png(form: PixelForm, width: int, height: int, icc: bytes | None) -> png.PngPlan:
    return png.PngPlan(width, height, 1 + form.colours, form.depth, icc)


def _make_band_reader(blend: Cutout, step: int = 512) -> Callable[[int, int], Pixels]:
    """Return what gives rows of the cutout in order, read in bands of tiles on threads."""
    return png.read_from_bands(_read_bands(blend, step))


def _read_bands(blend: Cutout, step: int) -> Iterator[tuple[int, Pixels]]:
    if step * blend.width * blend.samples * blend.depth // 8 > _BAND_BYTES:
        step //= 4 if blend.raster.prefers_rows else 2
    for y in range(0, blend.height, step):
        height = min(step, blend.height - y)
        band = np.empty((height, blend.width, blend.samples), blend.dtype)

        def read(rect: Rect, band: Pixels = band) -> None:
            blend.read_into(rect, band[:, rect.x : rect.right])

        run_all(
            read,
            [Rect(x, y, min(step, blend.width - x), height) for x in range(0, blend.width, step)],
        )
        yield y, band


def _write_exr(
    out: str | os.PathLike[str], blend: Cutout, icc: bytes | None, beside: Beside
) -> None:
    blend.sign_lab = False
    colour = blend.raster.colour
    plan = plan_light(blend.width, blend.height, 1 if blend.form.mode == "GRAY" else 3)
    if blend.form.mode != "GRAY":
        plan = replace(plan, primaries=colour.light_primaries)
    rows = _make_band_reader(blend)

    def read(first: int, last: int) -> Pixels:
        values = rows(first, last)
        light = colour.to_light(values[..., :-1])
        return np.concatenate([light, convert_depth(values[..., -1:], 32)], axis=-1)

    write_light(out, plan, read, beside)


def _write_webp(
    out: str | os.PathLike[str], blend: Cutout, icc: bytes | None, beside: Beside
) -> None:
    from PIL import Image

    pixels = blend.read(Rect(0, 0, blend.width, blend.height))
    mode = "RGBA" if blend.samples == 4 else "LA"
    image = Image.fromarray(pixels, mode).convert("RGBA")
    with atomic_output(out, pixels.nbytes) as file, os.fdopen(os.dup(file.descriptor), "wb") as raw:
        image.save(
            raw, "WEBP", lossless=True, exact=False, icc_profile=icc or b"",
            exif=beside.pack_exif(resolution=True), xmp=beside.upright_xmp,
        )  # fmt: skip


WRITER = ResultWriter(check_cutout, _write_result, tell_lost=tell_lost)
