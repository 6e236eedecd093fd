"""What `--quality best` costs besides the network itself: tiles, seconds, memory.

    python benchmarks/best.py [MEGAPIXELS …]

A photograph enlarged to each size is matted with `high` and with `best` by the same server.
The refiner is a graph with ViTMatte's signature that costs next to nothing, so the difference
is what windows, surroundings and blending take; a real network's time per window comes on top
(windows are printed). Server memory is the greatest of the run.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import onnx
import onnx.parser
from common import RESULTS, write_photograph

SIDES = (512, 1024)
GRAPH = """<ir_version: 8, opset_import: ["" : 13]>
refiner (float[1,4,{side},{side}] pixel_values) => (float[1,1,{side},{side}] alphas) {{
    third = Constant<value_ints = [3]>()
    alphas = Gather<axis = 1>(pixel_values, third)
}}"""


def run(source: Path, folder: Path, quality: str, side: int) -> dict[str, Any]:
    """One cut by a fresh server of its own home."""
    home = folder / f"home-{quality}-{side}"
    os.environ["FRISKET_HOME"] = str(home)
    from frisket import CutOptions, cut
    from frisket.models import Registry

    if side:
        file = folder / f"{side}.onnx"
        onnx.save(onnx.parser.parse_model(GRAPH.format(side=side)), str(file))
        Registry(home).add("refiner", "vitmatte", file)
    options = CutOptions(kind="matte", model="embedded", quality=quality)
    cut(source, folder / "warm.png", options)
    result = cut(source, folder / "out.png", options)
    server = json.loads(next((home / "run").glob("server*.json")).read_text())
    os.kill(server["pid"], signal.SIGTERM)
    found = re.search(r"refined (\d+) windows", result.outcome.method)
    return {
        "quality": f"best, {side} px" if side else quality,
        "windows": int(found[1]) if found else 0,
        "seconds": result.seconds,
        "sent": result.uploaded_bytes / result.layer_bytes,
        "tiles": result.tiles_sent,
        "server_mib": result.server_peak_bytes / 2**20,
        "client_mib": result.client_peak_bytes / 2**20,
    }


def main() -> None:
    """Measure, print and write."""
    sizes = [float(size) for size in sys.argv[1:]] or [24.0, 100.0]
    lines = ["| MP | quality | windows | s | sent | server, MiB | client, MiB |"]
    lines.append("|---|---|---|---|---|---|---|")
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size in sizes:
            source = write_photograph(folder / "in.tif", size)
            for quality, side in [("high", 0), *(("best", side) for side in SIDES)]:
                row = {"megapixels": size, **run(source, folder, quality, side)}
                rows.append(row)
                lines.append(
                    f"| {size:.0f} | {row['quality']} | {row['windows']} | {row['seconds']:.1f} "
                    f"| {row['sent']:.0%} | {row['server_mib']:.0f} | {row['client_mib']:.0f} |"
                )
    text = "\n".join(lines) + "\n"
    print(text)
    (RESULTS / "best.json").write_text(json.dumps(rows, indent=1) + "\n")
    (RESULTS / "best.md").write_text(text)


if __name__ == "__main__":
    main()
