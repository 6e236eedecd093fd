"""The review page in a real browser: how soon it opens, how it scrolls, how large its file is.

    python benchmarks/review.py                      # 1,000 files, drawn
    python benchmarks/review.py --pictures FOLDER    # with photographs as their small pictures
    python benchmarks/review.py --run FOLDER --prepare
    python benchmarks/review.py --run FOLDER         # two minutes, of a run that is there already

Needs a Chromium and playwright. A page is open when its list and the chosen file are drawn and the
picture of it is decoded. Tasks are those of the page's own thread in the browser's trace; long ones
take over 50 ms, by the clock or, on a machine that is not quiet, of the processor. Writes
`benchmarks/results/review.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from common import RESULTS
from PIL import Image, ImageOps

from frisket.cli.review import check_options, list_redo_options
from frisket.review.app import ReviewApp
from frisket.review.export import export_page
from frisket.review.server import open_server

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts" / "review"))
from made_run import MadeRun, Scene, draw_scene, fill_many

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, ViewportSize

_CHROMIUM = "/usr/bin/chromium"
_VIEW: ViewportSize = {"width": 1440, "height": 900}
_SCROLLS, _STEP_PX, _FRAME_S = 120, 700, 1 / 60
_TASKS = "ThreadControllerImpl::RunTask"
_LONG_MS = 50
_SETTLED = """() => document.body.dataset.ready === "true"
  && document.getElementById("base").naturalWidth > 0"""


def main() -> int:
    """Measure, print and write."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="frisket-review-") as name:
        run = MadeRun(arguments.run or Path(name))
        if not run.journal.counts().done:
            fill_many(run, arguments.files, list_scenes(arguments.pictures))
        if arguments.prepare:
            return 0
        report = measure(run, Path(name) / "look.html", arguments)
        run.journal.close()
    for key, value in report.items():
        print(f"{key:34} {value}")
    (RESULTS / "review.json").write_text(json.dumps(report, indent=2) + "\n")
    return 0


def measure(run: MadeRun, exported: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return all figures of a run."""
    report: dict[str, Any] = {"files": run.journal.counts().done, "cores": os.cpu_count()}
    report |= measure_export(run, exported)
    with serve(run) as address, browse(arguments.chromium) as browser:
        report |= measure_opening(browser, address, arguments.runs)
        report |= measure_scrolling(browser, address)
        report["file opens, s"] = time_opening(browser, exported.as_uri())
    return report | {"load": round(os.getloadavg()[0], 1)}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--pictures", type=Path, help="a folder of photographs")
    parser.add_argument("--run", type=Path, help="folder of a made run; made where it is empty")
    parser.add_argument("--prepare", action="store_true", help="make the run, and measure nothing")
    parser.add_argument("--chromium", default=_CHROMIUM)
    return parser.parse_args()


def list_scenes(folder: Path | None) -> list[Scene]:
    """Return some scenes of 1.5 megapixels: photographs with a drawn matte, or drawn whole."""
    if folder is None:
        return [draw_scene(1500, 1000, seed) for seed in range(12)]
    found = sorted(one for one in folder.iterdir() if one.suffix.lower() in (".jpg", ".jpeg"))
    return [_frame(path, seed) for seed, path in enumerate(found[:40])]


def _frame(path: Path, seed: int) -> Scene:
    with Image.open(path) as picture:
        colours = ImageOps.fit(picture.convert("RGB"), (1500, 1000))
    return Scene(np.asarray(colours), draw_scene(1500, 1000, seed).alpha)


@contextmanager
def serve(run: MadeRun) -> Iterator[str]:
    """Serve the page of a run, and return its address."""
    app = ReviewApp(run.journal, run.out, list_redo_options(), check_options)
    with open_server(0, app.answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"{server.url}?token={app.guard.token}"
        server.shutdown()
    app.close()


@contextmanager
def browse(chromium: str) -> Iterator[Browser]:
    """Start a browser without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


def measure_opening(browser: Browser, address: str, runs: int) -> dict[str, Any]:
    """Return how long the page takes to open, each time in a browser that knows nothing of it."""
    times = [time_opening(browser, address) for _ in range(runs)]
    return {"opens, s (median)": statistics.median(times), "opens, s (worst)": max(times)}


def time_opening(browser: Browser, address: str) -> float:
    """Return the seconds from the address to a page with its list and its picture."""
    context = browser.new_context(viewport=_VIEW)
    page = context.new_page()
    begun = time.perf_counter()
    page.goto(address)
    page.wait_for_function(_SETTLED)
    seconds = time.perf_counter() - begun
    context.close()
    return round(seconds, 2)


def measure_scrolling(browser: Browser, address: str) -> dict[str, Any]:
    """Scroll through the list by wheel and walk it by keys; return tasks and elements."""
    context = browser.new_context(viewport=_VIEW)
    page = context.new_page()
    page.goto(address)
    page.wait_for_function(_SETTLED)
    page.wait_for_timeout(1000)
    browser.start_tracing(page=page, categories=["toplevel", "__metadata"])
    most = scroll(page)
    wheel = read_tasks(browser.stop_tracing())
    browser.start_tracing(page=page, categories=["toplevel", "__metadata"])
    for _ in range(_SCROLLS):
        page.keyboard.press("j")
    keys = read_tasks(browser.stop_tracing())
    context.close()
    return {
        **{f"by wheel, {name}": value for name, value in wheel.items()},
        **{f"by keys, {name}": value for name, value in keys.items()},
        "rows in the page": most,
    }


def read_tasks(trace: bytes) -> dict[str, Any]:
    """Return how many tasks of the pages' own threads were long, and the longest, in ms."""
    events = json.loads(trace)["traceEvents"]
    threads = {
        (one["pid"], one["tid"])
        for one in events
        if one["name"] == "thread_name" and one["args"]["name"] == "CrRendererMain"
    }
    tasks = [one for one in events if one["name"] == _TASKS and (one["pid"], one["tid"]) in threads]
    told: dict[str, Any] = {"tasks": len(tasks)}
    for name, key in (("clock", "dur"), ("processor", "tdur")):
        times = [one.get(key, 0) / 1000 for one in tasks]
        told[f"long ({name})"] = sum(time > _LONG_MS for time in times)
        told[f"longest ({name}), ms"] = round(max(times, default=0), 1)
    return told


def scroll(page: Page) -> int:
    """Turn the wheel over the list, and return how many rows the page had at most."""
    box = page.locator("#list").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 50, box["y"] + 50)
    most = 0
    for _ in range(_SCROLLS):
        page.mouse.wheel(0, _STEP_PX)
        page.wait_for_timeout(1000 * _FRAME_S)
        most = max(most, page.locator("[role=option]").count())
    return most


def measure_export(run: MadeRun, file: Path) -> dict[str, Any]:
    """Return how large the page is as one file, and how long it takes."""
    begun = time.perf_counter()
    done = export_page(run.journal, run.out, file)
    seconds = round(time.perf_counter() - begun, 2)
    return {"file, MB": round(done.bytes / 1e6, 1), "export, s": seconds, "without": done.bare}


if __name__ == "__main__":
    sys.exit(main())
