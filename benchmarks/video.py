"""Mattes of clips with an exact alpha: frame by frame as rembg makes them, as we do, and steadied.

    python benchmarks/video.py                          # U2-Net-p at 720p
    python benchmarks/video.py --models embedded --frames 48
    python benchmarks/video.py --speed --models selfie embedded     # file to file, by stage
    python benchmarks/video.py --memory --models selfie --frames 10000      # of 360p, file to file
    python benchmarks/video.py --band               # the edge stage's time per pixel of its band
    python benchmarks/video.py --hints --models embedded    # on the first frame and on every one

MAD and MSE in thousandths, gradient and connectivity in thousands, dtSSD in hundredths: the scales
of the evaluation scripts of Robust Video Matting (Lin et al., WACV 2022; `evaluate_lr.py`), where
dtSSD of a frame is the root of the mean of ((a_t - a_t-1) - (t_t - t_t-1)) squared. Flicker is the
mean of |a_t - a_t-1| in levels of 255, told for the still scene alone, whose truth does not move.
rembg's way with the same weights is that of `quality.py`. Writes `benchmarks/results/video.json`
and `video.md`, and keeps the rows of other clips and models there, so that clips may be measured
one by one.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from clips import CLIPS, Clip, make_frames, read_photographs
from common import RESULTS, shared_data
from numpy.typing import NDArray
from quality import rembg_way, u2netp, u2netp_graph
from video_band import measure_band
from video_hints import measure_hints
from video_speed import clock, find_processes, measure_file, write_clip

from frisket.jobs.video.matting import describe_frames, reduce_frame
from frisket.matting import Matting, MattingOptions
from frisket.matting.engine import refine
from frisket.matting.frames import SolvedFrame, solve_frame
from frisket.measure import metrics
from frisket.models import Model, Registry
from frisket.protocol.grid import Grid

Image = NDArray[Any]
Row = dict[str, Any]
SIZE = (1280, 720)
_LOOK = 250  # frames after which memory is looked at
MEASURES = ("mad", "mse", "grad", "conn", "dtssd")


def main() -> int:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["u2netp"])
    parser.add_argument("--clips", nargs="+", default=[clip.name for clip in CLIPS])
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--speed", action="store_true", help="measure file to file instead")
    parser.add_argument("--memory", action="store_true", help="measure memory instead")
    parser.add_argument("--band", action="store_true", help="measure the edge at 720p and at 4K")
    parser.add_argument("--hints", action="store_true", help="measure hints on a key frame")
    parser.add_argument("--quality", default="standard", help="of the run for memory")
    arguments = parser.parse_args()
    data = shared_data()
    if data is None:
        sys.exit("The photographs are missing: set FRISKET_SHARED to the folder of shared data.")
    photographs = read_photographs(data / "photos")
    if arguments.memory:
        return measure_memory(photographs[0], arguments)
    chosen = [clip for clip in CLIPS if clip.name in arguments.clips]
    if arguments.hints:
        for clip in chosen:
            photograph = photographs[clip.seed % len(photographs)]
            for name in arguments.models:
                measure_hints(name, open_model(name), clip, photograph)
        return 0
    if arguments.band:
        for name in arguments.models:
            measure_band(name, open_model(name), photographs[0], arguments.frames)
        return 0
    if arguments.speed:
        return measure_speed(photographs, arguments)
    measure_quality(photographs, chosen, arguments)
    return 0


def measure_quality(
    photographs: list[Image], chosen: list[Clip], arguments: argparse.Namespace
) -> None:
    """Measure every way on every clip, and write the table."""
    rows = [
        measure_clip(name, clip, photographs[clip.seed % len(photographs)], arguments.frames)
        for name in arguments.models
        for clip in chosen
    ]
    anew = {(row["model"], row["clip"]) for row in rows}
    kept = read_rows(arguments.frames, anew)
    report = {"frames": arguments.frames, "size": list(SIZE), "rows": [*kept, *rows]}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "video.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    (RESULTS / "video.md").write_text(write_table(report), encoding="utf-8")
    print(write_table(report))


def read_rows(frames: int, anew: set[tuple[str, str]]) -> list[Row]:
    """Return the rows of earlier runs of as many frames, without those that were measured anew."""
    path = RESULTS / "video.json"
    if not path.exists():
        return []
    before = json.loads(path.read_text(encoding="utf-8"))
    rows = before["rows"] if before["frames"] == frames else []
    return [row for row in rows if (row["model"], row["clip"]) not in anew]


def open_model(name: str) -> Model:
    """Return a model; u2netp with the weights of the test data."""
    return u2netp() if name == "u2netp" else Registry().open(name, "cpu", 2)


def measure_clip(name: str, clip: Clip, photograph: Image, count: int) -> Row:
    """Return the mean scores of every way."""
    scores: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    before: dict[str, tuple[Image, Image]] = {}
    for ways, known in matte_ways(name, clip, photograph, count):
        truth = known.astype(np.float32) / 255
        for way, alpha8 in ways.items():
            alpha = alpha8.astype(np.float32) / 255
            for measure, value in score_frame(alpha, truth, before.get(way)).items():
                scores[way][measure].append(value)
            before[way] = alpha, truth
    means = {
        way: {measure: float(np.mean(values)) for measure, values in found.items()}
        for way, found in scores.items()
    }
    print(name, clip.name, {way: round(found["dtssd"], 3) for way, found in means.items()})
    return {"model": name, "clip": clip.name, "ways": means}


def matte_ways(
    name: str, clip: Clip, photograph: Image, count: int
) -> Iterator[tuple[dict[str, Image], Image]]:
    """Yield the alphas (h, w) uint8 of every frame by way, and the truth."""
    model, graph = open_model(name), u2netp_graph() if name == "u2netp" else None
    layer = describe_frames(*SIZE, 8, "standard")
    before: SolvedFrame | None = None
    for rgb, known in make_frames(clip, photograph, SIZE, count):
        proxy = reduce_frame(rgb, layer)
        [coarse] = model.matte([proxy], [None])
        matting = Matting(proxy, Grid(*SIZE, 128), MattingOptions())
        before = solve_frame(matting, coarse, before.track if before else None)
        ways = {
            "frames": refine(matting.solve(coarse).matte, 0, 0, rgb),
            "steady": refine(before.solution.matte, 0, 0, rgb),
        }
        if graph is not None:
            ways["rembg"] = rembg_way(graph, rgb)
        yield ways, known


def score_frame(alpha: Image, truth: Image, before: tuple[Image, Image] | None) -> dict[str, float]:
    """Return a frame's scores in the scales above; dtSSD and flicker from the second frame on."""
    everywhere = np.ones(alpha.shape, bool)
    found = {
        "mad": float(np.abs(alpha - truth).mean() * 1e3),
        "mse": float(np.square(alpha - truth).mean() * 1e3),
        "grad": metrics.gradient(alpha, truth, everywhere),
        "conn": metrics.connectivity(alpha, truth, everywhere),
    }
    if before is not None:
        step = (alpha - before[0]) - (truth - before[1])
        found["dtssd"] = float(np.sqrt(np.square(step).mean()) * 1e2)
        found["flicker"] = float(np.abs(alpha - before[0]).mean() * 255)
    return found


