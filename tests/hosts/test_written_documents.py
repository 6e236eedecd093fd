"""Documents that frisket wrote, in a real GIMP 3 and a real Krita: masks and paths are there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from host_lab import Lab, run_inside
from outlines import compare_areas, draw_product
from PIL import Image
from psd_tools import PSDImage
from splices import splice_alpha, splice_layer, splice_mask, splice_selection

from frisket import outline
from frisket.documents import ArrayAlpha, open_document

HERE = Path(__file__).resolve().parent
WIDTH, HEIGHT, LEFT, TOP = 90, 70, 12, 7
CUP = draw_product("mug", 900)
BATCH = "exec(compile(open('/lab/gimp_reads.py').read(), 'gimp_reads', 'exec'), globals())"


def ramp(depth: int) -> np.ndarray:
    """Every value from nothing to full, in another order on every row."""
    top = (1 << depth) - 1
    values = np.add.outer(np.arange(HEIGHT) * 37, np.arange(WIDTH) * 11) % 256
    values[0, :2] = 0, 255
    return (values * (top // 255)).astype("u1" if depth == 8 else "u2")


def psd(path: Path, depth: int) -> None:
    document = PSDImage.new("RGB", (120, 100), depth=8)
    pixels = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), "u1")
    document.create_pixel_layer(Image.fromarray(pixels), name="Figure", top=TOP, left=LEFT)
    document.save(path)
    if depth == 16:
        path.write_bytes(deepened(path))


def deepened(path: Path) -> bytes:
    """The same document with 16 bits, its channels stored raw."""
    import struct

    with open_document(path) as document:
        raster = document.raster(document.find_layer("Figure"))
        from frisket.documents import Rect

        pixels = raster.read(Rect(0, 0, WIDTH, HEIGHT)).astype(">u2") * 257
        record = document.find_node(document.find_layer("Figure")).record
        numbers = [*range(3), *([-1] if raster.has_alpha else [])]
        rectangle = record.top, record.left, record.bottom, record.right
    planes = [pixels[..., place].astype(">u2").tobytes() for place in range(len(numbers))]
    head = struct.pack(">4iH", *rectangle, len(numbers))
    head += b"".join(struct.pack(">hI", one, 2 + len(planes[0])) for one in numbers)
    extra = struct.pack(">II", 0, 0) + b"\x06Figure\0"
    head += b"8BIMnorm\xff\0\0\0" + struct.pack(">I", len(extra)) + extra
    info = struct.pack(">h", 1) + head + b"".join(b"\0\0" + plane for plane in planes)
    info += bytes(-len(info) % 4)
    block = b"8BIMLr16" + struct.pack(">I", len(info)) + info
    section = bytes(8) + block
    start = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 100, 120, 16, 3) + bytes(8)
    merged = b"\0\0" + b"\xff" * (3 * 2 * 120 * 100)
    return start + struct.pack(">I", len(section)) + section + merged


def write_all(folder: Path) -> None:
    """One document of each kind, its alpha the ramp."""
    folder.mkdir()
    for depth in (8, 16):
        source = folder.parent / f"source{depth}.psd"
        psd(source, depth)
        with open_document(source) as document:
            figure, alpha = document.find_layer("Figure"), ArrayAlpha(ramp(depth))
            splice_mask(document, folder / f"mask{depth}.psd", {figure: alpha})
            splice_selection(document, folder / f"selection{depth}.psd", figure, alpha)
            if depth == 8:
                splice_mask(document, folder / "mask.psb", {figure: alpha})
                splice_layer(document, folder / "layer.psd", {figure: alpha})
        tiff = folder.parent / f"source{depth}.tif"
        pixels = (
            np.random.default_rng(2).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(ramp(depth).dtype)
        )
        tifffile.imwrite(tiff, pixels, photometric="rgb", compression="deflate")
        with open_document(tiff) as document:
            splice_alpha(document, folder / f"alpha{depth}.tif", document.layers[0], alpha)


def write_paths(folder: Path) -> None:
    """One document of each format that holds paths, with that around a cup."""
    picture, matte = Image.fromarray(np.stack([CUP] * 3, axis=-1)), folder.parent / "matte.png"
    Image.fromarray(CUP).save(matte)
    PSDImage.frompil(picture).save(folder.parent / "cup.psd")
    for suffix in (".tif", ".jpg"):
        picture.save(folder.parent / f"cup{suffix}")
    for source, output in ((".psd", ".psd"), (".psd", ".psb"), (".tif", ".tif"), (".jpg", ".jpg")):
        outline(folder.parent / f"cup{source}", folder / f"cup{output}", matte, path_name="Cup")


def results_of(lab: Lab) -> dict[str, Any]:
    path = lab.folder / "results.json"
    assert path.exists(), (lab.folder / "output.txt").read_text()[-2000:]
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@pytest.fixture(scope="module")
def gimp(tree, lab: Lab) -> dict[str, Any]:  # type: ignore[no-untyped-def]
    write_all(lab.folder / "files")
    write_paths(lab.folder / "files")
    shutil.copy(HERE / "gimp_reads.py", lab.folder)
    interpreter = "--batch-interpreter=python-fu-eval"
    command = ["timeout", "150", "gimp-console", "-idf", interpreter, "-b", BATCH, "--quit"]
    env = {"HOME": "/tmp", "GIMP3_DIRECTORY": "/lab/gimp3"}
    print(run_inside(lab, command, env, 170)[-3000:])
    return results_of(lab)


@pytest.fixture(scope="module")
def krita(gimp, tree, lab: Lab) -> dict[str, Any]:  # type: ignore[no-untyped-def]
    (lab.folder / "results.json").unlink()
    for path in (lab.folder / "files").glob("cup.*"):
        path.unlink()  # Krita reads no paths
    plugins = lab.folder / "data" / "krita" / "pykrita"
    plugins.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "krita_reads.py", plugins)
    env = {
        "QT_QPA_PLATFORM": "offscreen", "FRISKET_LAB": "/lab", "HOME": "/lab",
        "XDG_DATA_HOME": "/lab/data", "XDG_CONFIG_HOME": "/lab/config",
        "PYTHONPATH": "/lab/data/krita/pykrita",
    }  # fmt: skip
    command = ["timeout", "150", "kritarunner", "-s", "krita_reads", "-f", "__main__"]
    print(run_inside(lab, command, env, 170)[-3000:])
    return results_of(lab)


def seen(results: dict[str, Any], lab: Lab, file: str, kind: str, name: str = "") -> np.ndarray:
    """The one thing of a kind that a host saw in a file, as an array."""
    assert not results[file]["error"], results[file]["error"]
    found = [
        one for one in results[file]["seen"] if one["kind"] == kind and name in (one["name"], "")
    ]
    assert len(found) == 1, results[file]["seen"]
    raw = (lab.folder / found[0]["path"].removeprefix("/lab/")).read_bytes()
    width, height = found[0]["size"]
    return np.frombuffer(raw, found[0]["type"].replace("u8", "u1").replace("u16", "<u2")).reshape(
        height, width
    )


def placed(values: np.ndarray) -> np.ndarray:
    """The ramp where the layer lies on the canvas."""
    canvas = np.zeros((100, 120), values.dtype)
    canvas[TOP : TOP + HEIGHT, LEFT : LEFT + WIDTH] = values
    return canvas


@pytest.mark.parametrize(("file", "depth"), [("mask8.psd", 8), ("mask16.psd", 16), ("mask.psb", 8)])
def test_gimp_sees_the_mask(file, depth, gimp, lab):  # type: ignore[no-untyped-def]
    assert np.array_equal(seen(gimp, lab, file, "mask"), ramp(depth))


@pytest.mark.parametrize("depth", [8, 16])
def test_gimp_sees_the_selection(depth, gimp, lab):  # type: ignore[no-untyped-def]
    found = seen(gimp, lab, f"selection{depth}.psd", "channel", "Frisket")
    assert np.array_equal(found, placed(ramp(depth)))


@pytest.mark.parametrize("depth", [8, 16])
def test_gimp_sees_the_alpha_of_a_tiff(depth, gimp, lab):  # type: ignore[no-untyped-def]
    assert np.array_equal(seen(gimp, lab, f"alpha{depth}.tif", "alpha"), ramp(depth))


def test_gimp_sees_the_cutout_layer(gimp, lab):  # type: ignore[no-untyped-def]
    assert np.array_equal(seen(gimp, lab, "layer.psd", "alpha", "Figure cutout"), ramp(8))
    shown = {
        one["name"]: one["shown"] for one in gimp["layer.psd"]["seen"] if one["kind"] == "layer"
    }
    assert shown == {"Figure": False, "Figure cutout": True}


@pytest.mark.parametrize("suffix", [".psd", ".psb", ".tif", ".jpg"])
def test_gimp_turns_the_path_into_a_selection_of_the_subject(suffix, gimp, lab):  # type: ignore[no-untyped-def]
    selected = seen(gimp, lab, f"cup{suffix}", "path", "Cup")
    assert compare_areas(selected >= 128, CUP) >= 0.995


@pytest.mark.parametrize("file", ["mask8.psd", "mask16.psd", "mask.psb"])
def test_krita_sees_the_mask(file, krita, lab):  # type: ignore[no-untyped-def]
    assert np.array_equal(seen(krita, lab, file, "mask"), placed(ramp(8)))


@pytest.mark.parametrize("depth", [8, 16])
def test_krita_sees_the_alpha_of_a_tiff(depth, krita, lab):  # type: ignore[no-untyped-def]
    assert np.array_equal(seen(krita, lab, f"alpha{depth}.tif", "alpha"), ramp(depth))


def test_krita_sees_the_cutout_layer(krita, lab):  # type: ignore[no-untyped-def]
    found = seen(krita, lab, "layer.psd", "alpha", "Figure cutout")
    assert np.array_equal(found, placed(ramp(8)))
