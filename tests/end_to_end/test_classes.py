"""Classes by name, from the command line through a real server to the model and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from graphs import convolution
from PIL import Image

from frisket import CutOptions, cut
from frisket.client.errors import TransportError
from frisket.models import Registry

from .test_command import frisket, refused


def cut_classes(source: Path, target: Path, *classes: str) -> np.ndarray:
    options = CutOptions(
        kind="matte", model="clothes", classes=classes, quality="draft", allow_empty=True
    )
    cut(source, target, options)
    return np.asarray(Image.open(target)).astype(int)


def test_classes_reach_the_model(home: Path, photograph: Path, tmp_path: Path) -> None:
    graph = convolution(tmp_path / "m.onnx", (1, 3, 768, 768), channels=4, final="Identity")
    Registry(home).add("clothes", "cloth", graph)
    upper, lower, both, every = (
        cut_classes(photograph, tmp_path / f"{i}.png", *names)
        for i, names in enumerate([("upper",), ("lower",), ("upper", "lower"), ()])
    )
    assert np.abs(upper - lower).max() > 20, "two classes are two mattes"
    assert np.abs(np.clip(upper + lower, 0, 255) - both).max() <= 6, "shares add up"
    assert (every >= both - 6).all()
    with pytest.raises(TransportError, match="no class 'hat': it has upper, lower, full") as error:
        cut_classes(photograph, tmp_path / "no.png", "hat")
    assert error.value.reason == "BAD_CLASS"
    assert not (tmp_path / "no.png").exists()


def test_one_file_for_each_class(home: Path, photograph: Path, tmp_path: Path) -> None:
    """A graph whose answer is always its second class: the other finds nothing."""
    graph = convolution(
        tmp_path / "m.onnx", (1, 3, 768, 768), channels=4, final="Identity", lean=(0, -50, 50, -50)
    )
    Registry(home).add("clothes", "cloth", graph)
    out = tmp_path / "part-{class}.png"
    command = ("cut", photograph, "-o", out, "--as", "matte", "--model", "clothes")
    done = frisket(*command, "--classes", "upper,lower")
    assert done.returncode == 0, done.stderr
    assert "no upper was found" in done.stderr
    assert sorted(p.name for p in tmp_path.glob("part-*")) == ["part-lower.png"]
    assert np.asarray(Image.open(tmp_path / "part-lower.png")).min() > 250
    assert "no full was found" in refused(8, *command, "--classes", "full")
    assert "needs --classes" in refused(2, *command)