def write_table(report: Row) -> str:
    """Return the report in Markdown."""
    width, height = report["size"]
    lines = [
        f"{report['frames']} frames of {width} × {height}; smaller is better. `frames` is frisket "
        "frame by frame, `steady` as `frisket video` does it, `rembg` its way, with the same "
        "weights.",
        "",
        "| model | clip | way | MAD | MSE | Grad | Conn | dtSSD | flicker |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in report["rows"]:
        for way, found in row["ways"].items():
            shown = " | ".join(f"{found[measure]:.2f}" for measure in MEASURES)
            still = f"{found['flicker']:.2f}" if row["clip"] == "still" else "–"
            lines.append(f"| {row['model']} | {row['clip']} | {way} | {shown} | {still} |")
    lines += ["", *compare(report["rows"])]
    return "\n".join(lines) + "\n"


def compare(rows: list[Row]) -> Iterator[str]:
    """Yield how steadied mattes compare with the other ways, over all clips."""
    for other in ("rembg", "frames"):
        pairs = [
            (row["ways"]["steady"], row["ways"][other]) for row in rows if other in row["ways"]
        ]
        for measure in ("mad", "dtssd") if pairs else ():
            ratios = [mine[measure] / theirs[measure] for mine, theirs in pairs]
            whole = sum(mine[measure] for mine, _ in pairs) / sum(
                other[measure] for _, other in pairs
            )
            yield (
                f"- {measure} of `steady` ÷ `{other}`: {whole:.2f} of the sums, median of "
                f"the clips {np.median(ratios):.2f}"
            )


def measure_speed(photographs: list[Image], arguments: argparse.Namespace) -> int:
    """Print how long file to file takes beside decoding and encoding without us, by stage."""
    clip = CLIPS[1]
    with tempfile.TemporaryDirectory() as name:
        source, photograph = Path(name, "clip.mp4"), photographs[clip.seed % len(photographs)]
        shape = write_clip(source, clip, photograph, SIZE, arguments.frames)
        measure_file(source, shape, {one: open_model(one) for one in arguments.models})
    return 0


def measure_memory(photograph: Image, arguments: argparse.Namespace) -> int:
    """Print the memory of this process and of its server while a long clip of 360p is matted."""
    from frisket.jobs.video import VideoOptions, matte_video

    with tempfile.TemporaryDirectory() as name:
        source = Path(name, "clip.mp4")
        write_loop(source, photograph, arguments.frames)
        rows: list[tuple[int, float, float]] = []
        peaks = [0.0, 0.0]

        def look(stage: str, done: int, total: int) -> None:
            if stage != "frames":
                return
            now = [_resident_mib(one) for one in find_processes()]
            peaks[:] = map(max, peaks, now)
            if done % _LOOK == 0:
                rows.append((done, now[0], now[1]))
                here, there = (
                    f"{mib:.0f} MiB (peak {peak:.0f})" for mib, peak in zip(now, peaks, strict=True)
                )
                told = f"{here}, its server {there}"
                print(f"{done} frames: {told}", flush=True)

        for model in arguments.models:
            rows.clear()
            peaks[:] = [0.0, 0.0]
            options = VideoOptions(
                kind="matte", model=model, quality=arguments.quality, overwrite=True
            )
            with clock(model, arguments.frames):
                matte_video(source, Path(name, "matte.mkv"), options, progress=look)
            later = np.array(rows[len(rows) // 4 :])
            if len(later) > 1:
                slopes = [np.polyfit(later[:, 0], later[:, side], 1)[0] * 1000 for side in (1, 2)]
                print(
                    "after a quarter, growth per 1000 frames: {:.2f} MiB, its server {:.2f} MiB"
                    .format(*slopes)
                )  # fmt: skip
    return 0


def write_loop(path: Path, photograph: Image, count: int) -> None:
    """Write a clip of 360p whose first 48 frames come again and again."""
    from frisket.jobs.video.movie import Movie
    from frisket.jobs.video.shape import Shape

    tick, size = Fraction(1, 25), (640, 360)
    loop = [rgb for rgb, _ in make_frames(CLIPS[1], photograph, size, 48)]
    with Movie(path, Shape(*size, 8, 1 / tick, tick, count), "finished") as movie:
        for number in range(count):
            movie.write(loop[number % len(loop)], number)


def _resident_mib(process: int) -> float:
    return float(psutil.Process(process).memory_info().rss / 2**20)


if __name__ == "__main__":
    sys.exit(main())
