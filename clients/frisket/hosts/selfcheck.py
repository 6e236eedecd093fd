"""Why does it not work? Checks a plug-in and writes down what a report needs."""

from __future__ import annotations

import os
import platform
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from frisket.about import VERSION
from frisket.client import discovery
from frisket.client.errors import ClientError
from frisket.client.h2_transport import H2Transport
from frisket.hosts import link
from frisket.hosts.settings import Settings, read_json
from frisket.protocol.home import run_folder

_LOG_BYTES = 256 << 10
_TAIL_LINES = 60


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is well, and what to do if not."""

    good: bool
    text: str


def remember(host: str, error: BaseException) -> None:
    """Append an error with its traceback to the plug-in's log, which stays small."""
    path = log_file(host)
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > _LOG_BYTES:
            path.replace(path.with_suffix(".old"))
        with path.open("a", encoding="utf-8") as log:
            log.write(f"{stamp} {''.join(lines)}\n")
    except OSError:
        # A log that cannot be written must not hide the error itself.
        return


def log_file(host: str) -> Path:
    """Return where a plug-in writes its errors."""
    return run_folder() / f"{host.lower()}.log"


def check_folder(folder: Path, entry: str) -> Iterator[Finding]:
    """Check an installed plug-in's files.

    Args:
        folder: the plug-in's own folder.
        entry: the file that the host loads, relative to the folder.
    """
    main = folder / entry
    yield Finding(main.is_file(), f"the plug-in's file is {main}")
    if entry != "__init__.py" and main.is_file() and sys.platform != "win32":
        yield Finding(os.access(main, os.X_OK), f"{main.name} may be run (chmod +x)")
    foreign = [path for path in folder.rglob("*.py") if not path.read_bytes().isascii()]
    own = [path for path in foreign if "_vendor" not in path.parts]
    yield Finding(not own, f"its source is plain ASCII {[str(path) for path in own] or ''}".strip())
    compiled = [path for path in folder.rglob("*") if path.suffix in (".so", ".pyd", ".dylib")]
    yield Finding(not compiled, "it holds nothing compiled")
    vendor = [folder / "_vendor" / name for name in ("h2", "hpack", "hyperframe", "google")]
    missing = [path.name for path in vendor if not path.is_dir()]
    yield Finding(not missing, f"what it carries is complete {missing or ''}".strip())


def check_python() -> Finding:
    """Check the Python that runs the plug-in."""
    return Finding(sys.version_info >= (3, 10), f"Python is {platform.python_version()} (3.10+)")


def check_server(settings: Settings) -> Iterator[Finding]:
    """Check that a server answers; start none."""
    where = settings.target if settings.remote else str(run_folder())
    if not settings.remote and discovery.find(H2Transport) is None:
        command = " ".join(settings.command) or "nothing"
        good = bool(settings.command) and Path(settings.command[0]).exists()
        yield Finding(good, f"no local server runs ({where}); it would be started by: {command}")
        return
    try:
        info = link.ask(link.make_connector(settings))
    except ClientError as error:
        yield Finding(False, f"the server ({where}) does not answer: {link.explain(error)}")
        return
    yield Finding(True, f"server {info.version} answers at {where}, on {info.device}")
    yield Finding(bool(info.models), f"models: {', '.join(m.name for m in info.models) or 'none'}")


def report(host: str, host_version: str, folder: Path, entry: str, settings: Settings) -> str:
    """Return everything a report of a fault needs; no token, no pixels."""
    findings = [*check_folder(folder, entry), check_python(), *check_server(settings)]
    lines = [f"Frisket {VERSION} for {host} {host_version}"]
    lines += [f"{platform.platform()}, {sys.version}", ""]
    lines += [f"{'ok  ' if finding.good else 'FAIL'} {finding.text}" for finding in findings]
    lines += ["", f"installed: {read_json(folder / 'install.json')}"]
    lines += [f"server settings: remote={settings.remote} tls={settings.tls}"]
    for path in (log_file(host), *discovery.log_files()[:1]):
        lines += ["", f"--- end of {path}", *_read_tail(path)]
    return "\n".join(lines) + "\n"


def _read_tail(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
    except OSError:
        return ["(none)"]
