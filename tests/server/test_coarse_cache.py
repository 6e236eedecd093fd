"""A first mask that was found before is found again, and only for what is the same in all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frisket.matting import Matting, MattingOptions
from frisket.matting.engine import EdgeControls, HintPoint, Hints, Quality, Scribble
from frisket.models import Coarse
from frisket.protocol.grid import Grid
from frisket.server.coarse_cache import CoarseCache, make_key
from frisket.server.coarse_files import CoarseFiles
from frisket.server.scheduler import Scheduler

SIDE = 8
Ask = Callable[[CoarseCache, Matting], Awaitable[bool]]


def layer(value: int = 0, **options: object) -> Matting:
    proxy = np.full((SIDE, SIDE, 3), value, np.uint8)
    return Matting(proxy, Grid(SIDE, SIDE, 16), MattingOptions(**options))  # type: ignore[arg-type]


def coarse(value: int = 7) -> Coarse:
    return Coarse(np.full((SIDE, SIDE), value, np.uint8), note="seen", cell_px=2.5, confidence=0.5)


def drive(
    work: Callable[[Callable[[CoarseCache, Matting], Awaitable[bool]]], Awaitable[None]],
) -> None:
    """Let a scenario ask caches; each question tells whether the model ran."""

    async def run() -> None:
        scheduler = Scheduler(1)

        async def ask(cache: CoarseCache, matting: Matting) -> bool:
            ran = []

            async def predict() -> Coarse:
                ran.append(1)
                return coarse(int(matting.proxy[0, 0, 0]))

            found = await cache.find(matting, "model", scheduler.open_share(), predict)
            assert (found.alpha == matting.proxy[0, 0, 0]).all()
            assert (found.note, found.cell_px, found.confidence) == ("seen", 2.5, 0.5)
            return bool(ran)

        try:
            await work(ask)
        finally:
            scheduler.close()

    asyncio.run(run())


def test_what_the_model_does_not_see_makes_no_difference() -> None:
    same = [
        layer(),
        layer(depth=16, foreground=True, edge=EdgeControls(shift_px=2)),
    ]
    assert len({make_key(one, "model") for one in same}) == 1


def test_whatever_the_model_sees_makes_a_difference() -> None:
    line = np.array([[1, 1], [2, 2]], np.uint32)
    points = [HintPoint(1, 1, True), HintPoint(1, 1, False), HintPoint(2, 1, True)]
    other = [
        layer(),
        layer(1),
        layer(quality=Quality.HIGH),
        layer(normalise="auto"),
        layer(classes=("dog",)),
        *(layer(hints=Hints(points=(point,))) for point in points),
        layer(hints=Hints(scribbles=(Scribble(line, 3, True),))),
        layer(hints=Hints(scribbles=(Scribble(line, 3, False),))),
        layer(hints=Hints(scribbles=(Scribble(line + 1, 3, True),))),
        replace(layer(), proxy=np.zeros((SIDE // 2, SIDE * 2, 3), np.uint8)),
    ]
    keys = [make_key(one, "model") for one in other] + [make_key(layer(), "another")]
    assert len(set(keys)) == len(keys)


def test_a_picture_that_comes_again_needs_no_model_and_the_oldest_goes() -> None:
    async def scenario(ask: Ask) -> None:
        cache = CoarseCache(2 * (SIDE * SIDE + 1024))
        told: list[int] = []
        cache.tell = told.append
        assert [await ask(cache, layer(n)) for n in (1, 2, 1, 3, 1, 2)] == [1, 1, 0, 1, 0, 1]
        assert (cache.hits, cache.misses) == (2, 4)
        assert max(told) <= 2 * (SIDE * SIDE + 1024)
        assert cache.drop(1) > 0, "it gives way to whatever else needs memory"
        assert [await ask(cache, layer(n)) for n in (2, 1)] == [False, True]

    drive(scenario)


def test_without_room_every_picture_needs_the_model() -> None:
    async def scenario(ask: Ask) -> None:
        assert all([await ask(CoarseCache(0), layer(1)) for _ in range(2)])

    drive(scenario)


def test_a_folder_serves_another_server_and_damage_counts_as_nothing(tmp_path: Path) -> None:
    async def scenario(ask: Ask) -> None:
        folder = tmp_path / "coarse"
        assert await ask(CoarseCache(0, CoarseFiles(folder, 1 << 20)), layer(1))
        fresh = CoarseCache(0, CoarseFiles(folder, 1 << 20))
        assert not await ask(fresh, layer(1))
        [file] = folder.iterdir()
        whole = file.read_bytes()
        for damaged in (b"", whole[:9], whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1])):
            file.write_bytes(damaged)
            assert await ask(fresh, layer(1))
            assert not await ask(fresh, layer(1)), "it was written again"
        assert folder.stat().st_mode & 0o077 == 0

    drive(scenario)


def test_a_folder_stays_within_its_bound(tmp_path: Path) -> None:
    files = CoarseFiles(tmp_path / "coarse", 2000)
    for number in range(40):
        files.write(f"{number:064x}", coarse(number))
        assert sum(file.stat().st_size for file in (tmp_path / "coarse").iterdir()) <= 2000
    assert files.read(f"{39:064x}", (SIDE, SIDE)) is not None
    assert files.read(f"{0:064x}", (SIDE, SIDE)) is None


@given(st.binary(max_size=200))
def test_no_file_is_too_bad(data: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        files = CoarseFiles(Path(folder), 1 << 20)
        Path(folder, "00.coarse").write_bytes(b"FCA1" + data)
        assert files.read("00", (SIDE, SIDE)) is None


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    from frisket.server.config import ConfigError

    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="--coarse-folder"):
        CoarseFiles(tmp_path / "file" / "deeper", 1)
