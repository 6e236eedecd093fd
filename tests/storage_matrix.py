"""What frisket makes of each form in `storage_forms`, against doubles: differences in levels."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import storage_forms as forms
import tifffile
from samples import Samples
from storage_forms import Form

from frisket.client.events import AlphaReady
from frisket.documents import ArrayAlpha, Document, Layer, Rect, open_document
from frisket.documents.write import write_cutout
from frisket.jobs.colours import EdgeColours
from frisket.jobs.deliver import DELIVERIES
from frisket.jobs.layer_source import LayerSource
from frisket.jobs.store import AlphaStore
from frisket.protocol.grid import Grid, TileRect

WHOLE = Rect(0, 0, forms.WIDTH, forms.HEIGHT)
_SEEN_FROM = 0.15  # opacity from which colours that were multiplied can be told


@dataclass(frozen=True)
class Cell:
    """The greatest difference of each thing from what is right, in levels of 255."""

    view: float
    cutout: float
    opacity: float
    cleaned: float = 0.0

    def worst(self) -> float:
        return max(getattr(self, one.name) for one in fields(self))


def measure(form: Form, folder: Path) -> Cell:
    """Store the picture, see it, cut it out, and clean its edge."""
    path = folder / "in.tif"
    forms.write(form, path)
    straight, own = forms.expect_straight(form)
    _, matte = forms.paint()
    alpha = np.rint(matte[:, ::-1] * 65535).astype("u2")
    seen = np.ones_like(matte, bool) if own is None else own > _SEEN_FROM
    with open_document(path) as document:
        layer = document.find_layer(None)
        view = document.raster(layer).proxy()[..., :3] / 255
        write_cutout(folder / "cut.tif", document, layer, ArrayAlpha(alpha))
        colours, opacity = read_cutout(folder / "cut.tif")
        cleaned = measure_cleaning(document, layer, folder, seen) if is_cleaned(layer) else 0.0
    expected = (alpha / 65535) * (1 if own is None else own)
    shown = seen & (opacity > 0)
    return Cell(
        view=distance(view, forms.expect_srgb(form), seen),
        cutout=distance(colours, straight, shown),
        opacity=distance(opacity, expected, np.ones_like(seen)),
        cleaned=cleaned,
    )


_ROUNDED = 1.0  # a level of 8 bits
_MULTIPLIED = 2.0  # at the edge of an alpha of 8 bits, where colours were rounded twice
# Where a level of the document's own is more than one of sRGB.
_COARSE = {"cmyk": 3.0, "lab": 5.0, "icclab": 5.0}


def list_beyond(cell: Cell, photometric: str, sample: str, alpha: str) -> list[str]:
    """Return the columns of a cell that differ by more than they may."""
    few = int(sample[1:]) <= 8
    most = Cell(
        view=_MULTIPLIED if few and alpha == "associated" else _ROUNDED,
        cutout=_ROUNDED,
        opacity=_ROUNDED,
        cleaned=_COARSE.get(photometric, _ROUNDED) if few else _ROUNDED,
    )
    names = (field.name for field in fields(Cell))
    return [name for name in names if getattr(cell, name) > getattr(most, name)]


def is_cleaned(layer: Layer) -> bool:
    return DELIVERIES["cutout"].wants_colours(layer)


def distance(one: Samples, two: Samples, where: Samples) -> float:
    return float(np.abs(one - two)[where].max()) * 255


def read_cutout(path: Path) -> tuple[Samples, Samples]:
    """Return straight colours and opacity of a cutout, 0..1, by tifffile."""
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        values = page.asarray()
        assert page.extrasamples == (2,)
        top = 1.0 if values.dtype.kind == "f" else float(np.iinfo(values.dtype).max)
        shares = values.astype(float)
        if page.photometric == 8:
            half = (top + 1) / 2
            shares[..., 1:3] = (shares[..., 1:3] + half) % (top + 1)
    assert not np.isnan(shares).any()
    return shares[..., :-1] / top, shares[..., -1] / top


def measure_cleaning(document: Document, layer: Layer, folder: Path, seen: Samples) -> float:
    """Give back another picture as cleaned colours, as a server would: the cutout shows that."""
    raster = document.raster(layer)
    source = LayerSource(raster)
    fresh = np.full((forms.HEIGHT, forms.WIDTH, 3), 0.5) + (0.25 - 0.5 * forms.paint()[0]) / 2
    fresh = fresh[..., : source.channels]
    top = (1 << source.depth) - 1
    stored = np.rint(fresh * top).astype("<u2" if top > 255 else "u1")
    full = np.full((forms.HEIGHT, forms.WIDTH), 200, "u1")
    out = folder / "cleaned.tif"
    with AlphaStore(
        Grid(layer.width, layer.height, 256), 8, source.channels, source.depth
    ) as store:
        rect = TileRect(0, 0, layer.width, layer.height)
        assert len(source.read_tile(rect)) == stored.nbytes
        store.take(AlphaReady(0, rect, full.tobytes(), stored.tobytes(), True))
        write_cutout(out, document, layer, store, EdgeColours(raster, store, source.channels))
    colours, _ = read_cutout(out)
    if layer.mode in ("CMYK", "LAB"):
        # What sRGB does not hold is seen at its border: nobody knows how far beyond it lies.
        view = raster.read_srgb(Rect(0, 0, layer.width, layer.height))[..., :3]
        held = ((view > 0) & (view < np.iinfo(view.dtype).max)).all(axis=-1)
        shown = forms.show(colours, layer.mode, 8 * raster.dtype.itemsize)
        return distance(shown, fresh, seen & (held | (layer.mode == "CMYK")))
    if raster.dtype.kind == "f":
        colours = forms.brighten(colours)
    return distance(colours, fresh, seen)
