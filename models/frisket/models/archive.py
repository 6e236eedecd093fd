"""A model in one file, for machines without a network. What comes in is a stranger's data."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import adding, manifest
from .core.errors import ModelFileError, WrongHash
from .core.spec import Spec
from .download import digest
from .files import MAX_JSON_BYTES, read_json
from .shelf import RECORD, Shelf, read_added

_INDEX = "frisket-model.json"
_MAX_MEMBERS = 64
# What zipfile raises for a damaged, an encrypted and an oddly packed archive.
_GARBLED = (zipfile.BadZipFile, EOFError, KeyError, NotImplementedError, RuntimeError, zlib.error)


def write(name: str, members: Sequence[Path], file: Path) -> None:
    """Store a model's files with their sha256; renamed into place when whole.

    Raises:
        ModelFileError: the archive cannot be written.
    """
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


def read(file: Path, shelf: Shelf, accept_licence: bool, replace: bool) -> str:
    """Unpack an archive and add what it holds as ``adding.add`` does; return the model's name.

    The archive names the model, its family and its licence. Consent is the user's alone.

    Raises:
        ModelFileError: it is not an archive of this project, or its model cannot be added.
        WrongHash: a member differs from what was recorded, or from what is pinned.
        ConsentRequired: the licence must be accepted first.
    """
    try:
        with zipfile.ZipFile(file) as archive, tempfile.TemporaryDirectory() as folder:
            name, hashes = _read_index(archive, file)
            adding.check_name(name)
            _unpack(archive, hashes, Path(folder))
            spec, record = _find_model(name, Path(folder))
            _check_members(spec, hashes)
            files = {source.part: Path(folder, source.file) for source in spec.sources}
            licence = spec.licence if record else ""
            terms = adding.Terms(accept_licence, licence, replace)
            adding.add(shelf, name, str(record.get("family", "")), files, terms)
    except _GARBLED as error:
        raise ModelFileError(f"{file} is damaged or not a model archive.") from error
    except OSError as error:
        raise ModelFileError(f"{file} cannot be read or stored: {error.strerror}.") from error
    return name


def _read_index(archive: zipfile.ZipFile, file: Path) -> tuple[str, dict[str, str]]:
    strange = ModelFileError(f"{file} was not written by 'frisket models export'.")
    sizes = {member.filename: member.file_size for member in archive.infolist()}
    small = all(sizes.get(name, 0) <= MAX_JSON_BYTES for name in (_INDEX, RECORD))
    if not small or len(sizes) > _MAX_MEMBERS or sum(sizes.values()) > adding.MAX_FILE_BYTES:
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


def _find_model(name: str, folder: Path) -> tuple[Spec, dict[str, Any]]:
    """Return the known model of that name, or the one that the record tells of."""
    if known := manifest.read_shipped().get(name):
        return known, {}
    record = read_json(folder / RECORD)
    return read_added(name, record), record


def _check_members(spec: Spec, hashes: Mapping[str, str]) -> None:
    """Check that an archive holds a model's own files and nothing else."""
    wanted = {source.file: source.part for source in spec.sources}
    for file, part in wanted.items():
        if file not in hashes:
            raise ModelFileError(f"The archive lacks {file}, the {part} of {spec.name}.")
    for member in hashes:
        if member not in wanted and member != RECORD:
            raise ModelFileError(f"The archive holds {member}, which is no part of {spec.name}.")
