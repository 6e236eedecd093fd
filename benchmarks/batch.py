"""Many files: a batch beside the bare loop and beside `rembg p`, its memory, and layered files.

    python benchmarks/batch.py                       # 500 JPEGs, 40 PSDs; an hour
    python benchmarks/batch.py --files 60 --psds 6   # for a machine that is not quiet
    python benchmarks/batch.py --rows memory         # 500 JPEGs once; needs no quiet
    python benchmarks/batch.py --where FOLDER --prepare
    python benchmarks/batch.py --where FOLDER --rows files --files 150
    python benchmarks/batch.py --where FOLDER --rows psds --psds 8

The server is warm and has U2-Net-p, as rembg has. Rounds alternate; printed are medians of ratios
of one round. `bare` cuts the same files with as many threads and sandboxes, and keeps neither
journal nor events nor thumbnails. What is measured is put into `benchmarks/results/batch.json`,
where rows that are not measured now stay as they are, and into a table. With `--prepare` the files
are written and nothing is measured, so that only the rest needs a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from common import RESULTS, u2netp_weights
from PIL import Image
from rembg import rembg_environment, rembg_settings

from frisket import CutOptions
from frisket.documents import Sandbox
from frisket.jobs.many import cut_many
from frisket.jobs.task import Task

MODEL = "bench"
ROWS = ("files", "memory", "psds")
FRISKET = Path(sys.executable).parent / "frisket"
Row = dict[str, Any]


def main() -> int:
    """Measure, print and write; or serve as the bare loop."""
    arguments = _arguments()
    if arguments.bare:
        pictures, out = map(Path, arguments.bare)
        return cut_bare(pictures, out)
    if arguments.where:
        arguments.where.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="frisket-bench-", dir=arguments.where) as name:
        inputs = write_inputs(arguments, arguments.where or Path(name))
        if arguments.prepare:
            return 0
        measured = measure(arguments, inputs, Path(name))
    RESULTS.mkdir(exist_ok=True)
    known = RESULTS / "batch.json"
    report: Row = (json.loads(known.read_text()) if known.exists() else {}) | measured
    known.write_text(json.dumps(report, indent=1) + "\n")
    (RESULTS / "batch.md").write_text(as_table(report))
    print(as_table(report))
    return 0


def write_inputs(arguments: argparse.Namespace, folder: Path) -> dict[str, Path]:
    """Write the files that the chosen rows need, where they are not there, and return folders."""
    inputs = {}
    if {"files", "memory"} & set(arguments.rows):
        inputs["files"] = folder / f"pictures-{arguments.files}"
        if not inputs["files"].exists():
            write_pictures(inputs["files"], arguments.files)
    if "psds" in arguments.rows and arguments.psds:
        inputs["psds"] = folder / f"psds-{arguments.psds}-{arguments.megapixels:g}"
        if not inputs["psds"].exists():
            write_documents(inputs["psds"], arguments.psds, arguments.megapixels)
    return inputs


def measure(arguments: argparse.Namespace, inputs: dict[str, Path], folder: Path) -> Row:
    """Measure the chosen rows with a home and a server of their own."""
    os.environ["FRISKET_HOME"] = str(folder / "home")
    weights = u2netp_weights()
    add = ("models", "add", MODEL, "--family", "u2net", "--file", weights)
    subprocess.run([FRISKET, *add], check=True)
    report: Row = {"cores": os.cpu_count()}
    try:
        if "files" in arguments.rows:
            rival = weights if arguments.rembg else None
            report |= compare(inputs["files"], folder, arguments.runs, rival)
        elif "memory" in arguments.rows:
            grown = _batch(inputs["files"], folder / "memory")
            report |= {"memory_growth": grown, "memory_files": arguments.files}
        if "psds" in inputs:
            report |= measure_layered(inputs["psds"], folder)
    finally:
        stop_server(folder / "home")
    return report


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=500, help="JPEGs of 1 to 2 MP")
    parser.add_argument("--psds", type=int, default=40, help="layered PSDs")
    parser.add_argument("--megapixels", type=float, default=40, help="of a PSD")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-rembg", dest="rembg", action="store_false")
    parser.add_argument("--where", type=Path, help="folder with room for everything; keeps inputs")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=["files", "psds"])
    parser.add_argument("--prepare", action="store_true", help="write inputs, and measure nothing")
    parser.add_argument("--bare", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


def write_pictures(folder: Path, number: int) -> Path:
    """Write photographs of 1 to 2 MP, each with another crop and size."""
    from skimage import data

    folder.mkdir(parents=True)
    picture, dice = Image.fromarray(data.astronaut()), np.random.default_rng(1)
    for index in range(number):
        left, top = dice.integers(0, 60, 2)
        width = int(dice.integers(1200, 1700))
        crop = picture.crop((left, top, left + 450, top + 450)).resize((width, width * 7 // 10))
        crop.save(folder / f"{index:04}.jpg", quality=92)
    return folder


def compare(pictures: Path, folder: Path, runs: int, weights: Path | None) -> Row:
    """Run the batch, the bare loop and rembg in turns."""
    ways: dict[str, Callable[[Path], object]] = {
        "batch": lambda out: _batch(pictures, out),
        "bare": lambda out: _run([sys.executable, __file__, "--bare", pictures, out]),
    }
    if weights is not None:
        ways["rembg"] = lambda out: _rembg(pictures, out, folder, weights)
    _batch(pictures, folder / "warm", "--dry-run")
    ways["bare"](folder / "warm")
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    memory: list[float] = []
    for number in range(runs):
        for name, way in ways.items():
            out = folder / f"{name}-{number}"
            started = time.perf_counter()
            told = way(out)
            seconds[name].append(time.perf_counter() - started)
            if name == "batch":
                memory.append(float(str(told)))
            shutil.rmtree(out)
    median = {name: statistics.median(taken) for name, taken in seconds.items()}
    ratios = {
        f"{name}_ratio": statistics.median(
            one / batch for one, batch in zip(taken, seconds["batch"], strict=True)
        )
        for name, taken in seconds.items()
    }
    files = len(list(pictures.iterdir()))
    grown = {"memory_growth": statistics.median(memory), "memory_files": files}
    return {"files": files, "seconds": median, **ratios, **grown}


def _batch(pictures: Path, out: Path, *more: str) -> float:
    """Run a batch; return its memory near the end as a multiple of that near the beginning."""
    command = [FRISKET, "batch", pictures, "-o", out, "--as", "cutout", "-m", MODEL, "--events"]
    process = subprocess.Popen([*map(str, command), *more], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    seen = [
        (event["done"], resident(process.pid))
        for event in map(_read_event, process.stdout)
        if event and event["event"] == "progress"
    ]
    if process.wait():
        raise RuntimeError("the batch failed")
    if len(seen) < 20:
        return 1.0
    window = len(seen) // 10
    early, late = seen[window : 2 * window], seen[-window:]
    return statistics.median(m for _, m in late) / statistics.median(m for _, m in early)


def _read_event(line: str) -> Row | None:
    return json.loads(line) if line.startswith("{") else None


def resident(pid: int) -> int:
    """Return the bytes that a process and its children hold; the server is nobody's child."""
    total = 0
    try:
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            total += int(one.memory_info().rss)
    except psutil.Error:
        pass
    return total


