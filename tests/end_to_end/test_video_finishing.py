"""Finishing steps on the frames of a video, over a real server."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from serving import Server
from video_kit import SIZE, write_video

from frisket.jobs.connection import Connection, ServerChoice
from frisket.jobs.video.options import VideoOptions
from frisket.jobs.video.video import matte_video
from frisket.protocol.errors import FrisketError

pytest.importorskip("av", reason="PyAV is not installed")

WIDE, HIGH = SIZE


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("clips") / "clip.mkv")


def run(server: Server, source: Path, output: Path, how: VideoOptions) -> None:
    with Connection(ServerChoice(), server.connect) as connection:
        matte_video(source, output, how, connection=connection)


def first_frame(server: Server, clip: Path, folder: Path, **how: object) -> np.ndarray:
    """The first frame of what becomes of a clip, written as 16-bit samples."""
    folder.mkdir()
    options = VideoOptions(model="fake", last=1, **how)  # type: ignore[arg-type]
    run(server, clip, folder / "f.mkv", options)
    import av

    with av.open(str(folder / "f.mkv")) as container:
        frame = next(container.decode(video=0))
        return np.asarray(frame.to_ndarray(format="rgba64le"), np.int32)


def test_finishing_steps_apply_to_frames_also_of_cutouts(
    server: Server, clip: Path, tmp_path: Path
) -> None:
    pytest.importorskip("pyvips", reason="libvips is not installed")
    plain = first_frame(server, clip, tmp_path / "plain")
    shadow = {"shadow": ["drop:angle=90,distance=20%,opacity=80%"]}
    below = first_frame(server, clip, tmp_path / "below", finishing=shadow)
    empty, middle = plain[..., 3] == 0, plain[HIGH // 2, WIDE // 2]
    assert (below[..., 3][empty] > 9000).sum() > 50, "no shadow lies where nothing was"
    np.testing.assert_allclose(below[HIGH // 2, WIDE // 2], middle, atol=600)
    crisp = first_frame(server, clip, tmp_path / "crisp", finishing={"softness": "crisp"})
    soft = [np.count_nonzero((one[..., 3] > 0) & (one[..., 3] < 65535)) for one in (plain, crisp)]
    assert soft[1] < 0.8 * soft[0]
    smaller = first_frame(server, clip, tmp_path / "smaller", finishing={"shift": -4})
    assert smaller[..., 3].sum() < 0.9 * plain[..., 3].sum()


@pytest.mark.parametrize("ground", ["white", "clip"])
def test_a_shadow_falls_on_a_colour_and_on_another_video(
    server: Server, clip: Path, tmp_path: Path, ground: str
) -> None:
    pytest.importorskip("pyvips", reason="libvips is not installed")
    white = np.full((HIGH, WIDE, 3), 255, np.uint8)
    behind = str(write_video(tmp_path / "w.mkv", [white] * 2)) if ground == "clip" else ground
    plain = first_frame(server, clip, tmp_path / "plain", background=behind)
    shadow = {"shadow": ["drop:angle=90,distance=20%,opacity=80%"]}
    shown = first_frame(server, clip, tmp_path / "shown", background=behind, finishing=shadow)
    darker = plain[..., :3].sum(axis=2) - shown[..., :3].sum(axis=2)
    assert (darker > 20000).sum() > 50
    assert np.abs(darker[HIGH // 2, WIDE // 2]) < 2000, "the subject lies above its shadow"


@pytest.mark.parametrize(
    ("kind", "finishing", "said"),
    [
        ("matte", {"shadow": ["drop"]}, "shadow is for finished frames"),
        ("", {"canvas": "marketplace"}, "canvas cannot be done with every frame"),
        ("", {"softness": "odd"}, "--softness"),
    ],
)
def test_a_finish_that_frames_cannot_have_is_refused_before_any(
    server: Server, clip: Path, tmp_path: Path, kind: str, finishing: dict[str, object], said: str
) -> None:
    with pytest.raises(FrisketError, match=said):
        run(server, clip, tmp_path / "f.mkv", VideoOptions(kind, model="fake", finishing=finishing))
    assert not list(tmp_path.iterdir())
