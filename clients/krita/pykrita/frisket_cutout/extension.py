"""Registers the docker and the actions with Krita."""

from __future__ import annotations

from krita import DockWidgetFactory, DockWidgetFactoryBase, Extension, Krita

from frisket.hosts.language import _

from .docker import CutoutDocker
from .qt import QtCore

_ID = "frisket_cutout_docker"
_SHOWN = "docker_was_shown"
# Krita arranges its dockers after it has made a window.
_ARRANGED_MS = 1500
_ACTIONS = (
    ("frisket_cut_out", _("Frisket: Cut Out Subject"), lambda docker: docker.cut()),
    ("frisket_finish", _("Frisket: Finish the Cutout"), lambda docker: docker.finish()),
    ("frisket_cancel", _("Frisket: Cancel the Cutout"), lambda docker: docker.cancel()),
    ("frisket_keep", _("Frisket: Mark What to Keep"), lambda docker: docker.mark("keep")),
    ("frisket_remove", _("Frisket: Mark What to Remove"), lambda docker: docker.mark("remove")),
    ("frisket_hair", _("Frisket: Mark Hair at the Edge"), lambda docker: docker.mark("hair")),
    ("frisket_clear", _("Frisket: Clear the Strokes"), lambda docker: docker.clear_strokes()),
)


class CutoutExtension(Extension):
    """The actions: they press the docker's buttons."""

    def setup(self) -> None:
        """Do nothing before there is a window."""

    def createActions(self, window) -> None:
        """Add the actions to a window's Tools menu; shortcuts come from the .action file."""
        for name, text, press in _ACTIONS:
            action = window.createAction(name, text, "tools/scripts")
            # Krita takes the English text out of the .action file.
            action.setText(text)
            action.triggered.connect(lambda *_event, press=press: press(CutoutDocker.find_front()))
        QtCore.QTimer.singleShot(_ARRANGED_MS, _show_once)


def _show_once() -> None:
    """Show the docker the first time; after that it is where the artist left it."""
    krita = Krita.instance()
    if krita.readSetting("frisket", _SHOWN, ""):
        return
    docker = CutoutDocker.find_front()
    docker.setVisible(True)
    docker.raise_()
    krita.writeSetting("frisket", _SHOWN, "yes")


def register() -> None:
    """Tell Krita of the plug-in."""
    krita = Krita.instance()
    krita.addExtension(CutoutExtension(krita))
    right = getattr(DockWidgetFactoryBase, "DockRight", None)
    if right is None:
        right = DockWidgetFactoryBase.DockPosition.DockRight
    krita.addDockWidgetFactory(DockWidgetFactory(_ID, right, CutoutDocker))
