"""A TFLite file of the user's own: added by the command, run by a real server."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from tflite_graphs import small_selfie

from frisket.models import Registry

from .test_command import frisket, refused


def test_a_tflite_file_is_added_and_runs(home: Path, photograph: Path, tmp_path: Path) -> None:
    graph = small_selfie(tmp_path / "own.tflite", (256, 256))
    added = frisket("models", "add", "own", "--family", "selfie", "--file", graph)
    assert added.returncode == 0, added.stderr
    out = tmp_path / "out.png"
    command = ("cut", photograph, "-o", out, "--as", "matte", "--model", "own")
    done = frisket(*command)
    assert done.returncode == 0, done.stderr
    expected = Registry(home).open("own", "cpu", 1).matte([np.asarray(Image.open(photograph))])[0]
    assert 0 < expected.alpha.mean() < 255
    draft = frisket(
        "cut", photograph, "-o", out, "--as", "matte", "--model", "own", "--quality", "draft"
    )
    assert draft.returncode == 0, draft.stderr
    assert np.abs(np.asarray(Image.open(out)).astype(int) - expected.alpha).max() <= 1
    said = refused(6, "models", "add", "wide", "--family", "selfie-landscape", "--file", graph)
    assert "1x3x144x256" in said and "256x256" in said
