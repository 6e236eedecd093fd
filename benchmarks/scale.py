"""What a picture costs a studio: core-seconds of client and server together, in a long batch.

    python benchmarks/scale.py --pictures 24

A warm server and one `frisket batch` with three files at a time; JPEGs become PNG cutouts. What a
start costs is taken off: it runs with a third of the pictures too, and the difference counts.
Writes `benchmarks/results/scale.json`; docs/scale.md sizes clusters with it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from common import RESULTS, u2netp_weights
from PIL import Image
from skimage import data

FRISKET = Path(sys.executable).parent / "frisket"
TOKEN = "scale-benchmark"
MODELS = ("embedded", "bench")
SIZES = (1, 12)


def main() -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=24)
    count = parser.parse_args().pictures
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="frisket-scale-") as name:
        folder = Path(name)
        os.environ |= {"FRISKET_HOME": str(folder / "home"), "FRISKET_TOKEN": TOKEN}
        add = ("models", "add", "bench", "--family", "u2net", "--file", u2netp_weights())
        subprocess.run([FRISKET, *add], check=True)
        for megapixels in SIZES:
            write_pictures(folder / f"{megapixels}", megapixels, count)
        with serve() as (server, address):
            for model in MODELS:
                for megapixels in SIZES:
                    row = measure(folder, server, address, model, megapixels, count)
                    print(row, flush=True)
                    rows.append(row)
    report = {"cores": os.cpu_count(), "load": os.getloadavg()[0], "rows": rows}
    (RESULTS / "scale.json").write_text(json.dumps(report, indent=2) + "\n")
    return 0


def write_pictures(folder: Path, megapixels: int, count: int) -> None:
    """Write JPEGs that differ."""
    folder.mkdir()
    width = round((megapixels * 1e6 * 1.5) ** 0.5)
    size = (width, round(megapixels * 1e6 / width))
    whole = Image.fromarray(data.astronaut()).resize(size, Image.Resampling.BICUBIC)
    for number in range(count):
        moved = Image.fromarray(np.roll(np.asarray(whole), 7 * number, axis=1))
        moved.save(folder / f"{number:03}.jpg", quality=90)


@contextmanager
def serve() -> Iterator[tuple[psutil.Process, str]]:
    """Run a server; yield its process and its address."""
    command = [sys.executable, "-m", "frisket.server", "--access-log", ""]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield psutil.Process(process.pid), process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait(60)


def measure(
    folder: Path, server: psutil.Process, address: str, model: str, megapixels: int, count: int
) -> dict[str, Any]:
    """Return the core-seconds and the bytes of a picture."""
    source = folder / f"{megapixels}"
    run(source, folder / "warm", server, address, model, 2)
    few = run(source, folder / f"few-{model}-{megapixels}", server, address, model, count // 3)
    out = folder / f"all-{model}-{megapixels}"
    many = run(source, out, server, address, model, count)
    share = {kind: (many[kind] - few[kind]) / (count - count // 3) for kind in many}
    written = [file.stat().st_size for file in out.glob("*.png")]
    name = "u2netp" if model == "bench" else model
    read = [file.stat().st_size for file in source.iterdir()]
    return {
        "model": name, "megapixels": megapixels,
        **{kind: round(value, 3) for kind, value in share.items()},
        "read_mb": round(sum(read) / len(read) / 1e6, 2),
        "written_mb": round(sum(written) / len(written) / 1e6, 2),
    }  # fmt: skip


def run(
    source: Path, out: Path, server: psutil.Process, address: str, model: str, count: int
) -> dict[str, float]:
    """Return the processor seconds of client and server for so many pictures."""
    names = [str(file) for file in sorted(source.iterdir())[:count]]
    command = [FRISKET, "batch", *names, "-o", out, "--as", "cutout", "--model", model]
    command += ["--server", address, "--force", "--overwrite", "--allow-empty", "--quiet"]
    server_before, client_before = read_server(server), read_children()
    subprocess.run([str(part) for part in command], check=True)
    return {
        "server_s": read_server(server) - server_before,
        "client_s": read_children() - client_before,
    }


def read_server(server: psutil.Process) -> float:
    """Return the processor seconds of a server and the process of its models so far."""
    return sum(sum(one.cpu_times()[:2]) for one in [server, *server.children(recursive=True)])


def read_children() -> float:
    """Return the processor seconds of the commands that have ended."""
    found = os.times()
    return found.children_user + found.children_system


if __name__ == "__main__":
    sys.exit(main())
