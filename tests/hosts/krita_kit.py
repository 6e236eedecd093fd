"""What the cases in Krita are made of: documents, cutouts, waiting, and running them."""

import json
import os
import shutil
import subprocess
import sys
import time
import traceback

from krita import Krita

try:
    from PyQt6.QtCore import QByteArray, QTimer
    from PyQt6.QtWidgets import (
        QAbstractScrollArea,
        QApplication,
        QCheckBox,
        QComboBox,
        QDoubleSpinBox,
        QPushButton,
    )
except ImportError:
    from PyQt5.QtCore import QByteArray, QTimer
    from PyQt5.QtWidgets import (
        QAbstractScrollArea,
        QApplication,
        QCheckBox,
        QComboBox,
        QDoubleSpinBox,
        QPushButton,
    )

LAB = os.environ["FRISKET_LAB"]
KRITA = Krita.instance()
OLD = KRITA.version().startswith("5.1")
LATE_MS = 100
_HEARD_S = 0.25


class Ticker:
    """A timer that notices when the event loop was held up."""

    def __init__(self):
        self.worst = 0.0
        self._last = time.monotonic()
        self._timer = QTimer()
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
    # Krita ends when an image is redrawn before its canvas was painted the first time.
    KRITA.activeWindow().addView(doc)
    KRITA.setActiveDocument(doc)
    return doc, layer


def close(doc):
    # Krita ends when the last image goes before its Layers docker has heard of a change in it.
    calm(_HEARD_S)
    doc.setModified(False)
    doc.close()


def calm(seconds):
    """Hand time to Krita without leaving a case."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)


def pixels(node, doc):
    return bytes(node.pixelData(0, 0, doc.width(), doc.height()).data())


def green(layer, doc):
    return pixels(layer, doc)[1::4]


def masks(layer, kind="transparencymask"):
    return [child for child in layer.childNodes() or () if child.type() == kind]


def shot(name):
    """Keep a picture of the screen, where the machine can take one."""
    folder = os.path.join(LAB, "shots")
    os.makedirs(folder, exist_ok=True)
    if shutil.which("import"):
        subprocess.run(["import", "-window", "root", os.path.join(folder, name + ".png")])


def strokes_of(doc):
    return next((n for n in doc.topLevelNodes() if n.name() == "Frisket strokes"), None)


def start(**chosen):
    """Press the docker's button; return the task."""
    dock = docker()
    dock.controls.choose(**{"model": "", "quality": "standard", "make": "mask", **chosen})
    dock.cut()
    return dock.task


def canvas_area():
    """The scrolled area of the image in front."""
    window = KRITA.activeWindow().qwindow()
    areas = (each for each in window.findChildren(QAbstractScrollArea) if each.isVisible())
    return next(each for each in areas if each.metaObject().className() == "KisCanvasController")


def shift_edge(pixels):
    """Turn the docker's first wheel; what is open hears of it when the wheel has rested."""
    docker().controls.findChild(QDoubleSpinBox, "shift_px").setValue(pixels)


def clean_colours(chosen):
    docker().controls.findChild(QCheckBox).setChecked(chosen)


def buttons():
    return docker().findChildren(QPushButton)


def menus():
    return docker().findChildren(QComboBox)


def until(condition, seconds=60.0, what="it"):
    """Hand time to Krita until something is so; a busy machine may take long."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not come: {docker().status.text()}"
        yield 20


def complete(task, seconds=60.0):
    """Wait until the mask is complete."""
    assert task is not None, docker().status.text()
    end = time.monotonic() + seconds
    while "complete" not in task.times:
        assert time.monotonic() < end, f"not complete: {docker().status.text()} {task.times}"
        assert docker().task is task, docker().status.text()
        yield 20


def ended(task, seconds=60.0):
    """Wait until the worker has left and the docker has heard of it."""
    end = time.monotonic() + seconds
    while not task.wait(0) or docker().task is task:
        assert time.monotonic() < end, "the worker does not leave"
        yield 20
    yield 50


def cut(**chosen):
    task = start(**chosen)
    yield from complete(task)
    task.end()
    yield from ended(task)


def _run(cases):
    results = known()
    wanted = os.environ.get("FRISKET_CASES", "").split()
    names = wanted or [name for name in cases if name.startswith("case_")]
    while docker() is None:
        yield 100
    settings = os.path.join(os.environ["FRISKET_HOME"], "plugins.json")
    if os.path.exists(settings):
        # A Krita that ended in the middle of a case left it.
        os.unlink(settings)
    for name in names:
        if name in results:
            continue
        begin = time.monotonic()
        results[name] = {"error": "Krita ended in this case"}
        write(results)
        try:
            yield from cases[name]()
            results[name] = {"error": ""}
        except Exception:
            results[name] = {"error": traceback.format_exc()}
            # Krita may end of what follows.
            write(results)
            docker().cancel()
            yield 1000
            for doc in KRITA.documents():
                close(doc)
            yield 300
        yield 500
        results[name]["seconds"] = round(time.monotonic() - begin, 2)
        write(results)
    sys.stdout.flush()
    os._exit(0)


def known():
    """The results of a Krita that ended before its time."""
    path = os.path.join(LAB, "results.json")
    return json.load(open(path)) if os.path.exists(path) else {}


def write(results):
    fresh = os.path.join(LAB, "results.new")
    with open(fresh, "w") as file:
        json.dump(results, file)
    os.replace(fresh, os.path.join(LAB, "results.json"))


def step(steps):
    try:
        pause = next(steps)
    except StopIteration:
        return
    except BaseException:
        traceback.print_exc()
        os._exit(70)
    QTimer.singleShot(pause, lambda: step(steps))


def looked():
    """How often the server was told where the user looks."""
    path = os.path.join(os.environ["FRISKET_HOME"], "run", "views")
    return len(open(path).read().split()) if os.path.exists(path) else 0


def first_sight():
    """What the server was told to be in sight when the last session opened."""
    return json.load(open(os.path.join(os.environ["FRISKET_HOME"], "run", "opening")))


def answer(text):
    """Click a button of the next window that asks something, as a person would."""

    def look(times):
        window = QApplication.activeModalWidget()
        found = window.findChildren(QPushButton) if window else []
        for button in found:
            if button.text().replace("&", "") == text:
                shot("krita-asks")
                button.click()
                return
        if times:
            QTimer.singleShot(200, lambda: look(times - 1))

    QTimer.singleShot(400, lambda: look(100))


def followed():
    """What the server was told of changes, by the lines it keeps."""
    path = os.path.join(os.environ["FRISKET_HOME"], "run", "updates")
    return open(path).read().split() if os.path.exists(path) else []


def run(cases):
    """Run every `case_...` of a namespace (or those that FRISKET_CASES names)."""
    KRITA.setBatchmode(True)
    step(_run(cases))
