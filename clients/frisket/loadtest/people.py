"""Artists, who wait for a click and think between two, and jobs, which do neither."""

from __future__ import annotations

import functools
import hashlib
import random
import time
from dataclasses import dataclass, field

from frisket.client.drive import Driver
from frisket.client.errors import Cancelled, ClientError
from frisket.client.events import AlphaReady, CoarseRowsReady, Event, Outcome, SolidReady
from frisket.client.options import Change, Edge, Options
from frisket.client.session import Session
from frisket.client.transport import Connect
from frisket.loadtest.record import EDGE, MASK, MODEL, TILE, Record, Until
from frisket.loadtest.scene import Scene, make_scene
from frisket.protocol.grid import TileRect

ARTIST_MP = (0.5, 1.0, 2.0, 4.0, 8.0)
THINK_S = (5.0, 15.0)
JOB_MP = 900.0
TILE_PX = 256
_SEEDS = 4
_EDGES = (Edge(shift_px=1.5), Edge(shift_px=1.5, contrast=0.2))


@functools.cache
def _read_proxy(scene: Scene) -> bytes:
    return scene.read_proxy()


@dataclass
class Artist:
    """Opens a picture, waits for its end, thinks, changes the edge twice, and takes the next.

    Attributes:
        connect: reaches the server.
        record: what is waited for goes there.
        until: when to stop.
        dice: chooses pictures and pauses.
        think_s: least and most seconds between the end of a picture and its first change.
    """

    connect: Connect
    record: Record
    until: Until
    dice: random.Random
    think_s: tuple[float, float] = THINK_S
    _deck: list[Scene] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Draw the pictures first: drawn later, they would take the processor from the server."""
        seed = self.dice.randrange(_SEEDS)
        self._deck = [make_scene(megapixels, seed) for megapixels in ARTIST_MP]
        for scene in self._deck:
            _read_proxy(scene)

    def work(self) -> None:
        """Matte picture after picture."""
        self.until.pause(self.dice.uniform(0, self.think_s[1]))
        while not self.until.is_over():
            try:
                Look(self.dice.choice(self._deck), self).run()
            except Cancelled:
                return
            except ClientError as error:
                self.record.fail("artist", error)
                self.until.pause(1.0)


@dataclass
class Look:
    """One picture of an artist's.

    Attributes:
        scene: the picture.
        artist: whose.
    """

    scene: Scene
    artist: Artist
    _sent: dict[int, float] = field(default_factory=dict)
    _alpha: dict[int, bytes] = field(default_factory=dict)
    _edges: list[Edge] = field(default_factory=lambda: list(_EDGES))
    _started: float = 0.0
    _masked: bool = False

    def run(self) -> None:
        """Matte it and change its edge.

        Raises:
            ClientError: the server refused, or was lost.
            Cancelled: the test is over.
        """
        artist, scene = self.artist, self.scene
        session = Session(scene.spec(), Options(), _read_proxy(scene), tile_size=TILE_PX)
        session.look_at(TileRect(0, 0, scene.width, scene.height))
        self._started = time.perf_counter()
        Driver(
            session,
            artist.connect,
            self,
            self._listen,
            cancelled=artist.until.is_over,
            next_change=self._think,
        ).run()

    def read_tile(self, rect: TileRect) -> bytes:
        """Return a tile's pixels, and note that it is on its way."""
        pixels = self.scene.read_tile(rect)
        self._sent[rect.y * self.scene.width + rect.x] = time.perf_counter()
        return pixels

    def _listen(self, event: Event) -> None:
        now, record = time.perf_counter(), self.artist.record
        if isinstance(event, CoarseRowsReady) and event.complete and not self._masked:
            self._masked = True
            record.wait(MASK, now - self._started)
        elif isinstance(event, SolidReady):
            for first, count in event.runs:
                self._alpha.update(
                    dict.fromkeys(range(first, first + count), bytes([event.opaque]))
                )
        elif isinstance(event, AlphaReady):
            sent = self._sent.pop(event.rect.y * self.scene.width + event.rect.x, None)
            if sent is not None:  # else its alpha needed no pixels, and nobody waited for it
                record.wait(TILE, now - sent)
            self._alpha[event.tile_id] = event.pixels

    def _think(self, outcome: Outcome) -> Change | None:
        """Return the next change; the first comes after a pause."""
        record, first = self.artist.record, len(self._edges) == len(_EDGES)
        record.compare((self.scene, len(self._edges)), self._digest())
        if first:
            record.wait(MODEL, outcome.model_seconds)
            self.artist.until.pause(self.artist.dice.uniform(*self.artist.think_s))
        else:
            record.wait(EDGE, time.perf_counter() - self._started)
        if not self._edges or self.artist.until.is_over():
            return None
        self._started = time.perf_counter()
        return Change(edge=self._edges.pop(0))

    def _digest(self) -> str:
        digest = hashlib.sha256()
        for tile, alpha in sorted(self._alpha.items()):
            digest.update(tile.to_bytes(4, "big") + alpha)
        return digest.hexdigest()


@dataclass
class Job:
    """Mattes one very large picture after another, read tile by tile, as a batch.

    Attributes:
        connect: reaches the server.
        record: its tiles are counted there.
        until: when to stop.
        megapixels: of its pictures.
    """

    connect: Connect
    record: Record
    until: Until
    megapixels: float = JOB_MP

    def work(self) -> None:
        """Matte picture after picture."""
        scene = make_scene(self.megapixels, 1)
        proxy = scene.read_proxy()
        while not self.until.is_over():
            session = Session(scene.spec(), Options(batch=True), proxy, tile_size=TILE_PX)
            try:
                Driver(session, self.connect, scene, self._listen, self.until.is_over).run()
            except Cancelled:
                return
            except ClientError as error:
                self.record.fail("job", error)
                self.until.pause(1.0)

    def _listen(self, event: Event) -> None:
        if isinstance(event, AlphaReady):
            self.record.count_tile()
