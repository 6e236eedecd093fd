"""Matte quality of frisket and of rembg's way with the same weights, picture by picture.

    python benchmarks/quality.py                    # measured mattes, masks, generated truth
    python benchmarks/quality.py --sets mattes      # only some of them
    python benchmarks/quality.py --real-rembg       # run rembg 2.0.86 itself, in .venv-rembg

rembg's way, step by step: Lanczos to 320 x 320, divide by the maximum, normalise, run,
stretch between minimum and maximum, truncate to 8 bits, Lanczos back. With --real-rembg
its own program makes the masks; both ways agree to 1/255 in the mean. Writes
`benchmarks/results/quality.json` and `quality.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import truth
from common import RESULTS, ROOT, shared_data, u2netp_weights
from numpy.typing import NDArray
from PIL import Image

from frisket.matting import Picture as View
from frisket.matting.engine import Quality, refine, solve
from frisket.matting.inference import combine_answers, list_closer_views, list_views
from frisket.measure import metrics
from frisket.models import Coarse, manifest
from frisket.models.adapters.single import SingleModel
from frisket.models.backends.onnx import Graph

Picture = NDArray[Any]
SETS = ("mattes", "masks", "generated")


@dataclass(frozen=True)
class Case:
    """One picture with its truth."""

    group: str
    name: str
    rgb: Picture
    truth: Picture


def main() -> None:
    """Measure the sets asked for and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--megapixels", type=float, default=24.0, help="of generated pictures")
    parser.add_argument("--real-rembg", action="store_true")
    arguments = parser.parse_args()
    model, graph = u2netp(), u2netp_graph()
    theirs = real_rembg if arguments.real_rembg else lambda rgb: rembg_way(graph, rgb)
    rows = [
        measured(case, model, theirs)
        for name in arguments.sets
        for case in cases(name, arguments.megapixels)
    ]
    write(rows, arguments)


def u2netp() -> SingleModel:
    """The model that both sides run."""
    spec = manifest.read_shipped()["u2netp"]
    return SingleModel(spec, spec.describe(), u2netp_graph())


def u2netp_graph() -> Graph:
    """The graph alone, as rembg runs it."""
    return Graph(u2netp_weights(), "cpu", 2)


def _read(path: Path, mode: str) -> Picture:
    return np.asarray(Image.open(path).convert(mode))


def cases(name: str, megapixels: float) -> Iterator[Case]:
    """The pictures of a set; nothing where the data is not there."""
    data = shared_data()
    if name == "generated":
        yield from generated(megapixels)
        return
    if data is None:
        print(f"{name}: no test data, skipped")
        return
    suffix = "alpha" if name == "mattes" else "mask"
    for path in sorted((data / name).glob("*_image.*")):
        stem = path.name.rsplit("_image", 1)[0]
        rgb, known = _read(path, "RGB"), _read(path.with_name(f"{stem}_{suffix}.png"), "L")
        if known.shape == rgb.shape[:2]:
            yield Case(name, stem, rgb, known)


def generated(megapixels: float) -> Iterator[Case]:
    """Hair, fur, leaves, lace and glass over blurred photographs."""
    from skimage import data

    wide = round((megapixels * 1.5e6) ** 0.5)
    high = round(megapixels * 1e6 / wide)
    for seed, (kind, photo) in enumerate(
        zip(truth.KINDS, ("rocket", "coffee", "chelsea", "astronaut", "rocket"), strict=True)
    ):
        back = cv2.resize(getattr(data, photo)(), (wide, high), interpolation=cv2.INTER_CUBIC)
        back = cv2.GaussianBlur(back, (0, 0), high / 200)
        rgb, alpha = truth.picture(kind, back, seed)
        yield Case("generated", f"{kind}-{megapixels:g}MP", rgb, alpha)


