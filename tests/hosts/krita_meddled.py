"""What another hand does while a cutout is open, and a full disk, inside Krita."""

import tempfile

import krita_kit as kit
import krita_rest
import lab_kit
from krita import Selection


def on_two_layers(size):
    """A document whose lower layer is to be cut out, under an empty one."""
    doc, layer = kit.document(*size)
    other = doc.createNode("other", "paintlayer")
    kit.add(doc, other)
    yield 800
    doc.setActiveNode(layer)
    yield 300
    return doc, layer, other


def meddle(word, layer, other):
    """Do what ends a cutout with a sentence that has this word."""
    deeds = {
        "moved": lambda: layer.move(30, 20),
        "locked": lambda: layer.setLocked(True),
        "deleted": layer.remove,
        "merged": other.mergeDown,
    }
    deeds[word]()


WORDS = ("moved", "locked", "deleted", "merged")
MARKED = (("moved", True), ("locked", False), ("locked", True), ("deleted", True))


def case_gone_or_changed_while_it_works():
    """One sentence, and nothing half-made."""
    for word in lab_kit.pick(WORDS[1:3], WORDS):
        doc, layer, other = yield from on_two_layers((1600, 1600))
        task = kit.start(model="slow")
        yield from kit.sharpening(task, layer)
        meddle(word, layer, other)
        yield from kit.ended(task)
        yield from check_given_up(doc, word)
        assert word == "merged" or not kit.masks(doc.topLevelNodes()[0]), word
        kit.close(doc)
        yield 500


def case_gone_or_changed_while_it_is_open():
    """A layer that is moved, locked, merged or deleted ends its cutout in one sentence."""
    for word in WORDS:
        doc, layer, other = yield from on_two_layers((400, 300))
        task = yield from kit.opened()
        yield 500
        meddle(word, layer, other)
        yield 500
        kit.docker().cutouts.change(kit.docker().controls.read_edge())
        yield from kit.ended(task)
        yield from check_given_up(doc, word)
        kit.close(doc)
        yield 500


def case_gone_or_changed_while_it_is_marked():
    """What is painted stays for the next try; an empty layer of strokes goes."""
    for word, painted in lab_kit.pick(MARKED[:2], MARKED):
        doc, layer, other = yield from on_two_layers((400, 300))
        task = yield from kit.opened()
        kit.docker().mark("keep")
        yield 800
        if painted:
            count = len(kit.hinted())
            kit.paint_strokes(doc, kit.GREEN, 100, 100, 60, 40)
            yield from kit.until(lambda count=count: len(kit.hinted()) > count, what="the strokes")
            yield from kit.until(lambda: kit.said().startswith("Done"), what="the answer")
        meddle(word, layer, other)
        yield 500
        kit.docker().cutouts.change(kit.docker().controls.read_edge())
        yield from kit.ended(task)
        yield from check_given_up(doc, word)
        assert (kit.strokes_of(doc) is not None) == painted, word
        kit.close(doc)
        yield 500


def check_given_up(doc, word):
    yield 500
    kit.check_said(word)
    kit.check_said("given up")
    assert kit.docker().open_label.text() == "No cutout is open."
    assert doc in kit.KRITA.documents()


def on_two_filled_layers(size):
    """A document with two layers, both selected: the upper one waits for its turn."""
    doc, layer = kit.document(*size)
    # A layer of a new document is white where nothing is: what is erased in it is not empty.
    other = doc.createNode("other", "paintlayer")
    other.setPixelData(kit.QByteArray(kit.pixels(layer, doc)), 0, 0, *size)
    kit.add(doc, other)
    yield 800
    yield from kit.select_all_layers()
    return doc, layer, other


def erase(layer, doc):
    nothing = bytes(4 * doc.width() * doc.height())
    layer.setPixelData(kit.QByteArray(nothing), 0, 0, doc.width(), doc.height())


def case_a_layer_that_waits_cannot_be_begun():
    """One sentence, what is cut out stays, and the docker is free again."""
    deeds = {"is locked": lambda each, _doc: each.setLocked(True), "is empty": erase}
    for words, meddle_with in deeds.items():
        doc, layer, other = yield from on_two_filled_layers((1600, 1600))
        task = kit.start(model="slow")
        yield from kit.sharpening(task)
        assert task.name == "noise", task.name
        meddle_with(other, doc)
        yield from kit.ended(task)
        yield 300
        kit.check_said(f"'other' {words}")
        kit.check_mask(layer, doc)
        assert not kit.masks(other), words
        assert kit.docker().open_label.text() == "No cutout is open."
        kit.docker().cutouts.require_rest()
        kit.close(doc)
        yield 500


