"""Writes the review page as one file that needs no server, no network and no other file."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from frisket.documents.io.output import Output, atomic_output
from frisket.jobs.batch.journal import Journal
from frisket.jobs.batch.states import Row
from frisket.review.assets import SCRIPTS, STYLE, read_asset, split_page
from frisket.review.views import describe_row, describe_run

MAX_PICTURES_BYTES = 140 << 20
"""What the pictures of a file may take together, as they are stored in it."""
_SMALL, _LARGE = 256, 1024
_NAMES = ("original", "matte")


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        results: how many.
        bytes: of the file.
        smaller: results with a small picture where a large one would have had no room.
        bare: results without a picture that would have had no room.
    """

    results: int
    bytes: int
    smaller: int
    bare: int


def export_page(
    journal: Journal, root: Path, path: Path, room: int = MAX_PICTURES_BYTES
) -> Exported:
    """Write the page of a run; what asks for an eye has larger pictures.

    Where there is no room for all of them, the most doubtful results come first.

    Args:
        journal: of the run.
        root: the folder of its results.
        path: the file to write; one that is there is replaced.
        room: the bytes that pictures may take together.

    Raises:
        OutputError: it cannot be written; nothing half-written is left.
    """
    rows, counts = list(journal.rows()), journal.counts()
    with atomic_output(path) as output:
        before, body, after = split_page()
        style, script = read_asset(STYLE), "".join(map(read_asset, SCRIPTS))
        output.write(f"{before}{_head(style, script)}{body}".encode())
        pictures = _Pictures(journal, output, room)
        pictures.write_all(rows)
        told = {
            "run": describe_run(counts, root, ()),
            "rows": [describe_row(row, pictures.sizes.get(row.id, 0), root) for row in rows],
        }
        # "<" would end the element in which the text stands.
        text = json.dumps(told, allow_nan=False).replace("<", "\\u003c")
        data = f'<script type="application/json" id="frisket-data">{text}</script>\n'
        output.write(f"{data}<script>{script}</script>{after}".encode())
        return Exported(len(rows), output.tell(), pictures.smaller, pictures.bare)


def _head(style: str, script: str) -> str:
    policy = (
        f"default-src 'none'; img-src data:; style-src {_name_hash(style)}; "
        f"script-src {_name_hash(script)}"
    )
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return f"{meta}\n<style>{style}</style>"


def _name_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


class _Pictures:
    """Writes pictures for as long as there is room.

    Attributes:
        sizes: the longer side of the largest picture of each row that has some.
        smaller, bare: see `Exported`.
    """

    def __init__(self, journal: Journal, output: Output, room: int) -> None:
        self._journal, self._output, self._room = journal, output, room
        self._kept = journal.thumbnail_sizes()
        self.sizes: dict[int, int] = {}
        self.smaller = self.bare = 0

    def write_all(self, rows: Sequence[Row]) -> None:
        """Write a small picture of every row, then large ones of those that ask for an eye."""
        order = sorted(rows, key=lambda row: (not row.verdict.needs_review, row.verdict.score))
        kept = [row for row in order if row.id in self._kept]
        self.bare = sum(not self._write(row, _SMALL) for row in kept)
        large = [row for row in kept if row.verdict.needs_review and self._kept[row.id] >= _LARGE]
        self.smaller = sum(not self._write(row, _LARGE) for row in large)

    def _write(self, row: Row, pixels: int) -> bool:
        """Write original and matte of one size, or nothing where there is no room for both."""
        parts = []
        for name in _NAMES:
            data = self._journal.thumbnail(row.id, pixels, name)
            if data is None:
                return True  # a run that goes on may have dropped it
            text = base64.b64encode(data).decode()
            number = f"p{row.id}-{pixels}-{name}"
            parts.append(f'<script type="text/plain" id="{number}">{text}</script>\n')
        size = sum(map(len, parts))
        if size > self._room:
            return False
        self._room -= size
        self._output.write("".join(parts).encode())
        self.sizes[row.id] = pixels
        return True
