"""Colour models and depths inside Krita."""

import struct

from krita_kit import close, cut, document, masks, pixels


def _exact(model, depth, alpha_of):
    doc, layer = document(300, 200, model, depth)
    yield 300
    yield from cut()
    assert pixels(masks(layer)[0], doc) == alpha_of(pixels(layer, doc))
    close(doc)


def case_16_bit():
    yield from _exact("RGBA", "U16", lambda data: data[3::8])


def case_grey():
    yield from _exact("GRAYA", "U8", lambda data: data[0::2])


def case_cmyk():
    def alpha(data):
        pairs = zip(data[1::5], data[3::5])  # noqa: B905
        return bytes(((255 - m) * (255 - k) + 127) // 255 for m, k in pairs)

    yield from _exact("CMYKA", "U8", alpha)


def case_lab():
    # L 127 with neutral a and b is a middle grey.
    doc, layer = document(300, 200, "LABA", "U8", bytes((127, 128, 128, 255)))
    yield 300
    yield from cut()
    values = set(pixels(masks(layer)[0], doc))
    assert len(values) == 1
    assert abs(values.pop() - 118) <= 2
    close(doc)


def case_float():
    for depth, letter in (("F16", "e"), ("F32", "f")):
        pixel = struct.pack(f"<4{letter}", 0.2, 0.2140, 0.2, 1.0)
        doc, layer = document(300, 200, "RGBA", depth, pixel)
        yield 300
        yield from cut()
        values = set(pixels(masks(layer)[0], doc))
        # 0.2140 of linear light is 0.5 with sRGB's curve.
        assert len(values) == 1
        assert abs(values.pop() - 127) <= 1
        close(doc)
        yield 500
