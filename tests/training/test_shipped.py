"""Training on from the file that is shipped: the same answers before the first step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training group (PyTorch) is not installed")

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "models" / "frisket" / "models" / "embedded" / "embedded.onnx"


@pytest.fixture(autouse=True)
def recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "models" / "training"))


def test_what_was_shipped_answers_alike_as_a_network_to_be_trained_on() -> None:
    import export
    from network import Frisket
    from shipped import load_shipped, unfold

    net = Frisket()
    load_shipped(net, SHIPPED)
    generator = torch.Generator().manual_seed(0)
    unfold(net, [torch.rand(2, 3, 64, 64, generator=generator) * 2 - 1 for _ in range(2)])
    assert export.measure_deviation(export.Shipped(net.eval()).eval(), SHIPPED, 320) < 1e-3


def test_unfolded_weights_have_the_statistics_of_the_pictures() -> None:
    from network import Frisket
    from shipped import find_normalised, load_shipped, unfold

    net, picture = Frisket(), torch.rand(4, 3, 64, 64) * 2 - 1
    load_shipped(net, SHIPPED)
    unfold(net, [picture])
    seen = {}
    for name, norm in find_normalised(net):
        norm.register_forward_hook(lambda _, x, __, name=name: seen.update({name: x[0]}))
    net(picture)
    spreads = torch.cat([x.var((0, 2, 3), unbiased=False) for x in seen.values()])
    assert np.median(spreads.detach().numpy()) == pytest.approx(1, abs=0.05)


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    from network import Frisket
    from shipped import load_shipped

    model = onnx.load(SHIPPED)
    extra = onnx.numpy_helper.from_array(np.zeros(3, np.float32), "net.another.bias")
    model.graph.initializer.append(extra)
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(ValueError, match=r"has no another\.bias"):
        load_shipped(Frisket(), tmp_path / "other.onnx")
