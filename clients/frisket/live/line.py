"""The newest picture of a camera and the newest that has its mask; no picture queues.

Three threads meet here: the camera adds, the matting takes the newest picture for a mask of its
own, and whoever shows takes the newest that can be shown. Whatever is passed over is left out.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from frisket.jobs.video.matting import Samples
from frisket.live.camera import Picture


@dataclass(eq=False)
class Shot:
    """One picture.

    Attributes:
        number: from 0, as the camera took them.
        rgb: (height, width, 3) uint8.
        alpha: its own mask (height, width) uint8, once there is one.
        taken_s: when it was taken, by `time.perf_counter`.
        begun_s: when its mask was begun with, by the same clock.
    """

    number: int
    rgb: Picture
    alpha: Samples | None = None
    taken_s: float = field(default_factory=time.perf_counter)
    begun_s: float = 0.0


class Line:
    """What the camera gave last, and what is known of it.

    With `every` 1 a picture is shown when its own mask is there. With more none waits: it takes
    the newest mask that is finished, from a picture before it.

    Args:
        every: how many pictures later the next mask may be begun with; 0 for no masks.

    Attributes:
        left_out: how many pictures were never shown because a newer one came first.
    """

    def __init__(self, every: int = 1) -> None:
        self.left_out = 0
        self._every = every
        self._count = self._next_key = 0
        self._newest: Shot | None = None
        self._masked: Shot | None = None
        self._shown = -1
        self._ended = False
        self._changed = threading.Condition()

    def add(self, rgb: Picture) -> None:
        """Take a picture; it is the newest now."""
        with self._changed:
            self._newest = Shot(self._count, rgb)
            self._count += 1
            self._changed.notify_all()

    def take_key(self, wait: bool) -> Shot | None:
        """Return the newest picture if it is to have a mask; None where it is not.

        Args:
            wait: until there is one; then None says that no masks are wanted, or no more.
        """
        with self._changed:
            if wait:
                self._changed.wait_for(lambda: self._ended or not self._every or self._has_key())
            if self._newest is None or self._ended or not self._has_key():
                return None
            self._next_key = self._newest.number + self._every
            self._newest.begun_s = time.perf_counter()
            return self._newest

    def _has_key(self) -> bool:
        newest = self._newest
        return self._every > 0 and newest is not None and newest.number >= self._next_key

    def wait_wanted(self) -> None:
        """Wait until masks are wanted, or the line has ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._every > 0)

    def settle(self, shot: Shot, alpha: Samples) -> None:
        """Give a picture its mask."""
        with self._changed:
            shot.alpha = alpha
            if self._every:
                self._masked = shot
            self._changed.notify_all()

    def take_shown(self) -> tuple[Shot, Shot | None] | None:
        """Return the next picture to show as soon as there is one; None at the end.

        Returns:
            The picture, and the one whose mask it takes: itself, or one before it; None where no
            masks are wanted.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._find_shown() is not None)
            shot = self._find_shown()
            if self._ended or shot is None:
                return None
            if self._shown >= 0:
                self.left_out += shot.number - self._shown - 1
            self._shown = shot.number
            return shot, self._masked

    def _find_shown(self) -> Shot | None:
        """Return the newest picture that can be shown and was not; None where there is none."""
        shot = self._masked if self._every == 1 else self._newest
        is_ready = self._every == 0 or self._masked is not None
        return shot if is_ready and shot is not None and shot.number > self._shown else None

    def ask_every(self, every: int) -> None:
        """Change how often a mask is made; 0 for never, and then the last one is forgotten."""
        with self._changed:
            self._every = every
            if every == 0:
                self._masked = None
            self._changed.notify_all()

    def forget(self) -> None:
        """Forget the newest mask: whoever made it is gone, and pictures wait for the next one."""
        with self._changed:
            self._masked = None

    def end(self) -> None:
        """Let everybody go."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self._ended
