"""Finding models: which are known, where their files lie, what was recorded of them."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

from frisket.protocol.choices import KEY_COLOUR, KEY_MODEL
from frisket.protocol.printable import make_printable

from . import manifest
from .core.errors import ConsentRequired, ModelFileError, NotPresent, UnknownModel
from .core.spec import Spec
from .core.types import ModelInfo
from .files import read_json, write_json

RECORD = "model.json"
MAX_NAME, MAX_LICENCE = 100, 200
"""Characters."""
_EMBEDDED = "embedded"
_PACKAGE = Path(__file__).parent


class Shelf:
    """The models of one frisket home, and those inside the package.

    Args:
        home: the home's folder.

    Attributes:
        models: the folder with one folder for each model.
    """

    def __init__(self, home: Path) -> None:
        self.models = home / "models"

    def read_specs(self) -> dict[str, Spec]:
        """Return every known model by name: the manifests', then those that the user added."""
        return {**manifest.read_shipped(), **{spec.name: spec for spec in self._read_added()}}

    def _read_added(self) -> Iterator[Spec]:
        for file in sorted(self.models.glob(f"*/{RECORD}")):
            name = file.parent.name
            try:
                record = read_json(file)
                if record.get("added") and is_name(name):
                    yield read_added(name, record)
            except ModelFileError:
                continue  # damaged, or of another version with more families; the others go on

    def find(self, name: str) -> Spec:
        """Return a known model.

        Raises:
            UnknownModel: its text says which exist.
        """
        specs = self.read_specs()
        if name in specs:
            return specs[name]
        if KEY_COLOUR.fullmatch(name):
            return replace(
                specs[KEY_MODEL], name=name, title=f"A screen of the colour #{name[-6:]}"
            )
        infos = [self.describe(spec) for spec in specs.values() if spec.listed]
        present = [info.name for info in infos if info.present]
        raise UnknownModel(name, present, [i.name for i in infos if not i.present and i.pullable])

    def require(self, name: str) -> Spec:
        """Return a model that could run now.

        Raises:
            UnknownModel: there is none of that name.
            NotPresent: its weights are not here.
        """
        spec = self.find(name)
        if not self.holds(spec):
            raise NotPresent(
                f"The weights of {name} are not on this machine; "
                f"'frisket models pull {name}' fetches it."
            )
        return spec

    def describe(self, spec: Spec, default: bool = False) -> ModelInfo:
        """Return what users are told of a model."""
        here = self.holds(spec)
        size = sum(file.stat().st_size for file in self.find_files(spec).values()) if here else 0
        return spec.describe(size, here, default)

    def holds(self, spec: Spec) -> bool:
        """Say whether every file of a model is here; one without weights always is."""
        return all(file.is_file() for file in self.find_files(spec).values())

    def find_folder(self, name: str) -> Path:
        """Return where a model's files lie, or would."""
        return _PACKAGE / _EMBEDDED if name == _EMBEDDED else self.models / name

    def find_files(self, spec: Spec) -> Mapping[str, Path]:
        """Return where the file of every part lies, or would."""
        folder = self.find_folder(spec.name)
        return {source.part: folder / source.file for source in spec.sources}

    def list_files(self, spec: Spec) -> list[Path]:
        """Return a present model's own files: its parts and its record, and nothing else there."""
        record = self.find_folder(spec.name) / RECORD
        return sorted({*self.find_files(spec).values(), *([record] if record.is_file() else [])})

    def read_record(self, name: str) -> dict[str, Any]:
        """Return what was recorded of a model; empty when nothing was."""
        return read_json(self.find_folder(name) / RECORD)

    def write_record(self, name: str, record: dict[str, Any]) -> None:
        """Record hashes, licence and parts beside a model's files.

        Raises:
            ModelFileError: it cannot be written.
        """
        write_json(self.find_folder(name) / RECORD, record)

    def require_room(self, name: str) -> None:
        """Check that no weights would be replaced.

        Raises:
            ModelFileError: there are some under that name.
        """
        folder = self.find_folder(name)
        if folder.is_dir() and any(
            file.name != RECORD and file.suffix != ".part" for file in folder.iterdir()
        ):
            raise ModelFileError(f"{name} is here already; say --force to replace it.")

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[Path]:
        """Yield an empty folder that becomes a model's own, in place of an older one, at the end.

        Whatever is raised meanwhile leaves everything as it was.

        Raises:
            OSError: it cannot be made or put into its place.
        """
        fresh, old = self.models / f".{name}.part", self.models / f".{name}.old"
        shutil.rmtree(fresh, ignore_errors=True)
        made = [each for each in (self.models, self.models.parent) if not each.exists()]
        fresh.mkdir(parents=True)
        try:
            yield fresh
            _swap(fresh, self.models / name, old)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            for folder in made:
                with contextlib.suppress(OSError):
                    folder.rmdir()
            raise

    def require_consent(self, spec: Spec, accepted: bool) -> None:
        """Check that a licence that asks for it is accepted, now or earlier.

        Raises:
            ConsentRequired: it is not.
        """
        if accepted or (spec.commercial and not spec.consent):
            return
        if self.read_record(spec.name).get("accepted"):
            return
        if spec.licence == manifest.UNKNOWN_LICENCE:
            said = f"The published weights of the family {spec.family} forbid commercial use"
        else:
            limit = "" if spec.commercial else ", which forbids commercial use"
            said = f"{spec.name} is licensed {spec.licence}{limit}"
        raise ConsentRequired(f"{said}; say --accept-licence to accept it.")


def _swap(fresh: Path, place: Path, old: Path) -> None:
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.replace(old)
    try:
        fresh.replace(place)
    except OSError:
        if old.exists():
            old.replace(place)
        raise
    shutil.rmtree(old, ignore_errors=True)


def is_name(name: str) -> bool:
    """Say whether a text can be a model's name, and the name of its folder."""
    return (
        0 < len(name) <= MAX_NAME
        and all(each.isalnum() or each in "-_." for each in name)
        and not name.startswith(".")
    )


def is_built_in(name: str) -> bool:
    """Say whether a model is part of the package, files and all."""
    spec = manifest.read_shipped().get(name)
    return name == _EMBEDDED or (spec is not None and not spec.sources)


def read_added(name: str, record: Mapping[str, Any]) -> Spec:
    """Return the model that a record describes.

    Raises:
        ModelFileError: its family or its parts are not known, or a file is no plain name.
    """
    family = manifest.find_family(str(record.get("family", "")))
    hashes = _read_table(record, "sha256s")
    files = _read_table(record, "parts") or _guess_parts(family, hashes)
    licence = make_printable(str(record.get("licence", "")), MAX_LICENCE)
    return manifest.rename(family, name, files, hashes, licence)


def _guess_parts(family: Spec, files: Iterable[str]) -> dict[str, str]:
    """Return the parts of a record that names none, as frisket 0.1.0 wrote them.

    Its files bear the stems of the family's own.
    """
    by_stem = {PurePath(file).stem: file for file in files}
    stems = {source.part: PurePath(source.file).stem for source in family.sources}
    return {part: by_stem[stem] for part, stem in stems.items() if stem in by_stem}


def _read_table(record: Mapping[str, Any], key: str) -> dict[str, str]:
    table = record.get(key, {})
    return {str(k): str(v) for k, v in table.items()} if isinstance(table, dict) else {}
