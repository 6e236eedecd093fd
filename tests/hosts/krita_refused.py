"""What is done or refused in words: no subject, several layers, odd layers, strokes, bad ends."""

import os

from krita_kept import tree
from krita_kit import (
    KRITA,
    OLD,
    QByteArray,
    answer,
    close,
    complete,
    cut,
    docker,
    document,
    ended,
    green,
    masks,
    pixels,
    start,
    strokes_of,
    until,
)

GREEN, RED, ORANGE = b"\0\xc8\0\xff", b"\0\0\xe6\xff", b"\x60\xa0\xff\xff"


def case_no_subject_adds_nothing():
    doc, _layer = document(400, 300)
    yield 300
    for make in ("mask",) if OLD else ("mask", "layer", "selection", "selection-mask"):
        before = tree(doc)
        task = start(model="empty", make=make)
        yield from complete(task)
        yield 300
        text = docker().status.text()
        assert "No subject was found in 'noise'" in text, text
        assert "nothing was added" in text
        assert tree(doc) == before, (make, tree(doc))
        docker().cancel()
        yield from ended(task)
    close(doc)


def case_every_selected_layer_is_cut():
    doc, layer = document(400, 300)
    other = layer.duplicate()
    other.setName("other")
    doc.rootNode().addChildNode(other, None)
    yield 800
    doc.setActiveNode(layer)
    yield 300
    KRITA.action("select_all_layers").trigger()
    yield 500
    docker().say("")
    docker().controls.choose(model="", quality="standard", make="mask")
    docker().cut()
    yield from until(lambda: "layers are done" in docker().status.text(), what="both")
    for each in (layer, other):
        assert [pixels(mask, doc) for mask in masks(each)] == [green(layer, doc)], each.name()
    close(doc)


def case_closed_while_layers_wait():
    doc, layer = document(1600, 1600)
    doc.rootNode().addChildNode(layer.duplicate(), None)
    yield 800
    KRITA.action("select_all_layers").trigger()
    yield 500
    task = start(model="slow")
    yield from until(lambda: "Sharpening the edge" in task.times, what="a mask")
    docker().cut()
    assert "at work" in docker().status.text(), docker().status.text()
    close(doc)
    yield from ended(task)
    yield 500
    assert "was closed" in docker().status.text(), docker().status.text()
    assert docker().task is None


def case_a_selection_of_several_layers_is_their_union():
    if OLD:
        return
    half = 400 * 150
    black, white = b"\0\0\0\xff", b"\xff\xff\xff\xff"
    doc, layer = document(400, 300, fill=white * half + black * half)
    other = layer.duplicate()
    other.setPixelData(QByteArray(black * (400 * 280) + white * (400 * 20)), 0, 0, 400, 300)
    doc.rootNode().addChildNode(other, None)
    yield 800
    KRITA.action("select_all_layers").trigger()
    yield 500
    docker().say("")
    docker().controls.choose(model="", quality="standard", make="selection")
    docker().cut()
    yield from until(lambda: "layers are done" in docker().status.text(), what="both")
    found = bytes(doc.selection().pixelData(0, 0, 400, 300).data())
    assert [found[y * 400 + 200] for y in (20, 200, 295)] == [255, 0, 255]
    close(doc)


def case_what_has_no_place_for_a_mask_is_refused_in_words():
    doc, layer = document(400, 300)
    group = doc.createGroupLayer("folder")
    doc.rootNode().addChildNode(group, None)
    group.addChildNode(layer.duplicate(), None)
    yield 800
    group.setPassThroughMode(True)
    doc.setActiveNode(group)
    yield 500
    docker().cut()
    assert "pass-through" in docker().status.text(), docker().status.text()
    assert not masks(group)
    group.setPassThroughMode(False)
    yield 300
    doc.setActiveNode(layer)
    layer.enableAnimation()
    yield 500
    docker().controls.choose(make="mask")
    if not OLD:
        # Krita 5.1 can do nothing with it, so nothing is asked.
        answer("Cancel")
    docker().cut()
    assert not OLD or "is animated" in docker().status.text(), docker().status.text()
    assert docker().task is None
    assert not masks(layer)
    if not OLD:
        yield from cut(make="selection")
        assert bytes(doc.selection().pixelData(0, 0, 400, 300).data()) == green(layer, doc)
    close(doc)


def case_a_hidden_mask_does_not_hide_the_result():
    if OLD:
        return
    doc, layer = document(400, 300)
    yield 300
    yield from cut()
    for choice, count in (("Replace", 1), ("Intersect", 2)):
        for mask in masks(layer):
            mask.setVisible(False)
        doc.setActiveNode(layer)
        yield 500
        answer(choice)
        yield from cut()
        assert [mask.visible() for mask in masks(layer)] == [True] * count, choice
    close(doc)


