"""A trimap and a prior from files, on a layer that is larger than its proxy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from command import frisket
from PIL import Image, ImageDraw
from serving import noisy_disc

WIDTH, HEIGHT = 3000, 2000


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "disc.png"
    Image.fromarray(noisy_disc(WIDTH, HEIGHT)).save(path, compress_level=1)
    return path


def test_a_trimap_of_the_layers_own_size_is_obeyed(
    home: Path, picture: Path, tmp_path: Path
) -> None:
    """It says that the right half is background, whatever the model finds there."""
    trimap, out = tmp_path / "trimap.png", tmp_path / "out.png"
    drawn = Image.new("L", (WIDTH, HEIGHT), 128)
    ImageDraw.Draw(drawn).rectangle((WIDTH // 2, 0, WIDTH, HEIGHT), fill=0)
    drawn.save(trimap)
    done = frisket(
        "cut", picture, "-o", out, "--as", "matte", "--model", "fake", "--trimap", trimap
    )
    assert done.returncode == 0, done.stderr
    alpha = np.asarray(Image.open(out))
    assert alpha.shape == (HEIGHT, WIDTH)
    assert not alpha[:, WIDTH // 2 + 4 :].any()
    assert alpha[HEIGHT // 2, WIDTH // 2 - 300] > 200


def test_a_prior_of_the_layers_own_size_is_taken(home: Path, picture: Path, tmp_path: Path) -> None:
    prior, out = tmp_path / "prior.png", tmp_path / "out.png"
    drawn = Image.new("L", (WIDTH, HEIGHT), 0)
    ImageDraw.Draw(drawn).ellipse((700, 500, 2300, 1500), fill=255)
    drawn.save(prior)
    command = ("cut", picture, "-o", out, "--as", "matte", "--model", "fake")
    done = frisket(*command, "--prior", prior)
    assert done.returncode == 0, done.stderr
    assert np.asarray(Image.open(out))[HEIGHT // 2, WIDTH // 2] > 200
