"""One cutout in a Krita without any window, by kritarunner. Runs in Krita's own Python."""

import json
import os
import sys
import time
import traceback

from krita import Krita

try:
    from PyQt6.QtCore import QByteArray, QCoreApplication
except ImportError:
    from PyQt5.QtCore import QByteArray, QCoreApplication

SIZE = (1200, 900)


def cut():
    from pathlib import Path

    import frisket_cutout
    from frisket_cutout.task import Task

    from frisket.hosts import link, settings
    from frisket.hosts.request import CutRequest

    krita = Krita.instance()
    doc = krita.createDocument(*SIZE, "noise", "RGBA", "U8", "", 72.0)
    doc.setBatchmode(True)
    layer = doc.topLevelNodes()[0]
    layer.setLocked(False)
    pixels = bytearray(os.urandom(4 * SIZE[0] * SIZE[1]))
    pixels[3::4] = b"\xff" * (SIZE[0] * SIZE[1])
    layer.setPixelData(QByteArray(bytes(pixels)), 0, 0, *SIZE)
    folder = Path(frisket_cutout.__file__).parent
    task = Task(doc, layer, CutRequest(), link.make_connector(settings.load(folder)))
    said = []
    task.ended.connect(lambda text: said.append(text))
    task.start()
    end = time.monotonic() + 30
    while "complete" not in task.times and not said and time.monotonic() < end:
        QCoreApplication.processEvents()
        time.sleep(0.01)
    assert "complete" in task.times, said or task.times
    task.end()
    while not task.wait(0):
        QCoreApplication.processEvents()
    masks = [child for child in layer.childNodes() if child.type() == "transparencymask"]
    assert bytes(masks[0].pixelData(0, 0, *SIZE).data()) == bytes(pixels[1::4])


def __main__(arguments):  # noqa: N807
    error = ""
    try:
        cut()
    except BaseException:
        error = traceback.format_exc()
    with open(os.path.join(os.environ["FRISKET_LAB"], "runner.json"), "w") as file:
        json.dump({"error": error}, file)
    sys.stdout.flush()
    os._exit(0)
