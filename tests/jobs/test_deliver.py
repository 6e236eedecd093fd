"""Every kind of result over every small document: accepted is written, refused is refused first."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_documents import DOCUMENTS, WIDTH, colours, make, psd_channel, psd_document, psd_layer
from PIL import Image

from frisket import CutOptions, cut
from frisket.documents import (
    ArrayAlpha,
    Document,
    DocumentError,
    Layer,
    LayerResult,
    OutputError,
    Rect,
    ResultOptions,
    UnreadableDocument,
    open_document,
)
from frisket.documents.core.pixels import Pixels
from frisket.documents.psd import splice_records
from frisket.documents.tiff import splice_directories
from frisket.documents.write.classes import ClassMap
from frisket.jobs.connection import ServerChoice
from frisket.jobs.deliver import DELIVERIES, Delivery, default_kind

# A suffix that each kind takes; others take .tif.
SPOKEN = {
    "mask": ".psd",
    "selection": ".psd",
    "layer": ".psd",
    "comparison": ".png",
    "classes": ".png",
    "cutline": ".pdf",
}
SUFFIXES = (".tif", ".TIFF", ".png", ".webp", ".exr", ".psd", ".psb", ".jpg", "")
# A cut that asks for a tile, or only for a connection, ends with another error there.
NOBODY = ServerChoice(address="127.0.0.1:1")


def alpha_of(layer: Layer, depth: int) -> ArrayAlpha:
    ramp = np.linspace(0, 1, layer.width * layer.height).reshape(layer.height, layer.width)
    top = (1 << depth) - 1
    return ArrayAlpha((ramp * top).astype("u1" if depth == 8 else "u2"))


class OwnColours:
    """Colours as they come back where nothing had to be cleaned."""

    def __init__(self, document: Document, layer: Layer) -> None:
        self._raster = document.raster(layer)
        self._channels = {"GRAY": 1, "CMYK": 4}.get(layer.mode, 3)

    def read(self, rect: Rect, own: Pixels | None = None) -> Pixels:
        return self._raster.read(rect)[..., : self._channels] if own is None else own


def result_of(
    document: Document, row: Delivery, layer: Layer, options: ResultOptions
) -> LayerResult:
    if row.by_class:
        first = {"cat": alpha_of(layer, 8)}
        return LayerResult(layer, ClassMap((layer.width, layer.height), ("cat", "dog"), first))
    colours = OwnColours(document, layer) if row.wants_colours(layer) else None
    return LayerResult(layer, alpha_of(layer, row.alpha_depth(layer, options)), colours)


def every_option(kind: str) -> Iterator[ResultOptions]:
    if kind == "matte":
        yield from (ResultOptions(depth=depth) for depth in (8, 16))
    elif kind == "mask":
        for existing in ("refuse", "replace", "multiply"):
            yield from (ResultOptions(8, existing, preview) for preview in ("mark", "render"))
    else:
        yield ResultOptions()


def every_choice(document: Document) -> Iterator[tuple[str, ...]]:
    yield from ((f"#{layer.id}",) for layer in document.layers)
    if len(document.layers) > 1:
        yield tuple(f"#{layer.id}" for layer in document.layers)


def say(path: Path, out: Path, kind: str, chosen: tuple[str, ...], options: ResultOptions) -> str:
    """What a whole job says when it is refused; nobody answers it where it is not."""
    wanted = CutOptions(
        kind, chosen, depth=options.depth, existing=options.existing, preview=options.preview,
        server=NOBODY,
    )  # fmt: skip
    with pytest.raises(DocumentError) as caught:
        cut(path, out, wanted)
    return str(caught.value)


@pytest.mark.parametrize("kind", DELIVERIES)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_is_accepted_is_written_and_what_is_refused_is_refused_first(
    name: str, kind: str, tmp_path: Path
) -> None:
    path, row = make(name, tmp_path), DELIVERIES[kind]
    with open_document(path) as document:
        cases = itertools.product(SUFFIXES, every_choice(document), every_option(kind))
        for suffix, chosen, options in cases:
            out, layers = tmp_path / f"out{suffix}", document.find_layers(chosen)
            try:
                row.check(document, out, layers, options)
            except DocumentError as error:
                assert say(path, out, kind, chosen, options) == str(error)
                assert "; " in str(error) or isinstance(error, UnreadableDocument)
            else:
                results = [result_of(document, row, one, options) for one in layers]
                row.write(document, out, results, options)
                open_document(out).close()
                out.unlink()
            assert [one.name for one in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("name", "kind", "suffix", "instead"),
    [
        ("rgb.tif", "selection", ".psd", "--as alpha, --as page, --as matte or --as cutout"),
        ("rgb.tif", "layer", ".tif", "--as alpha, --as page, --as matte or --as cutout"),
        ("rgb.tif", "mask", ".tif", "--as alpha, --as page, --as matte or --as cutout"),
        ("layers.tif", "alpha", ".tif", "--as mask, --as page, --as matte or --as cutout"),
        ("flat.psd", "mask", ".psd", "--as selection, --as matte or --as cutout"),
        ("rgb.png", "page", ".tif", "--as matte or --as cutout"),
        ("cmyk.jpg", "cutout", ".png", "use .tif"),
        ("cmyk.tif", "cutout", ".png", "use .tif"),
        ("deep-tiles.tif", "cutout", ".webp", "use .tif"),
        ("layers.psd", "mask", ".psd", "--existing replace"),
        ("layers.psb", "mask", ".psd", "name the output .psb"),
        ("full.psd", "selection", ".psd", "--as matte"),
        ("layers-cut-off.psd", "selection", ".psd", "ends before"),
        ("layers-of-one-bit.psd", "mask", ".psd", "--as matte"),
        ("circle.tif", "page", ".tif", "circle"),
        ("jpeg.tif", "alpha", ".tif", "--convert, --as page"),
        ("bitmap.psd", "selection", ".psd", "--convert or --as matte"),
        ("layers-many.psd", "mask", ".psd", "--as matte"),
        ("layers-unknown.psd", "mask", ".psb", "save it as PSB"),
    ],
)
def test_a_refusal_says_what_to_use_instead(
    name: str, kind: str, suffix: str, instead: str, tmp_path: Path
) -> None:
    path = make(name, tmp_path)
    assert instead in say(path, tmp_path / f"out{suffix}", kind, (), ResultOptions())


def test_a_layer_without_channels_cannot_be_copied(tmp_path: Path) -> None:
    path = make("layers-hollow.psd", tmp_path)
    said = say(path, tmp_path / "out.psd", "layer", ("Hollow",), ResultOptions())
    assert "--as cutout" in said


@pytest.mark.parametrize("name", [one for one in DOCUMENTS if one.endswith((".psd", ".tif"))])
def test_what_a_refusal_advises_is_accepted(name: str, tmp_path: Path) -> None:
    options = ResultOptions(existing="replace")
    with open_document(make(name, tmp_path)) as document:
        for layer, row in itertools.product(document.layers, DELIVERIES.values()):
            out = tmp_path / f"out{(row.suffixes or document.suffixes)[0]}"
            try:
                row.check(document, out, [layer], options)
            except DocumentError as error:
                if "--convert" in error.advice:
                    row.check(document, out, [layer], replace(options, convert=True))
                for kind in re.findall(r"--as (\w+)", error.advice):
                    other = DELIVERIES[kind]
                    suffix = (other.suffixes or document.suffixes)[0]
                    other.check(document, tmp_path / f"out{suffix}", [layer], options)


@pytest.mark.parametrize("kind", [kind for kind in DELIVERIES if kind not in ("mask", "layer")])
def test_one_file_holds_one_layer(kind: str, tmp_path: Path) -> None:
    name = "pages.tif" if kind in ("alpha", "page") else "layers.psd"
    path = make(name, tmp_path)
    suffix = SPOKEN.get(kind, ".tif")
    options = CutOptions(kind, all_layers=True, server=NOBODY)
    with pytest.raises(OutputError, match=r"holds one layer, and 2 were chosen; choose one with"):
        cut(path, tmp_path / f"out{suffix}", options)


@pytest.mark.parametrize("kind", DELIVERIES)
def test_a_place_that_cannot_be_written_is_refused_first(kind: str, tmp_path: Path) -> None:
    path = make("pages.tif" if kind in ("alpha", "page") else "layers.psd", tmp_path)
    suffix = SPOKEN.get(kind, ".tif")
    options = ResultOptions(existing="replace")
    one = ("#1",)
    missing, folder = tmp_path / "none" / f"out{suffix}", tmp_path / f"folder{suffix}"
    folder.mkdir()
    assert "there is no folder" in say(path, missing, kind, one, options)
    assert "is a folder" in say(path, folder, kind, one, options)
    if os.access(folder.parent, os.W_OK) and getattr(os, "geteuid", int)() == 0:
        return  # root may write anywhere
    folder.chmod(0o500)
    assert "no permission" in say(path, folder / f"out{suffix}", kind, one, options)


@pytest.mark.parametrize(
    ("name", "suffix", "kind"),
    [
        ("layers.psd", ".psd", "mask"),
        ("layers.psd", ".psb", "mask"),
        ("layers.psd", ".tif", "cutout"),
        ("flat.psd", ".psd", "selection"),
        ("rgb.tif", ".tif", "alpha"),
        ("rgb.tif", ".png", "cutout"),
        ("layers.tif", ".tif", "mask"),
        ("rgb.png", ".png", "cutout"),
        ("rgb.png", ".tif", "cutout"),
    ],
)
def test_without_a_wish_the_formats_decide(
    name: str, suffix: str, kind: str, tmp_path: Path
) -> None:
    with open_document(make(name, tmp_path)) as document:
        assert default_kind(document, [document.find_layer()], Path("out" + suffix)) == kind


@pytest.mark.parametrize("kind", ["mask", "selection", "layer"])
def test_a_psd_that_will_pass_its_limit_is_refused_first(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make("layers.psd", tmp_path)
    monkeypatch.setattr(splice_records, "PSD_LIMIT", path.stat().st_size - 1)
    chosen, options = ("Plain",), ResultOptions()
    sentence = say(path, tmp_path / "out.psd", kind, chosen, options)
    assert "two gigabytes" in sentence
    assert "name the output .psb" in sentence
    with open_document(path) as document:
        layers = document.find_layers(chosen)
        DELIVERIES[kind].check(document, tmp_path / "out.psb", layers, options)


def test_a_tiff_that_cannot_become_a_bigtiff_is_refused_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make("circle.tif", tmp_path)
    with open_document(path) as document:
        page = document.layers[0]
        DELIVERIES["alpha"].check(document, tmp_path / "out.tif", [page], ResultOptions())
    # As if it would pass four gigabytes, so that every directory has to be written again.
    monkeypatch.setattr(splice_directories, "CLASSIC_LIMIT", 0)
    assert "circle" in say(path, tmp_path / "out.tif", "alpha", ("#1",), ResultOptions())


def test_a_disk_without_room_is_refused_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = shutil.disk_usage(tmp_path)._replace(free=1 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free)
    for name, kind, suffix in (
        ("rgb.tif", "alpha", ".tif"),
        ("rgb.tif", "page", ".tif"),
        ("layers.tif", "mask", ".tif"),
        ("layers.psd", "layer", ".psb"),
        ("rgb.png", "cutout", ".png"),
    ):
        path = make(name, tmp_path)
        out = tmp_path / f"out{suffix}"
        assert "not enough disk space" in say(path, out, kind, (), ResultOptions())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_is_told_of_pixels_is_what_decoding_gives(name: str, tmp_path: Path) -> None:
    with open_document(make(name, tmp_path)) as document:
        for layer in document.layers:
            raster = document.raster(layer)
            assert document.describe_pixels(layer) == raster.form
            assert (layer.width, layer.height) == (raster.width, raster.height)


def test_another_page_is_cut_out_in_its_own_mode(tmp_path: Path) -> None:
    with open_document(make("two-modes.tif", tmp_path)) as document:
        rgb, cmyk = document.layers
        for kind, wanted in (("cutout", [True, True]), ("layer", [True, False])):
            row = DELIVERIES[kind]
            assert [row.wants_colours(rgb), row.wants_colours(cmyk)] == wanted


def test_a_mask_that_cannot_be_multiplied_is_refused_first(tmp_path: Path) -> None:
    """The old mask has a compression that does not exist."""
    import struct

    box = (0, 0, 20, WIDTH)
    channels = [(number, psd_channel(colours()[..., number])) for number in range(3)]
    channels.append((-2, b"\0\7" + bytes(600)))
    layer = psd_layer("Odd", box, channels, struct.pack(">4i2B2x", *box, 0, 0))
    path = tmp_path / "in.psd"
    path.write_bytes(psd_document("RGB", bytes(1800), [layer], channels=3))
    sentence = say(path, tmp_path / "out.psd", "mask", (), ResultOptions(existing="multiply"))
    assert "channel compression 7" in sentence


def test_the_help_of_the_command_loads_nothing_heavy() -> None:
    code = (
        "import atexit, sys\n"
        "from frisket.cli.main import main\n"
        "heavy = {'numpy', 'PIL', 'grpc', 'google.protobuf', 'tifffile', 'psd_tools'}\n"
        "atexit.register(lambda: print('loaded:', sorted(heavy & set(sys.modules))))\n"
        "main(['cut', '--help'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "loaded: []" in done.stdout
    for row in DELIVERIES.values():
        assert f"{row.kind}: {row.help[:9]}" in " ".join(done.stdout.split())


def test_a_cutout_as_webp_ends_at_its_longest_side(tmp_path: Path) -> None:
    path = tmp_path / "long.png"
    Image.new("L", (16384, 1)).save(path)
    sentence = say(path, tmp_path / "out.webp", "cutout", (), ResultOptions())
    assert "too large for WebP" in sentence
