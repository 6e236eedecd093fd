"""A live picture at a camera's pace: how many a second, how late, and where the delay comes from.

    python benchmarks/live.py                           # selfie at every second picture, 720p
    python benchmarks/live.py --every 1 2 4 --model embedded --seconds 20

A portrait sways before a camera that gives JPEGs, as webcams do. The page is asked for its pictures
as a browser asks. Told are pictures a second, the delay from the camera's picture to the shown one
and to its JPEG at the page, and the mean of every stage.

Of a picture: `wait` until it is taken to be shown, `motion` that brings it a mask, `compose`,
`outputs`, and the page's `jpeg`. Of a mask, which pictures wait for with `--every 1` alone:
`model`, `solve`, `tiles` (and all else: the proxy, messages), and `age`, by how much its own
picture is older than the one it is shown on.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from typing import Any

import cv2
import numpy as np
import psutil
from numpy.typing import NDArray
from skimage import data

from frisket.jobs.connection import Connection
from frisket.live.app import LiveApp
from frisket.live.options import LiveOptions
from frisket.live.stage import Stage
from frisket.review.server import open_server

Image = NDArray[Any]
_LOOP = 50  # pictures after which the sway begins again
_WARM_S = 8.0  # a server starts, and opens the model
SIZE = (1280, 720)


class Portrait:
    """A camera that sees somebody sway, and gives JPEGs.

    Args:
        size: width and height.
        rate: pictures a second.
    """

    name = "a portrait"

    def __init__(self, size: tuple[int, int], rate: float) -> None:
        self.width, self.height = size
        self._loop = itertools.cycle(cv2.imencode(".jpg", one)[1] for one in draw_sway(size))
        self._step, self._due = 1 / rate, time.monotonic()

    def read(self) -> Image:
        """Wait for the next picture."""
        now = time.monotonic()
        self._due = max(self._due + self._step, now)
        time.sleep(max(0, self._due - now))
        bgr = cv2.imdecode(next(self._loop), cv2.IMREAD_COLOR)
        assert bgr is not None
        return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)

    def close(self) -> None:
        """Do nothing."""


def draw_sway(size: tuple[int, int]) -> Iterator[Image]:
    """Yield pictures (h, w, 3), BGR, of a portrait that goes to and fro by up to 5 pixels each."""
    wide, high = size
    portrait = cv2.resize(data.astronaut()[..., ::-1], (high, high), interpolation=cv2.INTER_CUBIC)
    for step in range(_LOOP):
        x = (wide - high) / 2 + 0.031 * wide * np.sin(2 * np.pi * step / _LOOP)
        matrix = np.array([[1, 0, x], [0, 1, 0]], np.float64)
        yield cv2.warpAffine(portrait, matrix, size, borderMode=cv2.BORDER_REPLICATE)


class Page:
    """Asks for pictures as the page does, and remembers when each came.

    Args:
        address: of the page, with its token.
    """

    def __init__(self, address: str) -> None:
        jar = urllib.request.HTTPCookieProcessor(CookieJar())
        self._open = urllib.request.build_opener(jar).open
        self._address = address.split("?")[0]
        self._open(address).read()
        self.delays_ms: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Page:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        number = 0
        while not self._over.is_set():
            with self._open(f"{self._address}frame?after={number}") as answer:
                answer.read()
                if answer.status == 200:
                    number = int(answer.headers["Frisket-Frame"])
                    self.delays_ms.append(float(answer.headers["Frisket-Delay"]))


def measure(every: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of one live picture."""
    options = LiveOptions(
        (arguments.background,), every, model=arguments.model, quality=arguments.quality
    )
    with (
        Connection(options.server) as connection,
        Stage(Portrait(SIZE, arguments.rate), options, connection) as stage,
        open_server(0, (app := LiveApp(stage)).answer) as server,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Page(f"{server.url}?token={app.guard.make_ticket()}") as page:
            time.sleep(_WARM_S)
            page.delays_ms.clear()
            before, started = count_cpu_s(), time.perf_counter()
            time.sleep(arguments.seconds)
            seconds = time.perf_counter() - started
            told, delays = stage.describe(), sorted(page.delays_ms)
            cpu_s = count_cpu_s() - before
        server.shutdown()
    if told["ended"] is not None:
        sys.exit(f"benchmarks/live.py: the live picture ended: {told['ended']}")
    return {
        **told["meter"],
        "every": every,
        "page_fps": len(delays) / seconds,
        "page_ms": float(np.mean(delays)),
        "page_95_ms": delays[int(0.95 * len(delays))],
        "left_out": told["left_out"],
        "stages": told["stages"],
        "cpu": cpu_s / seconds,
        "load": os.getloadavg()[0],
    }


def count_cpu_s() -> float:
    """Return the processor seconds of every process so far: of this one and of the server."""
    times = psutil.cpu_times()
    return float(times.user + times.system + times.nice)


def tell(found: dict[str, Any]) -> str:
    """Return the figures in a few lines."""
    stages = ", ".join(f"{name} {ms:.1f}" for name, ms in found["stages"].items())
    return (
        f"every {found['every']}: {found['fps_mean']:.1f} pictures a second "
        f"({found['fps_least']:.0f} to {found['fps_most']:.0f}), "
        f"delay {found['latency_ms']:.0f} ms (at most {found['latency_most_ms']:.0f})\n"
        f"  at the page: {found['page_fps']:.1f} a second, delay {found['page_ms']:.0f} ms "
        f"(95 of 100 within {found['page_95_ms']:.0f})\n"
        f"  {found['left_out']} left out, {found['cpu']:.2f} of the machine's processors busy, "
        f"load {found['load']:.1f}\n  mean ms: {stages}"
    )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, nargs="+", default=[2])
    parser.add_argument("--model", default="selfie")
    parser.add_argument("--quality", default="standard")
    parser.add_argument("--background", default="original:blur=2%")
    parser.add_argument("--rate", type=float, default=30.0, help="of the camera")
    parser.add_argument("--seconds", type=float, default=12.0)
    arguments = parser.parse_args()
    for every in arguments.every:
        print(tell(measure(every, arguments)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
