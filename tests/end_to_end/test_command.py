"""The command as a user meets it: what it writes, what it says, what it leaves alone."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pikepdf
import pytest
import tifffile
from command import FRISKET, OnTerminal, frisket, layered, refused
from PIL import Image
from serving import noisy_disc


def test_every_kind_from_every_document(home: Path, photograph: Path, tmp_path: Path) -> None:
    tiff = tmp_path / "in.tif"
    tifffile.imwrite(tiff, noisy_disc(900, 600), photometric="rgb", tile=(256, 256))
    psd = layered(tmp_path / "in.psd")
    for source, name, kind in [
        (photograph, "a.png", "cutout"),
        (photograph, "b.tif", "cutout"),
        (photograph, "c.png", "matte"),
        (tiff, "d.tif", "alpha"),
        (psd, "e.psd", "mask"),
        (photograph, "f.pdf", "cutline"),
        (psd, "g.psd", "path"),
        (photograph, "h.psd", "finished"),
    ]:
        done = frisket(
            "cut", source, "-o", tmp_path / name, "--as", kind, "--model", "fake", "--json"
        )
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)
        assert said["kind"] == kind
        assert (tmp_path / name).stat().st_size > 100
    assert np.asarray(Image.open(tmp_path / "a.png")).shape == (600, 900, 4)
    assert (
        tifffile.imread(tmp_path / "d.tif").shape[0] == 4
        or tifffile.imread(tmp_path / "d.tif").shape[-1] == 4
    )
    listed = json.loads(frisket("layers", tmp_path / "e.psd", "--json").stdout)
    masks = {layer["path"]: layer["has_mask"] for layer in listed["layers"]}
    assert masks["People/Disc"]
    with pikepdf.open(tmp_path / "f.pdf") as pdf:
        assert pdf.pages[0].Resources.ColorSpace.CuttingSpot[1] == "/CutContour"
        trim = [float(one) for one in pdf.pages[0].TrimBox]
    seen = np.asarray(Image.open(tmp_path / "c.png")) >= 128
    for low, high, axis in ((0, 2, 0), (1, 3, 1)):
        first, *_, last = np.flatnonzero(seen.any(axis=axis))  # at 300 pixels to an inch
        # The line leaves specks out.
        assert trim[high] - trim[low] == pytest.approx((last + 1 - first) * 72 / 300, abs=4)
    listed = json.loads(frisket("layers", tmp_path / "h.psd", "--json").stdout)
    assert [layer["path"] for layer in listed["layers"]] == ["Subject", "Original"]


def test_the_json_line_has_what_scripts_need(home: Path, photograph: Path, tmp_path: Path) -> None:
    done = frisket(
        "cut", photograph, "-o", tmp_path / "m.tif", "--as", "matte", "--depth", "16",
        "--model", "fake", "--json",
    )  # fmt: skip
    said = json.loads(done.stdout.strip().splitlines()[-1])
    wanted = {
        "width", "height", "model", "device", "seconds", "first_mask_seconds", "layer_bytes",
        "uploaded_bytes", "tiles_total", "tiles_sent", "client_peak_bytes", "server_peak_bytes",
        "subject", "assessment",
    }  # fmt: skip
    assert wanted <= said.keys()
    assert (said["width"], said["height"], said["model"]) == (900, 600, "fake")
    assert said["subject"]["box"] is not None
    assert tifffile.imread(tmp_path / "m.tif").dtype == np.uint16
    assert "%" not in done.stderr, "no progress bar when piped"
    [layer] = said["layers"]
    assert layer["path"] == said["layer_path"]
    shared = layer.keys() - {"path"}
    assert {"subject", "assessment", "method", "tiles_sent"} <= shared
    assert all(layer[name] == said[name] for name in shared)


def test_every_layer_is_told(home: Path, tmp_path: Path) -> None:
    from psd_tools import PSDImage

    psd = tmp_path / "in.psd"
    document = PSDImage.new("RGB", (400, 300), color=(200, 200, 200))
    for name, width in (("Wide", 300), ("Narrow", 180)):
        disc = Image.fromarray(noisy_disc(width, 200))
        document.append(document.create_pixel_layer(disc, name=name, top=9, left=9))
    document.save(psd)
    command = ("cut", psd, "-o", tmp_path / "out.psd", "--all-layers", "--model", "fake")
    done = frisket(*command, "--verbose")
    assert done.returncode == 0, done.stderr
    first, *others = done.stdout.splitlines()
    assert "2 layers" in first
    assert others[-2:] == ["  layer 'Narrow', 180 x 200 px", "  layer 'Wide', 300 x 200 px"]
    said = json.loads(frisket(*command, "--json").stdout)
    assert [layer["path"] for layer in said["layers"]] == ["Narrow", "Wide"]
    assert said["tiles_total"] == sum(layer["tiles_total"] for layer in said["layers"])


def test_three_lines_of_python_do_the_same(home: Path, photograph: Path, tmp_path: Path) -> None:
    code = f"""
