"""frisket against rembg, file to file, with the same weights on the same machine.

    make bench                      # every size; some minutes
    python benchmarks/rembg.py --sizes 12 96 --alone 400

rembg runs in an environment of its own, `.venv-rembg`. frisket's server is warm, as it is
for every command after the first. Writes `benchmarks/results/rembg.json` and a table.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from common import (
    RESULTS,
    ROOT,
    Measured,
    measure,
    median_of,
    median_seconds,
    u2netp_weights,
    write_photograph,
)
from PIL import Image

from frisket.protocol.memory import ask_for_large_pages

REMBG = "rembg[cpu,cli]==2.0.86"
MODEL = "bench"
Row = dict[str, Any]


def main() -> int:
    """Measure, print and write."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="frisket-bench-") as folder:
        os.environ["FRISKET_HOME"] = str(Path(folder) / "home")
        bench = Bench(Path(folder), arguments.runs)
        rows = [bench.against(size) for size in arguments.sizes]
        rows += [bench.alone(size) for size in arguments.alone]
        everyday = [
            bench.everyday(size, suffix, kind)
            for size in arguments.everyday
            for suffix in (".jpg", ".png")
            for kind in ("cutout", "matte")
        ]
        everyday += [bench.folder(count) for count in arguments.folders]
        report = {
            "command": "make bench",
            "cores": os.cpu_count(),
            "model": bench.model_cost(),
            "best_model": best_model(arguments.runs),
            "load": os.getloadavg()[0],
            "rows": rows,
            "everyday": everyday,
            "wire": bench.wire_cost(96) if arguments.wire else None,
        }
        bench.stop()
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "rembg.json").write_text(json.dumps(report, indent=1) + "\n")
    table = as_table(report)
    (RESULTS / "rembg.md").write_text(table)
    print(table)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=float, nargs="*", default=[1, 12, 24, 96])
    parser.add_argument("--alone", type=float, nargs="*", default=[10, 100, 400, 900])
    parser.add_argument("--everyday", type=float, nargs="*", default=[1, 12, 24])
    parser.add_argument("--folders", type=int, nargs="*", default=[200])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-wire", dest="wire", action="store_false")
    return parser.parse_args()


