"""Draw scenes, ask the models about them once, and keep both on disk.

`python -m band.answers --data TRAIN --u2netp u2netp.onnx --out SCENES --count 2000 --part 0/2`

Each scene is `NNNNN.npy`, S×S×6 uint8: red, green, blue, alpha, and the answers of U²-Net-p and
of the embedded model as `Coarse.alpha` has them. A scene is its number: parts may run side by
side, and what exists is not drawn again. A part of them are the photographs themselves, whose
masks say nothing of the edge: alpha is `UNTOLD` near the outline there.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from data import Image, Pair, is_held_out, list_pairs, load_pair, read_skip
from numpy.random import Generator

from band.scenes import SIDE, Scene, draw_scene
from frisket.models import manifest
from frisket.models.adapters.single import SingleModel
from frisket.models.backends.onnx import Graph

MODELS = ("u2netp", "embedded")
#: Alpha that nobody knows, and how far from a mask's outline that is. Exact alpha never has it.
UNTOLD, _UNTOLD_REACH = 77, 9
#: Every so many scenes are of photographs that are held out, and score a run.
HELD = 20
#: Chance of a photograph as it is.
PLAIN = 0.25
_TRIES = 50

Photograph = tuple[str, Path]


def draw_numbered(photographs: list[Photograph], number: int) -> Scene:
    """Draw the scene of a number."""
    held = number % HELD == 0
    photographs = [(g, p) for g, p in photographs if is_held_out(g, p.stem) == held]
    rng = np.random.default_rng((51, number))
    plain = rng.random() < PLAIN
    for _ in range(_TRIES):
        front, behind = (_draw_pair(rng, photographs) for _ in range(2))
        scene = frame_photograph(rng, front) if plain else make_scene(rng, front, behind)
        if scene is not None:
            return scene
    raise ValueError("these photographs make no scene: are their masks empty?")


def make_scene(rng: Generator, front: Pair, behind: Pair) -> Scene | None:
    """Return a drawn scene; no alpha in it is `UNTOLD` by chance."""
    scene = draw_scene(rng, front, behind)
    if scene is None or not 0.01 < scene.alpha.mean() / 255 < 0.9:
        return None
    return Scene(scene.image, np.where(scene.alpha == UNTOLD, UNTOLD + 1, scene.alpha))


def frame_photograph(rng: Generator, pair: Pair, side: int = SIDE) -> Scene | None:
    """Return a square of a photograph with its mask, unknown near the outline."""
    if not 0.02 < pair.mask.mean() / 255 < 0.9:
        return None
    high, wide = pair.mask.shape
    share = min(high, wide)
    y, x = (int(rng.integers(n - share + 1)) for n in (high, wide))
    box = np.s_[y : y + share, x : x + share]
    image, mask = (
        cv2.resize(plane[box], (side, side), interpolation=cv2.INTER_LINEAR)
        for plane in (pair.image, pair.mask)
    )
    solid = np.where(mask > 127, 255, 0).astype(np.uint8)
    reach = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _UNTOLD_REACH + 1,) * 2)
    near = cv2.dilate(solid, reach) != cv2.erode(solid, reach)
    return Scene(np.asarray(image, np.uint8), np.where(near, UNTOLD, solid).astype(np.uint8))


def load_models(u2netp: Path) -> list[SingleModel]:
    """Open the models of `MODELS`, one thread each."""
    specs = manifest.read_shipped()
    paths = (u2netp, Path(manifest.__file__).parent / "embedded" / "embedded.onnx")
    return [
        SingleModel(specs[name], specs[name].describe(), Graph(path, "cpu", 1))
        for name, path in zip(MODELS, paths, strict=True)
    ]


def answer(models: list[SingleModel], scene: Scene) -> Image:
    """Return a scene with the models' answers: S×S×6."""
    asked = [model.matte([scene.image])[0].alpha for model in models]
    return np.dstack([scene.image, scene.alpha, *asked])


def write_scene(path: Path, planes: Image) -> None:
    """Write a scene, whole or not at all."""
    hidden = path.with_suffix(".tmp")
    with hidden.open("wb") as file:
        np.save(file, planes)
    hidden.replace(path)


def _draw_pair(rng: Generator, photographs: list[Photograph]) -> Pair:
    return load_pair(*photographs[int(rng.integers(len(photographs)))], None)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--data", "--u2netp", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--skip", type=Path, default=Path(__file__).parents[1] / "skip.txt")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--part", default="0/1")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    part, parts = map(int, args.part.split("/"))
    skip = read_skip(args.skip)
    photographs = [(g, p) for g, p in list_pairs(args.data) if f"{g}/{p.stem}" not in skip]
    args.out.mkdir(parents=True, exist_ok=True)
    models = load_models(args.u2netp)
    for number in range(part, args.count, parts):
        path = args.out / f"{number:05}.npy"
        if not path.exists():
            write_scene(path, answer(models, draw_numbered(photographs, number)))


if __name__ == "__main__":
    main()
