"""Masks for the layers that a TIFF carries.

The block of layers is written anew at the end of the file and one new directory points to it; the
old file stays, byte for byte.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..core.model import AlphaSource, Layer
from ..io.output import atomic_output
from ..io.splicing import Splice
from ..psd.splice_mask import add_mask, info_of
from ..psd.splice_records import LayerEdits, shift_lengths
from .directory import read_layout
from .layered import TAG
from .splice_directories import Entries, layout_for, publish

if TYPE_CHECKING:
    from .document import TiffDocument


def splice_mask(
    document: TiffDocument,
    out: str | os.PathLike[str],
    masks: Mapping[Layer, AlphaSource],
    existing: str = "refuse",
) -> None:
    """Write a copy of a layered TIFF in which layers of its block carry masks."""
    host = document.layered
    assert host is not None
    layout = read_layout(host.source)
    edits = LayerEdits(info_of(host))
    nodes = sorted((host.node(layer) for layer in masks), key=lambda node: node.index)
    for node in nodes:
        add_mask(host, edits, node.layer, node.record, masks[node.layer], existing)
    splice = Splice(host.source, edits.finished(host.structure))
    raw = sum(alpha.width * alpha.height * host.structure.depth // 8 for alpha in masks.values())
    room = host.source.size + host.length + raw * 33 // 32 + (1 << 20)
    with atomic_output(out, room) as file:
        file.copy(host.path, host.source.descriptor, 0, host.source.size)
        at = file.align(8)
        edits.base = at - host.start
        splice.write(file, host.start, host.start + host.length)
        length = file.tell() - at
        shift_lengths(file, splice, host.structure, edits)
        new = layout_for(file, layout, 1 << 20)

        def exchange(entries: Entries) -> Entries:
            head = struct.pack(new.entry, TAG, 7, length)
            return {**entries, TAG: head + struct.pack(new.word, at)}

        publish(file, host.source, layout, new, (document.pages[0].offset, exchange))
