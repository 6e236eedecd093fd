"""Cut a real photograph out of two large documents, and show how.

    make demo

Makes a layered PSD and a 100-megapixel TIFF from a photograph, cuts the subject out of
both through a local server, and leaves the results in `demo-out/`: the PSD with its
layer mask, the TIFF with alpha, and a contact sheet for each. The model is U2-Net-p where it
can be fetched, else the embedded one; it is kept in `demo-out/home` and changes nothing in
the user's own frisket.
`python scripts/demo.py --picture` also renews the README's picture.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from frisket import CutOptions, CutResult, cut
from frisket.cli.progress import bar
from frisket.documents import Rect, open_document
from frisket.models import DownloadFailed, Registry

ROOT = Path(__file__).resolve().parent.parent
OUT, PICTURE = ROOT / "demo-out", ROOT / "docs" / "images" / "demo.jpg"
PSD, TIFF = OUT / "layered.psd", OUT / "large.tif"
LAYER = "People/Astronaut"
SIDE_PX = 10_000
PANEL_PX = 420
_FRISKET_RED = (200, 30, 40)

Picture = npt.NDArray[np.uint8]


def main() -> int:
    """Run the demonstration and return the exit status."""
    OUT.mkdir(exist_ok=True)
    if sys.argv[1:] == ["--make"]:
        make()
        return 0
    os.environ.setdefault("FRISKET_HOME", str(OUT / "home"))
    fetch_model()
    print("making a layered PSD and a 100-megapixel TIFF …", flush=True)
    # In a process of its own, so that the figures below are those of cutting alone.
    subprocess.run([sys.executable, __file__, "--make"], check=True)
    show(PSD, OUT / "layered-masked.psd", CutOptions(layers=(LAYER,), kind="mask"))
    show(TIFF, OUT / "large-alpha.tif", CutOptions(kind="alpha"))
    print(f"look at {OUT / 'layered-masked.png'} and {OUT / 'large-alpha.png'}")
    if sys.argv[1:] == ["--picture"]:
        renew_picture(OUT / "large-alpha.png")
    return 0


def fetch_model() -> None:
    """Fetch U2-Net-p, or say why the embedded model has to do."""
    try:
        Registry().pull("u2netp")
    except DownloadFailed as error:
        print(f"{error}\nThe embedded model is used instead.")


def renew_picture(contact_sheet: Path) -> None:
    """Write the README's picture."""
    with Image.open(contact_sheet) as whole:
        whole.thumbnail((1600, 1600))
        whole.save(PICTURE, quality=90)


def make() -> None:
    """Write both documents."""
    from skimage import data

    photograph = Image.fromarray(data.astronaut())
    make_psd(photograph, PSD)
    make_tiff(photograph, TIFF)


def make_psd(photograph: Image.Image, path: Path) -> None:
    """Write a PSD of three layers and a group; the photograph is one of them."""
    from psd_tools import PSDImage

    document = PSDImage.new("RGB", (1600, 1200), color=(236, 232, 224))
    paper = Image.new("RGB", (1600, 1200), (222, 214, 200))
    document.append(document.create_pixel_layer(paper, name="Paper"))
    people = document.create_group(name="People")
    portrait = photograph.resize((1024, 1024), Image.Resampling.LANCZOS)
    people.append(document.create_pixel_layer(portrait, name="Astronaut", top=88, left=288))
    note = Image.new("RGBA", (500, 60), (30, 30, 30, 255))
    document.append(document.create_pixel_layer(note, name="Caption", top=1110, left=550))
    document.save(path)


def make_tiff(photograph: Image.Image, path: Path) -> None:
    """Write the photograph enlarged to 100 megapixels, tile by tile."""
    import tifffile

    tifffile.imwrite(
        path,
        _tiles(photograph),
        shape=(SIDE_PX, SIDE_PX, 3),
        dtype=np.uint8,
        photometric="rgb",
        tile=(512, 512),
        compression="zlib",
        predictor=True,
    )


