"""What MkDocs does beside its pages: generated references, and files from outside `docs/`.

The Python reference reads the sources without importing them, in a copy in which frisket's
rooms lie side by side, as in a wheel.
"""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from pathlib import Path

import command_reference
import protocol_reference
from links import rewrite
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
ROOTS = ("clients", "models", "proto", "server")
# Files of the repository that are pages of the site too.
_OUTSIDE = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "models/training/README.md")
_GLOSSARY = re.compile(r"^## Glossary\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


@event_priority(100)  # before mkdocstrings reads its options
def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Show the reader of docstrings all rooms in one folder."""
    folder = tempfile.mkdtemp(prefix="frisket-docs-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for root in ROOTS:
        shutil.copytree(ROOT / root / "frisket", Path(folder, "frisket"), dirs_exist_ok=True)
    reader = config.plugins["mkdocstrings"]
    reader.config.handlers["python"]["paths"] = [folder]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are written or found at build time."""
    made = {
        "reference/cli.md": command_reference.render(),
        "reference/protocol.md": protocol_reference.render(),
        "glossary.md": _read_glossary(),
    }
    for outside, page in find_outside().items():
        made[page] = (ROOT / outside).read_text(encoding="utf-8")
    for page, text in made.items():
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links between files of the repository into links between pages."""
    outside = find_outside()
    uri = page.file.src_uri
    own = {page: path for path, page in outside.items()}.get(uri, f"docs/{uri}")
    pages = dict(outside)
    if own in outside:  # its links into docs/ lie elsewhere now
        pages |= {f"docs/{file.src_uri}": file.src_uri for file in files}
    return rewrite(markdown, own, uri, pages)


def find_outside() -> dict[str, str]:
    """Return paths in the site by paths in the repository, of files outside `docs/`."""
    results = (path.relative_to(ROOT) for path in ROOT.glob("benchmarks/results/*.md"))
    paths = [*_OUTSIDE, *sorted(path.as_posix() for path in results)]
    return {path: f"project/{path.lower()}" for path in paths if (ROOT / path).is_file()}


def _read_glossary() -> str:
    found = _GLOSSARY.search((ROOT / "docs/ARCHITECTURE.md").read_text(encoding="utf-8"))
    assert found, "docs/ARCHITECTURE.md has the glossary"
    return f"# Glossary\n{found[1]}"
