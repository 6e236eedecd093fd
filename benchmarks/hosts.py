"""Measures the plug-ins in real hosts: from the click to the first and to the whole mask.

    python benchmarks/hosts.py [--runs 3] [--sizes 24 100]

Needs root and Linux: the hosts run in a tree of their own (scripts/hosts.sh). The server
is a real one, warm, with U2-Net-p. Results go to benchmarks/results/hosts.json.
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
import time
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from common import RESULTS, ROOT, u2netp_weights
from PIL import Image
from skimage import data

sys.path.insert(0, str(ROOT / "tests" / "hosts"))
from host_lab import SCRIPT, Lab, install_plugin, run_inside

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
    while not (lab.home / "run" / "server.json").exists():
        assert server.poll() is None, "the server did not start"
        time.sleep(0.1)
    return server


def in_gimp(lab: Lab, env: dict[str, str]) -> dict[str, Any]:
    """Run the benchmark in GIMP."""
    install_plugin("gimp", lab)
    shutil.copy(HERE / "hosts_gimp.py", lab.folder)
    places = {"HOME": "/tmp", "GIMP3_DIRECTORY": "/lab/gimp3", "FRISKET_HOME": "/lab/home"}
    batch = "exec(compile(open('/lab/hosts_gimp.py').read(), 'bench', 'exec'), globals())"
    command = ["gimp-console-3.0", "-id", "--batch-interpreter=python-fu-eval", "-b", batch]
    marks = {"FRISKET_MARKS": "/tmp/marks.json"}
    print(run_inside(lab, [*command, "--quit"], {**env, **places, **marks}, 400)[-1500:])
    return json.loads((lab.folder / "gimp.json").read_text())  # type: ignore[no-any-return]


def in_krita(lab: Lab, env: dict[str, str]) -> dict[str, Any]:
    """Run the benchmark in Krita."""
    install_plugin("krita", lab)
    tests = ROOT / "tests" / "hosts"
    shutil.copytree(tests / "krita_driver", lab.folder / "data/krita/pykrita", dirs_exist_ok=True)
    config = lab.folder / "config" / "kritarc"
    config.write_text(config.read_text() + "enable_frisket_driver=true\n")
    shutil.copy(tests / "krita_window.sh", lab.folder)
    shutil.copy(HERE / "hosts_krita.py", lab.folder)
    command = ["/lab/krita_window.sh", "/lab", "/lab/hosts_krita.py", "300"]
    print(run_inside(lab, command, env, 400)[-1500:])
    return json.loads((lab.folder / "krita.json").read_text())  # type: ignore[no-any-return]


def medians(runs: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of every figure."""
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=[24, 100])
    arguments = parser.parse_args()
    subprocess.run([SCRIPT, "prepare"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder))
        (lab.home / "run").mkdir(parents=True)
        names = [picture(lab, size) for size in arguments.sizes]
        server = start_server(lab)
        env = {
            "FRISKET_PICTURES": json.dumps(names),
            "FRISKET_RUNS": str(arguments.runs),
            "FRISKET_MODEL": MODEL,
        }
        try:
            found = {"gimp": in_gimp(lab, env), "krita": in_krita(lab, env)}
        finally:
            server.terminate()
            server.wait(20)
    results = {
        host: {name: medians(runs) for name, runs in sizes.items()} for host, sizes in found.items()
    }
    RESULTS.mkdir(exist_ok=True)
    command = f"python benchmarks/hosts.py --runs {arguments.runs}"
    text = json.dumps({"command": command, "results": results}, indent=1)
    (RESULTS / "hosts.json").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
