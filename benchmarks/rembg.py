"""frisket against rembg, file to file, with the same weights on the same machine.

    make bench                                           # every row; half an hour
    python benchmarks/rembg.py --rows 'jpg-*' tiff-96-matte folder-40

rembg runs in an environment of its own, `.venv-rembg`. frisket's server is warm, as it is
for every command after the first. Each row is written into `benchmarks/results/rembg.json`
and `rembg.md` as soon as it is measured, beside the rows of earlier invocations.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import cache, partial
from pathlib import Path

import numpy as np
import rembg_table
from common import (
    ROOT,
    Measured,
    compare,
    measure,
    median_of,
    median_seconds,
    u2netp_weights,
    write_photograph,
)
from PIL import Image
from rembg_table import Row

from frisket.protocol.memory import ask_for_large_pages

REMBG = "rembg[cpu,cli]==2.0.86"
MODEL = "bench"
ROWS = (
    *(f"tiff-{size}-{kind}" for size in (1, 12, 24, 96) for kind in ("matte", "cutout")),
    *(f"alone-{size}" for size in (10, 100, 400, 900)),
    *(
        f"{suffix}-{size}-{kind}"
        for size in (1, 12, 24)
        for suffix in ("jpg", "png")
        for kind in ("cutout", "matte")
    ),
    "folder-200",
    "folder-200-embedded",
    "wire-96",
)


def main() -> int:
    """Measure, print and write each row."""
    arguments = _arguments()
    names = choose(arguments.rows)
    if arguments.list:
        print("\n".join(names))
        return 0
    with tempfile.TemporaryDirectory(prefix="frisket-bench-") as folder:
        os.environ["FRISKET_HOME"] = str(Path(folder) / "home")
        bench = Bench(Path(folder), arguments.runs)
        for name in names:
            row = bench.measure(name) | {"runs": arguments.runs, "load": os.getloadavg()[0]}
            rembg_table.keep(name, row, ROWS)
            print(rembg_table.as_tables({name: row}), flush=True)
        bench.stop()
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rows",
        nargs="+",
        metavar="NAME",
        default=["*"],
        help="names or patterns of what --list prints; another number in a name, as in "
        "folder-40, is measured too",
    )
    parser.add_argument("--list", action="store_true", help="print the rows' names and end")
    parser.add_argument("--runs", type=int, default=3)
    return parser.parse_args()


def choose(patterns: Sequence[str]) -> list[str]:
    """Return the rows' names that patterns name, in the order of `ROWS`, then others."""
    known = [name for name in ROWS if any(fnmatchcase(name, pattern) for pattern in patterns)]
    others = [name for name in patterns if not any(fnmatchcase(row, name) for row in ROWS)]
    for name in others:
        if not any(re.fullmatch(form, name) for form in Bench.FORMS):
            sys.exit(f"No row is called {name!r}; --list prints their names.")
    return [*known, *others]


