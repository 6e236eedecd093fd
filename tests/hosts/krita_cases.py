"""What the plug-in has to do inside Krita. Runs in Krita's own Python, not in pytest.

Every `case_...` is a generator: each `yield` hands some milliseconds to Krita's event loop.
It raises when it fails; `results.json` in the lab tells which.
"""

import os
import sys

try:
    from PyQt6.QtCore import QByteArray
except ImportError:
    from PyQt5.QtCore import QByteArray

sys.path.insert(0, os.environ["FRISKET_LAB"])
from krita_kit import (
    KRITA,
    LATE_MS,
    OLD,
    Ticker,
    close,
    complete,
    cut,
    docker,
    document,
    ended,
    green,
    masks,
    pixels,
    run,
    shot,
    start,
    strokes_of,
)

# ------------------------------------------------------------------ results


def case_mask_is_exact():
    doc, layer = document(1500, 1100)
    yield 300
    ticker = Ticker()
    task = start()
    yield from complete(task)
    task.end()
    yield from ended(task)
    assert len(masks(layer)) == 1
    assert pixels(masks(layer)[0], doc) == green(layer, doc)
    print("longest on the main thread", task.main.longest, "loop", ticker.worst, flush=True)
    assert task.main.longest < LATE_MS / 1000, task.main.longest
    close(doc)


def case_projection_shows_the_mask():
    doc, layer = document(1700, 1500)
    yield 300
    yield from cut(model="slow")
    yield 800
    doc.waitForDone()
    shown = bytes(doc.pixelData(0, 0, 1700, 1500).data())
    difference = [abs(a - b) for a, b in zip(shown[3::4], green(layer, doc))]  # noqa: B905
    assert max(difference) <= 1, max(difference)
    close(doc)


def case_undo_and_redo_are_one_step():
    doc, layer = document(700, 500)
    yield 300
    yield from cut()
    wanted = green(layer, doc)
    KRITA.action("edit_undo").trigger()
    yield 400
    doc.waitForDone()
    if OLD:
        # Krita 5.1 adds the mask by its menu, between two changes of the selection.
        for _ in range(2):
            if masks(layer):
                KRITA.action("edit_undo").trigger()
                yield 400
    assert not masks(layer)
    for _ in range(3 if OLD else 1):
        if not masks(layer):
            KRITA.action("edit_redo").trigger()
            yield 400
    doc.waitForDone()
    assert pixels(masks(layer)[0], doc) == wanted
    close(doc)


def case_new_layer():
    doc, layer = document(600, 400)
    yield 300
    yield from cut(make="layer")
    assert [node.name() for node in doc.topLevelNodes()] == ["noise", "noise cutout"]
    copy = doc.topLevelNodes()[1]
    assert pixels(masks(copy)[0], doc) == green(layer, doc)
    assert not layer.visible()
    close(doc)


def case_selection_and_selection_mask():
    if OLD:
        # Not offered there.
        return
    doc, layer = document(600, 400)
    yield 300
    yield from cut(make="selection")
    assert bytes(doc.selection().pixelData(0, 0, 600, 400).data()) == green(layer, doc)
    doc.setSelection(None)
    yield from cut(make="selection-mask")
    found = masks(layer, "selectionmask")
    assert len(found) == 1
    assert bytes(found[0].selection().pixelData(0, 0, 600, 400).data()) == green(layer, doc)
    close(doc)


def case_group():
    doc, layer = document(600, 400)
    group = doc.createGroupLayer("group")
    doc.rootNode().addChildNode(group, None)
    other = layer.duplicate()
    group.addChildNode(other, None)
    doc.refreshProjection()
    doc.waitForDone()
    yield 500
    doc.setActiveNode(group)
    yield 300
    yield from cut()
    assert pixels(masks(group)[0], doc) == green(layer, doc)
    close(doc)


def case_clone():
    doc, layer = document(600, 400)
    clone = doc.createCloneLayer("clone", layer)
    doc.rootNode().addChildNode(clone, None)
    doc.refreshProjection()
    doc.waitForDone()
    yield 500
    doc.setActiveNode(clone)
    yield 300
    yield from cut()
    assert pixels(masks(clone)[0], doc) == green(layer, doc)
    close(doc)


def case_offset_layer():
    doc, layer = document(600, 400)
    layer.move(150, -100)
    doc.refreshProjection()
    doc.waitForDone()
    yield 300
    yield from cut()
    assert pixels(masks(layer)[0], doc)[150 : 600 * 300] == green(layer, doc)[150 : 600 * 300]
    close(doc)


