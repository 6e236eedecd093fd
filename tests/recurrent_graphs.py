"""A small recurrent ONNX graph with random weights, and states as Robust Video Matting's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from graphs import parse_graph


def recurrent(path: Path, seed: int = 0, ratio: bool = True, keeps: float = 0.7) -> Path:
    """A graph with the signature of Robust Video Matting's family, its states included.

    A state is `keeps` of the one before and the rest of what is seen now; it begins with one
    zero. Two states are as large as what the network looks at, and two are half as large.
    """
    steps = [
        "across = Concat<axis = 0>(ones, downsample_ratio, downsample_ratio)"
        if ratio
        else "across = Concat<axis = 0>(ones, ones)",
        'small = Resize<mode = "linear">(src, , across)',
        "seen0 = Conv<pads = [1, 1, 1, 1]>(small, see)",
        "seen = Tanh(seen0)",
        *_remember("1", "seen"),
        *_remember("2", "seen"),
        "half = AveragePool<ceil_mode = 1, kernel_shape = [2, 2], strides = [2, 2]>(r1o)",
        "deep0 = Conv<pads = [1, 1, 1, 1]>(half, deep)",
        "deeper = Tanh(deep0)",
        *_remember("3", "deeper"),
        *_remember("4", "deeper"),
        "inner = Shape<start = 2>(r2o)",
        'grown = Resize<axes = [2, 3], mode = "linear">(r4o, , , inner)',
        "both = Concat<axis = 1>(r2o, grown)",
        "told = Conv(both, tell)",
        "outer = Shape<start = 2>(src)",
        'wide = Resize<axes = [2, 3], mode = "linear">(told, , , outer)',
        "pha = Sigmoid(wide)",
        "fgr = Identity(src)",
    ]
    takes, gives = _list_ports(ratio)
    onnx.save(parse_graph(takes, gives, steps, _draw_weights(seed, keeps)), str(path))
    return path


def _draw_weights(seed: int, keeps: float) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "see": rng.normal(0, 0.6, (4, 3, 3, 3)),
        "deep": rng.normal(0, 0.6, (6, 4, 3, 3)),
        "tell": rng.normal(0, 1.5, (1, 10, 1, 1)),
        "kept": np.full((1,), keeps),
        "new": np.full((1,), 1 - keeps),
        "ones": np.ones((2,)),
    }


def _list_ports(ratio: bool) -> tuple[str, str]:
    sides = [f"float[n,c{i},h{i},w{i}] r{i}" for i in range(1, 5)]
    takes = ["float[n,3,h,w] src", *(f"{side}i" for side in sides)]
    gives = ["float[n,3,h,w] fgr", "float[n,1,h,w] pha", *(f"{side}o" for side in sides)]
    takes += ["float[1] downsample_ratio"] if ratio else []
    return ", ".join(takes), ", ".join(gives)


def _remember(number: str, seen: str) -> list[str]:
    return [
        f"old{number} = Mul(r{number}i, kept)",
        f"add{number} = Mul({seen}, new)",
        f"r{number}o = Add(old{number}, add{number})",
    ]