class Bench:
    """One folder, one warm server, one rembg."""

    FORMS: dict[str, Callable[..., Row]]

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

    def measure(self, name: str) -> Row:
        """Measure the row of a name."""
        form, found = next(
            (form, found) for form in self.FORMS if (found := re.fullmatch(form, name))
        )
        return self.FORMS[form](self, *found.groups())

    def against(self, megapixels: str, kind: str) -> Row:
        """Measure one size of TIFF with both."""
        source = write_photograph(self._folder / "in.tif", float(megapixels))
        ours, theirs = compare(
            self._runs, partial(self._ours, source, kind), partial(self._theirs, source, kind)
        )
        return self._tell_tiff(float(megapixels), kind, ours) | {"rembg": _tell(theirs)}

    def alone(self, megapixels: str) -> Row:
        """Measure a size that rembg refuses, or that shows the slope."""
        source = write_photograph(self._folder / "in.tif", float(megapixels))
        ours = median_of(self._runs, partial(self._ours, source, "matte"))
        return self._tell_tiff(float(megapixels), "matte", ours)

    def _tell_tiff(self, megapixels: float, kind: str, ours: Measured) -> Row:
        return {
            "what": f"{megapixels:g} MP tiff → {kind}",
            "megapixels": megapixels,
            "frisket": _tell_session(ours),
            "model": model_cost(),
            "best_model": best_model(),
        }

    def everyday(self, suffix: str, megapixels: str, kind: str) -> Row:
        """Measure a JPEG or PNG that becomes a PNG, with both."""
        source = self._save_flat(self._folder / f"in.{suffix}", float(megapixels))
        name = f"ours-{kind}.png"
        ours, theirs = compare(
            self._runs, partial(self._ours, source, kind, name), partial(self._theirs, source, kind)
        )
        what = f"{megapixels} MP {suffix} → {kind}"
        return {"what": what, "model_runs_seconds": model_cost()["seconds"]} | _tell_both(
            ours, theirs
        )

    def folder(self, count: str, embedded: str | None) -> Row:
        """Measure a folder of pictures of 1 MP, in one command of each."""
        model = "embedded" if embedded else MODEL
        inputs, results = self._make_folder(int(count)), f"{self._folder / 'ours'}/"
        ours, theirs = compare(
            self._runs,
            partial(self._ours, inputs, "cutout", results, model),
            partial(self._their_folder, inputs),
        )
        what = f"folder of {count} × 1 MP jpg → cutout" + (", embedded" if embedded else "")
        alone = int(count) * model_cost(model)["seconds"]
        return {"what": what, "model_runs_seconds": alone} | _tell_both(ours, theirs)

    def _their_folder(self, inputs: Path) -> Measured:
        results = self._folder / "theirs"
        shutil.rmtree(results, ignore_errors=True)  # rembg passes over what is there
        command: list[str | Path] = [self._rembg, "p", "-m", "u2netp", inputs, results]
        return measure(command, env=rembg_settings(self._u2net_home))

    def _make_folder(self, count: int) -> Path:
        inputs = self._folder / f"many-{count}"
        if not inputs.exists():
            inputs.mkdir()
            source = self._save_flat(self._folder / "in.jpg", 1)
            for number in range(count):
                shutil.copyfile(source, inputs / f"{number:03}.jpg")
        return inputs

    def wire(self, megapixels: str) -> Row:
        """The same session through gRPC on loopback and in this process."""
        from in_process import InProcessServer, InProcessTransport

        from frisket.client.options import Options
        from frisket.documents import open_document
        from frisket.jobs.connection import Connection, ServerChoice
        from frisket.jobs.matting import matte

        source = write_photograph(self._folder / "in.tif", float(megapixels))
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
            "megapixels": float(megapixels),
            "grpc_seconds": float(np.median([wired for wired, _ in pairs])),
            "direct_seconds": float(np.median([direct for _, direct in pairs])),
            "ratio": float(np.median([wired / direct for wired, direct in pairs])),
        }

    def _ours(
        self, source: Path, kind: str, name: str = "ours.tif", model: str = MODEL
    ) -> Measured:
        return self._cut(source, kind, name, model, beside=[self._pid])

    def _cut(
        self, source: Path, kind: str, name: str, model: str = MODEL, beside: Sequence[int] = ()
    ) -> Measured:
        output = name if name.endswith("/") else self._folder / name
        command: list[str | Path] = [self._frisket, "cut", source, "-o", output, "--as", kind]
        return measure([*command, "--model", model, "--json", "--overwrite"], beside)

    def _save_flat(self, path: Path, megapixels: float) -> Path:
        with Image.open(write_photograph(self._folder / "flat.tif", megapixels)) as picture:
            picture.save(path, quality=92)
        return path

    def _theirs(self, source: Path, kind: str) -> Measured:
        flags = ["-om"] if kind == "matte" else []
        command: list[str | Path] = [self._rembg, "i", "-m", "u2netp", *flags]
        output = self._folder / "theirs.png"
        return measure([*command, source, output], env=rembg_settings(self._u2net_home))


Bench.FORMS = {
    r"tiff-([\d.]+)-(matte|cutout)": Bench.against,
    r"alone-([\d.]+)": Bench.alone,
    r"(jpg|png)-([\d.]+)-(matte|cutout)": Bench.everyday,
    r"folder-(\d+)(-embedded)?": Bench.folder,
    r"wire-([\d.]+)": Bench.wire,
}


@cache
def model_cost(model: str = MODEL) -> dict[str, float]:
    """Return seconds and passing memory of a bare model, run as the server runs it."""
    code = (
        "import resource, sys, time; import numpy as np;"
        "from frisket.protocol.heap import return_what_is_freed; return_what_is_freed();"
        "from frisket.models.backends.onnx import import_runtime; import_runtime();"
        "import cv2, grpc; from frisket.models import Registry;"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024;"
        "before = peak(); model = Registry().open(sys.argv[1], 'cpu', 2);"
        "picture = np.random.default_rng(0).integers(0, 255, (1365, 2048, 3), np.uint8);"
        "run = lambda: (time.perf_counter(), model.matte([picture]), time.perf_counter());"
        "run(); times = sorted(b - a for a, _, b in (run() for _ in range(5)));"
        "print(times[2], peak() - before)"
    )
    done = measure([sys.executable, "-c", code, model], env=ask_for_large_pages({}))
    seconds, grown = done.output.split()
    return {"seconds": float(seconds), "bytes": float(grown)}


@cache
def best_model() -> dict[str, float]:
    """Return seconds and passing memory of the model alone by ONNX Runtime's own options.

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
    done = [measure([sys.executable, "-c", code, u2netp_weights()]) for _ in range(3)]
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


def _tell_both(ours: Measured, theirs: Measured) -> Row:
    return {"frisket": _tell(ours), "rembg": _tell(theirs)}


def _tell(done: Measured) -> Row:
    """Return seconds, CPU seconds and bytes, without what else was printed."""
    return {key: getattr(done, key) for key in ("seconds", "cpu_seconds", "peak_bytes")}


def _tell_session(done: Measured) -> Row:
    said = json.loads(done.output.strip().splitlines()[-1])
    kept = ("first_mask_seconds", "proxy_seconds", "tiles_sent", "tiles_total")
    share = said["uploaded_bytes"] / said["layer_bytes"]
    return _tell(done) | {key: said[key] for key in kept} | {"uploaded_share": share}


if __name__ == "__main__":
    sys.exit(main())
