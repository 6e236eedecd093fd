"""Animated layers inside Krita: one frame, or every key frame."""

import os

import krita_kit as kit
import krita_rest

SIZE = (300, 200)
KEYS = (0, 5, 9)


def animated():
    """A document whose one layer has three key frames of noise; and their pixels by frame."""
    doc, layer = kit.document(*SIZE)
    yield 500
    layer.enableAnimation()
    doc.setActiveNode(layer)
    yield 300
    frames = {0: kit.pixels(layer, doc)}
    for time in KEYS[1:]:
        yield from shown(doc, time)
        kit.KRITA.action("add_duplicate_frame").trigger()
        yield from kit.until(lambda time=time: layer.hasKeyframeAtTime(time), what="a key frame")
        noise = bytearray(os.urandom(4 * SIZE[0] * SIZE[1]))
        noise[3::4] = b"\xff" * (SIZE[0] * SIZE[1])
        layer.setPixelData(kit.QByteArray(bytes(noise)), 0, 0, *SIZE)
        frames[time] = bytes(noise)
    yield from shown(doc, 5)
    return doc, layer, frames


def shown(doc, time):
    doc.setCurrentTime(time)
    doc.waitForDone()
    yield 200


def begin(button, model=""):
    kit.answer(button)
    kit.docker().controls.choose(model=model, quality="standard", make="mask")
    kit.docker().cut()
    return kit.docker().task


def case_every_key_frame_of_an_animated_layer():
    """A copy with each frame cut out exactly, in one step; the time line never moves."""
    if kit.OLD:
        return
    doc, layer, frames = yield from animated()
    begin("Every key frame")
    assert doc.name() in kit.docker().open_label.text(), kit.docker().open_label.text()
    yield from kit.until(lambda: kit.docker().task is None, what="the end")
    kit.check_said("3 frames")
    assert doc.currentTime() == 5
    assert len(kit.KRITA.documents()) == 1
    copy = doc.topLevelNodes()[-1]
    assert [each.name() for each in doc.topLevelNodes()] == ["noise", "noise cutout"]
    active = lambda: doc.activeNode().uniqueId() == layer.uniqueId()  # noqa: E731
    yield from kit.until(active, what="the layer that was active")
    assert not layer.visible()
    assert [time for time in range(12) if copy.hasKeyframeAtTime(time)] == list(KEYS)
    # Before the time line moves: that is a step of Krita's too.
    alone = lambda: len(doc.topLevelNodes()) == 1 and layer.visible()  # noqa: E731
    both = lambda: len(doc.topLevelNodes()) == 2 and not layer.visible()  # noqa: E731
    yield from krita_rest.pressed("edit_undo")
    yield from kit.until(alone, what="the undo")
    yield from krita_rest.pressed("edit_redo")
    yield from kit.until(both, what="the redo")
    for time, before in frames.items():
        yield from shown(doc, time)
        assert kit.pixels(doc.topLevelNodes()[-1], doc)[3::4] == before[1::4], time
        assert kit.pixels(layer, doc) == before, time
    kit.close(doc)


def case_every_key_frame_comes_to_nothing():
    """It is cancelled, or the layer is locked meanwhile: nothing is added, and nothing left."""
    if kit.OLD:
        return
    doc, layer, frames = yield from animated()
    for spoil in (lambda: kit.docker().cancel(), lambda: layer.setLocked(True)):
        begin("Every key frame", "slow")
        yield from kit.until(lambda: kit.docker().bar.value() > 200, what="work")
        spoil()
        yield from kit.until(lambda: kit.docker().task is None, what="the end")
        assert [each.name() for each in doc.topLevelNodes()] == ["noise"]
        assert layer.visible()
        assert kit.pixels(layer, doc) == frames[5]
        assert len(kit.KRITA.documents()) == 1
    kit.check_said("locked")
    kit.close(doc)


def case_a_frame_that_is_complete_when_it_is_cancelled():
    """Its end is told a moment after Cancel was pressed: nothing is added all the same."""
    from frisket_cutout.frames import Frames

    if kit.OLD:
        return
    doc, layer, _frames = yield from animated()
    frames = Frames(doc, layer)
    hidden, copy = frames.take()
    copy.addChildNode(hidden.createTransparencyMask("mask"), None)
    hidden.waitForDone()
    frames.drop()
    frames.keep()
    assert frames.take() is None
    assert not frames.close()
    yield 300
    assert [each.name() for each in doc.topLevelNodes()] == ["noise"]
    assert layer.visible()
    kit.close(doc)


def case_this_frame_of_an_animated_layer():
    """The frame on show becomes a layer of its own, which stays open; another ends it."""
    if kit.OLD:
        return
    doc, layer, frames = yield from animated()
    task = begin("This frame")
    yield from kit.complete(task)
    copy = doc.topLevelNodes()[-1]
    assert not copy.animated()
    assert kit.pixels(copy, doc) == frames[5]
    assert [kit.pixels(mask, doc) for mask in kit.masks(copy)] == [frames[5][1::4]]
    assert not layer.visible()
    assert not kit.masks(layer)
    yield from shown(doc, 0)
    kit.docker().controls.edge_changed.emit()
    yield from kit.ended(task)
    kit.check_said("Another frame")
    assert [kit.pixels(mask, doc) for mask in kit.masks(copy)] == [frames[5][1::4]]
    kit.close(doc)


@kit.on_document(*SIZE)
def case_an_animated_layer_is_cut_alone(doc, layer):
    if kit.OLD:
        return
    other = layer.duplicate()
    kit.add(doc, other)
    yield 500
    layer.enableAnimation()
    kit.KRITA.action("select_all_layers").trigger()
    yield 300
    task = kit.start()
    assert task is None
    kit.check_said("alone")
    assert kit.green(layer, doc)
