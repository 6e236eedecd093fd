"""The numbers of the protocol. `matting.proto` explains them to clients in other languages."""

from __future__ import annotations

PROTOCOL_VERSION = 1
"""Client and server must speak the same."""

MAX_SIDE_PX = 300_000
MAX_LAYER_PIXELS = 16_000_000_000
MAX_TILES = 4_000_000
MAX_PROXY_SIDE_PX = 2048
MIN_TILE_PX, MAX_TILE_PX, DEFAULT_TILE_PX = 16, 1024, 512

MAX_PIXEL_BYTES = 2 << 20
"""Pixels of one message, as sent and as unpacked."""
MAX_MESSAGE_BYTES = 6 << 20
"""One whole message: pixels and cleaned colours of a tile, with room for their frame."""

MAX_REJECTIONS = 3
"""A tile that arrives damaged this often means that the way is broken, not the tile."""

MAX_BOXES, MAX_POINTS, MAX_SCRIBBLES, MAX_SCRIBBLE_POINTS = 64, 4096, 1024, 4096
"""Hints of one layer."""

MAX_NAME_BYTES = 100
"""One name: of the client, a model, a class, or a choice of normalisations."""
MAX_CLASSES = 256
MAX_NOTE_BYTES = 1000
"""What a model says of its answer."""

EDGE_LIMITS: dict[str, tuple[float, float]] = {
    "shift_px": (-100, 100),
    "feather_px": (0, 100),
    "contrast": (-1, 1),
    "smooth": (0, 1),
    "fill_holes": (0, 1),
    "drop_specks": (0, 1),
}
"""The least and the most that a retoucher may do to the edge, by the names of EdgeControls."""
