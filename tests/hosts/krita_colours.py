"""Colour models, depths and profiles inside Krita."""

import random
import struct

import krita_kit as kit

SRGB = ("RGBA", "U8", "sRGB-elle-V2-srgbtrc.icc")
SIZE = (300, 200)


def by_krita(data, space):
    """Pixels as sRGB, converted by Krita in another way than the plug-in has them converted."""
    doc = kit.KRITA.createDocument(*SIZE, "scratch", *space, 72.0)
    layer = doc.topLevelNodes()[0]
    layer.setLocked(False)
    layer.setPixelData(kit.QByteArray(data), 0, 0, *SIZE)
    assert layer.setColorSpace(*SRGB)
    doc.waitForDone()
    found = kit.pixels(layer, doc)
    kit.close(doc)
    return found


def _exact(model, depth, fill=None, profile=""):
    doc, layer = kit.document(*SIZE, model, depth, fill, profile)
    space = (model, depth, layer.colorProfile())
    yield 300
    yield from kit.cut()
    wanted = by_krita(kit.pixels(layer, doc), space)[1::4]
    found = kit.pixels(kit.masks(layer)[0], doc)
    worst = max(abs(a - b) for a, b in zip(found, wanted))  # noqa: B905
    assert worst <= 1, (space, worst)
    kit.close(doc)
    yield 500


def _floats(letter, channels):
    dice = random.Random(3)
    values = (
        dice.random() if i % channels < channels - 1 else 1.0 for i in range(60000 * channels)
    )
    return struct.pack(f"<{60000 * channels}{letter}", *values)


def case_16_bit():
    yield from _exact("RGBA", "U16")


def case_half():
    yield from _exact("RGBA", "F16", _floats("e", 4))


def case_float():
    yield from _exact("RGBA", "F32", _floats("f", 4))


def case_grey():
    yield from _exact("GRAYA", "U8")
    yield from _exact("GRAYA", "U16")


def case_cmyk():
    yield from _exact("CMYKA", "U8")
    yield from _exact("CMYKA", "U16")


def case_lab():
    yield from _exact("LABA", "U8")
    yield from _exact("LABA", "U16")


def case_other_profile():
    """RGB whose numbers mean other colours than sRGB's."""
    wide = next(name for name in kit.KRITA.profiles("RGBA", "U8") if "rec2020" in name.lower())
    yield from _exact("RGBA", "U8", profile=wide)


def case_clean_colours_of_every_kind():
    """A new layer's colours are cleaned in its own colour space; the server inverts them."""
    if kit.OLD:
        return
    kinds = (
        ("RGBA", "U8", None),
        ("RGBA", "U16", struct.pack("<4H", 9000, 14000, 20000, 65535)),
        ("RGBA", "F32", struct.pack("<4f", 0.2, 0.214, 0.3, 1.0)),
        ("GRAYA", "U8", bytes((100, 255))),
        ("CMYKA", "U8", bytes((90, 100, 110, 20, 255))),
        ("LABA", "U16", struct.pack("<4H", 32000, 32896, 34000, 65535)),
    )
    for model, depth, fill in kinds:
        doc, layer = kit.document(*SIZE, model, depth, fill)
        space = (model, depth, layer.colorProfile())
        before = by_krita(kit.pixels(layer, doc), space)
        yield 300
        kit.clean_colours(True)
        yield from kit.cut(make="layer")
        kit.clean_colours(False)
        copy = doc.topLevelNodes()[1]
        after = by_krita(kit.pixels(copy, doc), space)
        worst = max(abs(255 - a - b) for a, b in zip(before, after) if a != b)  # noqa: B905
        assert before[3::4] == after[3::4]
        assert before != after
        # What is grey, or ink, cannot hold every colour.
        assert worst <= (0 if (model, depth) == ("RGBA", "U8") else 4), (space, worst)
        assert kit.pixels(layer, doc) != kit.pixels(copy, doc)
        kit.close(doc)
        yield 500
