"""A model with a memory, over a real server whose models live in a process of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from recurrent_graphs import recurrent
from serving import Server, noisy_disc, start_server, stop_server

from frisket.client.options import Options
from frisket.jobs.connection import Connection, ServerChoice
from frisket.jobs.video.matting import SourceFrame, describe_frames, matte_stream, reduce_frame
from frisket.matting import Matting
from frisket.matting.engine import refine
from frisket.matting.engine.temporal import Track
from frisket.matting.frames import solve_frame
from frisket.models import Prompt, Registry
from frisket.protocol.grid import Grid

WIDTH, HEIGHT = 320, 200
LAYER = describe_frames(WIDTH, HEIGHT, 8, "standard")
Frames = Sequence[np.ndarray]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recurrent")
    Registry(folder / "home").add("mine", "rvm", recurrent(folder / "m.onnx", seed=3))
    return folder / "home"


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    running = start_server(home, "--device", "cpu")
    yield running
    stop_server(running)


def clip(count: int, seed: int = 1) -> list[np.ndarray]:
    first = noisy_disc(WIDTH, HEIGHT, seed)
    return [np.ascontiguousarray(np.roll(first, 3 * number, axis=1)) for number in range(count)]


def matte_all(
    server: Server,
    frames: Frames,
    start: int = 0,
    run_in: int = 0,
    late: Sequence[int] = (),
    quality: str = "standard",
) -> dict[int, np.ndarray]:
    """The alpha of frames from `start` on, where the sequence restarts."""
    sent = [
        SourceFrame(n, frames[n], n == start, n < start + run_in, late_ok=n in late)
        for n in range(start, len(frames))
    ]
    options = Options(model="mine", quality=quality)
    with Connection(ServerChoice(), server.connect) as connection:
        done = matte_stream(sent, LAYER, options, connection)
        return {one.frame.number: one.alpha for one in done if not one.is_late}


def matte_here(home: Path, frames: Frames, remember: bool = True) -> list[np.ndarray]:
    """The same from the model and the solve at hand."""
    model = Registry(home).open("mine", "cpu", 1)
    found, before, state = [], None, ()
    for rgb in frames:
        matting = Matting(reduce_frame(rgb, LAYER), Grid(WIDTH, HEIGHT, 512))
        seen = matting.views()[0].rgb
        [coarse] = model.matte([seen], [Prompt(state=state)])
        state = (coarse.state or ()) if remember else ()
        solved = solve_frame(matting, coarse, before)
        before: Track | None = solved.track
        found.append(refine(solved.solution.matte, 0, 0, rgb))
    return found


def test_the_state_goes_from_frame_to_frame(server: Server, home: Path) -> None:
    frames = clip(6)
    wanted, found = matte_here(home, frames), matte_all(server, frames)
    for number, alpha in found.items():
        np.testing.assert_array_equal(alpha, wanted[number])
    forgetful = matte_here(home, frames, remember=False)
    assert np.abs(forgetful[-1].astype(int) - wanted[-1]).mean() > 1, "the graph remembers nothing"


def test_a_range_with_its_run_in_has_the_bytes_of_the_whole(server: Server) -> None:
    frames = clip(7)
    whole, part = (matte_all(server, frames, start=2, run_in=count) for count in (0, 3))
    assert list(part) == [5, 6]
    for number, alpha in part.items():
        np.testing.assert_array_equal(alpha, whole[number])


def test_a_scene_cut_begins_anew(server: Server) -> None:
    rng = np.random.default_rng(2)
    other = rng.integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    frames = [*clip(3), other, other]
    whole, alone = matte_all(server, frames), matte_all(server, frames, start=3)
    for number, alpha in alone.items():
        np.testing.assert_array_equal(alpha, whole[number])


def test_high_quality_goes_on_from_the_same_state(server: Server) -> None:
    frames = clip(5)
    whole, part = (
        matte_all(server, frames, start=1, run_in=count, quality="high") for count in (0, 2)
    )
    for number, alpha in part.items():
        np.testing.assert_array_equal(alpha, whole[number])


def test_frames_that_are_left_out_hand_the_state_on(server: Server) -> None:
    frames = clip(12)
    for _ in range(5):
        done = matte_all(server, frames, late=range(12))
        kept = [frames[number] for number in sorted(done)]
        assert sorted(done)[-1] == 11, "the newest is never left out"
        as_if_alone = matte_all(server, kept)
        for place, number in enumerate(sorted(done)):
            np.testing.assert_array_equal(done[number], as_if_alone[place])
        if len(done) < 12:
            return
    raise AssertionError("no frame was ever late")
