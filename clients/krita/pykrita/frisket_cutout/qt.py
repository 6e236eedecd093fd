"""Qt by whichever binding Krita itself uses: PyQt5 up to Krita 5, PyQt6 from 6 on."""

from __future__ import annotations

import sys

if "PyQt6" in sys.modules:
    from PyQt6 import QtCore, QtGui, QtWidgets
else:
    try:
        from PyQt5 import QtCore, QtGui, QtWidgets
    except ImportError:
        from PyQt6 import QtCore, QtGui, QtWidgets

__all__ = ["QtCore", "QtGui", "QtWidgets", "mark_key"]


def mark_key(label: str) -> str:
    """Return a label whose letter for the keyboard is marked as Qt wants it."""
    return label.replace("_", "&")