class Bench:
    """One folder, one warm server, one rembg."""

    def __init__(self, folder: Path, runs: int) -> None:
        self._folder, self._runs = folder, runs
        self._frisket = Path(sys.executable).parent / "frisket"
        self._rembg = rembg_environment() / "bin" / "rembg"
        self._weights = u2netp_weights()
        self._u2net_home = folder / "u2net"
        self._u2net_home.mkdir()
        shutil.copyfile(self._weights, self._u2net_home / "u2netp.onnx")
        subprocess.run(
            [self._frisket, "models", "add", MODEL, "--family", "u2net", "--file", self._weights],
            check=True,
        )
        self._pid = self._warm()

    def _warm(self) -> int:
        """Start the server, let it load the model, and return its process id."""
        small = write_photograph(self._folder / "warm.tif", 1)
        self._cut(small, "matte", "warm-out.tif")
        state = json.loads(next(self._folder.glob("home/run/server*.json")).read_text())
        return int(state["pid"])

    def stop(self) -> None:
        """Let the server go."""
        os.kill(self._pid, 15)

    def against(self, megapixels: float) -> Row:
        """Measure one size with both."""
        source = write_photograph(self._folder / "in.tif", megapixels)
        row: Row = {"megapixels": megapixels}
        for kind in ("matte", "cutout"):
            ours = median_of(self._runs, partial(self._ours, source, kind))
            theirs = median_of(self._runs, partial(self._theirs, source, kind))
            row[kind] = {
                "frisket": _figures(ours),
                "rembg": {"seconds": theirs.seconds, "peak_bytes": theirs.peak_bytes},
                "speed_ratio": theirs.seconds / ours.seconds,
                "memory_ratio": ours.peak_bytes / theirs.peak_bytes,
            }
        return row

    def alone(self, megapixels: float) -> Row:
        """Measure a size that rembg refuses, or that shows the slope."""
        source = write_photograph(self._folder / "in.tif", megapixels)
        ours = median_of(self._runs, lambda: self._ours(source, "matte"))
        return {"megapixels": megapixels, "matte": {"frisket": _figures(ours)}}

    def model_cost(self) -> dict[str, float]:
        """Seconds and passing memory of the bare model, in a process of its own."""
        code = (
            "import resource, sys, time; import numpy as np;"
            "from frisket.server.memory import return_what_is_freed; return_what_is_freed();"
            "from frisket.models.backends.onnx import import_runtime; import_runtime();"
            "import cv2, grpc; from frisket.models import Registry;"
            "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024;"
            "before = peak(); model = Registry().open(sys.argv[1], 'cpu', 2);"
            "picture = np.random.default_rng(0).integers(0, 255, (1365, 2048, 3), np.uint8);"
            "run = lambda: (time.perf_counter(), model.matte([picture]), time.perf_counter());"
            "run(); times = sorted(b - a for a, _, b in (run() for _ in range(5)));"
            "print(times[2], peak() - before)"
        )
        done = measure([sys.executable, "-c", code, MODEL], env=ask_for_large_pages({}))
        seconds, grown = done.output.split()
        return {"seconds": float(seconds), "bytes": float(grown)}

    def wire_cost(self, megapixels: float) -> dict[str, float]:
        """The same session through gRPC on loopback and in this process."""
        from in_process import InProcessServer, InProcessTransport

        from frisket.client.options import Options
        from frisket.documents import open_document
        from frisket.jobs.connection import Connection, ServerChoice
        from frisket.jobs.matting import matte

        source = write_photograph(self._folder / "in.tif", megapixels)
        server = InProcessServer()

        def run(direct: bool) -> None:
            with open_document(source) as document:
                raster = document.raster(document.find_layer(None))
                opener = (lambda: InProcessTransport(server)) if direct else None
                with Connection(ServerChoice(), opener) as connection:
                    matte(raster, Options(model=MODEL), connection).store.close()

        run(True)
        run(False)
        pairs = [
            (median_seconds(1, lambda: run(False)), median_seconds(1, lambda: run(True)))
            for _ in range(max(3, self._runs))
        ]
        return {
            "grpc_seconds": float(np.median([wired for wired, _ in pairs])),
            "direct_seconds": float(np.median([direct for _, direct in pairs])),
            "ratio": float(np.median([wired / direct for wired, direct in pairs])),
        }

    def _ours(self, source: Path, kind: str) -> Measured:
        return self._cut(source, kind, f"ours-{kind}.tif", beside=[self._pid])

    def _cut(self, source: Path, kind: str, name: str, beside: list[int] | None = None) -> Measured:
        output = name if name.endswith("/") else self._folder / name
        command: list[str | Path] = [self._frisket, "cut", source, "-o", output, "--as", kind]
        return measure([*command, "--model", MODEL, "--json", "--overwrite"], beside or [])

    def everyday(self, megapixels: float, suffix: str, kind: str) -> Row:
        """Measure a JPEG or PNG that becomes a PNG, with both."""
        source = self._save_flat(self._folder / f"in{suffix}", megapixels)
        name = f"ours-{kind}.png"
        ours = median_of(self._runs, lambda: self._cut(source, kind, name, beside=[self._pid]))
        theirs = median_of(self._runs, partial(self._theirs, source, kind))
        return {"what": f"{megapixels:g} MP {suffix[1:]} → {kind}"} | _compare(ours, theirs)

    def folder(self, count: int) -> Row:
        """Measure a folder of pictures of 1 MP, in one command of each."""
        inputs, theirs_out = self._folder / "many", self._folder / "theirs"
        inputs.mkdir()
        source = self._save_flat(self._folder / "in.jpg", 1)
        for number in range(count):
            shutil.copyfile(source, inputs / f"{number:03}.jpg")
        cutouts = f"{self._folder / 'ours'}/"
        ours = median_of(
            self._runs, lambda: self._cut(inputs, "cutout", cutouts, beside=[self._pid])
        )
        command: list[str | Path] = [self._rembg, "p", "-m", "u2netp", inputs, theirs_out]
        settings = rembg_settings(self._u2net_home)
        theirs = median_of(self._runs, lambda: measure(command, env=settings))
        return {"what": f"folder of {count} × 1 MP jpg → cutout"} | _compare(ours, theirs)

    def _save_flat(self, path: Path, megapixels: float) -> Path:
        with Image.open(write_photograph(self._folder / "flat.tif", megapixels)) as picture:
            picture.save(path, quality=92)
        return path

    def _theirs(self, source: Path, kind: str) -> Measured:
        flags = ["-om"] if kind == "matte" else []
        command: list[str | Path] = [self._rembg, "i", "-m", "u2netp", *flags]
        output = self._folder / "theirs.png"
        return measure([*command, source, output], env=rembg_settings(self._u2net_home))


def best_model(runs: int) -> dict[str, float]:
    """Seconds and passing memory of the model alone by ONNX Runtime's own options.

    The yardstick is the runtime at its best, whatever the server uses: no frisket code runs here,
    and two threads spin between operators.
    """
    code = (
        "import resource, sys, time; import numpy as np;"
        "from frisket.models.backends.onnx import import_runtime; ort = import_runtime();"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024;"
        "before = peak(); session = ort.InferenceSession(sys.argv[1],"
        " providers=['CPUExecutionProvider']);"
        "feeds = {session.get_inputs()[0].name: np.zeros((1, 3, 320, 320), np.float32)};"
        "run = lambda: (time.perf_counter(), session.run(None, feeds), time.perf_counter());"
        "run(); times = sorted(b - a for a, _, b in (run() for _ in range(9)));"
        "print(times[4], peak() - before)"
    )
    done = [measure([sys.executable, "-c", code, u2netp_weights()]) for _ in range(runs)]
    found = [[float(word) for word in one.output.split()] for one in done]
    return {"seconds": min(s for s, _ in found), "bytes": max(grown for _, grown in found)}


