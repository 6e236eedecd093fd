"""What the plug-in has to bear inside Krita."""

import os
import random
import signal

import krita_kit as kit
import lab_kit
from krita import InfoObject, Selection


def case_bad_targets():
    doc, layer = kit.document(300, 200)
    yield 200
    layer.setLocked(True)
    kit.docker().cut()
    kit.check_said("is locked")
    layer.setLocked(False)
    empty = doc.createNode("empty", "paintlayer")
    kit.add(doc, empty)
    yield 500
    doc.setActiveNode(empty)
    yield 200
    kit.docker().cut()
    kit.check_said("is empty")
    nothing = (InfoObject(), Selection())
    for other in (
        doc.createFillLayer("fill", "color", *nothing),
        doc.createFilterLayer("filter", kit.KRITA.filter("blur"), nothing[1]),
    ):
        kit.add(doc, other)
        yield 500
        doc.setActiveNode(other)
        yield 200
        kit.docker().cut()
        kit.check_said(f"'{other.name()}' has no subject")
        assert not kit.masks(other)
    kit.close(doc)
    yield 300
    if kit.KRITA.activeDocument() is None:
        kit.docker().cut()
        kit.check_said("No image is open")


def case_vector_and_hidden_layers():
    """A vector layer (text is one) is read as it looks, a hidden layer as it is."""
    doc, layer = kit.document(300, 200)
    vector = doc.createVectorLayer("shapes")
    kit.add(doc, vector)
    yield 500
    doc.setActiveNode(vector)
    yield 300
    kit.docker().cut()
    kit.check_said("is empty")
    vector.addShapesFromSvg(
        "<svg xmlns='http://www.w3.org/2000/svg' width='300' height='200'>"
        "<rect x='50' y='40' width='150' height='100' fill='#008000'/></svg>"
    )
    yield 500
    doc.waitForDone()
    yield from kit.cut()
    found = kit.pixels(kit.masks(vector)[0], doc)
    assert found[100 * 300 + 100] == 128, found[100 * 300 + 100]
    assert found[10 * 300 + 10] == 0
    layer.setVisible(False)
    doc.setActiveNode(layer)
    yield 500
    yield from kit.cut()
    kit.check_mask(layer, doc)
    kit.close(doc)


@kit.on_document(300, 200)
def case_wrong_token_and_no_server(doc, layer):
    target = lab_kit.read_state()["target"]
    for chosen, words in (
        ((target, "wrong"), "token"),
        (("127.0.0.1:9", ""), "No server answers at 127.0.0.1:9"),
    ):
        with lab_kit.chosen_server(*chosen):
            yield from kit.ended(kit.start())
        kit.check_said(words)
        assert not kit.masks(layer)
    yield from kit.ended(kit.start(model="other-version"))
    kit.check_said("same version")
    yield from kit.cut()
    kit.check_mask(layer, doc)


@kit.on_document(300, 200)
def case_out_of_memory(doc, _layer):
    """What Python says when there is none left; a real want of it would end Krita as well."""
    from frisket_cutout import reading

    kept = reading.LayerReader.read_tile

    def none_left(*_):
        raise MemoryError

    reading.LayerReader.read_tile = none_left
    try:
        yield from kit.ended(kit.start())
    finally:
        reading.LayerReader.read_tile = kept
    wanted = "There is not enough memory. Close other images and try again."
    assert kit.said() == wanted, kit.said()


@kit.on_document(1, 1)
def case_one_pixel(doc, layer):
    yield from kit.cut()
    kit.check_mask(layer, doc)


@kit.on_document(2600, 2600)
def case_cancel_half_way(doc, layer):
    task = kit.start(model="stuck")
    yield from kit.sharpening(task, layer)
    yield 300
    yield from kit.cancel(task)
    assert kit.said() == "Cancelled.", kit.said()
    assert not kit.masks(layer)


@kit.on_document(300, 200)
def case_server_refuses(doc, layer):
    task = kit.start(model="busy")
    yield from kit.ended(task)
    kit.check_said("busy")
    assert not kit.masks(layer)


@kit.on_document(1600, 1600)
def case_server_dies_half_way(doc, layer):
    yield from kit.cut(model="dying")
    kit.check_mask(layer, doc)


def case_server_is_killed():
    """Krita lives and goes on, wherever in a job the server is killed."""
    for point in ("Finding the subject", "Sharpening the edge", "complete"):
        yield from killed_at(point)


def killed_at(point):
    doc, layer = kit.document(1600, 1600)
    yield 300
    pid = yield from kit.mortal_server()
    task, said = kit.start(model="slow"), []
    task.completed.connect(said.append)
    yield from kit.until(lambda: point in task.times, what=point)
    yield 300
    os.kill(pid, signal.SIGKILL)
    yield 500
    if point == "complete":
        said.clear()
        kit.shift_edge(2)
    yield from kit.until(lambda: said, what="the rest")
    yield from kit.end(task)
    kit.check_mask(layer, doc)
    kit.shift_edge(0)
    kit.close(doc)
    yield 500


@kit.on_document(300, 200)
def case_server_is_started(doc, layer):
    with lab_kit.no_server():
        yield from kit.cut()
        kit.check_mask(layer, doc)


@kit.on_document(400, 300)
def case_action(doc, layer):
    kit.docker().controls.choose(model="", make="mask")
    action = kit.KRITA.action("frisket_cut_out")
    assert action is not None
    assert action.shortcut().toString() == "Ctrl+Alt+X", action.shortcut().toString()
    action.trigger()
    yield 100
    task = kit.docker().task
    yield from kit.complete(task)
    yield from kit.end(task)
    kit.check_mask(layer, doc)


def case_diagnostics():
    kit.docker().server.diagnose()
    yield from kit.until(lambda: "Written to" in kit.said(), what="the report")
    report = lab_kit.note("krita-diagnostics.txt")
    assert "server echo answers" in report, report
    assert "FAIL" not in report, report
    kit.check_said("All is well")


def case_server_is_killed_at_random_points():
    """FRISKET_KILLS points, by seed: at work, idle, or under a stroke; Krita goes on by itself."""
    chance = random.Random(int(os.environ.get("FRISKET_SEED") or 20260129))
    for number in range(int(os.environ.get("FRISKET_KILLS") or 3)):
        kind = ("work", "idle", "stroke")[number % 3]
        yield from killed(kind, chance.uniform(0, 4 if kind == "work" else 2))


def killed(kind, seconds):
    print(f"killed: {kind} after {seconds:.2f} s", flush=True)
    doc, layer = kit.document(1600, 1600)
    yield 300
    pid = yield from kit.mortal_server()
    task, said = kit.start(model="slow"), []
    task.completed.connect(said.append)
    if kind != "work":
        yield from kit.complete(task)
    if kind == "stroke":
        kit.docker().mark("keep")
        yield 600
        kit.paint_strokes(doc, kit.GREEN, 700, 700, 100, 100)
    yield int(1000 * seconds)
    os.kill(pid, signal.SIGKILL)
    if kind == "idle":
        yield 500
        said.clear()
        kit.shift_edge(2)
    yield from kit.until(lambda: said, what=f"the rest ({kind}, {seconds:.2f} s)")
    if kind == "stroke":
        # Whether or not the stroke was answered before, it is known to the next server.
        yield from kit.until(lambda: kit.said().startswith("Done"), what="the stroke")
    yield from kit.finish(task)
    kit.check_mask(layer, doc)
    kit.shift_edge(0)
    kit.close(doc)
    yield 500
