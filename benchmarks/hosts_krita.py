"""Runs inside Krita: one layer of a size cut out, with what it took.

With FRISKET_ALONE, Krita makes, fills and draws the same mask through its own API, without
the plug-in: what that costs is Krita's own.
"""

import json
import os
import sys
import time
import traceback

from krita import Krita, Selection

try:
    from PyQt6.QtCore import QByteArray, QTimer
except ImportError:
    from PyQt5.QtCore import QByteArray, QTimer

KRITA = Krita.instance()
LAB = os.environ["FRISKET_LAB"]
NAME = os.environ["FRISKET_PICTURE"]
ROWS = 256


def status_mb(key):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024


def by_plugin(doc):
    from frisket_cutout import mainthread
    from frisket_cutout.docker import CutoutDocker

    dock = CutoutDocker.find_front()
    dock.controls.choose(model=os.environ["FRISKET_MODEL"], make="mask", quality="standard")
    before, clock = status_mb("VmHWM"), time.time()
    dock.cut()
    task = dock.task
    assert task is not None, dock.status.text()
    while "complete" not in task.times:
        assert time.time() - clock < 120, dock.status.text()
        yield 20
    figures = {key: round(when - clock, 3) for key, when in task.marks.items()}
    figures["complete"] = round(task.times["complete"], 3)
    figures["Krita's part of it"] = round(mainthread.host_seconds(), 3)
    figures["longest of the plug-in"] = round(task.main.longest, 3)
    yield 3000
    figures["peak grew MB"] = round(status_mb("VmHWM") - before)
    task.end()
    while not task.wait(0):
        yield 20
    keep(doc)
    return figures


def keep(doc):
    layer = doc.topLevelNodes()[0]
    mask = next(node for node in layer.childNodes() if node.type() == "transparencymask")
    with open(os.path.join(LAB, f"{NAME}.krita-mask"), "wb") as file:
        for y in range(0, doc.height(), ROWS):
            rows = min(ROWS, doc.height() - y)
            file.write(mask.pixelData(0, y, doc.width(), rows).data())


def alone(doc):
    """Make the mask, show a part of it, then all of it: two drawings, the least there can be."""
    before, start = status_mb("VmHWM"), time.time()
    layer = doc.topLevelNodes()[0]
    seed = Selection()
    seed.select(0, 0, 1, 1, 255)
    mask = doc.createTransparencyMask("mask")
    mask.setSelection(seed)
    layer.addChildNode(mask, None)
    with open(os.path.join(LAB, f"{NAME}.krita-mask"), "rb") as file:
        for y in range(0, doc.height(), ROWS):
            rows = min(ROWS, doc.height() - y)
            data = QByteArray(file.read(rows * doc.width()))
            mask.setPixelData(data, 0, y, doc.width(), rows)
    figures = {}
    for what in ("first", "whole"):
        doc.refreshProjection()
        figures[f"Krita's own {what} mask s"] = round(time.time() - start, 3)
        yield 50
    yield 3000
    figures["Krita's own mask MB"] = round(status_mb("VmHWM") - before)
    return figures


def main():
    yield 2000
    doc = KRITA.openDocument(os.path.join(LAB, NAME))
    doc.setBatchmode(True)
    KRITA.activeWindow().addView(doc)
    KRITA.setActiveDocument(doc)
    doc.waitForDone()
    yield 4000
    figures = yield from (alone if os.environ.get("FRISKET_ALONE") else by_plugin)(doc)
    with open(os.path.join(LAB, "figures.json"), "w") as file:
        json.dump(figures, file)
    sys.stdout.flush()
    os._exit(0)


def step(run):
    try:
        pause = next(run)
    except StopIteration:
        return
    except BaseException:
        traceback.print_exc()
        os._exit(70)
    QTimer.singleShot(pause, lambda: step(run))


KRITA.setBatchmode(True)
step(main())
