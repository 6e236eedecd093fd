"""Measures the plug-ins in real hosts: from the click to the first and to the whole mask.

In GIMP also from a stroke to its answer.

    python benchmarks/hosts.py [--runs 3] [--sizes 24 100] [--hosts gimp gimp-strokes krita]

Each figure comes from a fresh host. The same mask is then made in another fresh host by the
host's own API alone; the difference is what the plug-in costs. In GIMP the plug-in is a
process of its own, all of whose memory counts as the plug-in's.

Needs root and Linux: the hosts run in a tree of their own (scripts/hosts.sh). The server
is a real one, warm, with U2-Net-p. Each row goes to benchmarks/results/hosts.json as soon as it is
measured; rows of other hosts and sizes stay there. 100 megapixels need 6 GB of memory and 1 GB on
the disk; a run of all hosts at that size took five minutes while others used both cores.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import tifffile
from common import RESULTS, ROOT, u2netp_weights
from PIL import Image
from skimage import data

sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "tests" / "hosts"))
from host_lab import SCRIPT, Lab, prepare_gimp, prepare_krita, run_inside

MODEL = "u2netp-test"
HERE = Path(__file__).resolve().parent


def picture(lab: Lab, megapixels: int) -> str:
    """Write a photograph of a size as RGBA TIFF; return its name."""
    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    width = round(megapixels * 1e6 / height)
    small = Image.fromarray(data.astronaut()).resize((height, height), Image.Resampling.BICUBIC)
    wide = np.full((height, width, 4), 255, np.uint8)
    wide[..., :3] = np.asarray(small)[:1, :1]
    left = (width - height) // 2
    wide[:, left : left + height, :3] = np.asarray(small)
    name = f"{megapixels}mp.tif"
    tifffile.imwrite(lab.folder / name, wide, photometric="rgb", extrasamples=["unassalpha"])
    return name


def start_server(lab: Lab) -> subprocess.Popen[bytes]:
    """Start a server in the lab with U2-Net-p, and load the model."""
    os.environ["FRISKET_HOME"] = str(lab.home)
    frisket = Path(sys.executable).parent / "frisket"
    command = [str(frisket), "models", "add", MODEL, "--family", "u2net", "--file"]
    subprocess.run([*command, str(u2netp_weights())], check=True)
    server = subprocess.Popen(
        [sys.executable, "-m", "frisket.server", "--local", "--threads", "2", "--model", MODEL]
    )
    while not list(lab.home.glob("run/server*.json")):
        assert server.poll() is None, "the server did not start"
        time.sleep(0.1)
    return server


def prepare(lab: Lab) -> None:
    """Install both plug-ins, and copy what measures them."""
    prepare_gimp(lab)
    prepare_krita(lab)
    for path in HERE.glob("hosts_*"):
        shutil.copy(path, lab.folder)
    # It stands in the place of what watches for the tests.
    (lab.folder / "hosts_gimp_strokes.py").rename(lab.folder / "gimp_watch.py")


def in_gimp(lab: Lab, env: dict[str, str]) -> str:
    """Run the benchmark in GIMP; return its output."""
    places = {"HOME": "/tmp", "GIMP3_DIRECTORY": "/lab/gimp3", "FRISKET_HOME": "/lab/home"}
    batch = "exec(compile(open('/lab/hosts_gimp.py').read(), 'bench', 'exec'), globals())"
    command = ["gimp-console", "-id", "--batch-interpreter=python-fu-eval", "-b", batch]
    marks = {"FRISKET_MARKS": "/tmp/marks.json"}
    return run_inside(lab, [*command, "--quit"], {**env, **places, **marks}, 400)


def in_krita(lab: Lab, env: dict[str, str]) -> str:
    """Run the benchmark in Krita; return its output."""
    command = ["/lab/krita_window.sh", "/lab", "/lab/hosts_krita.py", "300"]
    return run_inside(lab, command, env, 400)


def strokes_in_gimp(lab: Lab, env: dict[str, str]) -> str:
    """Put a cutout right by strokes in a GIMP with a window; return what it said."""
    for name in ("enough", "state.json", "seen.txt"):
        (lab.folder / name).unlink(missing_ok=True)
    marks = {"FRISKET_MARKS": "/tmp/marks.json"}
    return run_inside(lab, ["/lab/hosts_gimp_strokes.sh"], {**env, **marks}, 400)


HOSTS = {"gimp": in_gimp, "gimp-strokes": strokes_in_gimp, "krita": in_krita}
# The same mask by the host's own API says what the plug-in costs; a stroke has no such twin.
ALONE = {"gimp", "krita"}


def measure(lab: Lab, host: str, env: dict[str, str]) -> dict[str, float]:
    """Return the figures of one fresh host with the plug-in, and of one without it."""
    figures: dict[str, float] = {}
    for alone in ({}, {"FRISKET_ALONE": "1"}) if host in ALONE else ({},):
        path = lab.folder / "figures.json"
        path.unlink(missing_ok=True)
        output = HOSTS[host](lab, {**env, **alone})
        assert path.exists(), output[-3000:]
        figures |= json.loads(path.read_text())
    if host == "gimp":
        grown = figures["GIMP grew MB"] + figures["plug-in's process MB"]
        figures["beyond its own MB"] = grown - figures["GIMP's own mask MB"]
    elif host == "krita":
        figures["beyond its own MB"] = figures["peak grew MB"] - figures["Krita's own mask MB"]
        for ours, own in (("first mask", "first"), ("complete", "whole")):
            beyond = figures[ours] - figures[f"Krita's own {own} mask s"]
            figures[f"{ours} beyond its own"] = round(beyond, 3)
    return figures


def medians(runs: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of every figure."""
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def keep(host: str, name: str, figures: dict[str, float]) -> None:
    """Write a row among those that are there."""
    path = RESULTS / "hosts.json"
    known = json.loads(path.read_text("utf-8")) if path.exists() else {"results": {}}
    known["command"] = "python benchmarks/hosts.py"
    known["results"].setdefault(host, {})[name] = figures
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--hosts", nargs="+", choices=list(HOSTS), default=list(HOSTS))
    parser.add_argument("--sizes", type=int, nargs="+", default=[24, 100])
    arguments = parser.parse_args()
    subprocess.run([SCRIPT, "prepare"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder))
        (lab.home / "run").mkdir(parents=True)
        prepare(lab)
        names = [picture(lab, size) for size in arguments.sizes]
        server = start_server(lab)
        try:
            for host, name in itertools.product(arguments.hosts, names):
                env = {"FRISKET_PICTURE": name, "FRISKET_MODEL": MODEL}
                start = time.monotonic()
                runs = [measure(lab, host, env) for _ in range(arguments.runs)]
                row = {"runs": arguments.runs, **medians(runs)}
                keep(host, name, row)
                print(host, name, json.dumps(row, indent=1))
                print(f"{time.monotonic() - start:.0f} s", flush=True)
        finally:
            server.terminate()
            server.wait(20)


if __name__ == "__main__":
    main()
