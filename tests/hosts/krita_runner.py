"""Cutouts from a script in a Krita without any window, by kritarunner. Runs in Krita's Python."""

import json
import os
import sys
import traceback

from krita import Krita

try:
    from PyQt6.QtCore import QByteArray
except ImportError:
    from PyQt5.QtCore import QByteArray

SIZE = (1200, 900)


def make_document(pixels):
    doc = Krita.instance().createDocument(*SIZE, "noise", "RGBA", "U8", "", 72.0)
    doc.setBatchmode(True)
    layer = doc.topLevelNodes()[0]
    layer.setLocked(False)
    layer.setPixelData(QByteArray(pixels), 0, 0, *SIZE)
    return doc, layer


def noise():
    pixels = bytearray(os.urandom(4 * SIZE[0] * SIZE[1]))
    pixels[3::4] = b"\xff" * (SIZE[0] * SIZE[1])
    return bytes(pixels)


def masks(layer):
    return [child for child in layer.childNodes() if child.type() == "transparencymask"]


def run():
    from frisket_cutout.script import Judgement, NoSubject, Refused, cut

    pixels = noise()
    doc, layer = make_document(pixels)
    judgement = cut(doc, layer, box=(-10, 20, 400, 300))
    assert isinstance(judgement, Judgement), judgement
    assert bytes(masks(layer)[0].pixelData(0, 0, *SIZE).data()) == pixels[1::4]
    for kind, words, options in (
        (Refused, "busy", {"model": "busy"}),
        (Refused, "Choose one of", {"make": "nonsense"}),
        (Refused, "does not touch", {"box": (5000, 0, 10, 10)}),
        (NoSubject, "No subject was found", {"model": "empty"}),
    ):
        doc, layer = make_document(b"\0\0\0\xff" * (SIZE[0] * SIZE[1]))
        try:
            cut(doc, layer, **options)
        except kind as error:
            assert words in str(error), error
        else:
            raise AssertionError(options)
        assert not masks(layer), options


def __main__(arguments):  # noqa: N807
    error = ""
    try:
        run()
    except BaseException:
        error = traceback.format_exc()
    with open(os.path.join(os.environ["FRISKET_LAB"], "runner.json"), "w") as file:
        json.dump({"error": error}, file)
    sys.stdout.flush()
    os._exit(0)
