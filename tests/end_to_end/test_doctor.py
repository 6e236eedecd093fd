"""`frisket doctor` says what is wrong, and ends with 1 only then."""

from __future__ import annotations

import json
import os
import re
import subprocess
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
from command import FRISKET
from serving import Server

from frisket.about import DISTRIBUTION, VERSION
from frisket.models.backends.onnx import import_runtime
from frisket.models.backends.plans import PLAIN
from frisket.models.measured import Record


@pytest.fixture(autouse=True)
def nobody_has_plug_ins(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is installed on this machine is not what is tested."""
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("user")))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "GIMP3_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)


def doctor(*words: str, path: Path | None = None, **environ: str) -> tuple[int, list[Any]]:
    given = {**os.environ, **environ}
    if path is not None:
        given["PYTHONPATH"] = str(path)
    done = subprocess.run(
        [*FRISKET, "doctor", "--json", *words],
        capture_output=True,
        text=True,
        timeout=120,
        env=given,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)


def texts(findings: list[Any], check: str, good: bool) -> list[str]:
    return [one["text"] for one in findings if (one["check"], one["good"]) == (check, good)]


def pretend(folder: Path, name: str, version: str) -> None:
    """Make a package look installed for whoever has the folder on the path."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (info / "METADATA").write_text(text, encoding="utf-8")


def test_a_healthy_installation(home: Path) -> None:
    status, findings = doctor("--device", "cpu")
    assert status == 0, findings
    assert all(one["good"] for one in findings)
    base = {re.split(r"[<>=;\s\[]", line)[0] for line in requires(DISTRIBUTION) or ()}
    told = {text.split()[0] for text in texts(findings, "package", True)}
    assert {"grpcio", "h2", "pillow", "onnx", "grpcio-health-checking"} <= {n.lower() for n in told}
    assert {name.lower() for name in told} <= {name.lower() for name in base}
    (runtime,) = texts(findings, "runtime", True)
    assert runtime.startswith("onnxruntime ") and "CPU" in runtime
    (model,) = texts(findings, "model", True)
    assert re.fullmatch(
        r"model embedded: \d+\.\d\d s for 256 x 256 px; device cpu runs on cpu", model
    )
    assert len(texts(findings, "home", True)) == len(texts(findings, "temp", True)) == 1
    assert f"frisket {VERSION}" in texts(findings, "server", True)[0]


def test_how_models_run_and_why_there_is_told(home: Path) -> None:
    Record(home).keep("key", "mine.onnx", PLAIN, {"blocked": 0.5, "plain": 0.25})
    _, findings = doctor()
    auto, cuda, tensorrt, half, chosen = texts(findings, "device", True)
    assert auto.startswith(
        "device auto takes the processor: this ONNX Runtime has no CUDA provider"
    )
    assert ".[gpu]" in auto and cuda.startswith("device cuda cannot be had: this ONNX Runtime")
    assert "no TensorRT provider" in tensorrt and "embedded" in half
    assert chosen == "device auto runs on the processor"
    (told,) = texts(findings, "plan", True)
    assert told == "mine.onnx runs as 'plain' (measured: blocked 0.50 s, plain 0.25 s)"


def test_a_server_elsewhere_is_examined(server: Server, home: Path) -> None:
    target, token = server.address.target, server.address.token
    status, findings = doctor("--server", target, FRISKET_TOKEN=token)
    assert status == 0, findings
    assert texts(findings, "server", True)[0].startswith(f"server ({target})")
    [device] = texts(findings, "device", True)
    assert device.endswith("runs on the processor"), "of that machine no more is known here"
    assert not (home / "run").exists(), "no local server was started"


def test_a_server_that_refuses_is_wrong(server: Server, home: Path) -> None:
    status, findings = doctor("--server", server.address.target, FRISKET_TOKEN="other")
    assert status == 1
    assert "refused the token" in texts(findings, "server", False)[0]


def test_a_device_that_is_missing_is_wrong(home: Path) -> None:
    if "CUDAExecutionProvider" in import_runtime().get_available_providers():
        pytest.skip("this machine has CUDA")
    status, findings = doctor("--device", "cuda")
    assert status == 1
    assert "CUDA was asked for" in texts(findings, "server", False)[0]


def test_two_runtimes_at_once_are_wrong(home: Path, tmp_path: Path) -> None:
    pretend(tmp_path, "onnxruntime-gpu", "1.22.0")
    status, findings = doctor(path=tmp_path)
    assert status == 1
    (fault,) = texts(findings, "runtime", False)
    assert "onnxruntime-gpu 1.22.0 overwrite each other's files" in fault
    assert "pip uninstall onnxruntime onnxruntime-gpu" in fault
    assert "[server]" not in json.dumps(findings)


def test_an_old_package_is_wrong(home: Path, tmp_path: Path) -> None:
    pretend(tmp_path, "hpack", "3.1.0")
    status, findings = doctor(path=tmp_path)
    assert status == 1
    assert texts(findings, "package", False) == [
        "hpack 3.1.0 is too old: frisket needs 4.0 or later"
    ]


def test_a_home_that_cannot_be_written_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    status, findings = doctor(FRISKET_HOME=str(file))
    assert status == 1
    assert "set FRISKET_HOME" in texts(findings, "home", False)[0]


def test_a_plug_in_of_another_version_is_told(home: Path, tmp_path: Path) -> None:
    plugin = tmp_path / "plug-ins" / "frisket-cutout"
    plugin.mkdir(parents=True)
    (plugin / "install.json").write_text('{"version": "0.0.9"}')
    status, findings = doctor(GIMP3_DIRECTORY=str(tmp_path))
    assert status == 1
    assert any("plug-in 0.0.9 in" in text for text in texts(findings, "plugin", False))
