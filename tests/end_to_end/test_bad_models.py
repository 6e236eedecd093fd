"""Models that misbehave once they run: one sentence, the right status, nothing written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pytest
from graphs import convolution
from PIL import Image

from frisket.models import Registry

from .test_command import frisket, layered, refused


def add_moody(home: Path, folder: Path) -> None:
    """A model that answers with NaN wherever the picture is bright blue."""
    text = """<ir_version: 8, opset_import: ["" : 13]>
    moody (float[1,3,320,320] x) => (float[1,1,320,320] y) {
        at = Constant<value_ints = [2]>()
        blue = Gather<axis = 1>(x, at)
        limit = Constant<value_float = 0.7>()
        left = Sub(limit, blue)
        log = Log(left)
        y = Sigmoid(log)
    }"""
    onnx.save(onnx.parser.parse_model(text), str(folder / "m.onnx"))
    Registry(home).add("moody", "embedded", folder / "m.onnx")


def test_nan_on_a_picture_names_the_model_and_writes_nothing(home: Path, tmp_path: Path) -> None:
    add_moody(home, tmp_path)
    bright = tmp_path / "bright.png"
    Image.fromarray(np.full((60, 80, 3), 250, np.uint8)).save(bright)
    said = refused(6, "cut", bright, "-o", tmp_path / "out.png", "--model", "moody")
    assert "not numbers" in said
    assert not (tmp_path / "out.png").exists()
    dark = tmp_path / "dark.png"
    Image.fromarray(np.full((60, 80, 3), 20, np.uint8)).save(dark)
    done = frisket("cut", dark, "-o", tmp_path / "out.png", "--model", "moody", "--allow-empty")
    assert done.returncode == 0, f"the server lives on: {done.stderr}"


def test_an_all_zero_matte_keeps_the_layer(home: Path, tmp_path: Path) -> None:
    graph = convolution(tmp_path / "m.onnx", (1, 3, 320, 320), bias=-40.0)
    Registry(home).add("blind", "u2net", graph)
    document = layered(tmp_path / "in.psd")
    before = document.read_bytes()
    out = tmp_path / "out.psd"
    said = refused(8, "cut", document, "-o", out, "--model", "blind", "--as", "mask")
    assert "no subject" in said and not out.exists()
    assert document.read_bytes() == before
    done = frisket("cut", document, "-o", out, "--model", "blind", "--as", "mask", "--allow-empty")
    assert done.returncode == 0 and out.exists()


@pytest.mark.parametrize("rest", [0, 100])
def test_weights_that_lost_their_tail(
    home: Path, photograph: Path, tmp_path: Path, rest: int
) -> None:
    graph = convolution(tmp_path / "m.onnx", (1, 3, 320, 320))
    Registry(home).add("torn", "u2net", graph)
    [stored] = home.rglob("*.onnx")
    stored.write_bytes(stored.read_bytes()[:rest])
    said = refused(6, "cut", photograph, "-o", tmp_path / "out.png", "--model", "torn")
    assert "cannot be loaded" in said
    assert not (tmp_path / "out.png").exists()


def test_the_models_command_shows_what_is_known(home: Path) -> None:
    listed = frisket("models", "list").stdout
    for name in ("embedded", "deeplab", "selfie", "sam-vit-b", "vitmatte-small", "bria-rmbg-2.0"):
        assert any(line.startswith(name + " ") for line in listed.splitlines())
    shown = frisket("models", "show", "deeplab").stdout
    assert "Apache-2.0" in shown and "tvmonitor" in shown and "257 x 257 px" in shown
    assert "https://" in shown and "sha256 68a53978" in shown
    assert "non-commercial" in frisket("models", "show", "bria-rmbg-2.0").stdout
    assert "boxes and points" in frisket("models", "show", "sam-vit-b").stdout
    assert "(refiner)" in frisket("models", "show", "vitmatte-small").stdout
    assert "no model 'nix'" in refused(6, "models", "show", "nix")


def test_the_models_command_refuses_in_one_sentence(home: Path, tmp_path: Path) -> None:
    wrong = convolution(tmp_path / "m.onnx", (1, 3, 77, 77))
    said = refused(6, "models", "add", "mine", "--family", "u2net", "--file", wrong)
    assert "expects an input 1x3x320x320" in said and "x (1x3x77x77 tensor(float))" in said
    assert "say --family" in refused(6, "models", "add", "mine", "--file", wrong)
    assert "BRIA RMBG" in refused(6, "models", "pull", "bria-rmbg-2.0")
    (tmp_path / "bad.tflite").write_bytes(b"no graph")
    said = refused(
        6, "models", "add", "mine", "--family", "selfie", "--file", tmp_path / "bad.tflite"
    )
    assert "bad.tflite is not a TFLite file" in said
    assert not (home / "models").exists()
