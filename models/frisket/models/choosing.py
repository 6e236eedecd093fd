"""Which model runs when none is named, and which refiner refines."""

from __future__ import annotations

from pathlib import Path

from . import manifest
from .core.errors import ConsentRequired, NotPresent
from .core.spec import Spec
from .core.types import ModelInfo
from .files import read_json, write_json
from .shelf import Shelf

# Tried in this order; the rest are too slow to be chosen for anyone.
PREFERRED = ("u2netp", "silueta", "u2net", "isnet-general-use")
_LAST = ("embedded", "classic")
_SETTINGS = "models.json"


class Choice:
    """The user's choices in one home, and what stands in for them.

    Args:
        home: the home's folder.
        shelf: the models there.
    """

    def __init__(self, home: Path, shelf: Shelf) -> None:
        self._settings = home / _SETTINGS
        self._shelf = shelf

    def find_default(self) -> str:
        """Return the model that runs when none is named: a chosen one, else the best present."""
        specs = self._shelf.read_specs()
        chosen = str(read_json(self._settings).get("default", ""))
        if chosen in specs and self._shelf.holds(specs[chosen]):
            return chosen
        added = [name for name in specs if name not in manifest.read_shipped()]
        names = [name for name in (*PREFERRED, *added, *_LAST) if name in specs]
        return next(name for name in names if self._could_be(specs[name], "matte"))

    def find_refiner(self) -> str:
        """Return the refiner of ``--quality best``: a chosen one, else the first present, or ""."""
        specs = self._shelf.read_specs().values()
        here = [spec.name for spec in specs if self._could_be(spec, "refiner")]
        chosen = str(read_json(self._settings).get("refiner", ""))
        return chosen if chosen in here else next(iter(here), "")

    def _could_be(self, spec: Spec, role: str) -> bool:
        return spec.role == role and spec.commercial and self._shelf.holds(spec)

    def choose(self, info: ModelInfo) -> None:
        """Let a model run when none is named, or a refiner refine.

        Raises:
            ConsentRequired: its licence forbids commercial use; it must be named each time.
            NotPresent: it is not here.
            ModelFileError: the choice cannot be written.
        """
        if not info.commercial:
            raise ConsentRequired(
                f"{info.name} is licensed {info.licence}, which forbids commercial use, so it is "
                "never the default; name it with --model."
            )
        if not info.present:
            raise NotPresent(
                f"{info.name} is not here yet; 'frisket models pull {info.name}' fetches it."
            )
        role = "refiner" if info.role == "refiner" else "default"
        write_json(self._settings, {**read_json(self._settings), role: info.name})