def rembg_way(graph: Graph, rgb: Picture) -> Picture:
    """The mask as rembg makes it, with the same graph."""
    small = np.asarray(Image.fromarray(rgb).resize((320, 320), Image.Resampling.LANCZOS))
    scaled = small / max(float(small.max()), 1e-6)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    tensor = ((scaled - mean) / std).transpose(2, 0, 1)[None].astype(np.float32)
    answer = graph.run({graph.inputs[0].name: tensor}, [graph.outputs[0].name])[0][0, 0]
    answer = (answer - answer.min()) / (answer.max() - answer.min())
    mask = Image.fromarray((answer * 255).astype(np.uint8))
    return np.asarray(mask.resize((rgb.shape[1], rgb.shape[0]), Image.Resampling.LANCZOS))


def real_rembg(rgb: Picture) -> Picture:
    """The mask of rembg itself, from its own environment."""
    from rembg import rembg_environment, rembg_settings  # our sibling script

    program = rembg_environment() / "bin" / "rembg"
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "u2netp.onnx").symlink_to(u2netp_weights())
        Image.fromarray(rgb).save(place / "in.png", compress_level=1)
        env = os.environ | rembg_settings(place)
        files = [str(place / "in.png"), str(place / "out.png")]
        command = [str(program), "i", "-m", "u2netp", "-om", *files]
        subprocess.run(command, env=env, check=True, capture_output=True)
        return _read(place / "out.png", "L")


def proxy_of(rgb: Picture) -> Picture:
    """What the client sends first: the picture at no more than 2048 px."""
    scale = min(1.0, 2048 / max(rgb.shape[:2]))
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    if scale == 1:
        return rgb
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))


def looked(model: SingleModel, proxy: Picture, quality: Quality) -> Coarse:
    """The model's answer, from as many looks as the quality takes."""
    views = list_views(View(proxy), quality)
    answers = [model.matte([view.rgb])[0] for view in views]
    answers += [model.matte([view.rgb])[0] for view in list_closer_views(views[0], answers)]
    return combine_answers(answers)


def engine_alpha(
    rgb: Picture, proxy: Picture, coarse: Coarse, quality: Quality
) -> tuple[Picture, float]:
    """The engine's alpha, and the seconds that solving on the proxy took."""
    start = time.perf_counter()
    size = (rgb.shape[1], rgb.shape[0])
    matte = solve(proxy, coarse.alpha, size, quality, cell_px=coarse.cell_px)
    seconds = time.perf_counter() - start
    return refine(matte, 0, 0, rgb), seconds


def ours(model: SingleModel, rgb: Picture, quality: Quality) -> tuple[Picture, float]:
    """The engine's alpha of a picture, and the seconds that solving on the proxy took."""
    proxy = proxy_of(rgb)
    return engine_alpha(rgb, proxy, looked(model, proxy, quality), quality)


def measured(
    case: Case, model: SingleModel, theirs: Callable[[Picture], Picture]
) -> dict[str, Any]:
    """Scores of the three ways for one picture."""
    row: dict[str, Any] = {"group": case.group, "name": case.name}
    near = edge_of(case.truth)
    row["rembg"] = scored(theirs(case.rgb), case.truth, near)
    for quality in (Quality.STANDARD, Quality.HIGH):
        alpha, seconds = ours(model, case.rgb, quality)
        row[quality.value] = scored(alpha, case.truth, near) | {"solve_seconds": seconds}
    print(
        f"{case.group:9} {case.name:24} "
        + "  ".join(f"{w} {row[w]['sad']:8.2f} {row[w]['gradient']:8.2f}" for w in _WAYS),
        flush=True,
    )
    return row


_WAYS = ("rembg", "standard", "high")
_EDGE_PX = 10


def edge_of(truth: Picture) -> Picture:
    """Where the edge is: within 10 px of what is neither 0 nor full, or of an outline."""
    solid = (truth >= 128).astype(np.uint8)
    open_ = (truth > 0) & (truth < 255)
    outline = cv2.morphologyEx(solid, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    reach = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _EDGE_PX + 1, 2 * _EDGE_PX + 1))
    return np.asarray(cv2.dilate((open_ | outline).astype(np.uint8), reach) > 0)


