#!/usr/bin/env python3
"""Frisket for GIMP 3: cuts the subject out of a layer with a click."""

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [_HERE, os.path.join(_HERE, "_vendor")]
# Only protobuf's pure Python is carried; the system may hold a compiled part of another
# version that must not be mixed with it.
os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"

# Tables of words are made when they are imported.
from frisket.hosts.language import speak  # noqa: E402

speak()

import gi  # noqa: E402

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
gi.require_version("Babl", "0.1")
from frisket_gimp.plugin import FrisketCutout  # noqa: E402
from gi.repository import Gimp  # noqa: E402

Gimp.main(FrisketCutout.__gtype__, sys.argv)
