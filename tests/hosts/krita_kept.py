"""Nothing is lost: undo in order, Finish and Cancel, the active layer, failed changes."""

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
    shift_edge,
    start,
    until,
)
from krita_painted import opened, shifted, stroke


def undone(name, condition, what):
    KRITA.action(name).trigger()
    yield from until(condition, what=what)
    # Whatever follows a step has followed by then.
    yield 1200
    assert condition(), what


def case_every_change_is_one_step_in_order():
    """A mask, a stroke on it, a shifted edge: undo takes them back one by one, redo brings them."""
    if OLD:
        return
    doc, layer, task = yield from opened()
    first = pixels(masks(layer)[0], doc)
    doc.setActiveNode(masks(layer)[0])
    yield 500
    yield from stroke()
    yield from until(lambda: pixels(masks(layer)[0], doc) != first, what="a stroke")
    painted = pixels(masks(layer)[0], doc)
    yield from shifted(task, 8)
    shifted_ = pixels(masks(layer)[0], doc)
    assert shifted_ not in (first, painted)
    task.end()
    yield from ended(task)

    def shows(wanted):
        return lambda: [pixels(mask, doc) for mask in masks(layer)] == wanted

    states = ([shifted_], [painted], [first], [])
    for wanted in states[1:]:
        yield from undone("edit_undo", shows(wanted), "an undo")
    for wanted in states[-2::-1]:
        yield from undone("edit_redo", shows(wanted), "a redo")
    shift_edge(0)
    close(doc)


def case_undo_of_a_new_layer_is_one_step():
    if OLD:
        return
    doc, layer = document(500, 400)
    yield 300
    yield from cut(make="layer")
    assert not layer.visible()
    alone = lambda: len(doc.topLevelNodes()) == 1 and layer.visible()  # noqa: E731
    yield from undone("edit_undo", alone, "the undo")
    both = lambda: (  # noqa: E731
        len(doc.topLevelNodes()) == 2
        and len(masks(doc.topLevelNodes()[1])) == 1
        and not layer.visible()
    )
    yield from undone("edit_redo", both, "the redo")
    close(doc)


def case_finish_keeps_and_cancel_takes_back():
    for make in ("mask",) if OLD else ("mask", "layer", "selection-mask", "selection"):
        doc, _ = document(500, 400)
        yield 300
        before = tree(doc)
        for press in ("finish", "cancel"):
            task = start(make=make)
            yield from complete(task)
            yield from until(docker().finish_button.isEnabled, what="Finish")
            assert doc.name() in docker().open_label.text(), docker().open_label.text()
            assert "noise" in docker().open_label.text()
            made = tree(doc)
            assert made != before, make
            getattr(docker(), press)()
            yield from until(lambda task=task: task.wait(0), what="the end")
            yield 500
            assert not docker().finish_button.isEnabled()
            assert not docker().cancel_button.isEnabled()
            assert tree(doc) == (made if press == "finish" else before), (make, press, tree(doc))
            if press == "finish":
                close(doc)
                yield 500
                doc, _ = document(500, 400)
                yield 300
        close(doc)
        yield 300


def tree(doc):
    """What a person sees of a document: its layers, their masks, and its selection."""
    layers = [
        (node.name(), node.visible(), [child.type() for child in node.childNodes() or ()])
        for node in doc.topLevelNodes()
    ]
    found = doc.selection()
    return layers, found is not None and found.width() > 0


def case_cancel_brings_the_old_mask_back():
    if OLD:
        return
    doc, layer = document(500, 400)
    yield 300
    yield from cut()
    old = masks(layer)[0]
    old.setPixelData(QByteArray(b"\x80" * 200000), 0, 0, 500, 400)
    before = pixels(old, doc)
    doc.setActiveNode(layer)
    yield 500
    answer("Replace")
    task = start()
    yield from complete(task)
    assert pixels(masks(layer)[0], doc) == green(layer, doc)
    docker().cancel()
    yield from ended(task)
    assert [pixels(mask, doc) for mask in masks(layer)] == [before]
    yield from undone(
        "edit_undo",
        lambda: [pixels(m, doc) for m in masks(layer)] == [green(layer, doc)],
        "the undo",
    )
    close(doc)


def case_a_refused_change_leaves_what_was_there():
    """The server refuses in the middle of a change: the mask is the one before it."""
    if OLD:
        return
    doc, layer, task = yield from opened()
    before = pixels(masks(layer)[0], doc)
    shift_edge(-99)
    yield from ended(task)
    assert "cannot be used" in docker().status.text(), docker().status.text()
    yield from until(lambda: [pixels(m, doc) for m in masks(layer)] == [before], what="the old")
    shift_edge(0)
    close(doc)


def case_the_active_layer_stays():
    doc, layer = document(500, 400)
    yield 300
    doc.setActiveNode(layer)
    yield 300
    task = start()
    yield from complete(task)
    yield 700
    assert doc.activeNode() == layer, doc.activeNode().name()
    shift_edge(3)
    yield 2000
    assert doc.activeNode() == layer, doc.activeNode().name()
    shift_edge(0)
    task.end()
    yield from ended(task)
    close(doc)


def case_the_docker_follows_the_image_in_front():
    shift_edge(0)
    first, _layer = document(400, 300)
    yield 300
    task = start()
    yield from complete(task)
    shift_edge(5)
    yield from until(lambda: task.edge.shift_px == 5, what="the edge")
    second, _ = document(300, 200)
    yield 500
    assert "another image" in docker().open_label.text(), docker().open_label.text()
    assert docker().controls.read_edge().shift_px == 0
    close(second)
    KRITA.setActiveDocument(first)
    yield 500
    assert "another image" not in docker().open_label.text()
    assert docker().controls.read_edge().shift_px == 5
    docker().finish()
    yield 500
    assert docker().open_label.text() == "No cutout is open."
    shift_edge(0)
    close(first)
