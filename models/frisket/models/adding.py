"""Taking in the user's own weights: checked, run once, copied, recorded."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from . import manifest
from .core.errors import ModelFileError
from .core.spec import Spec
from .download import digest, verify
from .files import copy_all
from .loading import check_run
from .shelf import Shelf, is_built_in

Files = Path | Sequence[Path] | Mapping[str, Path]
"""One file; several in the order of the family's parts; or each under its part's name."""


def add(
    shelf: Shelf, name: str, family: str, given: Files, accept_licence: bool, licence: str = ""
) -> None:
    """Copy weights in under ``name``, after a check run; see ``Registry.add``."""
    check_name(name)
    kin = _find_kin(name, family)
    files = _sort_files(kin, given)
    spec = kin
    if kin.name != name:
        spec = manifest.rename(kin, name, _name_files(kin, files), licence=licence)
    shelf.require_consent(spec, accept_licence)
    for source in spec.sources:
        if not files[source.part].is_file():
            raise ModelFileError(f"There is no file {files[source.part]}.")
        verify(files[source.part], source)
    check_run(spec, files)
    _store(shelf, spec, files, family, accept_licence)


def check_name(name: str) -> None:
    """Check that a model may be kept under a name.

    Raises:
        ModelFileError: it could not be a folder's name, or is that of a built-in model.
    """
    if not name or not all(c.isalnum() or c in "-_." for c in name) or name.startswith("."):
        raise ModelFileError(f"{name!r} cannot be a model's name: use letters, digits, -_. only.")
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


def _store(
    shelf: Shelf, spec: Spec, files: Mapping[str, Path], family: str, accepted: bool
) -> None:
    folder, targets = shelf.find_folder(spec.name), shelf.find_files(spec)
    fresh = not folder.exists()
    try:
        copy_all([files[part] for part in targets], list(targets.values()))
    except OSError as error:
        if fresh:
            shutil.rmtree(folder, ignore_errors=True)
        raise ModelFileError(f"{spec.name} could not be stored: {error.strerror}.") from error
    hashes = {target.name: digest(target) for target in targets.values()}
    record: dict[str, Any] = {"sha256s": hashes, "licence": spec.licence, "accepted": accepted}
    if spec.name not in manifest.read_shipped():
        parts = {part: target.name for part, target in targets.items()}
        record.update(added=True, family=family, parts=parts)
    shelf.write_record(spec.name, record)
