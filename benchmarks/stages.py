"""Where the time of one cut goes: a table and a stacked bar, from `frisket cut`'s own progress.

    python benchmarks/stages.py [--sizes 1 24] [--runs 5]

A JPEG becomes a PNG cutout with U2-Net-p on a warm server. Each stage has its seconds by the
clock and the CPU seconds of client and server together: on a busy machine only the second say
much. Writes `benchmarks/results/stages.md` and `docs/images/stages.svg`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from common import RESULTS, ROOT, u2netp_weights, write_photograph
from PIL import Image

from frisket.jobs.connection import Connection, ServerChoice, ensure_local
from frisket.jobs.many import cut
from frisket.jobs.task import CutOptions

MODEL = "bench"
STAGES = ("start", "import", "read", "connect", "model", "solve", "tiles", "encode", "sync")
COLOURS = (
    "#888",
    "#b8860b",
    "#2e8b57",
    "#5f9ea0",
    "#b22222",
    "#d2691e",
    "#4169e1",
    "#6a5acd",
    "#222",
)
Split = dict[str, tuple[float, float]]
# What `frisket cut` imports for a JPEG, without doing anything.
_IMPORTS = (
    "from frisket.cli.lighter import load_quickly, own_process, postpone_rare_modules\n"
    "own_process(); postpone_rare_modules()\n"
    "with load_quickly():\n"
    "    import frisket.cli.cut, frisket.jobs.many, frisket.cli.cut_outcomes, PIL.JpegImagePlugin"
)


class Stopwatch:
    """Adds up wall and CPU seconds between marks, of this process and a server's."""

    def __init__(self, server: psutil.Process) -> None:
        self._server = server
        self._syncing = 0.0
        self.split: Split = {}
        self._last = self._now()
        self._fsync = os.fsync

    def _now(self) -> tuple[float, float]:
        spent = self._server.cpu_times()
        return time.perf_counter(), time.process_time() + spent.user + spent.system

    def mark(self, stage: str) -> None:
        """Count what went by since the last mark to a stage."""
        now = self._now()
        wall, cpu = self.split.get(stage, (0.0, 0.0))
        self.split[stage] = (wall + now[0] - self._last[0], cpu + now[1] - self._last[1])
        self._last = now

    def sync(self, descriptor: int) -> None:
        """Stand for `os.fsync`."""
        self.mark("encode")
        self._fsync(descriptor)
        self.mark("sync")

    def listen(self, stage: str, done: int, total: int) -> None:
        """Take a cut's progress: each stage ends where the next begins."""
        if stage == "reading" and done == total:
            self.mark("read")
        elif stage.startswith("running"):
            self.mark("connect")
        elif stage == "coarse" and done == total:
            self.mark("model")
        elif stage == "tiles" and done and "solve" not in self.split:
            self.mark("solve")
        elif stage == "writing" and not done:
            self.mark("tiles")


def main() -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=float, nargs="*", default=[1, 24])
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="frisket-stages-") as name:
        folder = Path(name)
        os.environ["FRISKET_HOME"] = str(folder / "home")
        add = [sys.executable, "-m", "frisket", "models", "add", MODEL, "--family", "u2net"]
        subprocess.run([*add, "--file", u2netp_weights()], check=True)
        server = psutil.Process(ensure_local().pid)
        try:
            rows = {
                size: _measure(folder, size, arguments.runs, server) for size in arguments.sizes
            }
        finally:
            server.terminate()
    load = os.getloadavg()[0]
    table = as_table(rows) + f"\n{os.cpu_count()} cores, load {load:.1f}, {arguments.runs} runs.\n"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "stages.md").write_text(table)
    (ROOT / "docs" / "images" / "stages.svg").write_text(draw(rows))
    print(table)
    return 0


def _measure(folder: Path, megapixels: float, runs: int, server: psutil.Process) -> Split:
    """Return the medians of every stage."""
    source = folder / "in.jpg"
    with Image.open(write_photograph(folder / "in.tif", megapixels)) as picture:
        picture.save(source, quality=92)
    splits = [_cut(source, folder / "out.png", server) for _ in range(runs + 1)][1:]
    bare = [_run_python("pass") for _ in range(runs)]
    imports = [_run_python(_IMPORTS) for _ in range(runs)]
    found: Split = {"start": _median(bare)}
    found["import"] = _subtract(_median(imports), found["start"])
    for stage in STAGES[2:]:
        found[stage] = _median([split.get(stage, (0.0, 0.0)) for split in splits])
    return found


def _cut(source: Path, output: Path, server: psutil.Process) -> Split:
    options = CutOptions("cutout", model=MODEL)
    with Connection(ServerChoice()) as connection:
        watch, before = Stopwatch(server), os.fsync
        os.fsync = watch.sync  # type: ignore[assignment]
        try:
            cut(source, output, options, connection=connection, progress=watch.listen)
        finally:
            os.fsync = before
        watch.mark("encode")
    return watch.split


def _run_python(code: str) -> tuple[float, float]:
    started, before = time.perf_counter(), os.times()
    subprocess.run([sys.executable, "-c", code], check=True)
    after = os.times()
    spent = after.children_user + after.children_system
    return time.perf_counter() - started, spent - before.children_user - before.children_system


def _median(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)


def _subtract(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return max(0.0, a[0] - b[0]), max(0.0, a[1] - b[1])


def as_table(rows: dict[float, Split]) -> str:
    """Return the stages as Markdown: seconds by the clock, and CPU seconds."""
    heads = "".join(f" {size:g} MP s | CPU s |" for size in rows)
    lines = [f"| stage |{heads}", "|---|" + "---|---|" * len(rows)]
    for stage in STAGES:
        cells = "".join(
            f" {split[stage][0]:.2f} | {split[stage][1]:.2f} |" for split in rows.values()
        )
        lines.append(f"| {stage} |{cells}")
    sums = "".join(
        f" {sum(w for w, _ in split.values()):.2f} | {sum(c for _, c in split.values()):.2f} |"
        for split in rows.values()
    )
    return "\n".join([*lines, f"| sum |{sums}"]) + "\n"


def draw(rows: dict[float, Split]) -> str:
    """Return a stacked bar of CPU seconds for each size, each as long as the others, as SVG."""
    wide, high = 760, 60 + 56 * len(rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" '
        'font-family="sans-serif" font-size="12">'
    ]
    for line, (size, split) in enumerate(rows.items()):
        total, x, y = sum(cpu for _, cpu in split.values()), 70.0, 12 + 56 * line
        parts.append(f'<text x="4" y="{y + 24}" fill="#777">{size:g} MP</text>')
        for stage, colour in zip(STAGES, COLOURS, strict=True):
            length = split[stage][1] / total * 600
            parts.append(
                f'<rect x="{x:.1f}" y="{y}" width="{length:.1f}" height="36" fill="{colour}"/>'
            )
            x += length
        parts.append(f'<text x="{x + 6:.0f}" y="{y + 24}" fill="#777">{total:.1f} CPU s</text>')
    for number, (stage, colour) in enumerate(zip(STAGES, COLOURS, strict=True)):
        x = 70 + 74 * number
        parts.append(f'<rect x="{x}" y="{high - 30}" width="12" height="12" fill="{colour}"/>')
        parts.append(f'<text x="{x + 16}" y="{high - 20}" fill="#777">{stage}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