def _rembg(pictures: Path, out: Path, folder: Path, weights: Path) -> None:
    home = folder / "u2net"
    if not home.exists():
        home.mkdir()
        shutil.copyfile(weights, home / "u2netp.onnx")
    out.mkdir()
    command = [rembg_environment() / "bin" / "rembg", "p", "-m", "u2netp", pictures, out]
    _run(command, **rembg_settings(home))


def _run(command: list[Any], **environment: str) -> None:
    env = {**os.environ, **environment}
    words = [str(word) for word in command]
    subprocess.run(words, check=True, env=env, stdout=subprocess.DEVNULL)


def cut_bare(pictures: Path, out: Path, jobs: int = 3) -> int:
    """Cut every picture with threads that share a list, and keep no journal."""
    out.mkdir(parents=True, exist_ok=True)
    options = CutOptions("cutout", model=MODEL, sandbox=True)
    tasks = iter([Task(one, out / f"{one.stem}.png", options) for one in pictures.iterdir()])
    lock = threading.Lock()

    def take() -> Iterator[Task]:
        while True:
            with lock:
                task = next(tasks, None)
            if task is None:
                return
            yield task

    def work() -> None:
        with Sandbox() as sandbox, closing(cut_many(take(), rehearse=sandbox.decode)) as outcomes:
            for outcome in outcomes:
                outcome.unwrap()

    threads = [threading.Thread(target=work) for _ in range(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 0


def measure_layered(documents: Path, folder: Path) -> Row:
    """Put a mask into each of many layered PSDs; beside it, copy them and run the model alone."""
    number = len(list(documents.iterdir()))
    started = time.perf_counter()
    shutil.copytree(documents, folder / "copied")
    os.sync()
    copying = time.perf_counter() - started
    shutil.rmtree(folder / "copied")
    _batch(documents, folder / "psd-plan", "--dry-run")
    started = time.perf_counter()
    command = (FRISKET, "batch", documents, "-o", folder / "masked", "--as", "mask", "-m", MODEL)
    _run([*command, "--no-sandbox"])
    masking = time.perf_counter() - started
    shutil.rmtree(folder / "masked")
    model = _time_model(documents, folder, number)
    return {
        "psds": number,
        "copy_seconds": copying,
        "mask_seconds": masking,
        "model_seconds": model,
        "layered_ratio": (masking - model) / copying,
    }


def _time_model(documents: Path, folder: Path, number: int) -> float:
    """Return the seconds that the same layers take as small flat files: the model's own time."""
    from frisket.documents import open_document

    flat = folder / "flat"
    flat.mkdir()
    with open_document(next(documents.iterdir())) as document:
        proxy = document.raster(document.find_layer(None)).proxy()
    for index in range(number):
        Image.fromarray(proxy[..., :3]).save(flat / f"{index}.jpg")
    started = time.perf_counter()
    command = (FRISKET, "batch", flat, "-o", folder / "flat-out", "--as", "matte", "-m", MODEL)
    _run([*command, "--no-sandbox"])
    return time.perf_counter() - started


def write_documents(folder: Path, number: int, megapixels: float) -> Path:
    """Write PSDs of a background and a subject; every one is a copy of the first."""
    from psd_tools import PSDImage
    from skimage import data

    folder.mkdir(parents=True)
    width = round((megapixels * 1e6 * 1.5) ** 0.5)
    picture = Image.fromarray(data.astronaut()).resize((width, width * 2 // 3))
    document = PSDImage.new("RGB", picture.size, color=(200, 200, 200))
    document.append(document.create_pixel_layer(picture, name="Person"))
    document.save(folder / "0.psd")
    for index in range(1, number):
        shutil.copyfile(folder / "0.psd", folder / f"{index}.psd")
    return folder


def stop_server(home: Path) -> None:
    """Let the server go."""
    for state in home.glob("run/server*.json"):
        os.kill(int(json.loads(state.read_text())["pid"]), 15)


def as_table(report: Row) -> str:
    """Return the report for people."""
    lines = []
    if "seconds" in report:
        lines += [
            f"| {report['files']} JPEGs of 1 to 2 MP to cutouts | seconds | ÷ batch |",
            "|---|---|---|",
        ]
        for name, seconds in report["seconds"].items():
            lines.append(f"| {name} | {seconds:.1f} | {report[f'{name}_ratio']:.3f} |")
        lines.append("")
    if "memory_growth" in report:
        lines.append(
            f"Memory at the end of {report['memory_files']} files ÷ after a tenth of them: "
            f"{report['memory_growth']:.3f}"
        )
    if "layered_ratio" in report:
        lines.append(
            f"{report['psds']} layered PSDs, a mask into each: {report['mask_seconds']:.1f} s; "
            f"copying {report['copy_seconds']:.1f} s, the model {report['model_seconds']:.1f} s; "
            f"(all - model) ÷ copying: {report['layered_ratio']:.2f}"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
