"""A model in one file, for machines without a network."""

from __future__ import annotations

import json
import shutil
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from . import manifest
from .adding import check_name
from .core.errors import ModelFileError, WrongHash
from .download import digest, verify
from .files import read_json
from .shelf import RECORD, read_added

_INDEX = "frisket-model.json"
_INDEX_LIMIT = 1 << 20
_LIMIT = 4 << 30
# What zipfile raises for a damaged, an encrypted and an oddly packed archive.
_GARBLED = (zipfile.BadZipFile, EOFError, KeyError, NotImplementedError, RuntimeError, zlib.error)


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


def read(file: Path, models: Path) -> str:
    """Unpack an archive under ``models``; return the model's name.

    Raises:
        ModelFileError: it is not an archive of this project, or its model is of no known family.
        WrongHash: a member differs from what was recorded, or from what is pinned.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            name, hashes = _read_index(archive, file)
            check_name(name)
            target = models / f".{name}.part"
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir(parents=True)
            try:
                _unpack(archive, hashes, target)
                _check_model(name, target)
                _swap(target, models / name)
            finally:
                shutil.rmtree(target, ignore_errors=True)
    except _GARBLED as error:
        raise ModelFileError(f"{file} is damaged or not a model archive.") from error
    except OSError as error:
        raise ModelFileError(f"{file} cannot be read or stored: {error.strerror}.") from error
    return name


def _read_index(archive: zipfile.ZipFile, file: Path) -> tuple[str, dict[str, str]]:
    strange = ModelFileError(f"{file} was not written by 'frisket models export'.")
    sizes = {member.filename: member.file_size for member in archive.infolist()}
    if sizes.get(_INDEX, 0) > _INDEX_LIMIT or sum(sizes.values()) > _LIMIT:
        raise strange
    try:
        data = json.loads(archive.read(_INDEX))
        name, hashes = str(data["name"]), dict(data["sha256"])
    except (KeyError, RecursionError, TypeError, ValueError) as error:
        raise strange from error
    if not all(manifest.is_plain(member) for member in hashes):
        raise strange
    return name, hashes


def _unpack(archive: zipfile.ZipFile, hashes: Mapping[str, str], target: Path) -> None:
    for member, recorded in hashes.items():
        with archive.open(member) as source, (target / member).open("wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
        if digest(target / member) != recorded:
            raise WrongHash(f"{member} in the archive is damaged; nothing of it was kept.")


def _check_model(name: str, folder: Path) -> None:
    """Check that what was unpacked is a known model, or one added under a known family."""
    known = manifest.read_shipped().get(name)
    spec = known or read_added(name, read_json(folder / RECORD))
    for source in spec.sources:
        if not (folder / source.file).is_file():
            raise ModelFileError(f"The archive lacks {source.file}, the {source.part} of {name}.")
        if known:
            verify(folder / source.file, source)


def _swap(fresh: Path, place: Path) -> None:
    if place.exists():
        shutil.rmtree(place)
    fresh.replace(place)
