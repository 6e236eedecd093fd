"""Small sums over greyscale rows: selections, existing masks, trimaps. Pure Python."""

from __future__ import annotations

from collections.abc import Iterator

from frisket.protocol.grid import TileRect

_FULL = 255
_HALF = bytes(128) + b"\xff" * 128


def multiply(alpha: bytes, by: bytes) -> bytes:
    """Return the product of two 8-bit planes of the same size, 255 standing for one."""
    if len(alpha) != len(by):
        raise ValueError(f"planes of {len(alpha)} and {len(by)} bytes cannot be multiplied")
    if by.count(_FULL) == len(by):
        return alpha
    if not any(by):
        return bytes(len(by))
    return bytes([(a * b + 127) // _FULL for a, b in zip(alpha, by, strict=True)])


def multiply16(alpha: bytes, by: bytes) -> bytes:
    """Return a 16-bit plane times an 8-bit one of the same number of pixels."""
    if by.count(_FULL) == len(by):
        return alpha
    if not any(by):
        return bytes(len(alpha))
    values = memoryview(alpha).cast("H")
    product = bytearray(len(alpha))
    out = memoryview(product).cast("H")
    for index, weight in enumerate(by):
        out[index] = (values[index] * weight + 127) // _FULL
    return bytes(product)


def raise_to(plane: bytes, other: bytes) -> bytes:
    """Return the greater of two 8-bit planes of the same size, pixel by pixel."""
    if len(plane) != len(other):
        raise ValueError(f"planes of {len(plane)} and {len(other)} bytes cannot be joined")
    if not any(other):
        return plane
    if not any(plane):
        return other
    return bytes(map(max, plane, other))


def draw_trimap(mask: bytes, width: int, height: int, block: int = 8) -> bytes:
    """Return a trimap whose unknown band follows the edge of a mask.

    Blocks that hold an edge or anything between 0 and 255, and their neighbours, are
    unknown, so the band is one to two blocks wide on each side.

    Args:
        mask: rows of 8-bit samples.
        width: pixels in a row.
        height: rows.
        block: edge of a block in pixels.
    """
    kinds = [_sort_blocks(mask, width, height, top, block) for top in range(0, height, block)]
    columns = len(kinds[0])
    rows: list[bytes] = []
    for index, top in enumerate(range(0, height, block)):
        near = kinds[max(0, index - 1) : index + 2]
        values = [_settle(near, column) for column in range(columns)]
        line = b"".join(bytes([value]) * block for value in values)[:width]
        rows.append(line * min(block, height - top))
    return b"".join(rows)


def _sort_blocks(mask: bytes, width: int, height: int, top: int, block: int) -> list[int]:
    """Return one value per block of a row of blocks: 0, 255, or 128 for a mixture."""
    lines = [mask[y * width : (y + 1) * width] for y in range(top, min(top + block, height))]
    return [
        _sort_block(b"".join(line[x : x + block] for line in lines)) for x in range(0, width, block)
    ]


def _sort_block(samples: bytes) -> int:
    first = samples[0]
    pure = first in (0, _FULL) and samples.count(first) == len(samples)
    return first if pure else 128


def _settle(near: list[list[int]], column: int) -> int:
    """Return a block's value: unknown unless all around it agree."""
    around = {kind for row in near for kind in row[max(0, column - 1) : column + 2]}
    return around.pop() if len(around) == 1 else 128


def erode(mask: bytes, width: int, height: int, reach: int) -> bytes:
    """Return 255 where a mask is at least half opaque as far as `reach` pixels around, else 0.

    Around means along the row and along the column, which is enough to leave a rim out.
    """
    solid = mask.translate(_HALF)
    rows = [_erode_line(solid[y * width : (y + 1) * width], reach) for y in range(height)]
    columns = [_erode_line(solid[x::width], reach) for x in range(width)]
    down = bytearray(len(mask))
    for x, column in enumerate(columns):
        down[x::width] = column
    across = int.from_bytes(b"".join(rows), "little")
    return (across & int.from_bytes(down, "little")).to_bytes(len(mask), "little")


def _erode_line(line: bytes, reach: int) -> bytes:
    """Return a line of 0 and 255 without the ends of its runs."""
    runs = line.split(b"\0")
    kept = (
        bytes(min(reach, len(run))) + run[2 * reach :] + bytes(min(reach, max(0, len(run) - reach)))
        for run in runs
    )
    return b"\0".join(kept)


def find_bounds(mask: bytes, width: int, height: int) -> tuple[int, int, int, int] | None:
    """Return x, y, width, height of what is not 0 in a mask, or None."""
    used = [y for y in range(height) if any(mask[y * width : (y + 1) * width])]
    if not used:
        return None
    left = min(_count_blanks(mask[y * width : (y + 1) * width]) for y in used)
    right = width - min(_count_blanks(mask[y * width : (y + 1) * width][::-1]) for y in used)
    return left, used[0], right - left, used[-1] + 1 - used[0]


def _count_blanks(row: bytes) -> int:
    return len(row) - len(row.lstrip(b"\0"))


def intersect(rect: TileRect, width: int, height: int) -> TileRect | None:
    """Return the part of a rectangle that lies in an area from 0, 0 on, if any."""
    left, top = max(0, rect.x), max(0, rect.y)
    right, bottom = min(width, rect.x + rect.width), min(height, rect.y + rect.height)
    if right <= left or bottom <= top:
        return None
    return TileRect(left, top, right - left, bottom - top)


def crop(pixels: bytes, rect: TileRect, part: TileRect, size: int = 1) -> bytes:
    """Return the rows of `part` out of the rows of `rect`; `size` bytes are a pixel."""
    if part == rect:
        return pixels
    start = (part.x - rect.x) * size
    rows = range(part.y - rect.y, part.y - rect.y + part.height)
    offsets = (row * rect.width * size + start for row in rows)
    return b"".join(pixels[offset : offset + part.width * size] for offset in offsets)


def split_area(width: int, height: int, side: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield x, y, width, height of squares that cover an area, row by row."""
    for y in range(0, height, side):
        for x in range(0, width, side):
            yield x, y, min(side, width - x), min(side, height - y)