def select_left(doc):
    """Select the left half of an image; return its rows."""
    width, height = doc.width(), doc.height()
    chosen = Selection()
    chosen.select(0, 0, width // 2, height, 255)
    doc.setSelection(chosen)
    return selected_rows(doc)


def selected_rows(doc):
    return bytes(doc.selection().pixelData(0, 0, doc.width(), doc.height()).data())


def limited(layer, doc, rows):
    """What a mask holds where a selection of 0 and 255 limits it."""
    return bytes(a & b for a, b in zip(kit.green(layer, doc), rows))  # noqa: B905


@kit.on_document(1600, 1600)
def case_the_selection_is_edited_meanwhile(doc, layer):
    """The one at the start limits the result, and is what Cancel brings back."""
    if kit.OLD:
        return
    for make in ("mask", "selection"):
        before = select_left(doc)
        task = kit.start(model="slow", make=make)
        yield from kit.sharpening(task)
        doc.selection().invert()
        edited = selected_rows(doc)
        yield from kit.complete(task)
        found = kit.pixels(kit.masks(layer)[0], doc) if make == "mask" else selected_rows(doc)
        assert found == limited(layer, doc, before), make
        yield from kit.cancel(task)
        assert selected_rows(doc) == (edited if make == "mask" else before), make


@kit.on_document(1600, 1600)
def case_the_selection_is_edited_while_a_script_works(doc, layer):
    from frisket_cutout.script import cut

    if kit.OLD:
        # It adds a mask by the image's own selection, and stands still when that is edited then.
        return
    before = select_left(doc)

    def meddle_once():
        if kit.masks(layer):
            doc.selection().invert()
        else:
            kit.QtCore.QTimer.singleShot(20, meddle_once)

    meddle_once()
    cut(doc, layer, model="slow")
    assert selected_rows(doc) != before
    assert kit.mask_planes(layer, doc) == [limited(layer, doc, before)]
    yield 500


def case_document_closed_meanwhile():
    doc, _ = kit.document(1600, 1600)
    yield 300
    task = kit.start(model="slow")
    yield from kit.sharpening(task)
    kit.close(doc)
    yield from kit.ended(task)
    kit.check_said("was closed")


@kit.on_document(1600, 1600)
def case_image_resized_meanwhile(doc, _layer):
    task = kit.start(model="slow")
    yield from kit.sharpening(task)
    doc.resizeImage(0, 0, 1000, 1000)
    yield from kit.ended(task)
    kit.check_said("was resized")


def case_closed_and_saved_with_strokes():
    path = str(lab_kit.LAB / "strokes.kra")
    doc, _layer = kit.document(400, 300)
    yield 300
    task = yield from kit.opened()
    kit.docker().mark("keep")
    yield 800
    kit.paint_strokes(doc, kit.GREEN, 100, 100, 60, 40)
    yield 1500
    doc.saveAs(path)
    yield 500
    kit.close(doc)
    yield from kit.ended(task)
    kit.check_said("was closed")
    again = kit.KRITA.openDocument(path)
    krita_rest.show(again)
    yield 500
    # The strokes are an ordinary layer there; they can be cleared, and count again meanwhile.
    assert kit.strokes_of(again) is not None
    kit.docker().clear_strokes()
    yield 500
    assert kit.strokes_of(again) is None
    kit.close(again)


@kit.on_document(400, 300)
def case_a_full_disk(doc, layer):
    """A group is kept in a temporary file; where none can be written, one sentence says so."""
    group = yield from kit.add_group(doc, layer)
    full = lab_kit.LAB / "full"
    lab_kit.fill(full)
    kept, tempfile.tempdir = tempfile.tempdir, str(full)
    try:
        yield from kit.ended(kit.start())
    finally:
        tempfile.tempdir = kept
    kit.check_said(f"no room left for temporary files in {full}")
    assert not kit.masks(group)
