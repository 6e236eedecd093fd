"""Links between pages: those of the repository's files, turned into those of the site."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


def rewrite(markdown: str, own: str, page: str, pages: Mapping[str, str]) -> str:
    """Return a page whose links lead to pages of the site.

    Args:
        markdown: the page.
        own: its file's path in the repository.
        page: its path in the site.
        pages: paths in the site by paths in the repository.
    """

    def turn(found: re.Match[str]) -> str:
        image, text, target = found.groups()
        path, hash_mark, anchor = target.partition("#")
        if not path or ":" in path:
            return found[0]
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(own), path))
        if wanted in pages:
            near = posixpath.relpath(pages[wanted], posixpath.dirname(page) or ".")
            return f"{image}[{text}]({near}{hash_mark}{anchor})"
        if wanted.startswith("docs/"):
            return found[0]
        # A file of the repository that the site does not show.
        return text if text.strip("`") == wanted else f"{text} (`{wanted}`)"

    return _LINK.sub(turn, markdown)
