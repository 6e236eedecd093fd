"""What a session costs the server, by estimate, before it works."""

from __future__ import annotations

from frisket.matting.engine import Quality
from frisket.server.limits import Limits
from frisket.server.requests import Opening

_GRID_CELLS = 1024 * 1024
# Of a proxy's pixel: itself with transparency, the coarse alpha, and that with its hints.
_PROXY_BYTES = 6
# Of a cell of the solved grid: slopes, offset and two planes, twice while a revision changes.
_CELL_BYTES = 44
# The same for the colours of the foreground.
_COLOUR_BYTES = 24
# Of a tile of the layer: what is planned, wanted and held of it, and while that is found.
_TILE_BYTES = 24
# The same where a refiner may gather tiles around the band.
_GATHERED_TILE_BYTES = 300
# A point of a scribble takes two bytes of a message at least, and eight as an array; while it
# is scaled and drawn it takes forty.
_HINT_BYTES = 20


def count_tiles(opening: Opening, limits: Limits) -> int:
    """Return how many tiles a session may have asked for and not answered."""
    tile_bytes = opening.grid.tile_size**2 * opening.tile_format.pixel_bytes
    return min(limits.tiles_in_flight, max(2, limits.tile_bytes_in_flight // tile_bytes))


def estimate_session(opening: Opening, limits: Limits) -> int:
    """Return the bytes that a session takes: proxy, solution, grid and tiles in flight."""
    width, height = opening.proxy_size
    cell_bytes = _CELL_BYTES + (_COLOUR_BYTES if opening.options.foreground else 0)
    solved = min(width * height, _GRID_CELLS) * cell_bytes
    tile_bytes = opening.grid.tile_size**2 * opening.tile_format.pixel_bytes
    # Pixels and the alpha that is made of them.
    tiles = 2 * count_tiles(opening, limits) * tile_bytes
    tile_cost = _GATHERED_TILE_BYTES if opening.options.quality is Quality.BEST else _TILE_BYTES
    return width * height * _PROXY_BYTES + solved + opening.grid.count * tile_cost + tiles


def estimate_hints(size: int) -> int:
    """Return the bytes that hints take until they are settled, by those of their message."""
    return size * _HINT_BYTES
