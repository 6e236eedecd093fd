"""The header of a JPEG XL codestream: sizes, transparency and colours (ISO/IEC 18181-1, annex D).

imagecodecs gives pixels alone; what they mean is read here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .boxes import list_boxes

CODESTREAM, CONTAINER = b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
_HEADER_BYTES = 4096
Choices = tuple[tuple[int, int], ...]  # what is added, and how many bits are read
_SIZES: Choices = ((1, 9), (1, 13), (1, 18), (1, 30))
_ENUM: Choices = ((0, 0), (1, 0), (2, 4), (18, 6))
_MOST_EXTRAS = 256
_ALPHA, _SPOT, _FILTER = 0, 2, 5  # types of extra channels
_GREY, _XYB = 1, 2  # colour spaces
_CUSTOM = 2
_D65 = (0.3127, 0.3290)
_WHITES = {1: _D65, 10: (1 / 3, 1 / 3), 11: (0.314, 0.351)}
# Primaries and curves have the numbers of H.273, except those of P3.
_P3, _P3_D65 = 11, 12


@dataclass(frozen=True)
class JxlColours:
    """What the header says of the colours.

    Attributes:
        profiled: An ICC profile tells, which is packed into the codestream.
        points: Primaries and transfer by their code points (H.273); 2 where they are others.
        primaries: Chromaticities x, y of white, red, green and blue where they have no code point.
        gamma: The exponent that samples are a power of light by, or 0.
    """

    profiled: bool = False
    points: tuple[int, int] = (1, 13)
    primaries: tuple[float, ...] = ()
    gamma: float = 0.0


@dataclass(frozen=True)
class JxlHeader:
    """What the header says.

    Attributes:
        width: Columns, as stored.
        height: Rows, as stored.
        animated: Whether frames follow one another.
        associated: Whether colours are multiplied by the transparency.
        colours: What the samples mean.
    """

    width: int
    height: int
    animated: bool = False
    associated: bool = False
    colours: JxlColours = field(default_factory=JxlColours)


class _Bits:
    """Numbers of a codestream, the lowest bit first (B.2)."""

    def __init__(self, data: bytes) -> None:
        data = data[:_HEADER_BYTES]
        self._value, self._left = int.from_bytes(data, "little"), 8 * len(data)

    def take(self, count: int) -> int:
        if count > self._left:
            raise ValueError("the header ends early")
        found = self._value & ((1 << count) - 1)
        self._value >>= count
        self._left -= count
        return found

    def choose(self, choices: Choices) -> int:
        added, bits = choices[self.take(2)]
        return added + self.take(bits)


def read_header(data: bytes) -> JxlHeader:
    """Read the header of a file, container or bare codestream.

    Raises:
        ValueError: It is damaged.
    """
    bits = _Bits(find_codestream(data)[2:])
    width, height = _read_size(bits)
    animated = False
    if bits.take(1):  # all as it mostly is
        return JxlHeader(width, height)
    if bits.take(1):  # fields that are rare
        bits.take(3)  # orientation, which the decoder heeds
        if bits.take(1):  # a size to be shown at
            _read_size(bits)
        if bits.take(1):
            _skip_preview(bits)
        animated = bool(bits.take(1))
        if animated:
            _skip_animation(bits)
    _skip_depth(bits)
    bits.take(1)  # whether 16 bits are enough for the decoder
    associated = _read_extras(bits)
    bits.take(1)  # whether it is packed as XYB
    return JxlHeader(width, height, animated, associated, _read_colours(bits))


def _read_size(bits: _Bits) -> tuple[int, int]:
    small = bits.take(1)
    height = 8 * (1 + bits.take(5)) if small else bits.choose(_SIZES)
    ratio = bits.take(3)
    if ratio:
        return height * _RATIOS[ratio][0] // _RATIOS[ratio][1], height
    return (8 * (1 + bits.take(5)) if small else bits.choose(_SIZES)), height


def _skip_preview(bits: _Bits) -> None:
    sizes: Choices = ((1, 6), (65, 8), (321, 10), (1345, 12))
    if bits.take(1):
        sizes = ((16, 0), (32, 0), (1, 5), (33, 9))
    bits.choose(sizes)
    if not bits.take(3):
        bits.choose(sizes)


def _skip_animation(bits: _Bits) -> None:
    bits.choose(((100, 0), (1000, 0), (1, 10), (1, 30)))
    bits.choose(((1, 0), (1001, 0), (1, 8), (1, 10)))
    bits.choose(((0, 0), (0, 3), (0, 16), (0, 32)))
    bits.take(1)


def _skip_depth(bits: _Bits) -> None:
    if bits.take(1):  # floats
        bits.choose(((32, 0), (16, 0), (24, 0), (1, 6)))
        bits.take(4)
    else:
        bits.choose(((8, 0), (10, 0), (12, 0), (1, 6)))


def _read_extras(bits: _Bits) -> bool:
    """Return whether colours are multiplied by the first transparency among extra channels."""
    number = bits.choose(((0, 0), (1, 0), (2, 4), (1, 12)))
    if number > _MOST_EXTRAS:
        raise ValueError("too many channels")
    found = [_read_extra(bits) for _ in range(number)]
    return next((one for one in found if one is not None), False)


def _read_extra(bits: _Bits) -> bool | None:
    """Return whether colours are multiplied by a transparency; None for channels of other kinds."""
    if bits.take(1):
        return False
    kind = bits.choose(_ENUM)
    _skip_depth(bits)
    bits.choose(((0, 0), (3, 0), (4, 0), (1, 3)))
    for _ in range(bits.choose(((0, 0), (0, 4), (16, 5), (48, 10)))):  # its name
        bits.take(8)
    associated = bool(bits.take(1)) if kind == _ALPHA else None
    if kind == _SPOT:
        bits.take(64)
    if kind == _FILTER:
        bits.choose(((1, 0), (0, 2), (3, 4), (19, 8)))
    return associated


def _read_colours(bits: _Bits) -> JxlColours:
    if bits.take(1):
        return JxlColours()
    profiled, space = bool(bits.take(1)), bits.choose(_ENUM)
    if profiled or space == _XYB:
        return JxlColours(profiled)
    white_kind = bits.choose(_ENUM)
    white = _read_pair(bits) if white_kind == _CUSTOM else _WHITES.get(white_kind, _D65)
    kind = 1
    pairs: tuple[tuple[float, float], ...] = ()
    if space != _GREY:
        kind = bits.choose(_ENUM)
        pairs = tuple(_read_pair(bits) for _ in range(3)) if kind == _CUSTOM else ()
    gamma = bits.take(24) / 1e7 if bits.take(1) else 0.0
    transfer = 2 if gamma else bits.choose(_ENUM)
    primaries = (*white, *sum(pairs, ())) if pairs else ()
    return JxlColours(False, (_P3_D65 if (kind, white) == (_P3, _D65) else kind, transfer),
                      primaries, gamma)  # fmt: skip


def _read_pair(bits: _Bits) -> tuple[float, float]:
    places = [bits.choose(((0, 19), (524288, 19), (1048576, 20), (2097152, 21))) for _ in range(2)]
    x, y = ((one >> 1 if one % 2 == 0 else -((one + 1) >> 1)) / 1e6 for one in places)
    return x, y


def find_codestream(data: bytes) -> bytes:
    """Return the beginning of the codestream.

    Raises:
        ValueError: There is none.
    """
    if data.startswith(CODESTREAM):
        return data
    for box in list_boxes(data):
        if box.name in (b"jxlc", b"jxlp"):
            return box.content[4:] if box.name == b"jxlp" else box.content
    raise ValueError("no codestream")