def rembg_environment() -> Path:
    """Return rembg's environment, made when missing."""
    folder = ROOT / ".venv-rembg"
    if not (folder / "bin" / "rembg").exists():
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin" / "pip", "install", "-q", REMBG], check=True)
    return folder


def rembg_settings(weights: Path) -> dict[str, str]:
    """Return the environment in which rembg takes a folder's weights and calls nobody."""
    settings = {"U2NET_HOME": str(weights), "MODEL_CHECKSUM_DISABLED": "1"}
    return settings | {"ORT_DISABLE_TELEMETRY": "1"}


def _compare(ours: Measured, theirs: Measured) -> Row:
    """Return seconds, CPU seconds and bytes of both, without what else was printed."""
    kept = ("seconds", "cpu_seconds", "peak_bytes")
    return {
        name: {key: getattr(done, key) for key in kept}
        for name, done in (("frisket", ours), ("rembg", theirs))
    }


def _figures(done: Measured) -> Row:
    said = json.loads(done.output.strip().splitlines()[-1])
    return {
        "seconds": done.seconds,
        "peak_bytes": done.peak_bytes,
        "first_mask_seconds": said["first_mask_seconds"],
        "proxy_seconds": said["proxy_seconds"],
        "uploaded_share": said["uploaded_bytes"] / said["layer_bytes"],
        "tiles_sent": said["tiles_sent"],
        "tiles_total": said["tiles_total"],
    }


def as_table(report: dict[str, Any]) -> str:
    """Return the results as Markdown."""
    model = report["model"]
    lines = [
        "| MP | what | frisket s | rembg s | faster | frisket MB | rembg MB | memory "
        "| first mask s | ÷ (best model + proxy) | uploaded | MB less the model | s / 100 MP |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in report["rows"]:
        lines += [
            _line(row, kind, model, report["best_model"])
            for kind in ("matte", "cutout")
            if kind in row
        ]
    lines.append("")
    best = report["best_model"]
    lines.append(
        f"The model as the server runs it: {model['seconds']:.2f} s, "
        f"{model['bytes'] / 1e6:.0f} MB; "
        f"at its best: {best['seconds']:.2f} s, {best['bytes'] / 1e6:.0f} MB "
        f"({model['seconds'] / best['seconds']:.2f}; with reading the picture and its answer)."
    )
    if wire := report["wire"]:
        lines.append(
            f"gRPC on loopback {wire['grpc_seconds']:.2f} s ÷ in process "
            f"{wire['direct_seconds']:.2f} s = {wire['ratio']:.2f} (96 MP)."
        )
    return "\n".join([*lines, "", *_list_everyday(report["everyday"])]) + "\n"


def _list_everyday(rows: list[Row]) -> list[str]:
    """Return a table of everyday files; CPU seconds are those of client and server together."""
    lines = [
        "| what | frisket s | rembg s | faster "
        "| frisket CPU s | rembg CPU s | less work | memory |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        ours, theirs = row["frisket"], row["rembg"]
        cells = [row["what"], *(f"{one['seconds']:.2f}" for one in (ours, theirs))]
        cells.append(f"{theirs['seconds'] / ours['seconds']:.1f}×")
        cells += [f"{one['cpu_seconds']:.2f}" for one in (ours, theirs)]
        cells.append(f"{theirs['cpu_seconds'] / ours['cpu_seconds']:.1f}×")
        cells.append(f"{ours['peak_bytes'] / theirs['peak_bytes']:.2f}")
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _line(row: Row, kind: str, model: dict[str, float], best: dict[str, float]) -> str:
    ours, theirs = row[kind]["frisket"], row[kind].get("rembg")
    first = ours["first_mask_seconds"]
    floor = best["seconds"] + ours["proxy_seconds"]
    cells = [
        f"{row['megapixels']:g}",
        kind,
        f"{ours['seconds']:.2f}",
        f"{theirs['seconds']:.2f}" if theirs else "–",
        f"{row[kind]['speed_ratio']:.1f}×" if theirs else "–",
        f"{ours['peak_bytes'] / 1e6:.0f}",
        f"{theirs['peak_bytes'] / 1e6:.0f}" if theirs else "–",
        f"{row[kind]['memory_ratio']:.2f}" if theirs else "–",
        f"{first:.2f}",
        f"{first / floor:.2f}",
        f"{ours['uploaded_share']:.0%}",
        f"{(ours['peak_bytes'] - model['bytes']) / 1e6:.0f}",
        f"{ours['seconds'] / row['megapixels'] * 100:.2f}",
    ]
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    sys.exit(main())
