"""A made-up run and its page on a port of the loopback."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from made_run import MadeRun, draw_scene
from review_kit import Served

from frisket.cli.review import check_options, list_redo_options
from frisket.jobs.batch.states import State, Verdict
from frisket.review.app import ReviewApp
from frisket.review.server import PageServer, open_server


@pytest.fixture
def made(tmp_path: Path) -> Iterator[MadeRun]:
    """Six results: two good ones, two to look at, a failure, and one that waits."""
    run = fill(MadeRun(tmp_path))
    yield run
    run.journal.close()


def fill(run: MadeRun) -> MadeRun:
    run.add("a.png", draw_scene(320, 200, 1))
    run.add("more/b.png", draw_scene(200, 320, 2))
    run.add("more/c.png", draw_scene(1500, 900, 3), Verdict(0.4, True, ("The matte has holes.",)))
    run.add("d.png", draw_scene(300, 300, 4), Verdict(0.6, True, ("The edge is unsure.",)))
    run.fail("e.png", "e.png: it is truncated.", State.FAILED)
    run.wait("f.png")
    return run


@contextmanager
def serving(run: MadeRun) -> Iterator[tuple[ReviewApp, PageServer]]:
    """Serve the page of a run."""
    app = ReviewApp(run.journal, run.out, list_redo_options(), check_options)
    with open_server(0, app.answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield app, server
        server.shutdown()
        thread.join(timeout=20)
    app.close()


@pytest.fixture(scope="session")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ReviewApp, PageServer]]:
    run = fill(MadeRun(tmp_path_factory.mktemp("run")))
    with serving(run) as parts:
        yield parts
    run.journal.close()


@pytest.fixture
def shared(_shared: tuple[ReviewApp, PageServer]) -> Served:
    """The page of a run that no test changes."""
    return Served(*_shared)


@pytest.fixture
def serve() -> Iterator[Callable[[MadeRun], Served]]:
    """What serves the page of a run until the test ends."""
    with ExitStack() as stack:
        yield lambda run: Served(*stack.enter_context(serving(run)))


@pytest.fixture
def served(made: MadeRun, serve: Callable[[MadeRun], Served]) -> Served:
    return serve(made)
