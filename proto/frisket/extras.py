"""What is installed beside frisket: advice on its extras, and strangers of the same name."""

from __future__ import annotations

import sys
from pathlib import Path

from frisket.about import DISTRIBUTION, NAME

_FRONT_DOOR_BYTES = 1 << 16  # more of a stranger's file is never read


def advise_install(extra: str) -> str:
    """Return what to do when a package of an extra is missing, as the end of a sentence.

    The advice fits what is installed: the packages onnxruntime and onnxruntime-gpu overwrite
    each other, so who has one is never told to install the other over it. frisket is installed
    from its checkout: on package indexes its name is another project's.

    Args:
        extra: of pyproject.toml, such as "server".
    """
    if extra == "server":
        extra = choose_extra()
    first = ""
    if extra in ("gpu", "cuda") and is_installed("onnxruntime"):
        first = "pip uninstall onnxruntime, then "
    return f'run in frisket\'s checkout: {first}pip install ".[{extra}]"'


def choose_extra() -> str:
    """Return the extra that completes this installation: "gpu" where its runtime is, or "server".

    The other one would replace the runtime, and take CUDA away.
    """
    return "gpu" if is_installed("onnxruntime-gpu") else "server"


def is_installed(distribution: str) -> bool:
    """Tell whether a package of this name is installed."""
    # Imported when something is missing, not at every start.
    from importlib.metadata import PackageNotFoundError, version

    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True


def find_shadow() -> Path | None:
    """Return the `frisket/__init__.py` of another project that Python could import, or None.

    Such a file comes from the project that owns the name on the package index, or is a folder
    `frisket` in the working folder; whichever stands first on the path hides the other.
    """
    for root in sys.path:
        door = Path(root or ".", NAME, "__init__.py")
        try:
            with door.open("rb") as file:
                own = DISTRIBUTION.encode() in file.read(_FRONT_DOOR_BYTES)
        except OSError:
            continue
        if not own:
            return door.resolve()
    return None
