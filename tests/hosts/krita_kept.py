"""Nothing is lost: undo in order, Finish and Cancel, the active layer, failed changes."""

import krita_kit as kit
import krita_rest
from krita_painted import opened


def undone(name, condition, what):
    yield from krita_rest.pressed(name)
    yield from kit.until(condition, what=what)
    # Whatever follows a step has followed by then.
    yield 1200
    assert condition(), what


def case_every_change_is_one_step_in_order():
    """A mask, a stroke on it, a shifted edge: undo takes them back one by one, redo brings them."""
    if kit.OLD:
        return
    doc, layer, task = yield from opened()
    first = kit.pixels(kit.masks(layer)[0], doc)
    doc.setActiveNode(kit.masks(layer)[0])
    yield 500
    yield from kit.stroke()
    yield from kit.until(lambda: kit.pixels(kit.masks(layer)[0], doc) != first, what="a stroke")
    painted = kit.pixels(kit.masks(layer)[0], doc)
    yield from kit.shifted(task, 8)
    moved = kit.pixels(kit.masks(layer)[0], doc)
    assert moved not in (first, painted)
    yield from kit.end(task)

    def shows(wanted):
        return lambda: kit.mask_planes(layer, doc) == wanted

    states = ([moved], [painted], [first], [])
    for wanted in states[1:]:
        yield from undone("edit_undo", shows(wanted), "an undo")
    for wanted in states[-2::-1]:
        yield from undone("edit_redo", shows(wanted), "a redo")
    kit.shift_edge(0)
    kit.close(doc)


@kit.on_document(500, 400)
def case_undo_of_a_new_layer_is_one_step(doc, layer):
    if kit.OLD:
        return
    yield from kit.cut(make="layer")
    assert not layer.visible()
    alone = lambda: len(doc.topLevelNodes()) == 1 and layer.visible()  # noqa: E731
    yield from undone("edit_undo", alone, "the undo")
    both = lambda: (  # noqa: E731
        len(doc.topLevelNodes()) == 2
        and len(kit.masks(doc.topLevelNodes()[1])) == 1
        and not layer.visible()
    )
    yield from undone("edit_redo", both, "the redo")


def case_finish_keeps_and_cancel_takes_back():
    for make in ("mask",) if kit.OLD else ("mask", "layer", "selection-mask", "selection"):
        doc, _ = kit.document(500, 400)
        yield 300
        before = tree(doc)
        for press in ("finish", "cancel"):
            task = yield from kit.opened(make=make)
            yield from kit.until(kit.docker().finish_button.isEnabled, what="Finish")
            assert doc.name() in kit.docker().open_label.text(), kit.docker().open_label.text()
            assert "noise" in kit.docker().open_label.text()
            made = tree(doc)
            assert made != before, make
            getattr(kit.docker(), press)()
            yield from kit.until(lambda task=task: task.wait(0), what="the end")
            yield 500
            assert not kit.docker().finish_button.isEnabled()
            assert not kit.docker().cancel_button.isEnabled()
            assert tree(doc) == (made if press == "finish" else before), (make, press, tree(doc))
            if press == "finish":
                kit.close(doc)
                yield 500
                doc, _ = kit.document(500, 400)
                yield 300
        kit.close(doc)
        yield 300


def tree(doc):
    """What a person sees of a document: its layers, their masks, and its selection."""
    layers = [
        (node.name(), node.visible(), [child.type() for child in node.childNodes() or ()])
        for node in doc.topLevelNodes()
    ]
    found = doc.selection()
    return layers, found is not None and found.width() > 0


@kit.on_document(500, 400)
def case_cancel_brings_the_old_mask_back(doc, layer):
    if kit.OLD:
        return
    yield from kit.cut()
    old = kit.masks(layer)[0]
    old.setPixelData(kit.QByteArray(b"\x80" * 200000), 0, 0, 500, 400)
    before = kit.pixels(old, doc)
    doc.setActiveNode(layer)
    yield 500
    kit.answer("Replace")
    task = yield from kit.opened()
    kit.check_mask(layer, doc)
    yield from kit.cancel(task)
    assert kit.mask_planes(layer, doc) == [before]
    yield from undone(
        "edit_undo",
        lambda: kit.mask_planes(layer, doc) == [kit.green(layer, doc)],
        "the undo",
    )


def case_a_refused_change_leaves_what_was_there():
    """The server refuses in the middle of a change: the mask is the one before it."""
    if kit.OLD:
        return
    doc, layer, task = yield from opened()
    before = kit.pixels(kit.masks(layer)[0], doc)
    kit.shift_edge(-99)
    yield from kit.ended(task)
    kit.check_said("cannot be used")
    yield from kit.until(lambda: kit.mask_planes(layer, doc) == [before], what="the old")
    kit.shift_edge(0)
    kit.close(doc)


@kit.on_document(500, 400)
def case_the_active_layer_stays(doc, layer):
    doc.setActiveNode(layer)
    yield 300
    task = yield from kit.opened()
    yield 700
    assert doc.activeNode() == layer, doc.activeNode().name()
    kit.shift_edge(3)
    yield 2000
    assert doc.activeNode() == layer, doc.activeNode().name()
    kit.shift_edge(0)
    yield from kit.end(task)


def case_the_docker_follows_the_image_in_front():
    kit.shift_edge(0)
    first, _layer = kit.document(400, 300)
    yield 300
    task = yield from kit.opened()
    kit.shift_edge(5)
    yield from kit.until(lambda: task.edge.shift_px == 5, what="the edge")
    second, _ = kit.document(300, 200)
    yield 500
    assert "another image" in kit.docker().open_label.text(), kit.docker().open_label.text()
    assert kit.docker().controls.read_edge().shift_px == 0
    kit.close(second)
    kit.KRITA.setActiveDocument(first)
    yield 500
    assert "another image" not in kit.docker().open_label.text()
    assert kit.docker().controls.read_edge().shift_px == 5
    kit.docker().finish()
    yield 500
    assert kit.docker().open_label.text() == "No cutout is open."
    kit.shift_edge(0)
    kit.close(first)
