"""Takes the pictures of docs/krita.md, with a real server. Runs in Krita's own Python."""

import os
import sys

sys.path.insert(0, os.environ["FRISKET_LAB"])
import krita_kit as kit
import lab_kit


def case_screens():
    doc = kit.KRITA.openDocument(str(lab_kit.LAB / "photo.png"))
    yield from set_the_stage(doc)
    layer = doc.topLevelNodes()[0]
    kit.docker().cut()
    task = kit.docker().task
    yield from kit.complete(task)
    yield 2500
    kit.shot("krita-mask")
    values = bytes(kit.masks(layer)[0].pixelData(0, 0, doc.width(), doc.height()).data())
    middle = values[doc.height() * 6 // 10 * doc.width() + doc.width() * 4 // 10]
    assert middle > 200 > 100 > values[0], (middle, values[0])
    yield from mark_with_strokes(doc)
    kit.docker().finish()
    yield from kit.ended(task)
    doc.setActiveNode(layer)
    yield 800
    kit.answer("Cancel")
    kit.docker().cut()
    kit.close(doc)


def set_the_stage(doc):
    """Show the image and the docker, and nothing that distracts."""
    kit.KRITA.activeWindow().addView(doc)
    kit.KRITA.setActiveDocument(doc)
    doc.waitForDone()
    window = kit.KRITA.activeWindow().qwindow()
    window.showNormal()
    window.setGeometry(0, 0, 1600, 1000)
    for each in kit.KRITA.dockers():
        if each.windowTitle() in ("Brush Presets", "Advanced Color Selector", "Tool Options"):
            each.hide()
    kit.docker().show()
    kit.docker().raise_()
    yield 2000


def mark_with_strokes(doc):
    """Paint a green and a red stroke, wait for the mask to follow, and take them away."""
    kit.docker().mark("keep")
    yield 1000
    strokes = kit.strokes_of(doc)
    for colour, box in (
        (b"\x50\xc8\x46\xff", (580, 310, 40, 260)),
        (b"\x28\x28\xd8\xff", (930, 120, 260, 34)),
    ):
        strokes.setPixelData(kit.QByteArray(colour * (box[2] * box[3])), *box)
    doc.refreshProjection()
    yield from kit.until(lambda: kit.said().startswith("Following"), what="the strokes")
    yield from kit.until(lambda: kit.said().startswith(("Done", "No", "Please")))
    yield 2500
    kit.shot("krita-strokes")
    kit.docker().clear_strokes()
    yield 1500
    kit.docker().marks.choose_view("black")
    yield 1500
    kit.shot("krita-black")
    kit.docker().marks.choose_view("")


kit.run(globals())
