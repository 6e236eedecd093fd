"""The language that a plug-in speaks: gettext over catalogues as translators write them.

A plug-in calls `speak` before it imports anything that holds words, so that menus and tables
are in the user's language from the start; without it, or without a catalogue, all is English.
Standard library only.
"""

from __future__ import annotations

import ast
import gettext
import io
import locale
import os
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

CATALOGUES = Path(__file__).resolve().parent / "locale"
"""The catalogues of both plug-ins: a text that both show is translated once."""
_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
_MAGIC = 0x950412DE
_catalogue: gettext.NullTranslations = gettext.NullTranslations()


def _(text: str) -> str:
    """Return a text in the user's language."""
    return _catalogue.gettext(text) if text else ""


def speak(environ: Mapping[str, str] | None = None, folder: Path = CATALOGUES) -> str:
    """Use the first language the user prefers that `folder` has a catalogue for.

    Args:
        environ: says what the user prefers; this process's environment by default.
        folder: holds LANGUAGE.po files; one that cannot be read counts as missing.

    Returns:
        The language's name; empty for English.
    """
    global _catalogue
    _catalogue = gettext.NullTranslations()
    for name in _list_languages(os.environ if environ is None else environ):
        if name.split("_")[0] in ("en", "C", "POSIX"):
            break
        try:
            _catalogue = read_catalogue(folder / f"{name}.po")
        except (OSError, ValueError, SyntaxError):
            continue
        return name
    return ""


def drop_key(label: str) -> str:
    """Return a label without the mark that names its letter on the keyboard."""
    return label.replace("_", "")


def read_catalogue(path: Path) -> gettext.GNUTranslations:
    """Return the translations of a .po file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no such file.
        SyntaxError: a text in it is not quoted as it should be.
    """
    pairs = dict(read_entries(path.read_text(encoding="utf-8")))
    return gettext.GNUTranslations(io.BytesIO(_compile(pairs)))


def read_entries(text: str) -> Iterator[tuple[str, str]]:
    """Yield original and translation of every translated entry of a .po file.

    Raises:
        ValueError: a line is none of a comment, a keyword with a text, or a text.
        SyntaxError: a text is not quoted as it should be.
    """
    parts = {"msgid": "", "msgstr": ""}
    key = ""
    for line in (*text.splitlines(), 'msgid ""'):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        word, quoted = ("", line) if line.startswith('"') else line.split(" ", 1)
        if word == "msgid":
            if parts["msgstr"]:
                yield parts["msgid"], parts["msgstr"]
            parts = {"msgid": "", "msgstr": ""}
        key = word or key
        parts[key] = _require(parts, key) + str(ast.literal_eval(quoted))


def _require(parts: Mapping[str, str], key: str) -> str:
    if key not in parts:
        raise ValueError(f"'{key}' is not expected in a catalogue")
    return parts[key]


def _list_languages(environ: Mapping[str, str]) -> list[str]:
    """Return names of languages, the most wanted first, each also without its country."""
    for variable in _VARIABLES:
        if environ.get(variable):
            wanted = environ[variable].split(":")
            break
    else:
        wanted = [locale.getlocale()[0] or ""]
    names = [each.split(".")[0].split("@")[0].replace("-", "_") for each in wanted]
    plain = [name for name in names if name.replace("_", "").isalnum()]
    return [one for name in plain for one in (name, name.split("_")[0])]


def _compile(pairs: Mapping[str, str]) -> bytes:
    """Return the machine-readable form of a catalogue, as the gettext manual describes it."""
    entries = {"": "Content-Type: text/plain; charset=UTF-8\n", **pairs}
    keys = sorted(entries)
    texts = [key.encode() for key in keys] + [entries[key].encode() for key in keys]
    table, body = b"", b""
    start = 28 + 8 * len(texts)
    for text in texts:
        table += struct.pack("<2I", len(text), start + len(body))
        body += text + b"\0"
    head = struct.pack("<7I", _MAGIC, 0, len(keys), 28, 28 + 8 * len(keys), 0, start)
    return head + table + body