from frisket import CutOptions, cut
result = cut({str(photograph)!r}, {str(tmp_path / "p.png")!r}, CutOptions(model="fake"))
print(result.model, result.kind)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=90)
    assert done.stdout.split() == ["fake", "cutout"], done.stderr


def test_bad_input_is_one_sentence(home: Path, photograph: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    text, short, empty = tmp_path / "text.png", tmp_path / "short.png", tmp_path / "empty.tif"
    text.write_text("this is no picture")
    short.write_bytes(photograph.read_bytes()[:2000])
    empty.write_bytes(b"")
    for source in (tmp_path / "missing.png", text, short, empty):
        assert source.name in refused(3, "cut", source, "-o", out, "--model", "fake")
    psd = layered(tmp_path / "in.psd")
    said = refused(4, "cut", psd, "-o", tmp_path / "o.psd", "--layer", "Nobody")
    assert "People/Disc" in said
    refused(5, "cut", photograph, "-o", tmp_path / "nowhere" / "o.png")
    refused(5, "cut", photograph, "-o", tmp_path / "o.xyz")
    refused(6, "cut", photograph, "-o", out, "--model", "nobody")
    refused(7, "cut", photograph, "-o", out, "--server", "127.0.0.1:9")
    assert not out.exists()
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == [
        "empty.tif", "in.psd", "short.png", "text.png",
    ]  # fmt: skip


@pytest.mark.parametrize("model", ["classic"])
def test_a_picture_without_a_subject_is_said_so(home: Path, tmp_path: Path, model: str) -> None:
    grey, out = tmp_path / "grey.png", tmp_path / "out.png"
    Image.new("RGB", (500, 400), (128, 128, 128)).save(grey)
    assert "no subject" in refused(8, "cut", grey, "-o", out, "--model", model)
    assert not out.exists()
    done = frisket("cut", grey, "-o", out, "--as", "matte", "--model", model, "--allow-empty")
    assert done.returncode == 0, done.stderr
    assert not np.asarray(Image.open(out)).any()


def test_a_screen_is_keyed_and_anything_else_refused(home: Path, tmp_path: Path) -> None:
    y, x = np.mgrid[:300, :400]
    disc = np.hypot(x - 200, y - 150) < 80
    picture = np.where(disc[..., None], (200, 120, 60), (40, 170, 70)).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "disc.png")
    out = tmp_path / "out.png"
    for screen in ("green", "auto", "#28aa46"):
        done = frisket("cut", tmp_path / "disc.png", "-o", out, "--as", "matte", "--key", screen)
        assert done.returncode == 0, done.stderr
        assert np.abs(np.asarray(Image.open(out)).astype(int) - disc * 255).mean() < 2
    out.unlink()
    said = refused(3, "cut", tmp_path / "disc.png", "-o", out, "--key", "blue")
    assert "border of the picture is not blue, so there is no screen" in said
    assert "'red' is no screen" in frisket("cut", "disc.png", "--key", "red").stderr
    assert not out.exists()


