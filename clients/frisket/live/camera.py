"""Where live pictures come from: a camera, or a file that is shown as a camera would."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from frisket.documents.core.errors import MissingExtra
from frisket.jobs.video.shape import Frame, Source
from frisket.jobs.video.source import open_source
from frisket.live.errors import CameraLost, NoCamera

Picture = npt.NDArray[np.uint8]
"""(height, width, 3) RGB."""
_DEVICES = Path("/sys/class/video4linux")
_PROBED = 4  # cameras that are tried where the system does not list them
_ALIVE = 3  # pictures that may be missing one after another: a camera may stumble


class Camera(Protocol):
    """A source of pictures of one size.

    Attributes:
        name: for people.
        width, height: of its pictures in pixels.
    """

    name: str
    width: int
    height: int

    def read(self) -> Picture | None:
        """Wait for the next picture; None behind the last one of a file.

        Raises:
            CameraLost: a camera gives no more.
            DocumentError: a file cannot be read on.
        """

    def close(self) -> None:
        """Let go of it."""


def load_cv2(what: str) -> Any:
    """Return OpenCV.

    Raises:
        MissingExtra: it is not installed; `what` needs it.
    """
    try:
        import cv2
    except ImportError:
        raise MissingExtra(what, "a live picture needs OpenCV, which is", "live") from None
    return cv2


def open_camera(name: str, size: tuple[int, int] = (1280, 720), once: bool = False) -> Camera:
    """Open a camera by its number or device, or a file as a camera.

    Args:
        name: a number such as "0", a device such as "/dev/video0", or what `open_source` takes.
        size: width and height that a camera is asked for.
        once: end after a file's last frame; else it begins again.

    Raises:
        NoCamera: there is none; says which there are.
        DocumentError: the file cannot be read.
    """
    if name.isdecimal() or name.startswith("/dev/"):
        return DeviceCamera(name, size)
    return FileCamera(open_source(Path(name)), once)


def list_cameras() -> list[str]:
    """Return the cameras of this machine, each with its name where the system tells it."""
    if _DEVICES.is_dir():
        found = sorted(_DEVICES.glob("video*"), key=lambda one: (len(one.name), one.name))
        return [f"{one.name.removeprefix('video')} ({_read_name(one)})" for one in found]
    if sys.platform == "linux":
        return []
    cv2 = load_cv2("the cameras")
    return [str(number) for number in range(_PROBED) if cv2.VideoCapture(number).isOpened()]


def _read_name(device: Path) -> str:
    try:
        return (device / "name").read_text(errors="replace").strip()
    except OSError:
        return "unknown"


class DeviceCamera:
    """A camera that OpenCV reads.

    Args:
        name: its number, or its device.
        size: width and height that it is asked for; it may have others.

    Raises:
        NoCamera: it is not there, or gives no picture.
    """

    def __init__(self, name: str, size: tuple[int, int]) -> None:
        self.name = f"camera {name}" if name.isdecimal() else name
        self._cv2 = load_cv2(self.name)
        # What it writes on standard error is for programmers.
        self._cv2.utils.logging.setLogLevel(self._cv2.utils.logging.LOG_LEVEL_SILENT)
        self._capture = self._cv2.VideoCapture(int(name) if name.isdecimal() else name)
        wanted = zip((self._cv2.CAP_PROP_FRAME_WIDTH, self._cv2.CAP_PROP_FRAME_HEIGHT), size,
                     strict=True)  # fmt: skip
        for kind, pixels in wanted:
            self._capture.set(kind, pixels)
        # A camera's queue makes every picture late.
        self._capture.set(self._cv2.CAP_PROP_BUFFERSIZE, 1)
        first = self._grab() if self._capture.isOpened() else None
        if first is None:
            self._capture.release()
            raise NoCamera(self.name, _explain_lack(name))
        self.height, self.width = first.shape[:2]

    def read(self) -> Picture:
        """Wait for the next picture; see `Camera`."""
        picture = self._grab()
        if picture is None or picture.shape[:2] != (self.height, self.width):
            raise CameraLost(
                self.name, "gives no more pictures: it was unplugged, or another program has it",
                advice="plug it in and start again",
            )  # fmt: skip
        return picture

    def _grab(self) -> Picture | None:
        for _ in range(_ALIVE):
            given, bgr = self._capture.read()
            if given:
                return np.asarray(self._cv2.cvtColor(bgr, self._cv2.COLOR_BGR2RGB))
        return None

    def close(self) -> None:
        """Let go of it."""
        self._capture.release()


def _explain_lack(name: str) -> str:
    there = list_cameras()
    device = Path(f"/dev/video{name}" if name.isdecimal() else name)
    if device.exists() and not os.access(device, os.R_OK | os.W_OK):
        return "may not be opened by you: join the group 'video'"
    if device.exists():
        return "gives no picture: another program has it, or it is no camera"
    if there:
        return f"there is no such camera; there are: {', '.join(there)}"
    return "there is no camera on this machine; a video file can stand in for one"


class FileCamera:
    """A video or numbered pictures, at their own rate, again and again.

    Args:
        source: of the frames.
        once: end after the last one.
    """

    def __init__(self, source: Source, once: bool = False) -> None:
        self.name, self._source = str(source.path), source
        self.width, self.height = source.shape.width, source.shape.height
        self._frames = self._read_frames(once)
        self._due = 0.0
        self._shift = source.shape.depth - 8

    def read(self) -> Picture | None:
        """Wait until the next frame is due; see `Camera`."""
        frame = next(self._frames, None)
        if frame is None:
            return None
        now = time.monotonic()
        self._due = max(self._due + float(1 / self._source.shape.rate), now)
        time.sleep(self._due - now)
        return np.asarray(frame.rgb >> self._shift, np.uint8)

    def _read_frames(self, once: bool) -> Iterator[Frame]:
        while True:
            yield from self._source.read()
            if once:
                return

    def close(self) -> None:
        """Let go of it."""
        self._frames = iter(())
