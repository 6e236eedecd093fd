"""Registers the docker and the actions with Krita."""

from __future__ import annotations

from krita import DockWidgetFactory, DockWidgetFactoryBase, Extension, Krita

from .docker import CutoutDocker

CUT = "frisket_cut_out"
STROKES = "frisket_mark"
_ID = "frisket_cutout_docker"


class CutoutExtension(Extension):
    """The actions: they press the docker's buttons."""

    def setup(self) -> None:
        """Do nothing before there is a window."""

    def createActions(self, window) -> None:
        """Add the actions to a window's Tools menu; shortcuts come from the .action file."""
        for name, text, press in (
            (CUT, "Frisket: Cut Out Subject", CutoutDocker.cut),
            (STROKES, "Frisket: Mark with Strokes", CutoutDocker.mark),
        ):
            action = window.createAction(name, text, "tools/scripts")
            action.triggered.connect(lambda *_, press=press: press(CutoutDocker.find_front()))


def register() -> None:
    """Tell Krita of the plug-in."""
    krita = Krita.instance()
    krita.addExtension(CutoutExtension(krita))
    right = getattr(DockWidgetFactoryBase, "DockRight", None)
    if right is None:
        right = DockWidgetFactoryBase.DockPosition.DockRight
    krita.addDockWidgetFactory(DockWidgetFactory(_ID, right, CutoutDocker))
