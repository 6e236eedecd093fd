"""Two installations of frisket against each other, in alternating rounds on one machine.

    python benchmarks/side_by_side.py --before OLD/.venv --after NEW/.venv [--only PSD]

Each has a server of its own, warm, with the same weights. A round runs every case once with
each installation, in turn. Printed are the medians of the ratios after ÷ before, round by
round: wall clock, and CPU seconds of client and server together. Outputs are compared byte
by byte.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from common import u2netp_weights, write_photograph
from PIL import Image

MODEL = "bench"


@dataclass(frozen=True)
class Case:
    """One command: what is cut, and how."""

    name: str
    source: Path
    suffix: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Spent:
    """What one run took: seconds of wall clock and of processor, and the output's hash."""

    seconds: float
    cpu: float
    digest: str


class Installation:
    """One environment with frisket in it, its own home and its own warm server."""

    def __init__(self, venv: Path, folder: Path) -> None:
        self._command = venv / "bin" / "frisket"
        self._folder = folder
        folder.mkdir()
        self._server: psutil.Process | None = None
        self._env = {**os.environ, "FRISKET_HOME": str(folder / "home")}
        weights = u2netp_weights()
        self._run("models", "add", MODEL, "--family", "u2net", "--file", str(weights))

    def warm(self, case: Case) -> None:
        """Start the server and let it load the model."""
        self.cut(case)
        state = json.loads(next(self._folder.glob("home/run/server*.json")).read_text())
        self._server = psutil.Process(int(state["pid"]))

    def cut(self, case: Case) -> Spent:
        """Run a case once."""
        output = self._folder / f"out{case.suffix}"
        output.unlink(missing_ok=True)
        before, started = self._cpu(), time.perf_counter()
        client = self._run("cut", str(case.source), "-o", str(output), *case.options)
        seconds = time.perf_counter() - started
        digest = hashlib.sha256(output.read_bytes()).hexdigest()
        return Spent(seconds, client + self._cpu() - before, digest)

    def stop(self) -> None:
        """Let the server go."""
        if self._server is not None:
            self._server.terminate()

    def _cpu(self) -> float:
        if self._server is None:
            return 0.0
        times = self._server.cpu_times()
        return float(times.user + times.system)

    def _run(self, *words: str) -> float:
        """Run the command; return the processor's seconds it took."""
        before = os.times()
        done = subprocess.run(
            [str(self._command), *words, *(["--model", MODEL] if words[0] == "cut" else [])],
            env=self._env, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            sys.exit(f"{self._command} {' '.join(words)} failed: {done.stderr[-2000:]}")
        after = os.times()
        return sum(after[2:4]) - sum(before[2:4])


def cases(folder: Path) -> Iterator[Case]:
    """Yield everyday work first, then the giant."""
    for megapixels in (1, 24):
        source = folder / f"{megapixels}.jpg"
        picture = Image.open(write_photograph(folder / "made.tif", megapixels))
        picture.save(source, quality=92)
        yield Case(f"{megapixels} MP JPEG → cutout", source, ".png")
        yield Case(f"{megapixels} MP JPEG → matte", source, ".png", ("--as", "matte"))
    yield Case("24 MP PSD → mask", _write_layered(picture, folder), ".psd")
    yield Case("24 MP TIFF → alpha", write_photograph(folder / "24.tif", 24), ".tif")
    giant = write_photograph(folder / "96.tif", 96)
    yield Case("96 MP TIFF → matte", giant, ".tif", ("--as", "matte"))
    yield Case("96 MP TIFF → alpha, high", giant, ".tif", ("--quality", "high"))


def _write_layered(picture: Image.Image, folder: Path) -> Path:
    """Write a PSD with one layer."""
    from psd_tools import PSDImage

    path = folder / "layered.psd"
    document = PSDImage.new("RGB", picture.size)
    document.create_pixel_layer(picture, name="Layer")
    document.save(path)
    return path


def main() -> int:
    """Measure and print; the status is 1 where an output differs."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="frisket-bench-") as name:
        folder = Path(name)
        work = [case for case in cases(folder) if arguments.only in case.name]
        both = [Installation(venv, folder / kind) for kind, venv in
                (("before", arguments.before), ("after", arguments.after))]  # fmt: skip
        for one in both:
            one.warm(work[0])
        equal = [_compare(case, both, arguments.rounds) for case in work]
        for one in both:
            one.stop()
    return 0 if all(equal) else 1


def _compare(case: Case, both: list[Installation], rounds: int) -> bool:
    """Run a case in alternating rounds, print its ratios, and tell whether bytes agree."""
    for one in both:
        one.cut(case)
    turns = [both if number % 2 else both[::-1] for number in range(rounds)]
    spent = [{one: one.cut(case) for one in turn} for turn in turns]
    before, after = ([each[one] for each in spent] for one in both)
    wall = statistics.median(b.seconds / a.seconds for a, b in zip(before, after, strict=True))
    cpu = statistics.median(b.cpu / a.cpu for a, b in zip(before, after, strict=True))
    same = len({each.digest for each in (*before, *after)}) == 1
    seconds = statistics.median(each.seconds for each in after)
    print(
        f"{case.name:28} {seconds:6.2f} s   time × {wall:.3f}   CPU × {cpu:.3f}   "
        f"{'same bytes' if same else 'BYTES DIFFER'}",
        flush=True,
    )
    return same


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", type=Path, required=True, help="an environment's folder")
    parser.add_argument("--after", type=Path, required=True, help="another's")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", default="", help="cases with this in their names")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
