"""A model in one file, for machines without a network."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

from .download import digest
from .errors import ModelFileError, WrongHash
from .manifest import Spec

_INDEX = "frisket-model.json"
_LIMIT = 4 << 30


def write(folder: Path, name: str, file: Path) -> None:
    """Store every file of ``folder`` with its sha256; renamed into place when whole.

    Raises:
        ModelFileError: the archive cannot be written.
    """
    members = sorted(p for p in folder.iterdir() if p.is_file() and p.suffix != ".part")
    index = {"name": name, "sha256": {p.name: digest(p) for p in members}}
    part = file.with_name(file.name + ".part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(_INDEX, json.dumps(index, indent=2))
            for member in members:
                archive.write(member, member.name)
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ModelFileError(f"{file} cannot be written: {error.strerror}.") from error


def _index(archive: zipfile.ZipFile, file: Path) -> tuple[str, dict[str, str]]:
    try:
        data = json.loads(archive.read(_INDEX))
        name, hashes = str(data["name"]), dict(data["sha256"])
    except (KeyError, ValueError, TypeError) as error:
        raise ModelFileError(f"{file} was not written by 'frisket models export'.") from error
    plain = all(Path(n).name == n and not n.startswith(".") for n in (name, *hashes))
    if not plain or sum(i.file_size for i in archive.infolist()) > _LIMIT:
        raise ModelFileError(f"{file} was not written by 'frisket models export'.")
    return name, hashes


def read(file: Path, models: Path, shipped: Mapping[str, Spec]) -> str:
    """Unpack an archive under ``models``; returns the model's name.

    Raises:
        ModelFileError: it is not an archive of this project.
        WrongHash: a member differs from what was recorded, or from what is pinned.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            name, hashes = _index(archive, file)
            target = models / f".{name}.part"
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir(parents=True)
            try:
                _unpack(archive, hashes, target, _pins(shipped.get(name)))
                _swap(target, models / name)
            finally:
                shutil.rmtree(target, ignore_errors=True)
    except (zipfile.BadZipFile, KeyError) as error:
        raise ModelFileError(f"{file} is damaged or not a model archive.") from error
    except OSError as error:
        raise ModelFileError(f"{file} cannot be read or stored: {error.strerror}.") from error
    return name


def _pins(spec: Spec | None) -> dict[str, str]:
    return {s.file: s.sha256 for s in spec.sources if s.sha256} if spec else {}


def _unpack(
    archive: zipfile.ZipFile, hashes: dict[str, str], target: Path, pins: dict[str, str]
) -> None:
    for member, recorded in hashes.items():
        with archive.open(member) as source, (target / member).open("wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
        found = digest(target / member)
        if found != recorded or found != pins.get(member, found):
            raise WrongHash(f"{member} in the archive is damaged; nothing of it was kept.")


def _swap(fresh: Path, place: Path) -> None:
    if place.exists():
        shutil.rmtree(place)
    fresh.replace(place)
