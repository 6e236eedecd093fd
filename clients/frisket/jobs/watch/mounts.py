"""Tells whether the file system of a folder says when something in it changes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

# Others write to these without this machine's system being told.
_SHARES = frozenset(
    {
        *("9p", "acfs", "afpfs", "afs", "beegfs", "ceph", "cifs", "cvfs", "drvfs", "fuse", "gfs2"),
        *("glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs3", "nfs4", "ocfs2", "prl_fs"),
        *("smb2", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs", "webdav"),
    }
)
_MOUNTINFO = Path("/proc/self/mountinfo")
_ESCAPE = re.compile(r"\\([0-7]{3})")
_MOUNTED = re.compile(r"^.* on (/.*) \(([^,)]+).*$", re.MULTILINE)
_DRIVE_REMOTE = 4


def is_share(folder: Path) -> bool:
    """Return whether a folder lies on a network share, as far as the system tells."""
    place = os.path.realpath(folder)
    if sys.platform == "win32":
        return _is_share_of_windows(place)
    kind = find_kind(_list_mounts(), place)
    return kind in _SHARES or kind.startswith("fuse.")


def find_kind(mounts: list[tuple[str, str]], place: str) -> str:
    """Return the file system of a place; empty where it is unknown.

    Args:
        mounts: where each file system is mounted, and its kind; later ones hide earlier ones.
        place: an absolute path without links.
    """
    found, kind = "", ""
    for point, name in mounts:
        inside = place == point or place.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(found):
            found, kind = point, name
    return kind


def read_mountinfo(text: str) -> list[tuple[str, str]]:
    """Return what Linux's `mountinfo` says: places and kinds."""
    mounts = []
    for line in text.splitlines():
        left, _, right = line.partition(" - ")
        if len(left.split()) > 4 and right:
            point = _ESCAPE.sub(lambda match: chr(int(match[1], 8)), left.split()[4])
            mounts.append((point, right.split()[0]))
    return mounts


def read_mount_lines(text: str) -> list[tuple[str, str]]:
    """Return what `mount` prints on macOS and the BSDs: places and kinds."""
    return [(match[1], match[2]) for match in _MOUNTED.finditer(text)]


def _list_mounts() -> list[tuple[str, str]]:
    try:
        if _MOUNTINFO.exists():
            return read_mountinfo(_MOUNTINFO.read_text("utf-8", "surrogateescape"))
        told = subprocess.run(["mount"], capture_output=True, text=True, timeout=10, check=False)
        return read_mount_lines(told.stdout)
    except (OSError, subprocess.SubprocessError):
        return []


def _is_share_of_windows(place: str) -> bool:
    if sys.platform != "win32":
        return False
    import ctypes

    drive = os.path.splitdrive(place)[0]
    if drive.startswith("\\\\"):
        return True
    return ctypes.windll.kernel32.GetDriveTypeW(f"{drive}\\") == _DRIVE_REMOTE
