"""Which frames are sent: a segment is the same in a whole run, in a range and after a kill."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from frisket.client.options import HintSet
from frisket.jobs.video.planning import plan_frames
from frisket.jobs.video.segments import RUN_IN, Done, place_segments
from frisket.jobs.video.shape import Frame, Shape

Sent = list[tuple[int, bool, bool]]
SEGMENT = 11


@dataclass
class Film:
    """Frames of nothing at some places, as a damaged film has them."""

    places: list[int]
    path = Path("film")
    shape = Shape(1, 1, 8, Fraction(25), Fraction(1, 25), 0)
    notes: list[str] = field(default_factory=list)
    first_number = 1

    def read(self, first: int = 0) -> Iterator[Frame]:
        rgb = np.zeros((1, 1, 3), np.uint8)
        yield from (Frame(place, place, rgb) for place in self.places if place >= first)

    def find_file(self, place: int) -> Path | None:
        return None

    def list_files(self) -> list[Path]:
        return []

    def find_place(self, seconds: Fraction) -> int:
        return round(seconds * 25)


def send(film: Film, begin: int) -> dict[int, Sent]:
    """What is sent from a segment on, by the segment that it is sent for."""
    segments: dict[int, Sent] = {}
    waiting: Sent = []
    for frame in plan_frames(film, 0, None, begin, SEGMENT):
        waiting.append((frame.place, frame.restart, frame.run_in))
        if not frame.run_in:
            segments.setdefault(frame.place // SEGMENT, []).extend(waiting)
            waiting = []
    return segments


@given(lost=st.sets(st.integers(0, 49)), begin=st.integers(0, 4))
def test_a_segment_is_sent_alike_wherever_a_run_begins(lost: set[int], begin: int) -> None:
    film = Film([place for place in range(50) if place not in lost])
    whole, part = send(film, 0), send(film, begin)
    wanted = {number: sent for number, sent in whole.items() if number >= begin}
    for sent in (*wanted.values(), *part.values()):
        # A stream's first frame begins anew whether it says so or not.
        sent[0] = (sent[0][0], True, sent[0][2])
    assert part == wanted
    for number, sent in wanted.items():
        assert all(place >= number * SEGMENT - RUN_IN for place, _, _ in sent)
        assert [restart for _, restart, _ in sent].count(True) == 1


def test_segments_lie_where_their_source_says_and_never_over_one_another() -> None:
    uneven = [Done(0, 3, 100, 160), Done(1, 3, 145, 220), Done(2, 3, 260, 320)]
    assert place_segments(uneven, 20) == [100, 145, 260]
    back = [Done(0, 3, 100, 160), Done(1, 3, 0, 60), Done(2, 3, 60, 120)]
    assert place_segments(back, 20) == [100, 160, 220]
    assert place_segments([], 20) == []


def test_a_range_with_hints_begins_with_its_run_in() -> None:
    hints = {40: HintSet()}
    sent = list(plan_frames(Film(list(range(60))), 40, 45, 0, 1 << 40, hints))
    assert [frame.place for frame in sent] == list(range(40 - RUN_IN, 45))
    assert [frame.place for frame in sent if not frame.run_in] == list(range(40, 45))
    assert [frame.place for frame in sent if frame.restart] == [40 - RUN_IN]
    assert [frame.place for frame in sent if frame.hints] == [40]
