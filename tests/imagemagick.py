"""The machine's ImageMagick, if it has one: `convert` may be something else by the same name."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache

import pytest


@cache
def find_convert() -> str:
    """Return the path of ImageMagick's convert, or nothing."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        for name in ("magick", "convert"):
            path = shutil.which(name, path=folder)
            if path and _is_imagemagick(path):
                return path
    return ""


def _is_imagemagick(path: str) -> bool:
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and "ImageMagick" in done.stdout


needs_imagemagick = pytest.mark.skipif(not find_convert(), reason="ImageMagick is not installed")