def case_strokes_in_every_colour_model():
    """Green is green in grey, CMYK and 16 bits too: the strokes have colours of their own."""
    spaces = (("GRAYA", "U8"), ("CMYKA", "U8"), ("RGBA", "U16"), ("RGBA", "F32"))
    for model, depth in spaces[:1] if OLD else spaces:
        doc, _layer = document(400, 300, model=model, depth=depth)
        yield 300
        task = start()
        yield from complete(task)
        docker().mark("keep")
        yield 800
        strokes = strokes_of(doc)
        assert len(bytes(strokes.pixelData(0, 0, 1, 1).data())) == 4, (model, depth)
        count = len(hinted())
        strokes.setPixelData(QByteArray(GREEN * 2400), 100, 100, 60, 40)
        yield from until(lambda count=count: len(hinted()) > count, what=f"strokes in {model}")
        assert hinted()[-1] == "+", hinted()
        docker().cancel()
        yield from ended(task)
        assert strokes_of(doc) is None
        close(doc)
        yield 300


def hinted():
    """What the server was told of strokes, a word for each change: "+", "-", "+-" or "none"."""
    path = os.path.join(os.environ["FRISKET_HOME"], "run", "hints")
    return open(path).read().split() if os.path.exists(path) else []


def case_strokes_in_other_colours_are_answered():
    doc, _layer = document(400, 300)
    yield 300
    task = start()
    yield from complete(task)
    docker().mark("keep")
    yield 800
    strokes_of(doc).setPixelData(QByteArray(ORANGE * 2400), 100, 100, 60, 40)
    yield from until(lambda: "Only two colours" in docker().status.text(), what="the answer")
    assert not hinted() or hinted()[-1] != "-"
    docker().clear_strokes()
    yield 1500
    docker().mark("keep")
    yield 800
    strokes_of(doc).setPixelData(QByteArray(GREEN * 100), 600, 500, 10, 10)
    yield from until(lambda: "outside the layer" in docker().status.text(), what="the answer")
    task.end()
    yield from ended(task)
    docker().clear_strokes()
    yield 500
    close(doc)


def case_gone_or_changed_while_it_is_open():
    """A layer that is moved, locked, merged or deleted ends its cutout in one sentence."""
    for word in ("moved", "locked", "deleted", "merged"):
        doc, layer = document(400, 300)
        other = doc.createNode("other", "paintlayer")
        doc.rootNode().addChildNode(other, None)
        yield 800
        doc.setActiveNode(layer)
        yield 300
        task = start()
        yield from complete(task)
        yield 500
        if word == "moved":
            layer.move(30, 20)
        elif word == "locked":
            layer.setLocked(True)
        elif word == "deleted":
            layer.remove()
        else:
            other.mergeDown()
        yield 500
        docker().cutouts.change(docker().controls.read_edge())
        yield from ended(task)
        assert word in docker().status.text(), (word, docker().status.text())
        assert docker().open_label.text() == "No cutout is open."
        close(doc)
        yield 500


def case_closed_and_saved_with_strokes():
    path = os.path.join(os.environ["FRISKET_LAB"], "strokes.kra")
    doc, _layer = document(400, 300)
    yield 300
    task = start()
    yield from complete(task)
    docker().mark("keep")
    yield 800
    strokes_of(doc).setPixelData(QByteArray(GREEN * 2400), 100, 100, 60, 40)
    yield 1500
    doc.saveAs(path)
    yield 500
    close(doc)
    yield from ended(task)
    assert "was closed" in docker().status.text(), docker().status.text()
    again = KRITA.openDocument(path)
    KRITA.activeWindow().addView(again)
    yield 1000
    KRITA.setActiveDocument(again)
    yield 500
    # The strokes are an ordinary layer there; they can be cleared, and count again meanwhile.
    assert strokes_of(again) is not None
    docker().clear_strokes()
    yield 500
    assert strokes_of(again) is None
    close(again)


def case_a_full_disk():
    """A group is kept in a temporary file; where none can be written, one sentence says so."""
    from frisket_cutout import reading

    doc, layer = document(400, 300)
    group = doc.createGroupLayer("group")
    doc.rootNode().addChildNode(group, None)
    group.addChildNode(layer.duplicate(), None)
    doc.refreshProjection()
    yield 800
    doc.setActiveNode(group)
    yield 300
    kept = reading.tempfile.TemporaryFile

    class Full:
        def seek(self, *_):
            pass

        def write(self, *_):
            raise OSError(28, "No space left on device")

    reading.tempfile.TemporaryFile = lambda **_: Full()
    try:
        task = start()
        yield from ended(task)
    finally:
        reading.tempfile.TemporaryFile = kept
    text = docker().status.text()
    assert "no room left for temporary files" in text, text
    assert not masks(group)
    close(doc)
