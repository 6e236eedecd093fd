"""A server with a quick model, and live pictures of a file that stands in for a camera."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from review_kit import Served
from serving import Server, start_server, stop_server
from video_kit import write_video

from frisket.jobs.connection import Connection, ServerChoice
from frisket.live.app import LiveApp
from frisket.live.camera import open_camera
from frisket.live.options import LiveOptions
from frisket.live.stage import Stage
from frisket.review.server import open_server

GROUNDS = ("#00ff00", "alpha", "transparent", "original:blur=5%")
NEEDS = {"av": "PyAV", "cv2": "OpenCV", "pyvips": "libvips"}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    for module, name in NEEDS.items():
        pytest.importorskip(module, reason=f"{name} is not installed")
    running = start_server(tmp_path_factory.mktemp("home"))
    yield running
    stop_server(running)


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("av", reason="PyAV is not installed")
    return write_video(tmp_path_factory.mktemp("clips") / "clip.mkv", sound=False)


@pytest.fixture
def run_stage(server: Server, clip: Path) -> Iterator[Callable[..., Stage]]:
    """What runs a live picture of the clip until the test ends."""
    with ExitStack() as stack:

        def begin(once: bool = False, **how: object) -> Stage:
            connection = stack.enter_context(Connection(ServerChoice(), server.connect))
            options = LiveOptions(**{"model": "fake", "backgrounds": GROUNDS, **how})
            camera = open_camera(str(clip), once=once)
            return stack.enter_context(Stage(camera, options, connection))

        yield begin


@pytest.fixture
def serve_page(run_stage: Callable[..., Stage]) -> Iterator[Callable[..., Served]]:
    """What serves the page of a live picture until the test ends."""
    with ExitStack() as stack:
        yield lambda **how: stack.enter_context(_serving(run_stage(**how)))


@contextmanager
def _serving(stage: Stage) -> Iterator[Served]:
    app = LiveApp(stage)
    with open_server(0, app.answer) as page:
        thread = threading.Thread(target=page.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield Served(app, page)
        page.shutdown()
        thread.join(timeout=20)
