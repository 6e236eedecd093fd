"""What is done or refused in words: no subject, several layers, odd layers, strokes."""

import krita_kit as kit
from krita_kept import tree


@kit.on_document(400, 300)
def case_no_subject_adds_nothing(doc, _layer):
    for make in ("mask",) if kit.OLD else ("mask", "layer", "selection", "selection-mask"):
        before = tree(doc)
        task = yield from kit.opened(model="empty", make=make)
        yield 300
        text = kit.said()
        assert "No subject was found in 'noise'" in text, text
        assert "nothing was added" in text
        assert tree(doc) == before, (make, tree(doc))
        yield from kit.cancel(task)


@kit.on_document(400, 300)
def case_unsure_is_told(doc, layer):
    task = yield from kit.opened(model="unsure")
    kit.check_said("Please check 'noise': The model is unsure of this picture.")
    yield from kit.finish(task)
    kit.check_mask(layer, doc)


def cut_both(make):
    """Cut out two layers at once."""
    yield from kit.select_all_layers()
    kit.docker().say("")
    kit.start(make=make)
    yield from kit.until(lambda: "layers are done" in kit.said(), what="both")


def case_every_selected_layer_is_cut():
    doc, layer = kit.document(400, 300)
    other = layer.duplicate()
    other.setName("other")
    kit.add(doc, other)
    yield 800
    doc.setActiveNode(layer)
    yield 300
    yield from cut_both(make="mask")
    for each in (layer, other):
        kit.check_mask(each, doc)
    kit.close(doc)


def case_closed_while_layers_wait():
    doc, layer = kit.document(1600, 1600)
    kit.add(doc, layer.duplicate())
    yield 800
    yield from kit.select_all_layers()
    task = kit.start(model="slow")
    yield from kit.sharpening(task)
    kit.docker().cut()
    kit.check_said("at work")
    kit.close(doc)
    yield from kit.ended(task)
    yield 500
    kit.check_said("was closed")
    assert kit.docker().task is None


def case_a_selection_of_several_layers_is_their_union():
    if kit.OLD:
        return
    half = 400 * 150
    black, white = b"\0\0\0\xff", b"\xff\xff\xff\xff"
    doc, layer = kit.document(400, 300, fill=white * half + black * half)
    other = layer.duplicate()
    other.setPixelData(kit.QByteArray(black * (400 * 280) + white * (400 * 20)), 0, 0, 400, 300)
    kit.add(doc, other)
    yield 800
    yield from cut_both(make="selection")
    found = bytes(doc.selection().pixelData(0, 0, 400, 300).data())
    assert [found[y * 400 + 200] for y in (20, 200, 295)] == [255, 0, 255]
    kit.close(doc)


def case_what_has_no_place_for_a_mask_is_refused_in_words():
    doc, layer = kit.document(400, 300)
    group = yield from kit.add_group(doc, layer)
    group.setPassThroughMode(True)
    yield 300
    kit.docker().cut()
    kit.check_said("pass-through")
    assert not kit.masks(group)
    group.setPassThroughMode(False)
    yield 300
    doc.setActiveNode(layer)
    layer.enableAnimation()
    yield 500
    kit.docker().controls.choose(make="mask")
    if not kit.OLD:
        # Krita 5.1 can do nothing with it, so nothing is asked.
        kit.answer("Cancel")
    kit.docker().cut()
    assert not kit.OLD or "is animated" in kit.said(), kit.said()
    assert kit.docker().task is None
    assert not kit.masks(layer)
    if not kit.OLD:
        yield from kit.cut(make="selection")
        assert bytes(doc.selection().pixelData(0, 0, 400, 300).data()) == kit.green(layer, doc)
    kit.close(doc)


@kit.on_document(400, 300)
def case_a_hidden_mask_does_not_hide_the_result(doc, layer):
    if kit.OLD:
        return
    yield from kit.cut()
    for choice, count in (("Replace", 1), ("Intersect", 2)):
        for mask in kit.masks(layer):
            mask.setVisible(False)
        doc.setActiveNode(layer)
        yield 500
        kit.answer(choice)
        yield from kit.cut()
        assert [mask.visible() for mask in kit.masks(layer)] == [True] * count, choice


def case_strokes_in_every_colour_model():
    """Green is green in grey, CMYK and 16 bits too: the strokes have colours of their own."""
    spaces = (("GRAYA", "U8"), ("CMYKA", "U8"), ("RGBA", "U16"), ("RGBA", "F32"))
    for model, depth in spaces[:1] if kit.OLD else spaces:
        doc, _layer = kit.document(400, 300, model=model, depth=depth)
        yield 300
        task = yield from kit.opened()
        kit.docker().mark("keep")
        yield 800
        strokes = kit.strokes_of(doc)
        assert len(bytes(strokes.pixelData(0, 0, 1, 1).data())) == 4, (model, depth)
        count = len(kit.hinted())
        strokes.setPixelData(kit.QByteArray(kit.GREEN * 2400), 100, 100, 60, 40)
        yield from kit.until(lambda count=count: len(kit.hinted()) > count, what="strokes")
        assert kit.hinted()[-1] == "+", kit.hinted()
        yield from kit.cancel(task)
        assert kit.strokes_of(doc) is None
        kit.close(doc)
        yield 300


@kit.on_document(400, 300)
def case_strokes_in_other_colours_are_answered(doc, _layer):
    task = yield from kit.opened()
    kit.docker().mark("keep")
    yield 800
    kit.paint_strokes(doc, kit.ORANGE, 100, 100, 60, 40)
    yield from kit.until(lambda: "Only two colours" in kit.said(), what="the answer")
    assert not kit.hinted() or kit.hinted()[-1] != "-"
    kit.docker().clear_strokes()
    yield 1500
    kit.docker().mark("keep")
    yield 800
    kit.paint_strokes(doc, kit.GREEN, 600, 500, 10, 10)
    yield from kit.until(lambda: "outside the layer" in kit.said(), what="the answer")
    yield from kit.end(task)
    kit.docker().clear_strokes()
    yield 500
