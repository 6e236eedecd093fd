"""Every operator turned into ONNX says what TFLite and NumPy say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from tflite_graphs import interpret

from frisket.models.importers.tflite import to_onnx
from frisket.models.importers.tflite_file import read

from .tflite_cases import (
    BUILTIN,
    CUSTOM,
    add_gate,
    draw_normal,
    run_imported,
    run_tflite,
    save_graph,
)


@pytest.mark.parametrize("name", [*BUILTIN, *CUSTOM])
def test_an_operator_is_what_numpy_says(tmp_path: Path, name: str) -> None:
    path = save_graph({**BUILTIN, **CUSTOM}[name], tmp_path / "g.tflite")
    x = draw_normal(1, 9, 12, 6)
    network = read(path)
    expected = interpret(network, x)[network.outputs[0]]
    np.testing.assert_allclose(run_imported(path, x), expected, atol=2e-5)


@pytest.mark.parametrize("name", [*BUILTIN, *CUSTOM])
def test_an_operator_is_what_tflite_says(tmp_path: Path, name: str) -> None:
    path = save_graph({**BUILTIN, **CUSTOM}[name], tmp_path / "g.tflite")
    x = draw_normal(1, 9, 12, 6)
    np.testing.assert_allclose(run_imported(path, x), run_tflite(path, x), atol=2e-5)


def test_pictures_share_a_run(tmp_path: Path) -> None:
    path = save_graph(add_gate, tmp_path / "g.tflite")
    x = draw_normal(3, 9, 12, 6)
    singly = np.concatenate([run_imported(path, part[None]) for part in x])
    np.testing.assert_allclose(run_imported(path, x), singly, atol=1e-6)


def test_no_transposition_is_left(tmp_path: Path) -> None:
    for build in (*BUILTIN.values(), *CUSTOM.values()):
        model = onnx.load_from_string(to_onnx(save_graph(build, tmp_path / "g.tflite")))
        onnx.checker.check_model(model, full_check=True)
        assert "Transpose" not in {node.op_type for node in model.graph.node}