def _tiles(photograph: Image.Image) -> Iterator[Picture]:
    scale = photograph.width / SIDE_PX
    for top in range(0, SIDE_PX, 512):
        for left in range(0, SIDE_PX, 512):
            across, down = min(512, SIDE_PX - left), min(512, SIDE_PX - top)
            box = (left * scale, top * scale, (left + across) * scale, (top + down) * scale)
            part = photograph.resize((across, down), Image.Resampling.BICUBIC, box)
            yield np.asarray(part)


def show(source: Path, output: Path, options: CutOptions) -> None:
    """Cut, print a line of figures, and draw the contact sheet."""
    with bar(sys.stderr.isatty()) as progress:
        result = cut(source, output, options, progress=progress)
    print(figures(result), flush=True)
    if result.notice:
        print(f"  {result.notice}")
    sheet(source, output, result).save(output.with_suffix(".png"))


def figures(result: CutResult) -> str:
    """Return one line of what it took."""
    megapixels = result.width * result.height / 1e6
    peak = (result.client_peak_bytes + result.server_peak_bytes) / 2**20
    return (
        f"{result.output.name}: {megapixels:.1f} MP, {result.model} on {result.device}, "
        f"first mask {result.first_mask_seconds:.2f} s, done {result.seconds:.2f} s, "
        f"{result.tiles_sent} of {result.tiles_total} tiles sent "
        f"({result.uploaded_bytes / result.layer_bytes:.0%} of the layer), "
        f"client + server at most {peak:.0f} MiB"
    )


def sheet(source: Path, output: Path, result: CutResult) -> Image.Image:
    """Return original, coarse, final, cutout and frisket side by side."""
    original = _small_layer(source, result.layer_path)
    coarse = Image.frombytes("L", (result.coarse.width, result.coarse.height), result.coarse.rows)
    final = _small_alpha(output, result)
    size = original.size
    panels = {
        "original": original,
        "coarse": coarse.resize(size).convert("RGB"),
        "final": final.resize(size).convert("RGB"),
        "cutout": Image.composite(original, _checkerboard(size), final.resize(size)),
        "frisket": Image.composite(original, _red_film(original), final.resize(size)),
    }
    return _in_a_row(panels)


def _small_layer(source: Path, layer_path: str) -> Image.Image:
    with open_document(source) as document:
        proxy = document.raster(document.find_layer(layer_path)).proxy(PANEL_PX)
    return Image.fromarray(np.ascontiguousarray(proxy[..., :3]))


def _small_alpha(output: Path, result: CutResult) -> Image.Image:
    """Read the alpha back from the file that was written."""
    if result.kind == "mask":
        from psd_tools import PSDImage

        layer = next(one for one in PSDImage.open(output).descendants() if one.name == "Astronaut")
        mask = np.asarray(layer.mask.topil())
        return Image.fromarray(mask).resize((PANEL_PX, PANEL_PX), Image.Resampling.BOX)
    with open_document(output) as document:
        raster = document.raster(document.find_layer(None))
        step = SIDE_PX // PANEL_PX
        rows = [
            raster.read(Rect(0, y, raster.width, 1))[0, ::step, -1]
            for y in range(0, raster.height, step)
        ]
    return Image.fromarray(np.stack(rows))


def _checkerboard(size: tuple[int, int], square: int = 12) -> Image.Image:
    y, x = np.indices(size[::-1]) // square
    grey = np.where((x + y) % 2, 200, 250).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def _red_film(original: Image.Image) -> Image.Image:
    return Image.blend(original, Image.new("RGB", original.size, _FRISKET_RED), 0.6)


def _in_a_row(panels: dict[str, Image.Image]) -> Image.Image:
    width, height = next(iter(panels.values())).size
    out = Image.new("RGB", ((width + 8) * len(panels) + 8, height + 30), "white")
    draw = ImageDraw.Draw(out)
    for index, (name, panel) in enumerate(panels.items()):
        left = 8 + index * (width + 8)
        out.paste(panel, (left, 24))
        draw.text((left, 6), name, fill="black")
    return out


if __name__ == "__main__":
    sys.exit(main())
