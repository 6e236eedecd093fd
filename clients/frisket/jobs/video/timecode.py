"""Time code of SMPTE ST 12: the number of a frame as a clock shows it."""

from __future__ import annotations

import re
from fractions import Fraction

_CODE = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d)")
_HOURS = 24


def shift_timecode(code: str, frames: int, rate: Fraction) -> str:
    """Return the time code so many frames later; empty where the first is none.

    Args:
        code: such as "10:00:00:00"; a semicolon before the frames says that numbers are dropped:
            two a minute at 30 frames, four at 60, but in every tenth minute none.
        frames: 0 or more.
        rate: frames a second.
    """
    match, nominal = _CODE.fullmatch(code), round(rate)
    if match is None or not 1 <= nominal <= 100:
        return ""
    hours, minutes, seconds, frame = (int(match[part]) for part in (1, 2, 3, 5))
    dropped = nominal // 15 if match[4] in ";." else 0
    past = 60 * hours + minutes
    number = (60 * past + seconds) * nominal + frame - dropped * (past - past // 10)
    tens = 600 * nominal - 9 * dropped
    shown = _count_dropped((number + frames) % (6 * _HOURS * tens), nominal, dropped)
    clock, frame = divmod(shown, nominal)
    parts = (clock // 3600 % _HOURS, clock // 60 % 60, clock % 60)
    return ":".join(f"{part:02}" for part in parts) + f"{match[4]}{frame:02}"


def _count_dropped(number: int, nominal: int, dropped: int) -> int:
    """Return a frame's number with those that the clock leaves out before it."""
    tens, rest = divmod(number, 600 * nominal - 9 * dropped)
    minutes = max(0, rest - dropped) // (60 * nominal - dropped) if dropped else 0
    return number + dropped * (9 * tens + minutes)
