"""Takes the pictures of docs/krita.md, with a real server. Runs in Krita's own Python."""

import os
import sys

sys.path.insert(0, os.environ["FRISKET_LAB"])
import krita_kit
from krita_kit import KRITA, QByteArray, answer, close, complete, docker, masks, shot, until


def case_screens():
    doc = KRITA.openDocument(os.path.join(krita_kit.LAB, "photo.png"))
    yield from set_the_stage(doc)
    layer = doc.topLevelNodes()[0]
    docker().cut()
    task = docker().task
    yield from complete(task)
    yield 2500
    shot("krita-mask")
    values = bytes(masks(layer)[0].pixelData(0, 0, doc.width(), doc.height()).data())
    middle = values[doc.height() * 6 // 10 * doc.width() + doc.width() * 4 // 10]
    assert middle > 200 > 100 > values[0], (middle, values[0])
    yield from mark_with_strokes(doc)
    docker().finish()
    yield from krita_kit.ended(task)
    doc.setActiveNode(layer)
    yield 800
    answer("Cancel")
    docker().cut()
    close(doc)


def set_the_stage(doc):
    """Show the image and the docker, and nothing that distracts."""
    KRITA.activeWindow().addView(doc)
    KRITA.setActiveDocument(doc)
    doc.waitForDone()
    window = KRITA.activeWindow().qwindow()
    window.showNormal()
    window.setGeometry(0, 0, 1600, 1000)
    for each in KRITA.dockers():
        if each.windowTitle() in ("Brush Presets", "Advanced Color Selector", "Tool Options"):
            each.hide()
    docker().show()
    docker().raise_()
    yield 2000


def mark_with_strokes(doc):
    """Paint a green and a red stroke, wait for the mask to follow, and take them away."""
    docker().mark("keep")
    yield 1000
    strokes = krita_kit.strokes_of(doc)
    for colour, box in (
        (b"\x50\xc8\x46\xff", (580, 310, 40, 260)),
        (b"\x28\x28\xd8\xff", (930, 120, 260, 34)),
    ):
        strokes.setPixelData(QByteArray(colour * (box[2] * box[3])), *box)
    doc.refreshProjection()
    yield from until(lambda: docker().status.text().startswith("Following"), what="the strokes")
    yield from until(lambda: docker().status.text().startswith(("Done", "No", "Please")))
    yield 2500
    shot("krita-strokes")
    docker().clear_strokes()
    yield 1500
    docker().marks.choose_view("black")
    yield 1500
    shot("krita-black")
    docker().marks.choose_view("")


krita_kit.run(globals())
