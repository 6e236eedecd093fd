"""The page's own files, and putting them together: by links, or all in one."""

from __future__ import annotations

from importlib.resources import files

SCRIPTS = ("source.js", "list.js", "stage.js", "redo.js", "keys.js", "page.js")
"""The page's scripts, in the order in which they are loaded."""
STYLE = "page.css"
_PAGE, _HEAD, _TAIL = "index.html", "<!--head-->", "<!--tail-->"


def read_asset(name: str) -> str:
    """Return one of the page's own files."""
    return files("frisket.review").joinpath("page").joinpath(name).read_text(encoding="utf-8")


def split_page() -> tuple[str, str, str]:
    """Return the page's HTML around what its head and the end of its body are completed by."""
    before, _, rest = read_asset(_PAGE).partition(_HEAD)
    body, _, after = rest.partition(_TAIL)
    return before, body, after


def compose_page() -> str:
    """Return the page that a server shows: its style and scripts are files of their own."""
    before, body, after = split_page()
    scripts = "\n".join(f'<script src="{name}"></script>' for name in SCRIPTS)
    return f'{before}<link rel="stylesheet" href="{STYLE}">{body}{scripts}{after}'
