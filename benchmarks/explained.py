"""How much of a session's time its stages explain, and what they cost.

    python benchmarks/explained.py            # four pictures each of 2, 8 and 24 megapixels

Cuts pictures at a server with an access log, and prints for each size the median and least share
of the wall time that lies in at least one stage, beside the seconds in each stage. Then it prints
what one span and one event of Prometheus cost.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import timeit
from pathlib import Path
from statistics import median
from typing import Any

from common import write_photograph

from frisket.server.telemetry.meter import Method, Stage
from frisket.server.telemetry.prometheus import PrometheusMeter
from frisket.server.telemetry.trace import Trace, follow, measure

SIZES_MP = (2, 8, 24)
_REPEATS = 20_000


def cut_all(target: str, picture: Path, folder: Path, count: int) -> None:
    """Cut a picture several times through the command."""
    for number in range(count):
        output = folder / f"out{number}.tif"
        command = [sys.executable, "-m", "frisket", "cut", str(picture), "-o", str(output)]
        subprocess.run([*command, "--as", "matte", "--server", target], check=True)


def summarise(lines: list[dict[str, Any]]) -> str:
    """Return shares and medians of stages."""
    shares = [line["explained"] / line["seconds"] for line in lines]
    stages = {
        stage.value: [line["stages"].get(stage.value, 0) for line in lines] for stage in Stage
    }
    spent = "  ".join(f"{name} {median(times):.3f}" for name, times in stages.items())
    wall = median(line["seconds"] for line in lines)
    return f"{median(shares):.1%} (least {min(shares):.1%}) of {wall:.2f} s: {spent}"


def price() -> float:
    """Return the microseconds of one span with its event."""
    with follow(Trace(PrometheusMeter("cpu"), Method.MATTE)):

        def span() -> None:
            with measure(Stage.REFINE):
                pass

        return min(timeit.repeat(span, number=_REPEATS, repeat=5)) / _REPEATS * 1e6


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=4, help="pictures of each size")
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = folder / "calls.log"
        serve = [sys.executable, "-m", "frisket.server", "--access-log", str(log), "--metrics", "0"]
        server = subprocess.Popen(
            serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert server.stdout is not None
        try:
            target = server.stdout.readline().split()[-1]
            for megapixels in SIZES_MP:
                log.write_text("")
                picture = write_photograph(folder / "in.tif", megapixels)
                cut_all(target, picture, folder, count)
                lines = [json.loads(line) for line in log.read_text().splitlines()]
                print(f"{megapixels:>3} MP: {summarise(lines)}", flush=True)
        finally:
            server.terminate()
            server.wait(60)
    print(f"one span with its event: {price():.2f} µs")


if __name__ == "__main__":
    main()
