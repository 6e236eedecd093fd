"""Times of the day in which a hot folder works."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

_DAY = 24 * 60
_SPAN = re.compile(r"(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)")


@dataclass(frozen=True)
class Window:
    """A span of the day in minutes since midnight; it leads over midnight where `end` is less."""

    begin: int
    end: int

    def holds(self, minute: int) -> bool:
        """Return whether a minute of the day lies in it; its end does not."""
        if self.begin < self.end:
            return self.begin <= minute < self.end
        return minute >= self.begin or minute < self.end


def read_window(text: str) -> Window:
    """Return the window that HH:MM-HH:MM names.

    Raises:
        ValueError: it names none.
    """
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not HH:MM-HH:MM, such as 22:00-06:00")
    hours, minutes, last_hours, last_minutes = (int(part) for part in match.groups())
    begin, end = hours * 60 + minutes, last_hours * 60 + last_minutes
    if max(minutes, last_minutes) > 59 or begin >= _DAY or end > _DAY:
        raise ValueError(f"{text!r} names a time that no day has")
    if begin == end:
        raise ValueError(f"{text!r} begins when it ends; leave it out for the whole day")
    return Window(begin, end)


def is_open(windows: Sequence[Window], now: time.struct_time) -> bool:
    """Return whether one of the windows holds a time; none at all stands for the whole day."""
    minute = now.tm_hour * 60 + now.tm_min
    return not windows or any(one.holds(minute) for one in windows)
