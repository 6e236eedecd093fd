"""Weights that lie inside a package's wheel, fetched with pip so that any index serves them."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from frisket.extras import advise_install

from .core.errors import DownloadFailed
from .core.spec import Source
from .download import Progress, verify

# The weights are the same in every wheel of a release; this one always exists.
_PLATFORM = ["--platform", "manylinux_2_17_x86_64", "--platform", "manylinux_2_28_x86_64"]


def fetch_member(
    source: Source, target: Path, progress: Progress | None = None, index_url: str = ""
) -> str:
    """Fetch ``wheel:PROJECT==VERSION:MEMBER`` to ``target``; return its sha256.

    Args:
        source: the member and its hash.
        target: the file to write.
        progress: is told how far it is.
        index_url: the package index to ask; "" leaves it to pip's own configuration.

    Raises:
        DownloadFailed: pip could not fetch the wheel, or it has no such member.
        WrongHash: the member is not the pinned file.
    """
    _, requirement, member = source.url.split(":", 2)
    with tempfile.TemporaryDirectory(prefix="frisket-") as folder:
        wheel = _download(requirement, Path(folder), index_url)
        part = target.with_name(target.name + ".part")
        try:
            _extract(wheel, member, part)
            found = verify(part, source)
            part.replace(target)
        except OSError as error:
            raise DownloadFailed(f"{source.file} was not stored: {error.strerror}.") from error
        except zipfile.BadZipFile as error:
            raise DownloadFailed(f"{wheel.name} is damaged.") from error
        finally:
            part.unlink(missing_ok=True)
    size = target.stat().st_size
    if progress:
        progress(size, size)
    return found


def _download(requirement: str, folder: Path, index_url: str) -> Path:
    if importlib.util.find_spec("pip") is None:
        raise DownloadFailed(
            f"{requirement} is fetched with pip, which is not installed beside frisket; "
            f"{advise_install('server')}."
        )
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    version = ["--python-version", "3.11", *_PLATFORM, "--dest", str(folder), requirement]
    version += ["--index-url", index_url] if index_url else []
    run = subprocess.run([*pip, *version], capture_output=True, text=True, check=False)
    wheels = sorted(folder.glob("*.whl"))
    if run.returncode or not wheels:
        lines = [line for line in run.stderr.splitlines() if line.startswith("ERROR")]
        why = lines[-1] if lines else "pip gave no reason"
        raise DownloadFailed(f"pip could not fetch {requirement}: {why}")
    return wheels[0]


def _extract(wheel: Path, member: str, target: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        try:
            source = archive.open(member)
        except KeyError as error:
            raise DownloadFailed(f"{wheel.name} has no member {member}.") from error
        with source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink)
