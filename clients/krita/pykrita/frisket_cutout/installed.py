"""This plug-in as it is installed."""

from __future__ import annotations

from pathlib import Path

from frisket.hosts.plugin import Plugin

PLUGIN = Plugin("Krita", Path(__file__).resolve().parent, "__init__.py")
