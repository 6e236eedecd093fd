"""Runs inside Krita: one layer of a size cut out, with what it took."""

import json
import os
import time
import traceback

from krita import Krita

try:
    from PyQt6.QtCore import QTimer
except ImportError:
    from PyQt5.QtCore import QTimer

KRITA = Krita.instance()
LAB = os.environ["FRISKET_LAB"]


def peak_mb():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def once(name):
    from frisket_cutout import docker as module

    dock = module._DOCKERS[-1]
    doc = KRITA.openDocument(os.path.join(LAB, name))
    doc.setBatchmode(True)
    KRITA.activeWindow().addView(doc)
    KRITA.setActiveDocument(doc)
    doc.waitForDone()
    yield 3000
    dock.controls.choose(model=os.environ["FRISKET_MODEL"], make="mask", quality="standard")
    before, clock = peak_mb(), time.time()
    dock.cut()
    task = dock.task
    assert task is not None, dock.status.text()
    while "complete" not in task.times:
        assert time.time() - clock < 60, dock.status.text()
        yield 20
    marks = {key: round(when - clock, 3) for key, when in task._job.marks.items()}
    marks["complete"] = round(task.times["complete"], 3)
    marks["Krita's own part"] = round(module_host_seconds(), 3)
    marks["longest of the plug-in"] = round(task.main.longest, 3)
    marks["peak grew MB"] = round(peak_mb() - before)
    task.end()
    while not task.wait(0):
        yield 20
    yield 500
    doc.setModified(False)
    doc.close()
    yield 1000
    RESULTS.setdefault(name, []).append(marks)


_SEEN = [0.0]


def module_host_seconds():
    """Seconds that Krita itself took for making and redrawing the mask, since asked last."""
    from frisket_cutout import mainthread

    new = mainthread._host_seconds - _SEEN[0]
    _SEEN[0] = mainthread._host_seconds
    return new


RESULTS = {}


def main():
    yield 2000
    for name in json.loads(os.environ["FRISKET_PICTURES"]):
        for _ in range(int(os.environ["FRISKET_RUNS"])):
            yield from once(name)
            with open(os.path.join(LAB, "krita.json"), "w") as file:
                json.dump(RESULTS, file)
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