def scored(alpha: Picture, known: Picture, near: Picture) -> dict[str, float]:
    """The errors of one alpha, and its mean difference near the edge."""
    away = np.abs(metrics.unit(alpha) - metrics.unit(known))
    edge = float(away[near].mean()) if near.any() else 0.0
    return metrics.score(alpha, known, fast=True).as_dict() | {"edge_mae": edge}


def parts_of(rows: list[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The sets, where the model is right in each, and their halves.

    Constants are chosen on every other picture (`first half`) and judged by the rest.
    """
    for group in dict.fromkeys(row["group"] for row in rows):
        whole = [row for row in rows if row["group"] == group]
        yield group, whole
        yield f"{group}, model right", [row for row in whole if row["rembg"]["iou"] >= _RIGHT]
        yield f"{group}, first half", whole[::2]
        yield f"{group}, second half", whole[1::2]


_RIGHT = 0.9
_WORSE = 1.02


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Per part: medians of each picture's ratio to rembg's way, and how many are worse."""
    return {
        name: {"pictures": len(part)} | {way: compared(part, way) for way in _WAYS[1:]}
        for name, part in parts_of(rows)
        if part
    }


def compared(part: list[dict[str, Any]], way: str) -> dict[str, float]:
    """One way beside rembg's over some pictures."""

    def ratios(measure: str) -> Picture:
        pairs = [(row[way][measure], row["rembg"][measure]) for row in part]
        return np.array([ours_ / max(theirs, 1e-12) for ours_, theirs in pairs])

    sad = ratios("sad")
    mse = [(row[way]["mse"], row["rembg"]["mse"]) for row in part]
    return {
        **{f"{m}_ratio": float(np.median(ratios(m))) for m in ("sad", "gradient", "edge_mae")},
        "mean_mse_ratio": sum(a for a, _ in mse) / sum(b for _, b in mse),
        "share_worse": float((sad > _WORSE).mean()),
        "worst_sad_ratio": float(sad.max()),
        "solve_seconds": float(np.median([row[way]["solve_seconds"] for row in part])),
    }


def write(rows: list[dict[str, Any]], arguments: argparse.Namespace) -> None:
    """The JSON and the table."""
    RESULTS.mkdir(exist_ok=True)
    result = summary(rows)
    command = "python benchmarks/quality.py --sets " + " ".join(arguments.sets)
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    whole = {"command": command, "machine": machine, "summary": result, "pictures": rows}
    (RESULTS / "quality.json").write_text(json.dumps(whole, indent=1) + "\n")
    lines = [
        f"`{command}` on {machine}. Each figure is the median of the pictures' own ratios to",
        f"rembg's way, same weights (u2netp). Right: its IoU is {_RIGHT} or more. Edge: the mean",
        f"difference within {_EDGE_PX} px of the edge. Worse: SAD more than 2 % above rembg's.",
        "",
        "| set | way | SAD | gradient | edge | mean MSE | worse | worst SAD | solve s |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, found in result.items():
        for way in _WAYS[1:]:
            f = found[way]
            title = f"{name} ({found['pictures']})" if way == _WAYS[1] else ""
            lines.append(
                f"| {title} | {way} "
                f"| {f['sad_ratio']:.2f} | {f['gradient_ratio']:.2f} | {f['edge_mae_ratio']:.2f} "
                f"| {f['mean_mse_ratio']:.2f} | {f['share_worse']:.0%} "
                f"| {f['worst_sad_ratio']:.2f} | {f['solve_seconds']:.2f} |"
            )
    text = "\n".join(lines) + "\n"
    (RESULTS / "quality.md").write_text(text)
    print(text, f"written to {(RESULTS / 'quality.json').relative_to(ROOT)}")


if __name__ == "__main__":
    main()
