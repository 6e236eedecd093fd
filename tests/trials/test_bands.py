"""One layer of a gigapixel on two servers of one list: the bytes of one server, and its cost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import tifffile
from serving import TOKEN, Server, start_server, stop_server
from trials.kit import say, whole_only

from frisket import cut
from frisket.jobs.connection import ServerChoice
from frisket.jobs.task import CutOptions

SIDE, TILE = 31744, 512


def write_giant(path: Path) -> None:
    """Write a disc of a gigapixel with grain, tile by tile."""
    grain = np.random.default_rng(1).integers(-20, 20, (TILE, TILE, 3), np.int16)

    def draw() -> Iterator[np.ndarray]:
        steps = np.arange(TILE)
        for y in range(0, SIDE, TILE):
            for x in range(0, SIDE, TILE):
                away = np.hypot(x + steps - SIDE / 2, (y + steps - SIDE / 2)[:, None])
                inside = (away < 0.3 * SIDE)[..., None]
                plain = np.where(inside, (220, 170, 60), (30, 60, 110)).astype(np.int16)
                yield (plain + grain).clip(0, 255).astype(np.uint8)

    tifffile.imwrite(
        path, draw(), shape=(SIDE, SIDE, 3), dtype=np.uint8, tile=(TILE, TILE), photometric="rgb"
    )


def read_cpu(server: Server) -> float:
    """Return the processor seconds of a server and its children."""
    process = psutil.Process(server.process.pid)
    return sum(sum(each.cpu_times()[:2]) for each in (process, *process.children(recursive=True)))


@whole_only
@pytest.mark.timeout(1200)
def test_a_gigapixel_on_two_servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRISKET_TOKEN", TOKEN)
    source = tmp_path / "giant.tif"
    write_giant(source)
    servers = [start_server(tmp_path / f"home-{number}", "--threads", "1") for number in range(2)]
    targets = [server.address.target for server in servers]
    try:
        for name, asked in (("one", targets[:1]), ("two", targets)):
            choice = ServerChoice(",".join(asked))
            options = CutOptions("matte", model="fake", sandbox=False, server=choice)
            before, began = [*map(read_cpu, servers)], (time.monotonic(), time.process_time())
            cut(source, tmp_path / f"{name}.tif", options)
            after = [*map(read_cpu, servers)]
            shares = [f"{b - a:.1f}" for a, b in zip(before, after, strict=True)]
            wall, client = time.monotonic() - began[0], time.process_time() - began[1]
            say(f"a gigapixel on {name}", wall_s=wall, client_cpu_s=client, servers_cpu_s=shares)
    finally:
        for server in servers:
            stop_server(server)
    one, two = tmp_path / "one.tif", tmp_path / "two.tif"
    assert one.read_bytes() == two.read_bytes()
