"""Pictures on their way from the camera to the eye, in order; nobody waits for what is late.

Three threads meet here: the camera adds, the matting takes the newest picture that wants a mask of
its own, and whoever shows takes pictures from the head as soon as their masks are there.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field

from frisket.jobs.video.matting import Samples
from frisket.live.camera import Picture

_LONGEST = 12  # pictures that wait to be shown; then those without a mask of their own are left out


@dataclass(eq=False)
class Shot:
    """One picture.

    Attributes:
        number: from 0, as the camera took them.
        rgb: (height, width, 3) uint8.
        is_key: it wants a mask of its own; others take that of the key before them.
        alpha: its mask (height, width) uint8, once there is one.
        settled: nothing more is waited for.
        taken_s: when it was taken, by `time.perf_counter`.
    """

    number: int
    rgb: Picture
    is_key: bool
    alpha: Samples | None = None
    settled: bool = False
    taken_s: float = field(default_factory=time.perf_counter)


class Line:
    """The pictures that were taken and are not shown yet.

    Attributes:
        every: each how many-th picture is a key; 0 for none.
        left_out: how many pictures came too late to be shown.
    """

    def __init__(self, every: int = 1) -> None:
        self.every, self.left_out = every, 0
        self._count = 0
        self._shots: deque[Shot] = deque()
        self._wanted: Shot | None = None
        self._ended = False
        self._changed = threading.Condition()

    def add(self, rgb: Picture) -> None:
        """Append a picture; a key that nobody has begun with is superseded by a newer one."""
        with self._changed:
            is_key = self.every > 0 and self._count % self.every == 0
            shot = Shot(self._count, rgb, is_key, settled=not is_key)
            self._count += 1
            self._shots.append(shot)
            if is_key:
                if self._wanted is not None:
                    self._wanted.settled = True
                self._wanted = shot
            while len(self._shots) > _LONGEST and self._shots[0].settled:
                self._shots.popleft()
                self.left_out += 1
            self._changed.notify_all()

    def take_key(self, wait: bool) -> Shot | None:
        """Return the newest key that nobody has begun with; None where there is none, or no more.

        Args:
            wait: until there is one, or the line has ended.
        """
        with self._changed:
            if wait:
                self._changed.wait_for(lambda: self._wanted is not None or self._ended)
            shot, self._wanted = self._wanted, None
            return shot

    def settle(self, shot: Shot, alpha: Samples | None) -> None:
        """Give a key its mask, or none where it was dropped."""
        with self._changed:
            shot.alpha, shot.settled = alpha, True
            self._changed.notify_all()

    def take_shown(self) -> Shot | None:
        """Return the next picture, as soon as nothing more is waited for; None at the end."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._ended or bool(self._shots and self._shots[0].settled)
            )
            return None if self._ended else self._shots.popleft()

    def end(self) -> None:
        """Let everybody go."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self._ended
