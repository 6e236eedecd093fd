"""Runs a test file inside Krita once its first window is there."""

import os
import sys
import traceback

from krita import Extension, Krita

try:
    from PyQt6.QtCore import QTimer
except ImportError:
    from PyQt5.QtCore import QTimer


class Driver(Extension):
    def __init__(self, parent):
        super().__init__(parent)
        self._started = False

    def setup(self):
        # Without a reference of its own the notifier's signals are lost.
        self._notifier = Krita.instance().notifier()
        self._notifier.setActive(True)
        self._notifier.windowCreated.connect(self._window)

    def createActions(self, window):
        pass

    def _window(self):
        if not self._started:
            self._started = True
            QTimer.singleShot(500, self._run)

    def _run(self):
        path = os.environ["FRISKET_DRIVER"]
        space = {"__name__": "__frisket_driver__", "__file__": path}
        try:
            with open(path, encoding="utf-8") as file:
                exec(compile(file.read(), path, "exec"), space)
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(70)


if os.environ.get("FRISKET_DRIVER"):
    Krita.instance().addExtension(Driver(Krita.instance()))
