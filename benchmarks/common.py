"""What the benchmarks share: pictures, processes with their memory, places."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
import psutil
import tifffile
from PIL import Image

from frisket.protocol.home import home

# Who installs a package has its bytecode; without, each command would compile for half a second.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
_TILE = 512


def shared_data() -> Path | None:
    """Return the folder of test data beside the checkout, where there is one."""
    folder = Path(os.environ.get("FRISKET_SHARED", ROOT.parent / "shared")) / "data"
    return folder if folder.is_dir() else None


def u2netp_weights() -> Path:
    """Return the U2-Net-p weights: FRISKET_U2NETP, or those of frisket's home, fetched first."""
    if named := os.environ.get("FRISKET_U2NETP"):
        return Path(named)
    from frisket.models import DownloadFailed, Registry

    try:
        Registry().pull("u2netp")
    except DownloadFailed as error:
        sys.exit(f"{error} Set FRISKET_U2NETP to a u2netp.onnx (for example one of rembg's).")
    return home() / "models" / "u2netp" / "u2netp.onnx"


def write_photograph(
    path: Path, megapixels: float, compressed: bool = False, ratio: float = 1.5
) -> Path:
    """Write a real photograph enlarged to a size as a tiled RGB TIFF, band by band."""
    from skimage import data

    picture = Image.fromarray(data.astronaut())
    width = round((megapixels * 1e6 * ratio) ** 0.5)
    height = round(megapixels * 1e6 / width)

    def tiles() -> object:
        for top in range(0, height, _TILE):
            for left in range(0, width, _TILE):
                yield _part(picture, left, top, width, height)

    options = {"compression": "zlib", "predictor": True} if compressed else {}
    tifffile.imwrite(
        path, tiles(), shape=(height, width, 3), dtype=np.uint8, photometric="rgb",
        tile=(_TILE, _TILE), bigtiff=megapixels > 1300, **options,
    )  # fmt: skip
    return path


def _part(
    picture: Image.Image, left: int, top: int, width: int, height: int
) -> npt.NDArray[np.uint8]:
    """Return one tile, without ever holding the whole enlarged picture."""
    across, down = min(_TILE, width - left), min(_TILE, height - top)
    x, y = picture.width / width, picture.height / height
    box = (left * x, top * y, (left + across) * x, (top + down) * y)
    return np.asarray(picture.resize((across, down), Image.Resampling.BICUBIC, box))


@dataclass(frozen=True)
class Measured:
    """A finished process, with those `beside` it.

    Attributes:
        seconds: by the clock.
        peak_bytes: of all of them together.
        output: what it printed.
        cpu_seconds: of all of them together, in which the machine's other work does not count.
    """

    seconds: float
    peak_bytes: int
    output: str
    cpu_seconds: float


def measure(
    command: Sequence[str | Path], beside: Sequence[int] = (), env: dict[str, str] | None = None
) -> Measured:
    """Run a command and sample its resident memory, together with other processes'.

    Args:
        command: what to run; must succeed.
        beside: ids of processes whose memory counts too (a server).
        env: added to the environment.
    """
    others = [psutil.Process(pid) for pid in beside]
    started, before = time.perf_counter(), _spent(others)
    # Files, not pipes: a pipe that nobody reads stops who writes more than it holds.
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complained:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=said,
            stderr=complained,
            env={**os.environ, **(env or {})},
        )
        watched = [psutil.Process(process.pid), *others]
        peak = 0
        while process.poll() is None:
            peak = max(peak, sum(_resident(one) for one in watched))
            time.sleep(0.004)
        seconds = time.perf_counter() - started
        output, errors = (_read_back(file) for file in (said, complained))
    if process.returncode:
        raise RuntimeError(f"{command[0]} failed: {errors[-2000:]}")
    return Measured(seconds, peak, output, _spent(others) - before)


def _read_back(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def _spent(others: Sequence[psutil.Process]) -> float:
    """Return the CPU seconds of children that have ended and of other processes."""
    times = os.times()
    spent = [one.cpu_times() for one in others]
    return times.children_user + times.children_system + sum(t.user + t.system for t in spent)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def median_of(runs: int, once: Callable[[], Measured]) -> Measured:
    """Return the run of median time; its memory is the greatest of all."""
    return _take_middle([once() for _ in range(runs)])


def compare(
    runs: int, one: Callable[[], Measured], other: Callable[[], Measured]
) -> tuple[Measured, Measured]:
    """Measure two in turn, so that a busy moment meets both; return the median run of each."""
    pairs = [(one(), other()) for _ in range(runs)]
    return _take_middle([a for a, _ in pairs]), _take_middle([b for _, b in pairs])


def _take_middle(runs: Sequence[Measured]) -> Measured:
    done = sorted(runs, key=lambda one: one.seconds)
    middle = done[len(done) // 2]
    cpu = statistics.median(one.cpu_seconds for one in done)
    return Measured(middle.seconds, max(one.peak_bytes for one in done), middle.output, cpu)


def median_seconds(runs: int, work: Callable[[], object]) -> float:
    """Return the median seconds of calling `work`."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)