def test_hints_outside_the_layer_are_refused(home: Path, photograph: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    for hint in ("--box=5000,5,10,10", "--point=+900,0", "--point=+0,600"):
        refused(2, "cut", photograph, "-o", out, "--model", "fake", hint)
    assert not out.exists()


def test_hints_that_do_not_fit_are_refused(home: Path, photograph: Path, tmp_path: Path) -> None:
    out, small, black = tmp_path / "out.png", tmp_path / "small.png", tmp_path / "black.png"
    Image.new("L", (90, 60), 128).save(small)
    Image.new("L", (900, 600), 0).save(black)
    cut = ("cut", photograph, "-o", out, "--model", "fake")
    for name in ("--trimap", "--prior"):
        assert "90 x 60 px and the layer 900 x 600 px" in refused(2, *cut, name, small)
    said = refused(2, *cut, "--point=+450,300", "--point=-450,300")
    assert "contradict each other" in said
    said = refused(2, *cut, "--trimap", black, "--point=+450,300")
    assert "trimap's background" in said
    assert not out.exists()


def test_a_layer_without_a_subject_is_kept(home: Path, tmp_path: Path) -> None:
    """An empty matte changes neither the document nor its layer, and says why."""
    from psd_tools import PSDImage

    source, out = tmp_path / "plain.psd", tmp_path / "out.psd"
    document = PSDImage.new("RGB", (400, 300), color=(128, 128, 128))
    grey = Image.new("RGB", (400, 300), (128, 128, 128))
    document.append(document.create_pixel_layer(grey, name="Plain"))
    document.save(source)
    before = source.read_bytes()
    said = refused(8, "cut", source, "-o", out, "--layer", "Plain", "--model", "classic")
    assert "no subject" in said
    assert source.read_bytes() == before
    assert not out.exists()


def test_the_original_stays_untouched_by_an_interrupt(home: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "in.tif", tmp_path / "out.tif"
    tifffile.imwrite(source, noisy_disc(4500, 3000), photometric="rgb", tile=(256, 256))
    before = hashlib.sha256(source.read_bytes()).digest()
    for moment in ("reading", "sharpening", "writing"):
        running = OnTerminal("cut", source, "-o", out, "--as", "cutout", "--model", "fake")
        running.wait_for(moment)
        running.process.send_signal(signal.SIGINT)
        assert b"Traceback" not in running.finish()
        assert running.process.returncode in (0, 130, -signal.SIGINT)
        if running.process.returncode == 0:
            out.unlink()
        assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["in.tif"]
    assert hashlib.sha256(source.read_bytes()).digest() == before


def test_kill_nine_of_the_server_half_way(home: Path, tmp_path: Path) -> None:
    source = tmp_path / "in.tif"
    tifffile.imwrite(source, noisy_disc(6000, 4000), photometric="rgb", tile=(256, 256))
    undisturbed, disturbed = tmp_path / "a.tif", tmp_path / "b.tif"
    done = frisket("cut", source, "-o", undisturbed, "--as", "matte", "--model", "fake")
    assert done.returncode == 0, done.stderr
    (state,) = home.glob("run/server*.json")
    first = json.loads(state.read_text())["pid"]
    running = OnTerminal("cut", source, "-o", disturbed, "--as", "matte", "--model", "fake")
    running.wait_for("sharpening")
    os.kill(first, signal.SIGKILL)
    shown = running.finish()
    assert running.process.returncode == 0, shown
    np.testing.assert_array_equal(tifffile.imread(disturbed), tifffile.imread(undisturbed))


def test_two_commands_at_once_share_one_server(
    home: Path, photograph: Path, tmp_path: Path
) -> None:
    running = [
        subprocess.Popen(
            [*FRISKET, "cut", str(photograph), "-o", str(tmp_path / f"{i}.png"), "--model", "fake"]
        )
        for i in range(2)
    ]
    assert [one.wait(90) for one in running] == [0, 0]
    assert len(list((home / "run").glob("server*.json"))) == 1


def test_memory_of_a_large_layer_is_bounded(home: Path, tmp_path: Path) -> None:
    source = tmp_path / "large.tif"
    tile = noisy_disc(512, 512)
    blank = np.zeros((512, 512, 3), np.uint8)
    across, down = 34, 23
    tiles = (
        tile if (9 < x < 20 and 6 < y < 16) else blank for y in range(down) for x in range(across)
    )
    tifffile.imwrite(
        source, tiles, shape=(down * 512, across * 512, 3), dtype=np.uint8,
        photometric="rgb", tile=(512, 512), compression="zlib",
    )  # fmt: skip
    done = frisket(
        "cut", source, "-o", tmp_path / "m.tif", "--as", "matte", "--model", "fake", "--json",
        timeout=240,
    )  # fmt: skip
    said = json.loads(done.stdout)
    assert said["width"] * said["height"] > 200e6
    assert said["client_peak_bytes"] < 500e6
    assert said["server_peak_bytes"] < 700e6
