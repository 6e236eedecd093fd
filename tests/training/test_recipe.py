"""The recipe of the embedded model: the same batches, the same weights, killed or not.

PyTorch is no part of the development group; these tests skip without it
(`pip install -e . --group training`).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from waiting import wait_until

torch = pytest.importorskip("torch", reason="the training group (PyTorch) is not installed")

RECIPE = Path(__file__).resolve().parents[2] / "models" / "training"
STEPS = 12
QUIET = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty made photographs: a disc on a ramp of colour, and its mask."""
    root = tmp_path_factory.mktemp("data")
    (root / "discs").mkdir()
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:96, :128]
    for index in range(40):
        cy, cx, radius = rng.uniform((30, 40, 15), (66, 88, 30))
        mask = np.hypot(y - cy, x - cx) < radius
        photo = np.stack([x, y * 2, x + y], axis=2) // 2 + rng.integers(0, 30, (96, 128, 3))
        photo[mask] = rng.integers(120, 255, 3)
        Image.fromarray(photo.astype(np.uint8)).save(root / "discs" / f"{index:02}.jpg")
        Image.fromarray(mask.astype(np.uint8) * 255).save(root / "discs" / f"{index:02}.png")
    return root


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(RECIPE))


def command(data: Path, out: Path) -> list[str]:
    sizes = ["--small-size", "64", "--size", "64", "--batch", "2", "--threads", "1"]
    plan = ["--steps", str(STEPS), "--every", "3", *sizes]
    script = [sys.executable, str(RECIPE / "train.py")]
    return [*script, "--data", str(data), "--out", str(out), *plan]


def start(data: Path, out: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(data, out), env=os.environ | QUIET, stderr=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str]) -> None:
    _, err = process.communicate(timeout=240)
    assert process.returncode == 0, err


def kill_after_a_checkpoint(process: subprocess.Popen[str], out: Path) -> None:
    wait_until((out / "checkpoint.pt").exists, "a checkpoint", 200)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def learned(out: Path) -> dict[str, Any]:
    state = torch.load(out / "checkpoint.pt", weights_only=True)
    assert state["step"] == STEPS
    return state["mean"]


def test_a_killed_run_resumes_to_the_same_weights(data: Path, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    finish(start(data, whole))
    killed = start(data, broken)
    kill_after_a_checkpoint(killed, broken)
    assert killed.returncode == -signal.SIGKILL, "it was killed before its end"
    finish(start(data, broken))
    first, second = learned(whole), learned(broken)
    assert all(torch.equal(first[name], second[name]) for name in first)
    logs = [[json.loads(line) for line in (o / "log.jsonl").open()] for o in (whole, broken)]
    assert [r["step"] for r in logs[0]] == [r["step"] for r in logs[1]]
    assert logs[0][-1]["scores"] == logs[1][-1]["scores"]


def test_a_batch_depends_on_seed_and_step_alone(recipe: None, data: Path) -> None:
    from batches import Plan, StepBatches
    from data import load_all

    pairs = load_all(data, None, frozenset())
    plan = Plan(8, 3, 1e-3, 0.2, 64, 96, 0.5, 0.5, seed=7)
    one, other = StepBatches(pairs, plan), StepBatches(pairs, plan)
    late = [plane.numpy() for plane in other[5]]
    for step in (0, 5):
        again = [plane.numpy() for plane in one[step]]
        assert again[0].shape == (3, plan.size_at(step), plan.size_at(step), 3)
    for plane, twin in zip(again, late, strict=True):
        np.testing.assert_array_equal(plane, twin)
    assert not np.array_equal(one[6][0].numpy(), late[0])


def test_photographs_of_the_evaluation_sets_can_be_left_out(recipe: None, data: Path) -> None:
    from data import load_all

    left = {p.name for p in load_all(data, None, frozenset({"discs/07", "discs/11"}))}
    assert len(left) == 38
    assert not left & {"07", "11"}


def test_the_loss_prefers_the_truth(recipe: None) -> None:
    from losses import measure_loss

    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 16:48, 16:48] = 1
    sure = [(mask * 2 - 1) * 6] * 4
    losses = [
        measure_loss(logits, mask, mask).item()
        for logits in (sure, [x * 0.2 for x in sure], [-x for x in sure])
    ]
    assert losses == sorted(losses)


def test_what_is_exported_answers_as_the_network_does(
    recipe: None, data: Path, tmp_path: Path
) -> None:
    onnx = pytest.importorskip("onnx")
    import export
    from network import Frisket

    torch.manual_seed(0)
    torch.save({"mean": Frisket().state_dict()}, tmp_path / "checkpoint.pt")
    model, path = export.load(tmp_path), tmp_path / "model.onnx"
    export.write(model, path, 64)
    assert export.measure_deviation(model, path, 64) < 0.05
    graph = onnx.load(path).graph
    large = [c for c in graph.initializer if np.prod(c.dims) >= 64]
    assert {c.data_type for c in large} <= {onnx.TensorProto.FLOAT16, onnx.TensorProto.INT64}
