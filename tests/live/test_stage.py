"""A file as a camera, over a real server, to what is seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from serving import Server
from video_kit import SIZE, frames

from frisket.documents import OutputError
from frisket.jobs.choices import BadOption
from frisket.jobs.connection import Connection, ServerChoice
from frisket.live.camera import DeviceCamera, open_camera
from frisket.live.errors import CameraLost, NoCamera
from frisket.live.line import Line, Shot
from frisket.live.meter import Meter
from frisket.live.options import LiveOptions
from frisket.live.stage import Stage
from frisket.live.virtual import VirtualCamera
from frisket.protocol.errors import FrisketError

WIDE, HIGH = SIZE
GREEN = (0, 255, 0)


def see(stage: Stage, after: int = 0) -> tuple[int, np.ndarray]:
    shown = stage.wait_shown(after, 60)
    assert shown is not None
    return shown.number, shown.picture.astype(int)


def see_until(stage: Stage, holds: Callable[[np.ndarray], bool]) -> np.ndarray:
    """The first picture of which something holds: what was under way is shown as it was."""
    number = 0
    for _ in range(60):
        number, picture = see(stage, number)
        if holds(picture):
            return picture
    raise AssertionError("no such picture came")


def find_disc(picture: np.ndarray) -> float:
    """The column of the middle of what is not green."""
    return float(np.nonzero(np.abs(picture - GREEN).sum(axis=2) > 200)[1].mean())


def test_the_mask_is_on_its_own_picture(run_stage: Callable[..., Stage]) -> None:
    number, stage = 0, run_stage(model="classic")
    places = {WIDE // 2 + 2 * step for step in range(len(frames()))}
    for _ in range(4):
        number, picture = see(stage, number)
        assert tuple(picture[2, 2]) == GREEN
        middle = find_disc(picture)
        yellow = picture[HIGH // 2, round(middle)]
        assert np.abs(yellow - (220, 170, 60)).max() < 50
        assert min(abs(middle - place) for place in places) < 2


def test_between_two_inferences_the_mask_follows_the_motion(
    run_stage: Callable[..., Stage],
) -> None:
    number, stage = 0, run_stage(model="classic", every=3)
    for _ in range(9):
        number, picture = see(stage, number)
        column = round(find_disc(picture))
        assert np.abs(picture[HIGH // 2, column] - (220, 170, 60)).max() < 50
        assert tuple(picture[2, 2]) == GREEN


def test_backgrounds_and_steps_are_switched(run_stage: Callable[..., Stage]) -> None:
    stage = run_stage(threshold=0.5)
    stage.change({"background": 1})
    mask = see_until(stage, lambda picture: picture[2, 2].max() == 0)
    assert set(np.unique(mask)) == {0, 255}, "a hard edge"
    stage.change({"background": 2})
    see_until(stage, lambda picture: tuple(picture[2, 2]) == (204, 204, 204))
    stage.change({"background": 3})
    blurred = see_until(stage, lambda picture: 20 < picture[2, 2, 0] < 60)
    assert blurred[:8, :8, 0].std() < frames()[0][:8, :8, 0].std() / 2
    stage.change({"mask": False, "mirror": True})
    plain = see_until(stage, lambda picture: picture[:8, :8, 0].std() > 8)
    shown = [np.abs(plain[:, ::-1] - frame).mean() for frame in frames()]
    assert min(shown) < 3
    stage.change({"mask": True, "background": 0})
    see_until(stage, lambda picture: tuple(picture[2, 2]) == GREEN)


@pytest.mark.parametrize(
    "wrong", [{"mask": 1}, {"nothing": True}, {"background": 9}, {"background": "white"}]
)
def test_a_switch_that_does_not_exist_changes_nothing(
    run_stage: Callable[..., Stage], wrong: dict[str, object]
) -> None:
    stage = run_stage()
    before = stage.describe()["switches"]
    with pytest.raises(BadOption):
        stage.change({"mirror": True, **wrong})
    assert stage.describe()["switches"] == before


def test_a_file_that_ends_is_a_clean_end(run_stage: Callable[..., Stage]) -> None:
    stage = run_stage(once=True)
    stage.wait()
    assert stage.describe()["ended"] == ""


def test_figures_are_of_what_was_shown(run_stage: Callable[..., Stage]) -> None:
    stage = run_stage()
    see(stage, 3)
    meter = stage.describe()["meter"]
    assert 0 < meter["latency_ms"] <= meter["latency_most_ms"]
    stages = stage.describe()["stages"]
    assert stages["mask: age"] == 0 < stages["wait"] <= meter["latency_most_ms"]


def test_a_server_that_refuses_ends_the_picture_with_its_sentence(
    run_stage: Callable[..., Stage],
) -> None:
    stage = run_stage(model="nobody")
    with pytest.raises(FrisketError, match="no model 'nobody'"):
        stage.wait()
    assert "nobody" in stage.describe()["ended"]


def test_no_camera_and_none_that_is_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(NoCamera, match=r"no camera on this machine|there are: |gives no picture"):
        open_camera("77")
    with pytest.raises(FrisketError, match="there is no such file"):
        open_camera(str(tmp_path / "gone.mp4"))
    with pytest.raises(NoCamera):
        open_camera("/dev/null")


def test_a_camera_that_is_unplugged_is_told(clip: Path) -> None:
    camera = DeviceCamera(str(clip), SIZE)  # OpenCV reads files too, and they end
    assert (camera.width, camera.height) == SIZE
    assert np.abs(camera.read().astype(int) - frames()[1]).mean() < 3
    with pytest.raises(CameraLost, match="unplugged"):
        for _ in range(100):
            camera.read()
    camera.close()


class FaultyCamera:
    """A camera whose driver fails with an error of its own after a picture."""

    name, width, height = "faulty", WIDE, HIGH

    def __init__(self) -> None:
        self._pictures = iter(frames()[:1])

    def read(self) -> np.ndarray:
        picture = next(self._pictures, None)
        if picture is None:
            raise ValueError("the driver has no words for it")
        return picture

    def close(self) -> None:
        pass


def test_an_error_that_nobody_expects_is_raised_where_the_picture_is_waited_for(
    server: Server,
) -> None:
    with Connection(ServerChoice(), server.connect) as connection:
        options = LiveOptions(model="fake", backgrounds=("#00ff00",))
        with Stage(FaultyCamera(), options, connection) as stage:
            with pytest.raises(ValueError, match="the driver has no words for it"):
                stage.wait()
            assert "the driver has no words" in stage.describe()["ended"]


@pytest.mark.parametrize("how", [{"every": 0}, {"threshold": 0.0}, {"backgrounds": ()}])
def test_options_that_make_no_sense(how: dict[str, object]) -> None:
    with pytest.raises(BadOption):
        LiveOptions(**how)


@pytest.mark.parametrize("ground", ["gone.png", "whitish"])
def test_a_background_that_is_none(run_stage: Callable[..., Stage], ground: str) -> None:
    with pytest.raises(FrisketError):
        run_stage(backgrounds=(ground,))


def test_the_virtual_camera_says_what_it_needs(clip: Path) -> None:
    try:
        import pyvirtualcam  # noqa: F401
    except ImportError:
        with pytest.raises(OutputError, match="pyvirtualcam"):
            VirtualCamera(open_camera(str(clip)))
    else:
        pytest.skip("pyvirtualcam is installed")


def add(line: Line, count: int) -> None:
    for _ in range(count):
        line.add(np.zeros((2, 2, 3), np.uint8))


def mask(line: Line) -> Shot:
    """Give the newest picture a mask."""
    shot = line.take_key(wait=True)
    assert shot is not None
    line.settle(shot, np.zeros((2, 2), np.uint8))
    return shot


def shown(line: Line) -> tuple[int, int | None]:
    """The numbers of the next picture that is shown, and of the one whose mask it takes."""
    found = line.take_shown()
    assert found is not None
    return found[0].number, None if found[1] is None else found[1].number


def test_the_newest_picture_is_the_next_to_be_masked_and_shown() -> None:
    line = Line()
    add(line, 3)
    assert mask(line).number == 2
    assert line.take_key(wait=False) is None, "it is under way already"
    assert shown(line) == (2, 2)
    add(line, 4)
    assert mask(line).number == 6
    assert shown(line) == (6, 6)
    assert line.left_out == 3, "what came before the first is not counted"


def test_between_masks_no_picture_waits() -> None:
    line = Line(every=3)
    add(line, 1)
    assert mask(line).number == 0
    assert shown(line) == (0, 0)
    add(line, 1)
    assert shown(line) == (1, 0)
    assert line.take_key(wait=False) is None, "too early for another mask"
    add(line, 2)
    key = line.take_key(wait=False)
    assert key is not None and key.number == 3
    assert shown(line) == (3, 0), "its own mask is not there yet"
    add(line, 1)
    line.settle(key, np.zeros((2, 2), np.uint8))
    assert shown(line) == (4, 3)
    assert line.left_out == 1


def test_a_mask_from_before_a_pause_is_not_shown() -> None:
    line = Line(every=2)
    add(line, 1)
    mask(line)
    assert shown(line) == (0, 0)
    line.ask_every(0)
    assert line.take_key(wait=True) is None, "none is wanted"
    add(line, 5)
    assert shown(line) == (5, None)
    line.ask_every(2)
    add(line, 1)
    assert mask(line).number == 6
    assert shown(line) == (6, 6)


def test_the_meter_averages_over_its_range() -> None:
    now = 0.0
    meter = Meter(lambda: now)
    for step in range(200):
        now = step / 20
        meter.count(now - 0.05)
    told = meter.read()
    assert all(abs(told[name] - 20) <= 1 for name in ("fps", "fps_least", "fps_most", "fps_mean"))
    assert abs(told["latency_ms"] - 50) < 1e-6


def test_the_meter_averages_stages_over_its_range() -> None:
    now = 0.0
    meter = Meter(lambda: now)
    meter.note("motion", 9.0)
    now = 11.0
    assert meter.read_stages() == {}
    meter.note("motion", 0.01)
    meter.note("motion", 0.03)
    with meter.time("compose"):
        now += 0.5
    assert meter.read_stages() == pytest.approx({"motion": 20, "compose": 500})
