"""`frisket plugins` in an empty home: found folders, copied files, and nothing left over."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from pathlib import Path

import pytest

from frisket.cli.exits import Exit
from frisket.cli.main import main
from frisket.cli.plugin_places import HOSTS, Machine
from frisket.cli.plugins import switch


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "GIMP3_DIRECTORY", "FRISKET_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    return tmp_path


def machine(home: Path, platform: str = "linux", **environ: str) -> Machine:
    return Machine(home, platform, environ)


def make(home: Path, *folders: str) -> None:
    for folder in folders:
        (home / folder).mkdir(parents=True)


class TestPlaces:
    def test_nothing_in_an_empty_home(self, home: Path) -> None:
        assert HOSTS["gimp"].find_places(machine(home)) == []
        assert HOSTS["krita"].find_places(machine(home)) == []

    def test_every_gimp(self, home: Path) -> None:
        flatpak = ".var/app/org.gimp.GIMP/config/GIMP/3.2"
        make(home, ".config/GIMP/2.10", ".config/GIMP/3.0", ".config/GIMP/3.2", flatpak)
        make(home, "snap/gimp/current/.config/GIMP/3.0")
        kinds = [place.kind for place in HOSTS["gimp"].find_places(machine(home))]
        assert kinds == ["native 3.0", "native 3.2", "flatpak 3.2", "snap 3.0"]

    def test_every_krita(self, home: Path) -> None:
        make(home, ".local/share/krita", ".var/app/org.kde.krita/data/krita")
        found = HOSTS["krita"].find_places(machine(home))
        assert [place.kind for place in found] == ["native", "flatpak"]
        assert found[1].config == home / ".var/app/org.kde.krita/config/kritarc"

    def test_what_is_installed_and_was_never_started(self, home: Path) -> None:
        make(home, "root/var/lib/flatpak/app/org.gimp.GIMP", "root/snap/krita")
        make(home, ".local/share/flatpak/app/org.kde.krita")
        here = Machine(home, "linux", {}, home / "root")
        [gimp] = HOSTS["gimp"].find_places(here)
        assert gimp.folder == home / ".var/app/org.gimp.GIMP/config/GIMP/3.0/plug-ins"
        kinds = [place.kind for place in HOSTS["krita"].find_places(here)]
        assert kinds == ["flatpak", "snap"]

    def test_other_systems(self, home: Path) -> None:
        make(home, "AppData/Roaming/GIMP/3.0", "AppData/Roaming/krita")
        make(home, "Library/Application Support/GIMP/3.0", "Library/Application Support/krita")
        windows, mac = machine(home, "win32"), machine(home, "darwin")
        folder = home / "AppData/Roaming/GIMP/3.0/plug-ins"
        assert [place.folder for place in HOSTS["gimp"].find_places(windows)] == [folder]
        assert HOSTS["krita"].find_places(windows)[0].config == home / "AppData/Local/kritarc"
        assert [place.kind for place in HOSTS["gimp"].find_places(mac)] == ["macOS 3.0"]
        assert HOSTS["krita"].find_places(mac)[0].config == home / "Library/Preferences/kritarc"

    def test_folders_that_were_moved(self, home: Path) -> None:
        config = home / "elsewhere"
        make(home, "elsewhere/GIMP/3.0")
        found = HOSTS["gimp"].find_places(machine(home, XDG_CONFIG_HOME=str(config)))
        assert found[0].folder == config / "GIMP/3.0/plug-ins"


def test_gimp_in_and_out(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(home, ".config/GIMP/3.0")
    assert main(["plugins", "install", "gimp"]) == 0
    folder = home / ".config/GIMP/3.0/plug-ins/frisket-cutout"
    entry = folder / "frisket-cutout.py"
    assert entry.stat().st_mode & stat.S_IXUSR
    assert json.loads((folder / "install.json").read_text())["command"][-1] == "--local"
    assert "FAIL" not in capsys.readouterr().out
    assert main(["plugins", "status"]) == 0
    assert main(["plugins", "install", "gimp"]) == 0
    assert main(["plugins", "uninstall", "gimp"]) == 0
    assert list((home / ".config/GIMP/3.0/plug-ins").iterdir()) == []


def test_krita_in_and_out(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(home, ".local/share/krita", ".config")
    config = home / ".config/kritarc"
    before = "[General]\nname=value\n\n[python]\nenable_other=true\n"
    config.write_text(before)
    assert main(["plugins", "install", "krita"]) == 0
    assert "FAIL" not in capsys.readouterr().out
    assert "[python]\nenable_frisket_cutout=true\nenable_other=true\n" in config.read_text()
    assert (home / ".local/share/krita/actions/frisket_cutout.action").is_file()
    assert main(["plugins", "uninstall"]) == 0
    assert config.read_text() == before
    left = [path for path in (home / ".local/share/krita").rglob("*") if path.is_file()]
    assert left == []


def test_nothing_found(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "install", "all"]) == Exit.NO_PLUGIN
    said = capsys.readouterr()
    assert "--where" in said.err
    assert "gimp: not found; looked for" in said.out
    assert f"{home}/snap/gimp/current/.config/GIMP/3.*" in said.out
    assert main(["plugins", "uninstall"]) == Exit.NO_PLUGIN


def test_install_alone_explains_itself(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(home, ".config/GIMP/3.0")
    assert main(["plugins", "install"]) == 0
    said = capsys.readouterr().out
    assert "gimp (native 3.0): " in said
    assert "krita: not found; looked for" in said
    assert f"  {home}/.local/share/krita\n  {home}/.var/app/org.kde.krita/data/krita\n" in said
    assert "frisket plugins install krita --where DIR" in said
    assert "Restart the program" in said
    assert main(["plugins", "install", "--where", str(home)]) == Exit.USAGE
    assert "say which: gimp or krita" in capsys.readouterr().err


def test_a_damaged_plugin_is_noticed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(home, ".config/GIMP/3.0")
    main(["plugins", "install", "gimp"])
    folder = home / ".config/GIMP/3.0/plug-ins/frisket-cutout"
    (folder / "frisket-cutout.py").chmod(0o644)
    (folder / "frisket_gimp" / "cut.py").write_text("print 'é'\n", encoding="utf-8")
    capsys.readouterr()
    assert main(["plugins", "status", "gimp"]) == Exit.BAD_PLUGIN
    output = capsys.readouterr().out
    assert "FAIL frisket-cutout.py may be run" in output
    assert "FAIL its source is plain ASCII" in output
    assert "FAIL it is valid Python 3.10" in output


def test_switch_makes_what_is_missing(tmp_path: Path) -> None:
    config = tmp_path / "new" / "kritarc"
    switch(config, "enable_frisket_cutout", True)
    assert config.read_text() == "[python]\nenable_frisket_cutout=true\n"


def test_zip_files(home: Path, tmp_path: Path) -> None:
    target = tmp_path / "dist"
    assert main(["plugins", "pack", str(target)]) == 0
    first = {path.name: path.read_bytes() for path in target.iterdir()}
    assert main(["plugins", "pack", str(target)]) == 0
    assert {path.name: path.read_bytes() for path in target.iterdir()} == first
    for path in target.iterdir():
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            assert not [name for name in names if name.endswith((".so", ".pyc", "install.json"))]
            if "gimp" in path.name:
                mode = archive.getinfo("frisket-cutout/frisket-cutout.py").external_attr >> 16
                assert mode & 0o111
            else:
                assert "frisket_cutout.desktop" in names
                assert "frisket_cutout/__init__.py" in names
        assert path.stat().st_size < 4 << 20


def test_home_of_the_tests_is_not_the_users(home: Path) -> None:
    assert Path.home() == home
    assert os.environ["PATH"] == ""
