"""Animated layers inside Krita: one frame, or every key frame."""

import os

from krita_kit import (
    KRITA,
    OLD,
    QByteArray,
    answer,
    close,
    complete,
    docker,
    document,
    ended,
    green,
    masks,
    pixels,
    start,
    until,
)

SIZE = (300, 200)
KEYS = (0, 5, 9)


def animated():
    """A document whose one layer has three key frames of noise; and their pixels by frame."""
    doc, layer = document(*SIZE)
    yield 500
    layer.enableAnimation()
    doc.setActiveNode(layer)
    yield 300
    frames = {0: pixels(layer, doc)}
    for time in KEYS[1:]:
        yield from shown(doc, time)
        KRITA.action("add_duplicate_frame").trigger()
        yield from until(lambda time=time: layer.hasKeyframeAtTime(time), what="a key frame")
        noise = bytearray(os.urandom(4 * SIZE[0] * SIZE[1]))
        noise[3::4] = b"\xff" * (SIZE[0] * SIZE[1])
        layer.setPixelData(QByteArray(bytes(noise)), 0, 0, *SIZE)
        frames[time] = bytes(noise)
    yield from shown(doc, 5)
    return doc, layer, frames


def shown(doc, time):
    doc.setCurrentTime(time)
    doc.waitForDone()
    yield 200


def begin(button, model=""):
    answer(button)
    docker().controls.choose(model=model, quality="standard", make="mask")
    docker().cut()
    return docker().task


def case_every_key_frame_of_an_animated_layer():
    """A copy with each frame cut out exactly, in one step; the time line never moves."""
    if OLD:
        return
    doc, layer, frames = yield from animated()
    begin("Every key frame")
    assert doc.name() in docker().open_label.text(), docker().open_label.text()
    yield from until(lambda: docker().task is None, what="the end")
    assert "3 frames" in docker().status.text(), docker().status.text()
    assert doc.currentTime() == 5
    assert len(KRITA.documents()) == 1
    copy = doc.topLevelNodes()[-1]
    assert [each.name() for each in doc.topLevelNodes()] == ["noise", "noise cutout"]
    active = lambda: doc.activeNode().uniqueId() == layer.uniqueId()  # noqa: E731
    yield from until(active, what="the layer that was active")
    assert not layer.visible()
    assert [time for time in range(12) if copy.hasKeyframeAtTime(time)] == list(KEYS)
    # Before the time line moves: that is a step of Krita's too.
    alone = lambda: len(doc.topLevelNodes()) == 1 and layer.visible()  # noqa: E731
    both = lambda: len(doc.topLevelNodes()) == 2 and not layer.visible()  # noqa: E731
    KRITA.action("edit_undo").trigger()
    yield from until(alone, what="the undo")
    KRITA.action("edit_redo").trigger()
    yield from until(both, what="the redo")
    for time, before in frames.items():
        yield from shown(doc, time)
        assert pixels(doc.topLevelNodes()[-1], doc)[3::4] == before[1::4], time
        assert pixels(layer, doc) == before, time
    close(doc)


def case_every_key_frame_comes_to_nothing():
    """It is cancelled, or the layer is locked meanwhile: nothing is added, and nothing left."""
    if OLD:
        return
    doc, layer, frames = yield from animated()
    for spoil in (lambda: docker().cancel(), lambda: layer.setLocked(True)):
        begin("Every key frame", "slow")
        yield from until(lambda: docker().bar.value() > 200, what="work")
        spoil()
        yield from until(lambda: docker().task is None, what="the end")
        assert [each.name() for each in doc.topLevelNodes()] == ["noise"]
        assert layer.visible()
        assert pixels(layer, doc) == frames[5]
        assert len(KRITA.documents()) == 1
    assert "locked" in docker().status.text(), docker().status.text()
    close(doc)


def case_this_frame_of_an_animated_layer():
    """The frame on show becomes a layer of its own, which stays open; another ends it."""
    if OLD:
        return
    doc, layer, frames = yield from animated()
    task = begin("This frame")
    yield from complete(task)
    copy = doc.topLevelNodes()[-1]
    assert not copy.animated()
    assert pixels(copy, doc) == frames[5]
    assert [pixels(mask, doc) for mask in masks(copy)] == [frames[5][1::4]]
    assert not layer.visible()
    assert not masks(layer)
    yield from shown(doc, 0)
    docker().controls.edge_changed.emit()
    yield from ended(task)
    assert "Another frame" in docker().status.text(), docker().status.text()
    assert [pixels(mask, doc) for mask in masks(copy)] == [frames[5][1::4]]
    close(doc)


def case_an_animated_layer_is_cut_alone():
    if OLD:
        return
    doc, layer = document(*SIZE)
    yield 300
    other = layer.duplicate()
    doc.rootNode().addChildNode(other, None)
    yield 500
    layer.enableAnimation()
    KRITA.action("select_all_layers").trigger()
    yield 300
    task = start()
    assert task is None
    assert "alone" in docker().status.text(), docker().status.text()
    assert green(layer, doc)
    close(doc)
