"""What the cases in Krita are made of: documents, cutouts, waiting, and running them."""

import faulthandler
import functools
import json
import os
import shutil
import subprocess
import sys
import time
import traceback

import krita_rest
import lab_kit
from krita import Krita

try:
    from PyQt6 import QtCore, QtWidgets
except ImportError:
    from PyQt5 import QtCore, QtWidgets

QByteArray = QtCore.QByteArray
KRITA = Krita.instance()
OLD = KRITA.version().startswith("5.1")
LATE_MS = 100
# Blue, green, red, alpha.
GREEN, RED, ORANGE = b"\0\xc8\0\xff", b"\0\0\xe6\xff", b"\x60\xa0\xff\xff"
YELLOW = b"\0\xff\xff\xff"
_HEARD_S = 0.25


class Ticker:
    """A timer that notices when the event loop was held up."""

    def __init__(self):
        self.worst = 0.0
        self._last = time.monotonic()
        self._timer = QtCore.QTimer()
        self._timer.timeout.connect(self._tick)
        self._timer.start(5)

    def _tick(self):
        now = time.monotonic()
        self.worst = max(self.worst, now - self._last)
        self._last = now


def docker():
    from frisket_cutout.docker import CutoutDocker

    return CutoutDocker.find_front()


def document(width, height, model="RGBA", depth="U8", fill=None, profile=""):
    """A document with one paint layer of noise (or of one native pixel, or given ones)."""
    doc = KRITA.createDocument(width, height, "noise", model, depth, profile, 72.0)
    doc.setBatchmode(True)
    layer = doc.topLevelNodes()[0]
    layer.setName("noise")
    layer.setLocked(False)
    size = len(bytes(layer.pixelData(0, 0, 1, 1).data()))
    if fill:
        pixels = fill * (width * height) if len(fill) == size else fill
    else:
        pixels = bytearray(os.urandom(size * width * height))
        for byte in range(1 if depth == "U8" else 2):
            pixels[size - 1 - byte :: size] = b"\xff" * (width * height)
    layer.setPixelData(QByteArray(bytes(pixels)), 0, 0, width, height)
    doc.refreshProjection()
    doc.waitForDone()
    krita_rest.show(doc)
    return doc, layer


def on_document(width, height, **kinds):
    """Give a case a document of one layer to work on, and close it afterwards."""

    def decorate(case):
        @functools.wraps(case)
        def run_case():
            doc, layer = document(width, height, **kinds)
            yield 300
            yield from case(doc, layer)
            close(doc)

        return run_case

    return decorate


def add(doc, node):
    """Put a node on top of all others."""
    doc.rootNode().addChildNode(node, None)


def add_group(doc, layer):
    """Put a group with a copy of a layer on top, and make it the active one."""
    group = doc.createGroupLayer("group")
    add(doc, group)
    group.addChildNode(layer.duplicate(), None)
    doc.refreshProjection()
    doc.waitForDone()
    yield 800
    doc.setActiveNode(group)
    yield 300
    return group


def select_all_layers():
    KRITA.action("select_all_layers").trigger()
    yield 500


def close(doc):
    # Krita ends when the last image goes before its Layers docker has heard of a change in it.
    calm(_HEARD_S)
    doc.setModified(False)
    doc.close()


def calm(seconds):
    """Hand time to Krita without leaving a case."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QtWidgets.QApplication.processEvents()
        time.sleep(0.01)


def pixels(node, doc):
    return bytes(node.pixelData(0, 0, doc.width(), doc.height()).data())


def green(layer, doc):
    return pixels(layer, doc)[1::4]


def masks(layer, kind="transparencymask"):
    return [child for child in layer.childNodes() or () if child.type() == kind]


def mask_planes(layer, doc):
    """What the masks of a layer hold."""
    return [pixels(mask, doc) for mask in masks(layer)]


def check_mask(layer, doc):
    """Check that a layer has one mask, and that it is exact."""
    assert mask_planes(layer, doc) == [green(layer, doc)]


def said():
    """What the docker says."""
    return docker().status.text()


def check_said(words):
    assert words in said(), said()


def shot(name):
    """Keep a picture of the screen, where the machine can take one."""
    folder = lab_kit.LAB / "shots"
    folder.mkdir(exist_ok=True)
    if shutil.which("import"):
        subprocess.run(["import", "-window", "root", folder / f"{name}.png"])


def strokes_of(doc):
    return next((n for n in doc.topLevelNodes() if n.name() == "Frisket strokes"), None)


def start(**chosen):
    """Press the docker's button; return the task."""
    dock = docker()
    before = dock.task
    dock.controls.choose(**{"model": "", "quality": "standard", "make": "mask", **chosen})
    dock.cut()
    assert dock.task is None or dock.task is not before, f"nothing was begun: {said()}"
    return dock.task


def opened(**chosen):
    """Cut out and wait until all is complete; the cutout stays open."""
    task = start(**chosen)
    yield from complete(task)
    return task


def canvas_area():
    """The scrolled area of the image in front."""
    window = KRITA.activeWindow().qwindow()
    areas = window.findChildren(QtWidgets.QAbstractScrollArea)
    areas = (each for each in areas if each.isVisible())
    return next(each for each in areas if each.metaObject().className() == "KisCanvasController")


