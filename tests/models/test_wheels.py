"""Weights inside a wheel, through a real pip and a folder that stands in for an index."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from frisket.models import DownloadFailed, Registry, Source, WrongHash, manifest

WEIGHTS = b"weights" * 1000
MEMBER = "friskettest/weights.bin"
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()


@pytest.fixture(autouse=True)
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one wheel, and a pip that knows no other place."""
    folder = tmp_path / "index"
    folder.mkdir()
    about = "Metadata-Version: 2.1\nName: friskettest\nVersion: 1.0\n"
    with zipfile.ZipFile(folder / "friskettest-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(MEMBER, WEIGHTS)
        wheel.writestr("friskettest-1.0.dist-info/METADATA", about)
        wheel.writestr("friskettest-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("friskettest-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def pull_member(
    registry: Registry,
    models: Path,
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    sha256: str = SHA256,
) -> Path:
    pin_member(monkeypatch, url, sha256)
    registry.pull("selfie")
    return models / "selfie" / "weights.bin"


def pin_member(monkeypatch: pytest.MonkeyPatch, url: str, sha256: str = SHA256) -> None:
    shipped = dict(manifest.read_shipped())
    shipped["selfie"] = replace(
        shipped["selfie"], sources=(Source("weights.bin", f"wheel:{url}", sha256, part="graph"),)
    )
    monkeypatch.setattr(manifest, "read_shipped", lambda: shipped)


def test_a_member_is_fetched_and_verified(
    registry: Registry, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    got = pull_member(registry, models, monkeypatch, f"friskettest==1.0:{MEMBER}")
    assert got.read_bytes() == WEIGHTS
    assert registry.info("selfie").present


@pytest.mark.parametrize(
    ("url", "text"),
    [
        (f"friskettest==2.0:{MEMBER}", r"pip could not fetch friskettest==2\.0"),
        ("friskettest==1.0:friskettest/none.bin", r"has no member friskettest/none\.bin"),
    ],
)
def test_what_is_missing_is_named(
    registry: Registry, models: Path, monkeypatch: pytest.MonkeyPatch, url: str, text: str
) -> None:
    with pytest.raises(DownloadFailed, match=text):
        pull_member(registry, models, monkeypatch, url)
    assert not registry.info("selfie").present


def test_another_file_is_not_kept(
    registry: Registry, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(WrongHash, match="nothing of it was kept"):
        pull_member(registry, models, monkeypatch, f"friskettest==1.0:{MEMBER}", "0" * 64)
    assert not [p for p in (models / "selfie").rglob("*") if p.is_file()]


def test_a_broken_wheel_is_one_sentence(
    registry: Registry, models: Path, monkeypatch: pytest.MonkeyPatch, index: Path
) -> None:
    for wheel in index.iterdir():
        wheel.write_bytes(wheel.read_bytes()[:900])
    with pytest.raises(DownloadFailed):
        pull_member(registry, models, monkeypatch, f"friskettest==1.0:{MEMBER}")
    assert not registry.info("selfie").present


def test_another_index_can_be_named(
    registry: Registry, models: Path, monkeypatch: pytest.MonkeyPatch, index: Path, tmp_path: Path
) -> None:
    """A folder laid out as an index, at an address that pip knows nothing of."""
    pages = tmp_path / "simple" / "friskettest"
    pages.mkdir(parents=True)
    (wheel,) = index.iterdir()
    wheel.rename(pages / wheel.name)
    (pages / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')
    monkeypatch.delenv("PIP_NO_INDEX")
    pin_member(monkeypatch, f"friskettest==1.0:{MEMBER}")
    registry.pull("selfie", index_url=(tmp_path / "simple").as_uri())
    assert (models / "selfie" / "weights.bin").read_bytes() == WEIGHTS


def test_an_environment_without_pip_is_told_how_to_get_it(
    registry: Registry, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DownloadFailed, match=r"pip, which is not installed .* pip install"):
        pull_member(registry, models, monkeypatch, f"friskettest==1.0:{MEMBER}")


def test_u2netp_is_the_file_that_everybody_uses(registry: Registry, u2netp_weights: Path) -> None:
    """Fetched from the real index, and the very bytes that rembg pins."""
    md5 = hashlib.md5(u2netp_weights.read_bytes(), usedforsecurity=False).hexdigest()
    assert md5 == registry.sources("u2netp")[0].md5
