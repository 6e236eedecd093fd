"""Frisket for Krita: cuts the subject out of a layer with a click."""

import os
import sys

_VENDOR = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_vendor")


def _carry():
    """Import what the plug-in carries.

    Only protobuf's pure Python is carried; the system may hold a compiled part of another
    version that must not be mixed with it. Other plug-ins keep their own choice.
    """
    name = "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"
    before = os.environ.get(name)
    os.environ[name] = "python"
    sys.path.insert(0, _VENDOR)
    try:
        import frisket.v1.matting_pb2  # noqa: F401
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


_carry()


def _speak():
    """Speak the language that Krita speaks, before tables of words are made."""
    from frisket.hosts.language import speak

    from .qt import QtCore

    # Krita's own choice of a language is Qt's default too.
    locale = QtCore.QLocale()
    speak({"LANGUAGE": ":".join((locale.name(), *locale.uiLanguages()))})


_speak()

from .extension import register  # noqa: E402

register()
