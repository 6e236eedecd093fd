"""What a person paints stays, whatever a session writes: without a host, in `make test`."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frisket.hosts.handwork import Handwork
from frisket.protocol.grid import TileRect

RECT = TileRect(30, 40, 5, 4)
AREA = RECT.width * RECT.height
PLANES = st.binary(min_size=AREA, max_size=AREA)
STEPS = st.lists(st.tuples(st.sampled_from(["write", "paint"]), PLANES), max_size=12)


@dataclass
class Mask:
    """A mask of one tile, what was painted in it, and a person's undo."""

    size: int = 1
    holds: bytes = bytes(AREA)
    painted: frozenset[int] = frozenset()
    history: list[bytes] = field(default_factory=list)
    handwork: Handwork = field(default_factory=Handwork)

    def write(self, fresh: bytes) -> None:
        last = self.handwork.recall(RECT)
        if last is not None:
            fresh = self.handwork.merge(RECT, last, self.holds, fresh)
        self.holds = fresh
        self.handwork.note(RECT, fresh)

    def keep_state(self) -> None:
        self.history.append(self.holds)

    def paint(self, values: bytes, where: range) -> None:
        self.keep_state()
        old, new = self.pixels(self.holds), self.pixels(values)
        self.painted |= {i for i in where if old[i] != new[i]}
        self.holds = b"".join(new[i] if i in where else old[i] for i in range(AREA))

    def undo(self) -> None:
        self.holds = self.history.pop()
        self.handwork.undos += 1

    def pixels(self, data: bytes) -> list[bytes]:
        return [data[i : i + self.size] for i in range(0, len(data), self.size)]


@pytest.mark.parametrize("size", [1, 4, 8])
@given(steps=STEPS, start=st.integers(0, AREA), count=st.integers(1, AREA))
def test_painted_pixels_stay_and_others_follow(size: int, steps, start, count) -> None:  # type: ignore[no-untyped-def]
    mask = Mask(size, bytes(AREA * size))
    mask.write(bytes(AREA * size))
    for kind, plane in steps:
        if kind == "paint":
            mask.paint(plane * size, range(start, min(AREA, start + count)))
        before = mask.pixels(mask.holds)
        mask.write(plane[::-1] * size)
        after, fresh = mask.pixels(mask.holds), mask.pixels(plane[::-1] * size)
        wanted = [before[i] if i in mask.painted else fresh[i] for i in range(AREA)]
        assert after == wanted


def test_what_an_undo_brings_back_was_not_painted() -> None:
    """Krita's first undo takes back what the session wrote, its second one the stroke."""
    mask = Mask(holds=b"\x64" * AREA)
    mask.write(mask.holds)
    mask.paint(b"\xff" * AREA, range(3))
    mask.keep_state()
    mask.write(b"\x09" * AREA)
    assert mask.holds == b"\xff" * 3 + b"\x09" * (AREA - 3)
    mask.undo()
    mask.write(b"\x08" * AREA)
    assert mask.holds == b"\xff" * 3 + b"\x08" * (AREA - 3)
    mask.undo()
    mask.write(b"\x07" * AREA)
    assert mask.holds == b"\x07" * AREA


def test_a_tile_painted_as_it_once_was_is_no_undo() -> None:
    mask = Mask()
    mask.write(bytes(AREA))
    mask.write(b"\xff" * AREA)
    mask.paint(bytes(AREA), range(AREA))
    mask.write(b"\x09" * AREA)
    assert mask.holds == bytes(AREA)


def test_says_when_something_was_kept() -> None:
    mask = Mask()
    mask.write(bytes(AREA))
    mask.write(b"\x09" * AREA)
    assert not mask.handwork.kept
    mask.paint(b"\xff" * AREA, range(3))
    mask.write(bytes(AREA))
    assert mask.handwork.kept
