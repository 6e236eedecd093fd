"""The Krita plug-in's modules with PyQt6, as far as they go without a Krita.

There is no Krita 6 to run in: names of Krita's own that the modules import are empty here.
What is tried is Qt's part: enums with their full names, images, signals between threads,
and the docker's fields.
"""

import sys
import threading
import types
from pathlib import Path

import PyQt6.QtCore as QtCore
import PyQt6.QtWidgets as QtWidgets

krita = types.ModuleType("krita")
for name in ("Krita", "Document", "Selection"):
    setattr(krita, name, type(name, (), {}))
sys.modules["krita"] = krita
package = types.ModuleType("frisket_cutout")
package.__path__ = [str(Path(sys.argv[1]) / "frisket_cutout")]
sys.modules["frisket_cutout"] = package

app = QtWidgets.QApplication(["test", "-platform", "offscreen"])

from frisket_cutout import controls, dialogs, mainthread, qt, reading

from frisket.hosts import link, settings

assert qt.QtCore is QtCore, "the other binding was taken"

# An image of two columns, reduced to their averages.
left, right = bytes((10, 20, 30, 255)), bytes((50, 60, 70, 255))
small = reading.reduce((left * 8 + right * 8) * 16, 16, 16, 2, 2, reading.ARGB)
assert small == (left + right) * 2, list(small)
grey = reading.reduce(bytes(range(64)) * 64, 64, 64, 7, 5, reading.GREY)
assert len(grey) == 35

# Work for the main thread, and its errors.
main, found = mainthread.MainThread(), []


def worker():
    found.append(main.call(lambda: threading.current_thread() is threading.main_thread()))
    try:
        main.call(lambda: 1 // 0)
    except ZeroDivisionError as error:
        found.append(error)
    QtCore.QMetaObject.invokeMethod(app, "quit", QtCore.Qt.ConnectionType.QueuedConnection)


threading.Thread(target=worker, daemon=True).start()
QtCore.QTimer.singleShot(20000, app.quit)
app.exec()
assert len(found) == 2, found
assert found[0] is True

# The docker's fields and the server's dialog.
fields = controls.Controls(None)
fields.show_models((link.ModelChoice("one", "The first.", True),))
fields.choose(model="one", quality="high")
request = fields.read_request()
assert (request.make, request.model, request.quality) == ("mask", "one", "high")
dialog = dialogs.ServerDialog(None, settings.Settings(True, "host:1", False, token="secret"))
assert dialog.read().target == "host:1"
print("all well with", QtCore.PYQT_VERSION_STR)
