"""Where the user looks is told with the opening, and again only when it has changed."""

from __future__ import annotations

import pytest

from frisket.client.events import TilesNeeded
from frisket.client.options import LayerSpec, Options
from frisket.client.session import Session
from frisket.client.transport import ScriptedCall, ScriptedTransport
from frisket.hosts import live
from frisket.hosts.live import LiveDriver
from frisket.protocol.formats import PixelFormat
from frisket.protocol.grid import TileRect

LAYER = LayerSpec(100, 60, PixelFormat.GRAY8, 100, 60, PixelFormat.RGB8)


class Black:
    def read_tile(self, rect: TileRect) -> bytes:
        return bytes(rect.width * rect.height)


def test_the_server_learns_what_is_in_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(live.time, "monotonic", lambda: clock[0])
    sights = [TileRect(0, 0, 50, 30)]
    call = ScriptedCall(lambda request: [])
    driver = LiveDriver(
        Session(LAYER, Options(), bytes(100 * 60 * 3), tile_size=32),
        lambda: ScriptedTransport([call]),
        Black(),
        lambda event: None,
        sight=lambda: sights[-1],
    )
    driver.begin(call)
    assert (call.sent[0].open.viewport.width, call.sent[0].open.viewport.height) == (50, 30)
    nothing = TilesNeeded(())
    opened = len(call.sent)
    for seconds, sight, told in [
        (1, sights[0], 0),
        (1, TileRect(10, 10, 50, 30), 1),
        (0, TileRect(20, 20, 50, 30), 1),
        (1, TileRect(20, 20, 50, 30), 2),
    ]:
        clock[0] += seconds
        sights.append(sight)
        driver.react(call, nothing)
        assert len(call.sent) - opened == told
    assert call.sent[-1].update.viewport.x == 20
