"""Image resources of a PSD: exchanged or added, all else as it is."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.carrier import is_path
from ..core.errors import UnreadableDocument
from ..core.resources import ImageResource, pad_even
from ..io.output import Output, check_place
from ..io.splicing import Edit, Splice
from .convert import check_named, convert_as_named
from .splice_records import check_limit, check_size
from .structure import Resource, Structure

if TYPE_CHECKING:
    from .document import PsdDocument

_LONGEST = 1 << 26


class PsdResources:
    """The image resources of a PSD or PSB."""

    suffixes = (".psd", ".psb")
    turn = None

    def __init__(self, document: PsdDocument) -> None:
        self._document = document
        self.width, self.height = document.width, document.height

    def read(self) -> list[ImageResource]:
        """Return the resources of paths."""
        source, found = self._document.source, self._document.structure
        wanted = [one for one in found.resources if is_path(one.id)]
        if any(one.length > _LONGEST for one in wanted):
            raise UnreadableDocument(self._document.path, "a path's length cannot be true")
        return [ImageResource(one.id, one.name, source.read(one.data, one.length))
                for one in wanted]  # fmt: skip

    def check(self, output: Path, room: int) -> None:
        """Refuse a copy that has no room, or resources that do not fill their section."""
        document = self._document
        check_named(document, output)
        _check_whole(document)
        check_limit(document, output, document.source.size)
        check_place(output, document.source.size + room)

    def write(self, output: Path, changes: Sequence[ImageResource]) -> None:
        """Write a copy with the changes."""
        with convert_as_named(self._document, output) as named:
            found = named.structure
            edits = plan_changes(found, changes)
            splice = Splice(named.source, edits)
            room = sum(len(one.data) for one in changes)
            with named.open_copy(output, named.source.size + room) as file:
                splice.write(file)
                check_size(named, file)
                patch_resources(file, splice, found, edits)


def _check_whole(document: PsdDocument) -> None:
    found = document.structure
    start = found.resources_at + 4
    end = found.resources[-1].end if found.resources else start
    rest = start + found.resources_length - end
    if rest > 0 and document.source.read(end, min(rest, _LONGEST)).strip(b"\0"):
        raise UnreadableDocument(
            document.path, "its image resources are damaged", offset=end,
            advice="save it anew, or write the path as .svg, .eps or .pdf",
        )  # fmt: skip


def plan_changes(found: Structure, changes: Sequence[ImageResource]) -> list[Edit]:
    """Return edits that put resources in the place of those with the same number, or add them."""
    edits, fresh = [], b""
    for one in changes:
        old = found.find_resource(one.id)
        if old is None:
            fresh += one.pack()
        else:
            edits.append(Edit(old.start, _find_end(found, old), one.pack()))
    return edits + append_resources(found, fresh)


def exchange_content(found: Structure, old: Resource, data: bytes) -> Edit:
    """Return the edit that gives a resource another content."""
    return Edit(old.data - 4, _find_end(found, old), struct.pack(">I", len(data)) + pad_even(data))


def append_resources(found: Structure, packed: bytes) -> list[Edit]:
    """Return the edit that adds packed resources behind the others; none for nothing."""
    if not packed:
        return []
    end = _find_end(found, found.resources[-1]) if found.resources else found.resources_at + 4
    return [Edit(end, end, packed)]


def _find_end(found: Structure, resource: Resource) -> int:
    return min(resource.end, found.resources_at + 4 + found.resources_length)


def patch_resources(out: Output, splice: Splice, found: Structure, edits: Sequence[Edit]) -> None:
    """Write the new length of all resources, once their edits are written."""
    start = found.resources_at + 4
    end = start + found.resources_length
    grown = sum(edit.size - (edit.end - edit.start) for edit in edits if start <= edit.start <= end)
    length = struct.pack(">I", found.resources_length + grown)
    out.patch(splice.locate(found.resources_at), length)