def case_two_documents():
    first, one = document(1600, 1600)
    yield 300
    task = start(model="slow")
    yield 500
    second, two = document(500, 400)
    yield 300
    yield from complete(task)
    yield from cut()
    assert pixels(masks(one)[0], first) == green(one, first)
    assert pixels(masks(two)[0], second) == green(two, second)
    close(second)
    close(first)


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
    import struct

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


def case_strokes_are_heard():
    doc, layer = document(800, 600)
    yield 300
    task = start()
    yield from complete(task)
    docker().mark()
    yield 200
    strokes = strokes_of(doc)
    assert strokes is not None
    for colour, x in ((b"\0\xff\0\xff", 100), (b"\0\0\xff\xff", 500)):
        strokes.setPixelData(QByteArray(colour * 2400), x, 200, 60, 40)
    yield 3000
    shot("krita-strokes")
    docker().mark()
    yield 2500
    assert strokes_of(doc) is None
    task.end()
    yield from ended(task)
    assert pixels(masks(layer)[0], doc) == green(layer, doc)
    close(doc)


# ------------------------------------------------------------------ trouble


def case_bad_targets():
    doc, layer = document(300, 200)
    yield 200
    layer.setLocked(True)
    docker().cut()
    assert "is locked" in docker().status.text()
    layer.setLocked(False)
    empty = doc.createNode("empty", "paintlayer")
    doc.rootNode().addChildNode(empty, None)
    yield 500
    doc.setActiveNode(empty)
    yield 200
    docker().cut()
    assert "is empty" in docker().status.text()
    close(doc)
    yield 300
    if KRITA.activeDocument() is None:
        docker().cut()
        assert "No image is open" in docker().status.text()


def case_one_pixel():
    doc, layer = document(1, 1)
    yield 200
    yield from cut()
    assert pixels(masks(layer)[0], doc) == green(layer, doc)
    close(doc)


def case_cancel_half_way():
    doc, layer = document(2600, 2600)
    yield 300
    task = start(model="slow")
    yield 1500
    docker().cancel()
    yield from ended(task, 3.0)
    assert docker().status.text() == "Cancelled."
    assert len(masks(layer)) == 1
    KRITA.action("edit_undo").trigger()
    yield 300
    if not OLD:
        assert not masks(layer)
    close(doc)


def case_layer_deleted_meanwhile():
    doc, layer = document(1600, 1600)
    other = doc.createNode("other", "paintlayer")
    doc.rootNode().addChildNode(other, None)
    yield 300
    doc.setActiveNode(layer)
    yield 200
    task = start(model="slow")
    yield 800
    layer.remove()
    yield from ended(task)
    assert "was deleted" in docker().status.text(), docker().status.text()
    close(doc)


def case_document_closed_meanwhile():
    doc, _ = document(1600, 1600)
    yield 300
    task = start(model="slow")
    yield 800
    close(doc)
    yield from ended(task)
    assert "was closed" in docker().status.text(), docker().status.text()


def case_image_resized_meanwhile():
    doc, _ = document(1600, 1600)
    yield 300
    task = start(model="slow")
    yield 800
    doc.resizeImage(0, 0, 1000, 1000)
    yield from ended(task)
    assert "was resized" in docker().status.text(), docker().status.text()
    close(doc)


def case_server_refuses():
    doc, layer = document(300, 200)
    yield 200
    task = start(model="busy")
    yield from ended(task)
    assert "busy" in docker().status.text(), docker().status.text()
    assert not masks(layer)
    close(doc)


def case_server_dies_half_way():
    doc, layer = document(1600, 1600)
    yield 300
    yield from cut(model="dying")
    assert pixels(masks(layer)[0], doc) == green(layer, doc)
    close(doc)


def case_server_is_started():
    state = os.path.join(os.environ["FRISKET_HOME"], "run", "server.json")
    kept = open(state).read()
    os.unlink(state)
    try:
        doc, layer = document(300, 200)
        yield 200
        yield from cut()
        assert pixels(masks(layer)[0], doc) == green(layer, doc)
        close(doc)
    finally:
        open(state, "w").write(kept)


def case_action():
    doc, layer = document(400, 300)
    yield 300
    docker().controls.choose(model="", make="mask")
    action = KRITA.action("frisket_cut_out")
    assert action is not None
    assert action.shortcut().toString() == "Ctrl+Alt+X", action.shortcut().toString()
    action.trigger()
    yield 100
    task = docker().task
    yield from complete(task)
    task.end()
    yield from ended(task)
    assert pixels(masks(layer)[0], doc) == green(layer, doc)
    close(doc)


def case_diagnostics():
    docker().diagnose()
    yield 2000
    report = open(os.path.join(os.environ["FRISKET_HOME"], "run", "krita-diagnostics.txt")).read()
    assert "FAIL" not in report, report
    assert "All is well" in docker().status.text()


run(globals())
