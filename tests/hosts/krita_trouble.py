"""What the plug-in has to bear inside Krita."""

import json
import os
import random
import signal

from krita_kit import (
    KRITA,
    LAB,
    QByteArray,
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
    strokes_of,
    until,
)


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


def case_vector_and_hidden_layers():
    """A vector layer (text is one) is read as it looks, a hidden layer as it is."""
    doc, layer = document(300, 200)
    vector = doc.createVectorLayer("shapes")
    doc.rootNode().addChildNode(vector, None)
    yield 500
    doc.setActiveNode(vector)
    yield 300
    docker().cut()
    assert "is empty" in docker().status.text(), docker().status.text()
    vector.addShapesFromSvg(
        "<svg xmlns='http://www.w3.org/2000/svg' width='300' height='200'>"
        "<rect x='50' y='40' width='150' height='100' fill='#008000'/></svg>"
    )
    yield 500
    doc.waitForDone()
    yield from cut()
    found = pixels(masks(vector)[0], doc)
    assert found[100 * 300 + 100] == 128, found[100 * 300 + 100]
    assert found[10 * 300 + 10] == 0
    layer.setVisible(False)
    doc.setActiveNode(layer)
    yield 500
    yield from cut()
    assert pixels(masks(layer)[0], doc) == green(layer, doc)
    close(doc)


def case_wrong_token_and_no_server():
    doc, layer = document(300, 200)
    yield 300
    folder = os.environ["FRISKET_HOME"]
    state = json.load(open(os.path.join(folder, "run", "server.json")))
    target = {"remote": True, "tls": False, "target": state["target"]}
    settings = os.path.join(folder, "plugins.json")
    try:
        for chosen, words in (
            ({**target, "token": "wrong"}, "token"),
            ({**target, "target": "127.0.0.1:9"}, "No server answers at 127.0.0.1:9"),
        ):
            json.dump(chosen, open(settings, "w"))
            yield from ended(start())
            assert words in docker().status.text(), docker().status.text()
            assert not masks(layer)
    finally:
        os.unlink(settings)
    yield from ended(start(model="other-version"))
    assert "same version" in docker().status.text(), docker().status.text()
    yield from cut()
    assert pixels(masks(layer)[0], doc) == green(layer, doc)
    close(doc)


def case_out_of_memory():
    """What Python says when there is none left; a real want of it would end Krita as well."""
    from frisket_cutout import reading

    doc, _layer = document(300, 200)
    yield 300
    kept = reading.LayerReader.read_tile

    def none_left(*_):
        raise MemoryError

    reading.LayerReader.read_tile = none_left
    try:
        yield from ended(start())
    finally:
        reading.LayerReader.read_tile = kept
    wanted = "There is not enough memory. Close other images and try again."
    assert docker().status.text() == wanted, docker().status.text()
    close(doc)


def case_one_pixel():
    doc, layer = document(1, 1)
    yield 200
    yield from cut()
    assert pixels(masks(layer)[0], doc) == green(layer, doc)
    close(doc)


def case_cancel_half_way():
    doc, layer = document(2600, 2600)
    yield 300
    task = start(model="stuck")
    yield from until(lambda: masks(layer) and "Sharpening the edge" in task.times, what="a mask")
    yield 300
    docker().cancel()
    yield from ended(task)
    assert docker().status.text() == "Cancelled.", docker().status.text()
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
    yield from until(lambda: "Sharpening the edge" in task.times, what="a mask")
    layer.remove()
    yield from ended(task)
    assert "was deleted" in docker().status.text(), docker().status.text()
    close(doc)


def case_document_closed_meanwhile():
    doc, _ = document(1600, 1600)
    yield 300
    task = start(model="slow")
    yield from until(lambda: "Sharpening the edge" in task.times, what="a mask")
    close(doc)
    yield from ended(task)
    assert "was closed" in docker().status.text(), docker().status.text()


def case_image_resized_meanwhile():
    doc, _ = document(1600, 1600)
    yield 300
    task = start(model="slow")
    yield from until(lambda: "Sharpening the edge" in task.times, what="a mask")
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


def case_server_is_killed():
    """Krita lives and goes on, wherever in a job the server is killed."""
    for point in ("Finding the subject", "Sharpening the edge", "complete"):
        yield from killed_at(point)


def killed_at(point):
    doc, layer = document(1600, 1600)
    yield 300
    pid = yield from mortal_server()
    task, said = start(model="slow"), []
    task.completed.connect(said.append)
    yield from until(lambda: point in task.times, what=point)
    yield 300
    os.kill(pid, signal.SIGKILL)
    yield 500
    if point == "complete":
        said.clear()
        shift_edge(2)
    yield from until(lambda: said, what="the rest")
    task.end()
    yield from ended(task)
    assert pixels(masks(layer)[0], doc) == green(layer, doc), point
    shift_edge(0)
    close(doc)
    yield 500


def mortal_server():
    """Have a server started that may be killed; return its process."""
    state = os.path.join(os.environ["FRISKET_HOME"], "run", "server.json")
    os.unlink(state)
    open(os.path.join(LAB, "mortal-me"), "w").close()
    yield from until(lambda: os.path.exists(state), what="a server to be killed")
    yield 200
    return json.load(open(state))["pid"]


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
    docker().server.diagnose()
    yield from until(lambda: "Written to" in docker().status.text(), what="the report")
    report = open(os.path.join(os.environ["FRISKET_HOME"], "run", "krita-diagnostics.txt")).read()
    assert "FAIL" not in report, report
    assert "All is well" in docker().status.text()


def case_server_is_killed_at_random_points():
    """FRISKET_KILLS points, by seed: at work, idle, or under a stroke; Krita goes on by itself."""
    chance = random.Random(int(os.environ.get("FRISKET_SEED") or 20260129))
    for number in range(int(os.environ.get("FRISKET_KILLS") or 3)):
        kind = ("work", "idle", "stroke")[number % 3]
        yield from killed(kind, chance.uniform(0, 4 if kind == "work" else 2))


def killed(kind, seconds):
    print(f"killed: {kind} after {seconds:.2f} s", flush=True)
    doc, layer = document(1600, 1600)
    yield 300
    pid = yield from mortal_server()
    task, said = start(model="slow"), []
    task.completed.connect(said.append)
    if kind != "work":
        yield from complete(task)
    if kind == "stroke":
        docker().mark("keep")
        yield 600
        strokes_of(doc).setPixelData(QByteArray(b"\0\xc8\0\xff" * 10000), 700, 700, 100, 100)
    yield int(1000 * seconds)
    os.kill(pid, signal.SIGKILL)
    if kind == "idle":
        yield 500
        said.clear()
        shift_edge(2)
    yield from until(lambda: said, what=f"the rest ({kind}, {seconds:.2f} s)")
    if kind == "stroke":
        # Whether or not the stroke was answered before, it is known to the next server.
        yield from until(lambda: docker().status.text().startswith("Done"), what="the stroke")
    docker().finish()
    yield from ended(task)
    assert [pixels(mask, doc) for mask in masks(layer)] == [green(layer, doc)], (kind, seconds)
    shift_edge(0)
    close(doc)
    yield 500
