"""Taking in weights of one's own or a stranger's: copied, checked, tried, then put in place."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from frisket.protocol.printable import make_printable

from . import manifest
from .core.errors import ModelError, ModelFileError
from .core.spec import Spec
from .download import verify
from .files import write_json
from .shelf import MAX_LICENCE, RECORD, Shelf, is_built_in, is_name
from .trial_run import try_apart

MAX_FILE_BYTES = 4 << 30
Files = Path | Sequence[Path] | Mapping[str, Path]
"""One file; several in the order of the family's parts; or each under its part's name."""


@dataclass(frozen=True)
class Terms:
    """On what terms weights are taken in.

    Attributes:
        accept_licence: for licences that forbid commercial use.
        licence: of the files; "" leaves it unknown. A known model's is known.
        replace: weights that are here under the same name.
    """

    accept_licence: bool = False
    licence: str = ""
    replace: bool = False


def add(shelf: Shelf, name: str, family: str, given: Files, terms: Terms) -> None:
    """Take weights in under ``name``; see ``Registry.add``."""
    check_name(name)
    kin = _find_kin(name, family)
    files = _sort_files(kin, given)
    spec = kin
    if kin.name != name:
        licence = make_printable(terms.licence, MAX_LICENCE)
        spec = manifest.rename(kin, name, _name_files(kin, files), licence=licence)
    shelf.require_consent(spec, terms.accept_licence)
    if not terms.replace:
        shelf.require_room(name)
    _check_sizes(files)
    try:
        with shelf.stage(name) as folder:
            copies = _copy(spec, files, folder)
            # What is checked is what is kept: the copies, alone in their folder. What was
            # pinned has been tried by those who pinned it.
            hashes = {s.file: verify(copies[s.part], s) for s in spec.sources}
            if not all(source.sha256 for source in spec.sources):
                _try(spec, files, copies)
            accepted = terms.accept_licence or bool(shelf.read_record(name).get("accepted"))
            write_json(folder / RECORD, _describe(spec, family, hashes, accepted))
    except OSError as error:
        raise ModelFileError(f"{name} could not be stored: {error.strerror}.") from error


def check_name(name: str) -> None:
    """Check that a model may be kept under a name.

    Raises:
        ModelFileError: it could not be a folder's name, or is that of a built-in model.
    """
    if not is_name(name):
        shown = repr(name[:100])
        raise ModelFileError(f"{shown} cannot be a model's name: use letters, digits, -_. only.")
    if is_built_in(name):
        raise ModelFileError(f"{name!r} is part of frisket; choose another name.")


def _find_kin(name: str, family: str) -> Spec:
    """Return the known model of that name, or the one that shows how the family is fed."""
    known = manifest.read_shipped().get(name)
    if not (known or family):
        raise ModelFileError(f"{name!r} is no known model: say --family, how it is fed.")
    if known and family not in ("", known.family, name):
        raise ModelFileError(f"{name!r} is a known model of the family {known.family!r}.")
    return known or manifest.find_family(family)


def _sort_files(kin: Spec, given: Files) -> dict[str, Path]:
    """Return the files by part."""
    parts = [source.part for source in kin.sources]
    if isinstance(given, Path):
        given = [given]
    if not isinstance(given, Mapping):
        if len(given) != len(parts):
            wanted = ", ".join(source.file for source in kin.sources)
            raise ModelFileError(
                f"The family {kin.family!r} has {len(parts)} file(s) ({wanted}), "
                f"{len(given)} given; say --file for each, in this order."
            )
        given = dict(zip(parts, given, strict=True))
    if sorted(given) != sorted(parts):
        raise ModelFileError(
            f"The family {kin.family!r} has the parts {', '.join(parts)}, "
            f"but files were given for {', '.join(given) or 'none'}."
        )
    return dict(given)


def _name_files(kin: Spec, files: Mapping[str, Path]) -> dict[str, str]:
    """Return the name that each part's file has in the new model's folder."""
    return {
        source.part: PurePath(source.file).stem + files[source.part].suffix
        for source in kin.sources
    }


def _check_sizes(files: Mapping[str, Path]) -> None:
    """Check that the files are there, and none too large, before anything is read."""
    for file in files.values():
        if not file.is_file():
            raise ModelFileError(f"There is no file {file}.")
        if file.stat().st_size > MAX_FILE_BYTES:
            limit = MAX_FILE_BYTES >> 30
            raise ModelFileError(f"{file} is larger than {limit} GiB, the most that is taken in.")


def _copy(spec: Spec, files: Mapping[str, Path], folder: Path) -> dict[str, Path]:
    """Copy every part's file under the name that it will have; return the copies by part."""
    copies = {source.part: folder / source.file for source in spec.sources}
    for part, copy in copies.items():
        shutil.copyfile(files[part], copy)
    return copies


def _try(spec: Spec, files: Mapping[str, Path], copies: Mapping[str, Path]) -> None:
    """Try the copies; what is wrong with one is said of the file that it was made from."""
    try:
        try_apart(spec, copies)
    except ModelError as error:
        said = str(error)
        for part, copy in copies.items():
            said = said.replace(str(copy), str(files[part])).replace(copy.name, files[part].name)
        raise type(error)(said) from error


def _describe(spec: Spec, family: str, hashes: Mapping[str, str], accepted: bool) -> dict[str, Any]:
    """Return what is recorded of a model."""
    record: dict[str, Any] = {"sha256s": hashes, "licence": spec.licence, "accepted": accepted}
    if spec.name not in manifest.read_shipped():
        parts = {source.part: source.file for source in spec.sources}
        record.update(added=True, family=family, parts=parts)
    return record
