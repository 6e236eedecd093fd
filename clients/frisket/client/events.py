"""What a session tells its host. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Union

from frisket.protocol.grid import TileRect


@dataclass(frozen=True)
class Opened:
    """The server accepted the layer; `call` is what its log calls the stream, or empty."""

    model: str
    device: str
    tile_size: int
    tile_count: int
    notice: str
    server_version: str
    call: str = ""


@dataclass(frozen=True)
class CoarseRowsReady:
    """Rows of the coarse alpha, 8-bit, as wide as the proxy; `complete` with the last."""

    first_row: int
    row_count: int
    pixels: bytes
    complete: bool


@dataclass(frozen=True)
class SolidReady:
    """Runs (first, count) of tiles whose alpha is constant: opaque, or fully transparent."""

    runs: tuple[tuple[int, int], ...]
    opaque: bool


@dataclass(frozen=True)
class TilesNeeded:
    """Tiles whose pixels the server wants, most wanted first."""

    tile_ids: tuple[int, ...]


@dataclass(frozen=True)
class AlphaReady:
    """The alpha of one tile, rows of 8 or 16-bit samples (little-endian).

    `colours` holds cleaned foreground colours in the tile's own format, when asked for.
    """

    tile_id: int
    rect: TileRect
    pixels: bytes
    colours: bytes | None
    final: bool


@dataclass(frozen=True)
class TileRejected:
    """The server could not use a tile; it will ask for it again."""

    tile_id: int
    reason: str
    message: str


@dataclass(frozen=True)
class Judgement:
    """The server's opinion of its matte: scores 0..1 and reasons to look at it.

    `doubt` is the probability, 0..1, that the subject itself is wrong.
    """

    edge: float = 0.0
    semantic: float = 0.0
    overall: float = 0.0
    needs_review: bool = False
    reasons: tuple[str, ...] = ()
    doubt: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """The end of one revision."""

    cancelled: bool = False
    subject: TileRect | None = None
    covered_share: float = 0.0
    method: str = ""
    judgement: Judgement = field(default_factory=Judgement)
    tiles_total: int = 0
    tiles_needed: int = 0
    tiles_solid: int = 0
    model_seconds: float = 0.0
    solve_seconds: float = 0.0
    refine_seconds: float = 0.0
    server_peak_bytes: int = 0


@dataclass(frozen=True)
class Waiting:
    """The server has no room now; it is asked again after some seconds."""

    seconds: float
    message: str


Event = Union[
    Opened,
    CoarseRowsReady,
    SolidReady,
    TilesNeeded,
    AlphaReady,
    TileRejected,
    Outcome,
    Waiting,
]
