"""Running the `frisket` command as a user does, and a small layered document for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PIL import Image
from serving import noisy_disc

FRISKET = [str(Path(sys.executable).parent / "frisket")]


def frisket(*arguments: object, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*FRISKET, *map(str, arguments)], capture_output=True, text=True, timeout=timeout
    )


def refused(status: int, *arguments: object) -> str:
    """Run a command that must fail, with one sentence and no traceback."""
    done = frisket(*arguments)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    return done.stderr


def layered(path: Path) -> Path:
    from psd_tools import PSDImage

    document = PSDImage.new("RGB", (400, 300), color=(200, 200, 200))
    group = document.create_group(name="People")
    disc = Image.fromarray(noisy_disc(300, 200))
    group.append(document.create_pixel_layer(disc, name="Disc", top=40, left=60))
    document.save(path)
    return path
