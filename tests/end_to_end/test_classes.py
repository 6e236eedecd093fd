"""Classes by name, from the command line through a real server to the model and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from graphs import convolution
from PIL import Image

from frisket.client import CutOptions, cut
from frisket.client.errors import TransportError
from frisket.models import Registry


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
