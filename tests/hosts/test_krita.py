"""The plug-in in real Kritas with a window; see krita_cases.py for what it has to do."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from host_lab import SCRIPT, SHOTS, install_plugin, run_inside

HERE = Path(__file__).resolve().parent
CASES = [
    node.name
    for node in ast.parse((HERE / "krita_cases.py").read_text()).body
    if isinstance(node, ast.FunctionDef) and node.name.startswith("case_")
]
SECONDS = "170"


def prepare(lab) -> None:  # type: ignore[no-untyped-def]
    install_plugin("krita", lab)
    plugins = lab.folder / "data" / "krita" / "pykrita"
    shutil.copytree(HERE / "krita_driver", plugins, dirs_exist_ok=True)
    config = lab.folder / "config" / "kritarc"
    config.write_text(config.read_text() + "enable_frisket_driver=true\n")
    for name in ("krita_cases.py", "krita_window.sh"):
        shutil.copy(HERE / name, lab.folder)


@pytest.fixture(scope="module")
def results(tree, lab, server):  # type: ignore[no-untyped-def]
    prepare(lab)
    command = ["/lab/krita_window.sh", "/lab", "/lab/krita_cases.py", SECONDS]
    output = run_inside(lab, command, passed_on(), 200)
    print(output[-3000:])
    SHOTS.mkdir(exist_ok=True)
    for shot in (lab.folder / "shots").glob("*.png"):
        shutil.copy(shot, SHOTS)
    return lab.results()


def passed_on() -> dict[str, str]:
    """The cases chosen by hand, if any."""
    return {name: os.environ[name] for name in ("FRISKET_CASES",) if name in os.environ}


@pytest.mark.parametrize("case", CASES)
def test_in_krita(case, results):  # type: ignore[no-untyped-def]
    assert case in results, "Krita ended before this case"
    assert not results[case]["error"], results[case]["error"]


def test_strokes_arrived(results, server):  # type: ignore[no-untyped-def]
    updates = [update for update in server.matting.updates if update.HasField("hints")]
    scribbles = [each for update in updates for each in update.hints.scribbles]
    assert {each.positive for each in scribbles} == {True, False}
    for each in scribbles:
        left = 95 if each.positive else 495
        assert all(left <= x <= left + 70 for x in each.x)
        assert all(195 <= y <= 245 for y in each.y)
    assert not updates[-1].hints.scribbles


def test_by_kritarunner(results, lab):  # type: ignore[no-untyped-def]
    """Without any window; after the others, in the same lab."""
    shutil.copy(HERE / "krita_runner.py", lab.folder / "data/krita/pykrita")
    env = {
        "QT_QPA_PLATFORM": "offscreen",
        "FRISKET_LAB": "/lab",
        "FRISKET_HOME": "/lab/home",
        "HOME": "/lab",
        "XDG_DATA_HOME": "/lab/data",
        "XDG_CONFIG_HOME": "/lab/config",
        "PYTHONPATH": "/lab/data/krita/pykrita",
    }
    command = ["timeout", "60", "kritarunner", "-s", "krita_runner", "-f", "__main__"]
    print(run_inside(lab, command, env, 80)[-2000:])
    result = json.loads((lab.folder / "runner.json").read_text())
    assert not result["error"], result["error"]


def old_krita() -> None:
    if not os.environ.get("FRISKET_TEST_HOSTS"):
        pytest.skip("needs real hosts: make test-hosts")
    done = subprocess.run([SCRIPT, "prepare-old"], capture_output=True, text=True, timeout=300)
    if done.returncode:
        pytest.skip(f"no Krita 5.1 here: {done.stderr.strip()[-200:]}")


class TestOldKrita:
    """Krita 5.1 of Debian 12, on the machine itself."""

    @pytest.fixture(scope="class")
    def results(self, lab, server):  # type: ignore[no-untyped-def]
        old_krita()
        prepare(lab)
        record = lab.folder / "data/krita/pykrita/frisket_cutout/install.json"
        record.write_text(record.read_text().replace("/lab/", f"{lab.folder}/"))
        start = lab.folder / "start.sh"
        start.write_text(start.read_text().replace("/lab/", f"{lab.folder}/"))
        driver = str(lab.folder / "krita_cases.py")
        command = [str(lab.folder / "krita_window.sh"), str(lab.folder), driver, SECONDS]
        done = subprocess.run(command, capture_output=True, timeout=200)
        print(done.stdout.decode(errors="replace")[-3000:])
        print(done.stderr.decode(errors="replace")[-3000:])
        return lab.results()

    @pytest.mark.hosts
    @pytest.mark.parametrize("case", CASES)
    def test_in_krita(self, case, results):  # type: ignore[no-untyped-def]
        assert case in results, "Krita ended before this case"
        assert not results[case]["error"], results[case]["error"]