def shift_edge(pixels):
    """Turn the docker's first wheel; what is open hears of it when the wheel has rested."""
    docker().controls.findChild(QtWidgets.QDoubleSpinBox, "shift_px").setValue(pixels)


def shifted(task, pixels_):
    """Shift the edge, and wait until all has followed; return what is said then."""
    told = []
    task.completed.connect(told.append)
    shift_edge(pixels_)
    yield from until(lambda: told, what="the shifted edge")
    yield 200
    return told[0]


def stroke():
    """Draw a line across the middle of the canvas, with mouse and brush."""
    view = canvas_area().viewport()
    middle = view.mapToGlobal(QtCore.QPoint(view.width() // 2, view.height() // 2))
    KRITA.action("KritaShape/KisToolBrush").trigger()
    yield 300
    steps = range(-80, 81, 8)
    moves = [("mousemove", str(middle.x() + x), str(middle.y() + x // 2)) for x in steps]
    words = [*moves[0], "sleep", "0.2", "mousedown", "1"]
    for move in moves:
        words += [*move, "sleep", "0.03"]
    subprocess.Popen(["xdotool", *words, "mouseup", "1"])
    yield 2000


def brush():
    """The brush's colour as blue, green, red in 0..255."""
    colour = KRITA.activeWindow().activeView().foregroundColor()
    return tuple(round(255 * value) for value in colour.components()[:3])


def paint_strokes(doc, colour, x, y, width, height):
    """Paint a rectangle on the layer of strokes."""
    strokes_of(doc).setPixelData(QByteArray(colour * (width * height)), x, y, width, height)


def clean_colours(chosen):
    docker().controls.findChild(QtWidgets.QCheckBox).setChecked(chosen)


def buttons():
    return docker().findChildren(QtWidgets.QPushButton)


def menus():
    return docker().findChildren(QtWidgets.QComboBox)


def until(condition, seconds=60.0, what="it"):
    """Hand time to Krita until something is so; a busy machine may take long."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not come: {said()}"
        yield 20


def complete(task, seconds=60.0):
    """Wait until the mask is complete, and the docker has heard of it: a person sees no more."""
    assert task is not None, said()
    end = time.monotonic() + seconds
    while "complete" not in task.times or docker().cutouts.is_busy:
        assert time.monotonic() < end, f"not complete: {said()} {task.times}"
        assert docker().task is task, said()
        yield 20


def ended(task, seconds=60.0):
    """Wait until the worker has left and the docker has heard of it."""
    end = time.monotonic() + seconds
    while not task.wait(0) or docker().task is task:
        assert time.monotonic() < end, "the worker does not leave"
        yield 20
    yield 50


def sharpening(task, layer=None):
    """Wait for the coarse mask."""
    there = lambda: "Sharpening the edge" in task.times and (layer is None or masks(layer))  # noqa: E731
    yield from until(there, what="a mask")


def end(task):
    task.end()
    yield from ended(task)


def finish(task):
    """Press Finish."""
    docker().finish()
    yield from ended(task)


def cancel(task):
    """Press Cancel."""
    docker().cancel()
    yield from ended(task)


def cut(**chosen):
    yield from end((yield from opened(**chosen)))


def _run(cases):
    while docker() is None:
        yield 100
    if lab_kit.SETTINGS.exists():
        # A Krita that ended in the middle of a case left it.
        lab_kit.SETTINGS.unlink()
    for name in lab_kit.choose(cases):
        with lab_kit.noted(name, "Krita"):
            yield from cases[name]()
            yield 500
        if lab_kit.read_results()[name]["error"]:
            docker().cancel()
            yield 1000
            for doc in KRITA.documents():
                close(doc)
            yield 800
    sys.stdout.flush()
    os._exit(0)


def step(steps):
    try:
        pause = next(steps)
    except StopIteration:
        return
    except BaseException:
        traceback.print_exc()
        os._exit(70)
    QtCore.QTimer.singleShot(pause, lambda: step(steps))


def looked():
    """How often the server was told where the user looks."""
    return len(lab_kit.note("views").split())


def first_sight():
    """What the server was told to be in sight when the last session opened."""
    return json.loads(lab_kit.note("opening"))


def answer(text):
    """Click a button of the next window that asks something, as a person would."""

    def look(times):
        window = QtWidgets.QApplication.activeModalWidget()
        found = window.findChildren(QtWidgets.QPushButton) if window else []
        for button in found:
            if button.text().replace("&", "") == text:
                shot("krita-asks")
                button.click()
                return
        if times:
            QtCore.QTimer.singleShot(200, lambda: look(times - 1))

    QtCore.QTimer.singleShot(400, lambda: look(100))


def followed():
    """What the server was told of changes, by the lines it keeps."""
    return lab_kit.note("updates").split()


def hinted():
    """What the server was told of strokes, a word for each change: "+", "-", "+-" or "none"."""
    return lab_kit.note("hints").split()


def mortal_server():
    """Have a server started that may be killed; return its process."""
    lab_kit.ask_for_mortal()
    yield from until(lab_kit.STATE.exists, what="a server to be killed")
    yield 200
    return lab_kit.read_state()["pid"]


def run(cases):
    """Run every `case_...` of a namespace (or those that FRISKET_CASES names)."""
    KRITA.setBatchmode(True)
    # When Krita ends by itself, its output tells what Python was doing.
    faulthandler.enable(sys.__stderr__)
    step(_run(cases))
